#!/usr/bin/env bash
# Lab 4's training in several processes (notebook 10) on a Slurm cluster: torchrun under srun, one per node.
#
#   sbatch --nodes=2 --gpus-per-node=4 deploy/pinn_slurm.sh --steps 1000 --points 4096 --output run.json
#   sbatch --nodes=2 --cpus-per-task=8 deploy/pinn_slurm.sh ...      one process per core, or PROCESSES=4 of them
#
# Start it in the course's folder, which the nodes must see. PYTHON names a Python with the course's packages.
# The processes of two nodes meet at a port of the first one; torchrun has no password, so the nodes' network is trusted.
#SBATCH --job-name=pinn
#SBATCH --ntasks-per-node=1
#SBATCH --time=00:30:00
set -euo pipefail

if [[ -z ${SLURM_JOB_ID:-} ]]; then
    echo "This is a job of a Slurm cluster: sbatch --nodes=2 deploy/pinn_slurm.sh --output run.json" >&2
    exit 1
fi
if [[ ! -f PINN_SimNet/pinn/distributed.py ]]; then
    echo "Start this in the course's folder: $PWD has no PINN_SimNet/pinn/distributed.py." >&2
    exit 1
fi
python=${PYTHON:-.venv/bin/python}
if ! command -v "$python" >/dev/null; then
    echo "$python is not there: set PYTHON to a Python with the course's packages." >&2
    exit 1
fi
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export OMP_NUM_THREADS=1
# A node that dies takes its srun with it: the others do not wait for an answer that never comes.
exec srun --kill-on-bad-exit=1 "$python" -m torch.distributed.run \
    --nnodes="$SLURM_NTASKS" --nproc-per-node="${PROCESSES:-${SLURM_GPUS_ON_NODE:-${SLURM_CPUS_PER_TASK:-1}}}" \
    --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID" --rdzv-endpoint="$first:$((20000 + SLURM_JOB_ID % 20000))" \
    PINN_SimNet/pinn/distributed.py "$@"
