# shellcheck shell=sh
# What every process in the container needs; start.sh and singularity.def read it.
if [ -x /opt/bootcamp/venv/bin/python ]; then # not where a hub starts seats from a folder
    export PATH="/opt/bootcamp/venv/bin:$PATH"
    export BOOTCAMP_DATA="${BOOTCAMP_DATA:-/opt/bootcamp/data}"
    export BOOTCAMP_VENV=/opt/bootcamp/venv
fi
BOOTCAMP_VARIANT=$(cat /opt/bootcamp/variant 2>/dev/null || echo cpu)
export BOOTCAMP_VARIANT
# Packages and kernels of the user's home, or of the host that Apptainer hands on, must not shadow the tested ones.
export PYTHONNOUSERSITE=1 JUPYTER_PREFER_ENV_PATH=1
unset PYTHONPATH PYTHONHOME JUPYTER_PATH

# TensorFlow takes memory as it needs it: a second notebook can use the same GPU.
export TF_FORCE_GPU_ALLOW_GROWTH="${TF_FORCE_GPU_ALLOW_GROWTH:-true}"

# TensorFlow looks for the CUDA libraries of the pip packages on this path (tensorflow issue 63362).
if [ "$BOOTCAMP_VARIANT" = cuda ]; then
    for folder in /opt/bootcamp/venv/lib/python3.*/site-packages/nvidia/*/lib; do
        LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
    done
    export LD_LIBRARY_PATH
fi
