"""A Slurm cluster of one node on this machine, for tests that want a real one (root, slurm-wlm and munge)."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")
CONFIGURATION = """
ClusterName=course
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=40000 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes={host} MaxTime=1 State=UP
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what: str, limit_s: float = 60):
    """What the condition returns as soon as that is true; a failure with the name of what was awaited."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    return pytest.fail(f"{what} did not come within {limit_s:g} s")


def output(*command: str, **environment: str) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """The environment in which sbatch, squeue and srun reach a new cluster; all of it is gone afterwards."""
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("a Slurm of our own needs root on Linux")
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: apt-get install slurm-wlm munge")
    host = output("hostname", "-s").strip()
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/var/tmp"))
    folder.chmod(0o755)  # users' jobs start from the spool, and their commands read the configuration
    for name in ("state", "spool"):
        (folder / name).mkdir(mode=0o755)
    configuration = folder / "slurm.conf"
    ports = free_port(), free_port()
    configuration.write_text(CONFIGURATION.format(host=host, folder=folder, ports=ports), encoding="utf-8")
    environment = {"SLURM_CONF": str(configuration)}
    started = []
    if subprocess.run(["munge", "-n"], capture_output=True).returncode:
        Path("/run/munge").mkdir(exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        started.append(subprocess.Popen(["runuser", "-u", "munge", "--", "munged", "--foreground"]))
        wait_for(lambda: not subprocess.run(["munge", "-n"], capture_output=True).returncode, "munge")
    try:
        for daemon in ("slurmctld", "slurmd"):
            started.append(subprocess.Popen([daemon, "-D"], env={**os.environ, **environment}))
        ready = ("sinfo", "--noheader", "--partition=cpu", "--format=%T")
        ask = {**os.environ, **environment}
        wait_for(
            lambda: "idle" in subprocess.run(ready, env=ask, capture_output=True, encoding="utf-8").stdout,
            "an idle node",
        )
        yield environment
        subprocess.run(["scancel", "--me"], env=ask)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)  # a last job's process may still write into it


@contextmanager
def nothing() -> Iterator[dict[str, str]]:
    """No cluster, and nothing to add to the environment."""
    yield {}
