"""The scripts for Slurm: their judgement with stand-ins, and on a real Slurm of one node.

The real one is a command before a release (deploy/README.md holds the last result); it needs root, the packages slurm-wlm
and munge, and what deploy/slurm.txt lists:

    BOOTCAMP_SLURM_TEST=1 python -m pytest tests/test_slurm.py
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cluster
import pytest

from pinn import distributed

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "deploy" / "flow_data_slurm.py"


def load():
    found = importlib.util.spec_from_file_location("flow_data_slurm", SCRIPT)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


flow_data_slurm = load()

# --- its judgement ------------------------------------------------------------------------


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder of stand-ins on the path."""
    if os.name == "nt":
        pytest.skip("Slurm is not for Windows")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_what_slurm_refuses_is_told_before_anything_waits(programs):
    program(
        programs,
        "sbatch",
        "cat >/dev/null; echo 'sbatch: error: invalid partition specified: gpu' >&2; exit 1",
    )
    assert flow_data_slurm.refusal("#!/bin/sh") == "sbatch: error: invalid partition specified: gpu"
    program(programs, "sbatch", "cat >/dev/null; echo 'sbatch: Job 3 to start now' >&2")
    assert flow_data_slurm.refusal("#!/bin/sh") == ""


def test_the_queue_is_read_and_a_busy_controller_is_no_end_of_all_jobs(programs):
    program(programs, "squeue", "echo '17|RUNNING|None'; echo '18|PENDING|(Resources)'")
    assert flow_data_slurm.queue() == {"17": ("RUNNING", "None"), "18": ("PENDING", "(Resources)")}
    program(programs, "squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    assert flow_data_slurm.queue() is None


class Jobs:
    """As much of dask-jobqueue's cluster as the watch uses."""

    def __init__(self, count):
        self.next, self.workers, self.worker_spec = 1, {}, {}
        self.scale(count)

    def scale(self, jobs):
        self.workers = {name: job for name, job in self.workers.items() if name in self.worker_spec}
        while len(self.worker_spec) < jobs:
            name = f"cluster-{self.next}"
            self.worker_spec[name] = {}
            self.workers[name] = SimpleNamespace(job_id=str(self.next))
            self.next += 1


@pytest.fixture
def watched(monkeypatch):
    jobs, finished, known = Jobs(2), SimpleNamespace(count=0), {}
    monkeypatch.setattr(flow_data_slurm, "queue", lambda: dict(known))
    return SimpleNamespace(
        jobs=jobs, finished=finished, known=known, watch=flow_data_slurm.Watch(jobs, 2, finished)
    )


def numbers(jobs: Jobs) -> set[str]:
    return {job.job_id for job in jobs.workers.values()}


def test_a_job_that_died_is_submitted_again(watched, capsys):
    watched.known.update({"1": ("RUNNING", "None"), "2": ("RUNNING", "None")})
    assert watched.watch.look() == ""
    assert numbers(watched.jobs) == {"1", "2"}
    del watched.known["1"]
    assert watched.watch.look() == ""
    assert numbers(watched.jobs) == {"2", "3"}
    assert "Job 1 ended before the work was done" in capsys.readouterr().err


def test_jobs_that_die_without_a_flow_end_the_waiting_and_those_with_flows_do_not(watched):
    for finished in range(9):  # each of them did some work before its walltime
        watched.finished.count = finished
        assert watched.watch.look() == ""
    assert watched.watch.look() == ""
    assert "6 jobs ended one after another, and no flow was finished" in watched.watch.look()


@pytest.mark.parametrize("reason", ["PartitionTimeLimit", "(BadConstraints)", "launch failed requeued held"])
def test_a_job_that_will_never_start_ends_the_waiting(watched, reason):
    watched.known.update({"1": ("PENDING", reason), "2": ("PENDING", reason)})
    assert reason in watched.watch.look()
    watched.known["2"] = ("RUNNING", "None")
    assert watched.watch.look() == ""


def test_a_full_cluster_is_waited_for(watched):
    watched.known.update({"1": ("PENDING", "Resources"), "2": ("PENDING", "Priority")})
    assert watched.watch.look() == ""


def test_the_training_script_says_what_it_needs():
    if os.name == "nt":
        pytest.skip("Slurm is not for Windows")
    script = ROOT / "deploy" / "pinn_slurm.sh"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    for environment, folder, sentence in (
        ({}, ROOT, "sbatch --nodes=2"),
        ({"SLURM_JOB_ID": "7"}, "/", "Start this in the course's folder"),
        ({"SLURM_JOB_ID": "7", "PYTHON": "/no/python"}, ROOT, "set PYTHON to a Python"),
    ):
        done = subprocess.run(
            [script], cwd=folder, env=bare | environment, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 1
        assert sentence in done.stderr


# --- a real Slurm -------------------------------------------------------------------------

PATIENCE = 1500  # seconds: what is awaited comes at once on an idle machine, and a busy one is no failure
# The script as it is, on flows that take seconds.
DRIVER = f"""
import sys
sys.path[:0] = [{str(ROOT / "deploy")!r}]
import flow_data_slurm
from flow import dataset
dataset.default_config = lambda: dataset.Config(ny=32, train=9, validation=1, cars=1, airfoils=1)
if __name__ == "__main__":
    flow_data_slurm.main()
"""


@pytest.fixture(scope="module")
def node() -> Iterator[dict[str, str]]:
    if importlib.util.find_spec("dask_jobqueue") is None:
        pytest.skip("dask-jobqueue is missing: python -m pip install -r deploy/slurm.txt")
    with cluster.slurm() as environment:
        yield environment


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> bytes:
    """The data set as one process of this machine computes it."""
    folder = tmp_path_factory.mktemp("local")
    program = "from flow import dataset; print(dataset.generate(dataset.default_config(), num_workers=1))"
    text = DRIVER.split("if __name__")[0] + program
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "BOOTCAMP_CACHE": str(folder)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1]).read_bytes()


