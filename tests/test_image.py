"""The image of the Dockerfile, built by podman from a fresh Debian in place of its base, and what it does when it runs.

A command before a release (deploy/README.md holds the last result): it needs root on Linux, podman with buildah, runc or
crun, netavark, iptables and debootstrap, for the seat of a hub npm, 30 GB of disk and an hour. Apptainer comes from Debian
unstable, into a root of its own:

    BOOTCAMP_IMAGE_TEST=1 ./bootcamp test tests/test_image.py

With BOOTCAMP_IMAGE_STORE=FOLDER base and layers stay in that folder, and the next run builds only what has changed.
"""

import json
import os
import secrets
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
from types import SimpleNamespace

import cluster
import debian
import pytest
import requests
import test_hub
import yaml

ROOT = Path(__file__).resolve().parents[1]
BASE, IMAGE = "localhost/course-base:latest", "localhost/ai-for-science:test"
SEAT = "localhost/ai-for-science:hub"
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
    def running(self, *options: str) -> Iterator[str]:
        """A container in the background, by name; it is removed afterwards."""
        name = f"course-{uuid.uuid4().hex[:8]}"
        self("run", "--detach", "--name", name, *options, IMAGE)
        try:
            yield name
        finally:
            self("rm", "--force", "--time", "5", name)

    def said(self, name: str) -> str:
        done = self("logs", name)
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def podman(record_testsuite_property) -> Iterator[Podman]:
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
        if not engine("image", "exists", IMAGE, check=False).returncode:
            record_testsuite_property("with", "layers of an earlier build where nothing changed")
        build(engine, IMAGE)
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


def build(engine: Podman, image: str, *arguments: str) -> None:
    with tempfile.TemporaryDirectory(dir=engine.folder) as context:
        debian.copy_of_the_tracked_files(Path(context))
        lent = [word for folder in debian.pip_folders() for word in ("--volume", f"{folder}:{folder}:ro")]
        log = engine.folder / "build.log"
        with open(log, "w", encoding="utf-8") as output:
            done = subprocess.run(
                ["podman", "build", "--format", "docker", "--from", BASE, "--pull=never", "--network", "host"]
                + ["--build-arg", "VARIANT=cpu", *arguments, *lent, "--tag", image, context],
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


# --- a seat of a hub ----------------------------------------------------------------------

# JupyterHub's simplest spawner starts `podman run` as it would start a seat, with what a pod of values.yaml has.
HUB = """
import json, os
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allowed_users = {users!r}
c.SharedPasswordAuthenticator.user_password = {password!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.cleanup_servers = True
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{
    "name": "test", "services": ["test"], "scopes": ["admin:servers", "admin:users", "access:servers"],
}}]
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = {command!r}
c.Spawner.environment = {environment!r}
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
"""


@pytest.fixture
def hub(podman, tmp_path) -> Iterator[SimpleNamespace]:
    """A hub of the seat's own version whose seats are containers of the image, each with an empty home."""
    if not shutil.which("npm"):
        pytest.skip("npm is missing: the hub's proxy comes from it")
    build(podman, SEAT, "--build-arg", "HUB=yes")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "hub"], check=True)
    python = tmp_path / "hub" / "bin" / "python"
    locked = ["--require-hashes", "-r", ROOT / "requirements-hub.lock"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *locked], check=True)
    proxy = tmp_path / "proxy"
    subprocess.run(
        ["npm", "install", "--silent", "--prefix", proxy, "configurable-http-proxy@5.3.0"], check=True
    )
    values = yaml.safe_load((ROOT / "deploy/jupyterhub/values.yaml").read_text(encoding="utf-8"))[
        "singleuser"
    ]
    home, data = tmp_path / "home", tmp_path / "data"
    for folder in (home, data):
        folder.mkdir()
    (data / "shared.txt").write_text("for all", encoding="utf-8")
    for path in (home, data, data / "shared.txt"):  # the learner's own: what refuses to write is the mount
        os.chown(path, values["uid"], values["fsGid"])
    words = values["cmd"]
    for kept, short in test_hub.SHORT:
        assert any(kept in word for word in words)
        words = [word.replace(kept, short) for word in words]
    command = [
        *("podman", "run", "--rm", "--network", "host", "--env", "JUPYTERHUB_*", "--cap-drop=all"),
        *("--security-opt", "no-new-privileges", "--memory", "6g", "--shm-size", "1g"),
        *(f"--env={name}={value}" for name, value in values["extraEnv"].items()),
        *("--volume", f"{home}:{values['storage']['homeMountPath']}"),
        *("--volume", f"{data}:{values['extraEnv']['BOOTCAMP_DATA']}:ro"),
        *(SEAT, *words),
    ]
    password, token = secrets.token_hex(16), secrets.token_hex(16)
    ports = [cluster.free_port() for _ in range(3)]
    names = ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "PATH")
    text = HUB.format(
        users={"seat-one", "seat-two"}, password=password, token=token, ports=ports, command=command,
        proxy=[str(proxy / "node_modules/.bin/configurable-http-proxy")],
        environment={name: podman.environment[name] for name in names},
    )  # fmt: skip
    (tmp_path / "config.py").write_text(text, encoding="utf-8")
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [python, "-m", "jupyterhub", "-f", "config.py"], cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{ports[0]}"
            cluster.wait_for(lambda: test_hub.answers(f"{url}/hub/api"), "the hub", 300)
            yield SimpleNamespace(url=url, token=token, password=password, home=home)
        finally:
            process.terminate()
            process.wait(120)
            print((tmp_path / "log").read_text(encoding="utf-8")[-8000:])


