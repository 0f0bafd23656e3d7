"""Compute the data set of Lab 3 on a Slurm cluster with Dask. On a login node, with dask-jobqueue installed:

    BOOTCAMP_PROFILE=gpu python deploy/flow_data_slurm.py --jobs 8 --partition cpu

Each job runs one process per core. Only the process that you start writes files, into the course's cache,
so the nodes need no shared folder but the course itself. Stopped in the middle, it goes on where it was.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "CFD_Steady_Flow")]

if __name__ == "__main__":
    from dask_jobqueue import SLURMCluster
    from distributed import Client

    from flow import dataset

    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--partition")
    options = parser.parse_args()
    paths = f"export PYTHONPATH={':'.join(sys.path[:2])} OMP_NUM_THREADS=1"
    with SLURMCluster(queue=options.partition, cores=16, processes=16, memory="32GB", walltime="01:00:00",
                      python=sys.executable, job_script_prologue=[paths]) as cluster, Client(cluster) as client:  # fmt: skip
        cluster.scale(jobs=options.jobs)
        print(f"The data set is in {dataset.generate(client=client)}")