@pytest.fixture
def started(node, tmp_path) -> Iterator:
    """Start the script with these options; it runs in a folder and a cache of its own."""
    processes = []
    environment = {**os.environ, **node, "BOOTCAMP_CACHE": str(tmp_path / "cache")}
    environment["PYTHONPATH"] = str(Path(importlib.util.find_spec("dask_jobqueue").origin).parents[1])
    (tmp_path / "driver.py").write_text(DRIVER, encoding="utf-8")

    def start(*options: str) -> subprocess.Popen:
        processes.append(
            subprocess.Popen(
                [sys.executable, "driver.py", "--cores", "2", "--memory", "4GB", *options],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        )
        return processes[-1]

    start.shards = lambda: list((tmp_path / "cache").glob("flow/*.part/*.npz"))
    start.queue = lambda: cluster.output("squeue", "--noheader", "--format=%i %T", **node).split("\n")[:-1]
    start.cancel = lambda job: cluster.output("scancel", job, **node)
    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
    subprocess.run(["scancel", "--me"], env=environment)


def end(process: subprocess.Popen, limit_s: float = PATIENCE) -> tuple[str, str]:
    return process.communicate(timeout=limit_s)


def data_of(said: str) -> bytes:
    return Path(said.split("The data set is in ")[1].strip()).read_bytes()


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_jobs_compute_what_this_machine_computes_byte_for_byte(started, local):
    said, errors = end(started("--jobs", "2"))
    assert data_of(said) == local, errors


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_scancel_costs_one_job_and_ctrl_c_nothing(started, local):
    first = started("--jobs", "1")
    running = lambda: [line.split()[0] for line in started.queue() if "RUNNING" in line]  # noqa: E731
    [job] = cluster.wait_for(running, "the first job", PATIENCE)
    started.cancel(job)
    cluster.wait_for(lambda: any(number != job for number in running()), "another job", PATIENCE)
    cluster.wait_for(started.shards, "the first flows", PATIENCE)
    first.send_signal(signal.SIGINT)
    _, errors = end(first)
    assert first.returncode == 1
    assert f"Job {job} ended before the work was done" in errors
    assert errors.rstrip().endswith("Start it again to go on.")
    kept = len(started.shards())
    assert kept
    said, errors = end(started("--jobs", "1"))
    assert data_of(said) == local, errors


@pytest.mark.release
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--partition", "nowhere"), "invalid partition specified: nowhere"),
        (("--cores", "64"), "Requested node configuration is not available"),
        (("--memory", "80GB"), "Slurm does not take such a job"),
        (("--partition", "short", "--walltime", "00:10:00"), "PartitionTimeLimit"),
    ],
)
def test_a_job_that_cannot_run_is_a_sentence(started, options, sentence):
    process = started(*options)
    _, errors = end(process)
    assert process.returncode == 1
    assert sentence in errors
    assert "Change --partition" in errors
    assert started.queue() == []


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_torchrun_under_srun_trains_what_one_process_trains(node, tmp_path):
    """Two tasks of srun stand for two nodes: they meet at the address of the first."""
    alone = distributed.Loss(distributed.parabolas(points=64, width=8))
    distributed.train(alone, 10)
    result = tmp_path / "run.json"
    environment = {**os.environ, **node, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sbatch", "--wait", "--ntasks=2", "--ntasks-per-node=2", "--cpus-per-task=1", "--mem=4G"]
        + [f"--output={tmp_path}/log", "deploy/pinn_slurm.sh", "--steps=10", "--points=64", "--width=8"]
        + [f"--output={result}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, (tmp_path / "log").read_text(encoding="utf-8")
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["processes"] == 2
    assert max(abs(a - b) for a, b in zip(alone.theta.tolist(), found["theta"], strict=True)) < 1e-10