def test_image_with_a_hub_is_the_seat_that_the_values_for_kubernetes_start(podman, hub):
    """Its own lock beside the course's, the hub's login, the course in an empty home, read-only data, an end by itself."""
    name = "seat-one"
    assert test_hub.login(hub, name, "wrong")[1] == 403
    browsers = {user: test_hub.login(hub, user, hub.password)[0] for user in (name, "seat-two")}
    assert test_hub.api(hub, "POST", f"/hub/api/users/{name}/server").status_code in (201, 202)
    cluster.wait_for(lambda: test_hub.ready(hub, name), "the seat", 300)
    assert (hub.home / "ai-for-science-bootcamp" / "Start_Here.ipynb").exists()
    seat = f"{hub.url}/user/{name}"
    for path in ("/lab/tree/Start_Here.ipynb", "/api/contents", "/tensorboard/data/runs"):
        assert browsers[name].get(seat + path).status_code == 200, path
    assert browsers["seat-two"].get(f"{seat}/lab").status_code == 403
    assert requests.get(f"{seat}/api/contents").status_code == 403
    assert "/hub/" in requests.get(f"{seat}/tensorboard/").url
    read = "print(open('/data/shared.txt').read())"
    assert test_hub.execute(hub, name, read) == "for all\n"
    assert test_hub.execute(hub, name, "open('/data/shared.txt', 'a')") == "OSError"
    where = "import utils.data, os; print(os.getcwd(), os.getuid())"
    assert test_hub.execute(hub, name, where) == "/home/learner/ai-for-science-bootcamp 1000\n"
    cluster.wait_for(lambda: not test_hub.ready(hub, name), "the end of an idle seat", 600)
    done = podman("run", "--rm", SEAT, "./bootcamp", "check", check=False)
    assert "All is ready." in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]


# --- a SIF --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node(podman, record_testsuite_property) -> Iterator[SimpleNamespace]:
    """A Debian with Apptainer, two ordinary users, and the SIF of the image where both can read it."""
    with debian.fresh_root("sid") as root:
        inside = lambda user, *command: debian.run_inside(root, *command, user=user)  # noqa: E731
        made = inside(None, "bash", "-c", MAKE_NODE)
        assert made.returncode == 0, made.stdout[-3000:]
        version = inside(None, "apptainer", "--version").stdout.strip()
        record_testsuite_property("with", version.replace(" version", ""))
        podman("save", "--format", "docker-archive", "--output", root / "srv/image.tar", IMAGE)
        built = inside("builder", "bash", "-c", MAKE_SIF)
        (root / "srv/image.tar").unlink()
        assert built.returncode == 0, built.stdout[-3000:]
        yield SimpleNamespace(root=root, inside=inside)


