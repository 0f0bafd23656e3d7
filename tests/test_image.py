"""The image of the Dockerfile, built by podman from a fresh Debian in place of its base, and what it does when it runs.

A command before a release (deploy/README.md holds the last result): it needs root on Linux, podman with buildah, runc or
crun, netavark, iptables and debootstrap, 20 GB of disk and half an hour:

    BOOTCAMP_IMAGE_TEST=1 ./bootcamp test tests/test_image.py

With BOOTCAMP_IMAGE_STORE=FOLDER base and layers stay in that folder, and the next run builds only what has changed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cluster
import debian
import pytest

BASE, IMAGE = "localhost/course-base:latest", "localhost/ai-for-science:test"
TOKEN = "t0ken"
# A virtual machine without systemd may neither raise a limit nor take crun's unified cgroups.
CONTAINERS = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""

pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(5400),
]


class Podman:
    """Podman with a store of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        runtime = "runc" if shutil.which("runc") else "crun"
        (folder / "containers.conf").write_text(CONTAINERS.format(runtime=runtime), encoding="utf-8")
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder), encoding="utf-8")
        self.environment = os.environ | {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def __call__(self, *words, check: bool = True, **more) -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["podman", *map(str, words)],
            cwd=self.folder,
            env=self.environment,  # conmon leaves a file there
            capture_output=True,
            encoding="utf-8",
            **more,
        )
        if check:
            assert done.returncode == 0, f"podman {words[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    @contextmanager
    def running(self, *options, command: tuple[str, ...] = ()) -> Iterator[str]:
        """A container in the background, by name; it is removed afterwards."""
        name = f"course-{uuid.uuid4().hex[:8]}"
        self("run", "--detach", "--name", name, *options, IMAGE, *command)
        try:
            yield name
        finally:
            self("rm", "--force", "--time", "5", name)

    def said(self, name: str) -> str:
        done = self("logs", name)
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """An engine that holds the image of this working tree."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("podman is run by root on Linux here")
    for name in ("podman", "debootstrap"):
        if not shutil.which(name):
            pytest.skip(
                f"{name} is missing: apt-get install podman buildah runc netavark iptables debootstrap"
            )
    kept = os.environ.get("BOOTCAMP_IMAGE_STORE")
    folder = Path(kept or tempfile.mkdtemp(prefix="course-image-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    folder.mkdir(parents=True, exist_ok=True)
    engine = Podman(folder)
    try:
        if engine("image", "exists", BASE, check=False).returncode:
            make_base(engine)
        build(engine)
        yield engine
    finally:
        if not kept:
            engine("system", "reset", "--force", check=False)
            shutil.rmtree(folder, ignore_errors=True)


def make_base(engine: Podman) -> None:
    """A Debian in place of the CUDA image, which only a registry has; it reaches what this machine reaches."""
    with debian.fresh_root() as root:
        changes = [f"--change=ENV {name}={value}" for name, value in debian.lent_environment(root).items()]
        archive = engine.folder / "base.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    engine("import", *changes, archive, BASE)
    archive.unlink()


def build(engine: Podman) -> None:
    with tempfile.TemporaryDirectory(dir=engine.folder) as context:
        debian.copy_of_the_tracked_files(Path(context))
        lent = [word for folder in debian.pip_folders() for word in ("--volume", f"{folder}:{folder}:ro")]
        log = engine.folder / "build.log"
        with open(log, "w", encoding="utf-8") as output:
            done = subprocess.run(
                ["podman", "build", "--format", "docker", "--from", BASE, "--pull=never", "--network", "host"]
                + ["--build-arg", "VARIANT=cpu", *lent, "--tag", IMAGE, context],
                env=engine.environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
    assert done.returncode == 0, log.read_text(encoding="utf-8")[-4000:]


def status(address: str) -> int:
    """The answer's number; 0 where nobody answers."""
    try:
        return urllib.request.urlopen(address, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def seat(podman: Podman, *options) -> Iterator[tuple[str, str]]:
    """A seat as the guide starts it: its name and its address on this machine."""
    port = cluster.free_port()
    options = ("--publish", f"127.0.0.1:{port}:8888", "--env", f"JUPYTER_TOKEN={TOKEN}", *options)
    with podman.running(*options) as name:
        address = f"http://127.0.0.1:{port}"
        cluster.wait_for(lambda: status(f"{address}/api") == 200, "the server", 180)
        yield name, address


def test_recipe_is_kept_by_the_image(podman):
    [image] = json.loads(podman("image", "inspect", IMAGE).stdout)
    assert image["User"] == "1000:100"
    assert image["Config"]["Entrypoint"][:3] == ["/usr/bin/tini", "-g", "--"]
    assert "health.py" in " ".join(image["Healthcheck"]["Test"])
    assert image["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0 AND CC-BY-4.0"
    assert image["Size"] < 7e9


def test_seat_is_closed_without_the_token_and_open_on_this_machine_alone(podman):
    with seat(podman, "--cap-drop=all") as (name, address):
        for path in ("/api/contents", "/api/contents?token=wrong"):
            assert status(address + path) == 403
        for path in ("/api/contents", "/tensorboard/", "/tensorboard/data/runs"):
            assert status(f"{address}{path}?token={TOKEN}") == 200
        assert "/login" in urllib.request.urlopen(f"{address}/tensorboard/").url
        published = podman("port", name).stdout.split()
        assert published[-1].startswith("127.0.0.1:")
        assert podman("exec", name, "id", "-u").stdout == "1000\n"
        assert podman("exec", name, "cat", "/proc/1/comm").stdout == "tini\n"
        assert podman("exec", name, "touch", "/opt/bootcamp/course/x", check=False).returncode
        assert podman("healthcheck", "run", name).returncode == 0
        assert TOKEN not in podman("exec", name, "cat", "/proc/1/cmdline").stdout
    assert status(f"{address}/api") == 0


def test_health_follows_a_random_port(podman):
    with podman.running("--env", "JUPYTER_PORT=random") as name:
        cluster.wait_for(
            lambda: podman("healthcheck", "run", name, check=False).returncode == 0, "health", 180
        )
        assert "--ServerApp.port=8888" not in podman("exec", name, "cat", "/proc/1/cmdline").stdout


def test_course_checks_itself_as_its_user(podman):
    done = podman("run", "--rm", IMAGE, "./bootcamp", "check", check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "All is ready." in done.stdout
    assert "FAIL" not in done.stdout


def test_volume_keeps_what_a_learner_changed_and_a_stop_is_quick(podman):
    volume = f"course-{uuid.uuid4().hex[:8]}"
    mount = ("--volume", f"{volume}:/home/learner")
    notebook = "/home/learner/ai-for-science-bootcamp/Start_Here.ipynb"
    try:
        with seat(podman, *mount) as (name, _):
            podman("exec", name, "sh", "-c", f"echo mine > {notebook}")
            start = time.monotonic()
            podman("stop", "--time", "60", name)
            assert time.monotonic() - start < 30, "it was killed, or nearly so"
        with seat(podman, *mount) as (name, _):
            assert podman("exec", name, "cat", notebook).stdout == "mine\n"
            assert "Kept your Start_Here.ipynb" in podman.said(name)
    finally:
        podman("volume", "rm", "--force", volume)


def test_read_only_root_needs_one_folder_and_says_so(podman):
    bare = ("run", "--rm", "--read-only", "--read-only-tmpfs=false")
    done = podman(*bare, IMAGE, check=False)
    assert done.returncode == 1
    assert "--tmpfs /tmp" in done.stderr
    with seat(podman, "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:rw,mode=1777") as (name, _):
        assert "Your work goes to /tmp" in podman.said(name)


def test_a_user_whom_the_image_does_not_know(podman):
    with seat(podman, "--user", "4711:0") as (name, _):
        assert podman("exec", name, "id", "-u").stdout == "4711\n"
        assert "ends with the container" in podman.said(name)


def test_memory_limit_is_told_and_costs_one_process_only(podman):
    with seat(podman, "--memory", "2g", "--memory-swap", "2g") as (name, address):
        course = ("exec", "--workdir", "/home/learner/ai-for-science-bootcamp", name)
        ask = "from utils.engine.parallel import memory_bytes; print(*memory_bytes())"
        total, free = map(int, podman(*course, "/opt/bootcamp/venv/bin/python", "-c", ask).stdout.split())
        assert free <= total <= 2 * 2**30
        greedy = "block = bytearray(4 << 30); print('all of it')"
        done = podman(*course, "/opt/bootcamp/venv/bin/python", "-c", greedy, check=False)
        assert done.returncode == 137
        assert status(f"{address}/api") == 200


def test_notebook_runs_in_three_gigabytes(podman):
    done = podman(
        "run", "--rm", "--memory", "3g", IMAGE, "./bootcamp", "run",
        "PINN_SimNet/01_From_Data_to_Physics.ipynb", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_image_becomes_a_sif_that_starts(podman, tmp_path):
    """The same image for Apptainer, without a second installation; where apptainer is installed."""
    if not shutil.which("apptainer"):
        pytest.skip("apptainer is missing")
    archive, sif = tmp_path / "image.tar", tmp_path / "bootcamp.sif"
    podman("save", "--format", "docker-archive", "--output", archive, IMAGE)
    environment = os.environ | {
        "APPTAINER_CACHEDIR": str(tmp_path / "cache"),
        "APPTAINER_TMPDIR": str(tmp_path),
    }
    for command in (
        ["apptainer", "build", sif, f"docker-archive:{archive}"],
        ["apptainer", "run", "--no-home", "--writable-tmpfs", sif, "./bootcamp", "check"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert re.search("All is ready", done.stdout)
