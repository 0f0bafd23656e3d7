"""Compute the data set of Lab 3 on a Slurm cluster with Dask. On a login node:

    python -m pip install -r deploy/slurm.txt
    BOOTCAMP_PROFILE=gpu python deploy/flow_data_slurm.py --jobs 8 --partition cpu --cores 16 --memory 32GB

Each job runs one process per core. Only the process that you start writes files, into the course's cache,
so the nodes need no shared folder but the course itself. A job that ends early (scancel, walltime, a failed node) is
submitted again; stopped in the middle, the computation goes on where it was. Where no job can run it ends and says why.
"""

import _thread
import argparse
import getpass
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "CFD_Steady_Flow")]

# Why Slurm leaves a job pending although waiting does not help.
HOPELESS = {
    "AccountNotAllowed", "AssocMaxCpuPerJobLimit", "AssocMaxMemPerJob", "AssocMaxWallDurationPerJobLimit",
    "BadConstraints", "InvalidAccount", "InvalidQOS", "JobHeldAdmin", "JobHeldUser", "PartitionConfig",
    "PartitionDown", "PartitionInactive", "PartitionNodeLimit", "PartitionTimeLimit", "QOSMaxCpuPerJobLimit",
    "QOSMaxMemoryPerJob", "QOSMaxWallDurationPerJobLimit", "QOSNotAllowed", "launch failed requeued held",
}  # fmt: skip


def refusal(script: str) -> str:
    """What Slurm has against this job script, e.g. a partition that is not there; empty if it would take it."""
    done = subprocess.run(["sbatch", "--test-only"], input=script, capture_output=True, encoding="utf-8")
    if done.returncode == 0:
        return ""
    return next((line for line in done.stderr.splitlines() if line.strip()), "sbatch gave no reason")


def queue() -> dict[str, tuple[str, str]] | None:
    """State and reason of each of the user's jobs that has not ended, by its number; None if Slurm does not answer now."""
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i|%T|%r"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        return None
    rows = (line.strip().split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2)
    return {number: (state, reason) for number, state, reason in rows}


def lost(jobs: dict[str, str], known: dict[str, tuple[str, str]]) -> list[str]:
    """Names of the jobs (name: number) that Slurm no longer holds."""
    return [name for name, number in jobs.items() if number not in known]


def stuck(numbers: Iterable[str], known: dict[str, tuple[str, str]]) -> str:
    """The reason why none of the jobs will ever start, or nothing."""
    found = [known.get(number, ("", "")) for number in numbers]
    if found and all(state == "PENDING" and reason.strip("()") in HOPELESS for state, reason in found):
        return found[0][1]
    return ""


class Watch(threading.Thread):
    """Submits again what died, and interrupts the main thread with a `verdict` when no job can run.

    Args:
        cluster: a ``dask_jobqueue.SLURMCluster``.
        num_jobs: how many jobs there should be.
        finished: a scheduler plug-in whose ``count`` is the number of tasks done.
        interval_s: seconds between two looks.
    """

    def __init__(self, cluster: Any, num_jobs: int, finished: Any, interval_s: float = 5):
        super().__init__(daemon=True)
        self.cluster, self.num_jobs, self.finished, self.interval_s = cluster, num_jobs, finished, interval_s
        self.verdict = ""
        self.done = threading.Event()
        self._ended_in_vain, self._count = 0, 0

    def run(self) -> None:
        while not self.done.wait(self.interval_s):
            self.verdict = self.look()
            if self.verdict:
                _thread.interrupt_main()
                return

    def look(self) -> str:
        """One look at the queue; the sentence with which to end, or nothing."""
        jobs = {name: job.job_id for name, job in list(self.cluster.workers.items()) if job.job_id}
        known = queue()
        if known is None:
            return ""
        if self.finished.count > self._count:
            self._count, self._ended_in_vain = self.finished.count, 0
        gone = lost(jobs, known)
        self._ended_in_vain += len(gone)
        if self._ended_in_vain >= 3 * self.num_jobs:
            return (
                f"{self._ended_in_vain} jobs ended one after another, and no flow was finished meanwhile. Were they cancelled, "
                "is --walltime too short, or is the course or its Python not to be seen from the nodes? `sacct -X` tells "
                "how each of them ended."
            )
        if gone:
            for name in gone:
                tqdm.write(
                    f"Job {jobs[name]} ended before the work was done; another one is submitted.",
                    file=sys.stderr,
                )
                self.cluster.worker_spec.pop(name, None)
                self.cluster.workers.pop(
                    name, None
                )  # else the cluster waits for it to close before it submits
            self.cluster.scale(jobs=self.num_jobs)
            return ""
        reason = stuck(jobs.values(), known)
        if reason:
            return f"Slurm holds all jobs back ({reason}), and waiting does not help. Change --partition, --walltime, --cores or --memory."
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=4, help="how many at a time (4)")
    parser.add_argument("--partition", help="the cluster's own default if left out")
    parser.add_argument("--cores", type=int, default=16, help="of a job, and processes in it (16)")
    parser.add_argument("--memory", help="of a job, e.g. 32GB (2 GB a core)")
    parser.add_argument(
        "--walltime", default="01:00:00", help="of a job (01:00:00); the rest is submitted again"
    )
    parser.add_argument("--train", type=int, help="flows to learn from, if not as many as the profile says")
    options = parser.parse_args()
    if min(options.jobs, options.cores, 1 if options.train is None else options.train) < 1:
        parser.error("--jobs, --cores and --train are 1 or more")
    for program in ("sbatch", "squeue", "scancel"):
        if not shutil.which(program):
            sys.exit(f"{program} is not on the path: start this on a login node of a cluster with Slurm.")
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        sys.exit("dask-jobqueue is missing: python -m pip install -r deploy/slurm.txt")
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # dask_jobqueue 0.9 makes Ctrl+C a silent success
    import dask
    from distributed import Client
    from distributed.diagnostics.plugin import SchedulerPlugin

    from flow import dataset
    from utils.engine.paths import DataError

    class Finished(SchedulerPlugin):
        count = 0

        def transition(self, key, start, finish, *args, **kwargs):
            self.count += finish == "memory"

    config = dataset.default_config()
    if options.train:
        config = replace(config, train=options.train)
    dask.config.set(
        {"distributed.scheduler.allowed-failures": 100}
    )  # a flow is not to blame for the end of its job
    paths = f"export PYTHONPATH={':'.join(sys.path[:2])} OMP_NUM_THREADS=1"
    with SLURMCluster(
        queue=options.partition, cores=options.cores, processes=options.cores, walltime=options.walltime,
        memory=options.memory or f"{2 * options.cores}GB", python=sys.executable, job_script_prologue=[paths],
    ) as cluster:  # fmt: skip
        if reason := refusal(cluster.job_script()):
            sys.exit(
                f"Slurm does not take such a job: {reason}\nChange --partition, --cores, --memory or --walltime."
            )
        finished = Finished()
        cluster.scheduler.add_plugin(finished)
        cluster.scale(jobs=options.jobs)
        watch = Watch(cluster, options.jobs, finished)
        with Client(cluster) as client:
            watch.start()
            try:
                path = dataset.generate(config, client=client)
            except KeyboardInterrupt:
                sys.exit(watch.verdict or "Stopped. Start it again to go on.")
            except DataError as error:
                sys.exit(str(error))
            finally:
                watch.done.set()
    print(f"The data set is in {path}")


if __name__ == "__main__":
    main()