# Only udev opens the device to all, and a root has none. fuse2fs and gocryptfs are for what a SIF of ours does not hold.
MAKE_NODE = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends apptainer python3 squashfuse
mknod -m 666 /fuse c 10 229
useradd --create-home --uid 1500 builder
useradd --create-home --uid 1501 other
chmod 700 /home/builder /home/other
install -d -o builder /srv/sif
"""
# lz4 takes a minute where Apptainer's own choice takes many; what is in the file is the same.
MAKE_SIF = """
export APPTAINER_CACHEDIR=/srv/sif/cache APPTAINER_TMPDIR=/srv/sif
apptainer build --mksquashfs-args "-comp lz4" /srv/sif/bootcamp.sif docker-archive:/srv/image.tar
"""
# The README's line and nothing else: no option, the shell's variables handed on.
SEAT_OF_A_NODE = """
import os, pathlib, re, subprocess, time, urllib.error, urllib.request
environment = dict(os.environ, JUPYTER_TOKEN="t0ken", PYTHONPATH="/nowhere")
server = subprocess.Popen(["apptainer", "run", "/srv/sif/bootcamp.sif"], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8")
said = ""
for line in server.stdout:
    said += line
    if line.startswith("Open:"):
        break
print(said, flush=True)
address = re.search(r"http://127[.]0[.]0[.]1:([0-9]+)/", said)
assert "ssh -N -J LOGIN_NODE -L " + address[1] in said
def status(path):
    try:
        return urllib.request.urlopen(address[0] + path, timeout=120).status
    except urllib.error.HTTPError as error:
        return error.code
try:
    for _ in range(300):
        try:
            assert status("api") == 200
            break
        except OSError:
            time.sleep(1)
    for path in ("api/contents", "api/contents?token=wrong"):
        assert status(path) == 403
    for path in ("api/contents", "tensorboard/data/runs", "api/kernelspecs/python3"):
        assert status(path + "?token=t0ken") == 200, path
    [port] = {line.split()[1] for line in open("/proc/net/tcp") if f":{int(address[1]):04X} 00000000:0000 0A" in line}
    assert port.startswith("0100007F:"), port
    assert pathlib.Path.home().joinpath("ai-for-science-bootcamp/Start_Here.ipynb").exists()
finally:
    server.terminate()
    server.wait(60)
"""


def test_sif_is_a_seat_of_an_ordinary_user_on_a_shared_node(node):
    """The README's line: token, this machine alone, a random port, the copy in the user's home; without --nv."""
    done = node.inside("builder", "python3", "-c", SEAT_OF_A_NODE)
    assert done.returncode == 0, done.stdout[-4000:]


def test_sif_is_read_only_and_seats_keep_apart(node):
    """What is in the file stays as it is; each user's copy is in the own home or where BOOTCAMP_HOME says."""
    run = ("apptainer", "run", "/srv/sif/bootcamp.sif")
    checked = node.inside("other", *run, "./bootcamp", "check")
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert "All is ready." in checked.stdout
    assert "FAIL" not in checked.stdout
    refused = node.inside("other", *run, "touch", "/opt/bootcamp/course/x")
    assert "Read-only file system" in refused.stdout
    assert node.inside("other", *run, "ls", "/home/builder").returncode != 0
    moved = ("env", "BOOTCAMP_HOME=/tmp/mine", *run, "pwd")
    assert node.inside("other", *moved).stdout.splitlines()[-1] == "/tmp/mine"
    assert (node.root / "tmp/mine/Start_Here.ipynb").stat().st_uid == 1501
    training = node.inside("other", *run, "./bootcamp", "run", "PINN_SimNet/01_From_Data_to_Physics.ipynb")
    assert training.returncode == 0, training.stdout[-3000:]
