"""The container: static rules, the start script, and the install script in a fresh Debian root.

No container engine is needed. The slow test (marker ``release``) makes a root with
debootstrap and runs deploy/install.sh in it, the same script that Dockerfile and
singularity.def run, then the course's own check as an ordinary user.
"""

import http.server
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import debian
import pytest

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DEFINITION = (ROOT / "singularity.def").read_text(encoding="utf-8")
LOCKS = sorted(ROOT.glob("requirements*.lock"))


# --- static rules -------------------------------------------------------------------------


def test_dockerfile_passes_hadolint():
    subprocess.run([debian.tool("hadolint"), ROOT / "Dockerfile"], check=True)


def test_shell_scripts_pass_shellcheck():
    subprocess.run([debian.tool("shellcheck"), "-x", *DEPLOY.glob("*.sh")], check=True, cwd=ROOT)


def test_base_is_pinned_by_digest_and_the_same_in_both_recipes():
    [docker_base] = re.findall(r"^FROM \S+@(sha256:[0-9a-f]{64})$", DOCKERFILE, re.MULTILINE)
    [apptainer_base] = re.findall(r"^From: \S+@(sha256:[0-9a-f]{64})$", DEFINITION, re.MULTILINE)
    assert docker_base == apptainer_base


def test_both_recipes_run_the_one_install_script_and_the_one_start_script():
    parts = re.findall(r"^RUN .*/deploy/install.sh \S+ (\w+)", DOCKERFILE, re.MULTILINE)
    assert parts == ["packages", "hub", "course"]
    assert "deploy/install.sh {{ VARIANT }}" in DEFINITION
    for recipe in (DOCKERFILE, DEFINITION):
        assert "pip install" not in recipe
        assert "apt-get" not in recipe
        assert "/opt/bootcamp/course/deploy/start.sh" in recipe
        assert "tini" in recipe


def test_a_new_revision_or_a_hub_does_not_install_the_packages_again():
    """An argument belongs to the layers below its line, used or not: the engine makes them again when it changes."""
    before = DOCKERFILE[: DOCKERFILE.index('install.sh "${VARIANT}" packages')]
    assert re.findall(r"^ARG (\w+)", before, re.MULTILINE) == ["VARIANT"]
    assert "\nLABEL " not in before


def test_container_ends_as_an_ordinary_user_with_a_health_check():
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users[-1].split(":")[0] == "1000"
    last_user = DOCKERFILE.index("USER 1000")
    assert "RUN " not in DOCKERFILE[last_user:]
    assert re.search(r"^HEALTHCHECK .*\n.*CMD \[.*/health.py", DOCKERFILE, re.MULTILINE)
    assert "syntax=" not in DOCKERFILE  # BuildKit would ask a registry for a frontend that nothing here needs
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in DOCKERFILE
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", DOCKERFILE))
    assert {"title", "description", "version", "revision", "created", "licenses", "authors"} <= labels


def test_version_is_the_projects_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"ARG VERSION={version}\n" in DOCKERFILE
    assert f"image.version {version}\n" in DEFINITION


def test_no_secret_and_no_token_in_the_recipes():
    for text in (DOCKERFILE, DEFINITION):
        assert not re.search(r"(?i)(token|password|secret)\s*=", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_is_pinned_and_hashed(lock):
    text = lock.read_text(encoding="utf-8")
    code = re.sub(r"(?m)^\s*#.*", "", text)
    assert not re.search(r"https?:|file:|--index|--find-links|@ ", code)
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]  # the first piece is the comment at the top
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-cuda.lock"])
def test_lock_holds_the_pinned_requirements(name):
    locked = dict(
        re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    )
    for source in ("requirements.txt", "requirements-test.txt"):
        for package, version in re.findall(
            r"^([\w.-]+)==(\S+)", (ROOT / source).read_text(encoding="utf-8"), re.MULTILINE
        ):
            if package == "torch":
                torch_lock = name.replace("requirements", "requirements-torch").replace(
                    "torch.lock", "torch-cpu.lock"
                )
                assert f"torch=={version}+" in (ROOT / torch_lock).read_text(encoding="utf-8")
                assert "torch" not in locked
            else:
                assert locked[package] == version, f"run deploy/update_locks.sh: {package}"


def test_cpu_lock_has_no_cuda_library_and_gpu_lock_one_cuda():
    cpu = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    gpu = (ROOT / "requirements-cuda.lock").read_text(encoding="utf-8")
    assert re.findall(r"^nvidia-[\w-]+", cpu, re.MULTILINE) == ["nvidia-ml-py"]
    libraries = set(re.findall(r"^nvidia-[\w-]+", gpu, re.MULTILINE)) - {"nvidia-ml-py"}
    assert {name for name in libraries if not name.endswith("-cu12")} == set()
    assert "nvidia-cudnn-cu12" in libraries


# --- the start script, with a stand-in for JupyterLab -------------------------------------


@pytest.fixture
def start(tmp_path):
    """Run deploy/start.sh of a copied course with a `jupyter` that prints what it was given."""
    if os.name == "nt":
        pytest.skip("the container is Linux")
    course = tmp_path / "course"
    shutil.copytree(DEPLOY, course / "deploy")
    (course / "Start_Here.ipynb").write_text("original", encoding="utf-8")
    (course / "utils" / "engine").mkdir(parents=True)
    for name in ("surroundings", "paths", "settings"):  # what serve.py needs
        shutil.copy(ROOT / "utils" / "engine" / f"{name}.py", course / "utils" / "engine")
    (course / "utils" / "code.py").write_text("original", encoding="utf-8")
    for path in course.rglob("*"):
        path.chmod(0o555 if path.is_dir() or path.suffix == ".sh" else 0o444)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "jupyter").write_text(
        '#!/bin/sh\necho "TOKEN=$JUPYTER_TOKEN"\necho "ARGUMENTS=$*"\n', encoding="utf-8"
    )
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    for program in programs.iterdir():
        program.chmod(0o755)

    def run(*arguments, **environment):
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "BOOT"))
        }
        clean |= {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"} | environment
        return subprocess.run(
            [course / "deploy" / "start.sh", *arguments],
            env=clean,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    run.work = tmp_path / "ai-for-science-bootcamp"
    run.course = course
    yield run
    for path in [course, *course.rglob("*")]:
        path.chmod(0o755)


def token_of(result) -> str:
    assert result.returncode == 0, result.stderr
    return re.search(r"^TOKEN=(.*)$", result.stdout, re.MULTILINE)[1]


@pytest.mark.parametrize("given", [None, "", "  "])
def test_empty_token_is_replaced_by_a_new_secret(start, given):
    environment = {} if given is None else {"JUPYTER_TOKEN": given}
    first, second = token_of(start(**environment)), token_of(start(**environment))
    assert re.fullmatch(r"[0-9a-f]{48}", first)
    assert first != second


def test_given_token_is_used_and_no_argument_shows_it(start):
    result = start(JUPYTER_TOKEN="abc123")
    assert token_of(result) == "abc123"
    assert "?token=abc123" in result.stdout
    assert "abc123" not in result.stdout.split("ARGUMENTS=")[1]


@pytest.mark.parametrize(
    "argument", ["--IdentityProvider.token=", "--ServerApp.token=''", "--NotebookApp.password=x"]
)
def test_token_on_the_command_line_is_refused(start, argument):
    result = start(argument)
    assert result.returncode == 1
    assert "JUPYTER_TOKEN" in result.stderr
    assert "TOKEN=" not in result.stdout


def test_port_can_be_a_free_one(start):
    fixed, free = start(), start(JUPYTER_PORT="random")
    assert "--ServerApp.port=8888" in fixed.stdout
    port = int(re.search(r"--ServerApp.port=(\d+)", free.stdout)[1])
    assert 1024 <= port <= 65535
    assert port != 8888


def test_only_this_machine_is_served_unless_another_address_is_asked_for(start):
    """Under srun the name of the node is known to everybody: an address that it answers is no default."""
    near, wide = start(JUPYTER_PORT="8899"), start(JUPYTER_PORT="8899", JUPYTER_IP="0.0.0.0")
    assert "--ServerApp.ip=127.0.0.1 " in near.stdout
    assert re.search(r"ssh -N -J \S+ -L 8899:127\.0\.0\.1:8899 \S+$", near.stdout, re.MULTILINE)
    assert "plain HTTP" in wide.stdout
    assert "--ServerApp.ip=0.0.0.0 " in wide.stdout
    assert "0.0.0.0" not in DEFINITION


@pytest.mark.parametrize(
    ("engine", "ip", "port"),
    [
        ({"PORTS_ARE_PUBLISHED": "yes"}, "0.0.0.0", "8888"),
        ({"PORTS_ARE_PUBLISHED": "yes", "APPTAINER_CONTAINER": "/srv/bootcamp.sif"}, "127.0.0.1", ""),
        ({"PORTS_ARE_PUBLISHED": "yes", "SINGULARITY_CONTAINER": "/srv/bootcamp.sif"}, "127.0.0.1", ""),
        ({"APPTAINER_CONTAINER": "x", "JUPYTER_IP": "0.0.0.0", "JUPYTER_PORT": "8899"}, "0.0.0.0", "8899"),
    ],
)
def test_a_sif_of_the_image_does_not_open_the_node(start, engine, ip, port):
    """Apptainer keeps the image's variables, and has no network of its own in which 0.0.0.0 would be harmless."""
    said = start(**engine).stdout
    assert f"--ServerApp.ip={ip} " in said
    found = re.search(r"--ServerApp.port=(\d+)", said)[1]
    assert found == port if port else found != "8888"
    assert "PORTS_ARE_PUBLISHED=yes" in DOCKERFILE
    assert "JUPYTER_" not in DOCKERFILE.split("\nENV ")[1].split("\nUSER ")[0]


def test_the_lines_for_apptainer_keep_the_settings_that_the_guide_tells_to_set():
    """--cleanenv dropped BOOTCAMP_HOME, BOOTCAMP_GPU_MEMORY_MB and JUPYTER_TOKEN without a word."""
    for text in ((DEPLOY / "README.md").read_text(encoding="utf-8"), DEFINITION):
        assert not re.search(r"^.*apptainer run .*--cleanenv", text, re.MULTILINE)


def test_a_container_without_any_folder_to_write_to_says_what_to_give(start):
    result = start(HOME="/nonexistent", TMPDIR="/nonexistent")
    assert result.returncode == 1
    assert "--tmpfs /tmp" in result.stderr
    assert "mktemp" not in result.stderr


@pytest.fixture
def health(monkeypatch):
    loaded = importlib.util.spec_from_file_location("health", DEPLOY / "health.py")
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    return module


def test_health_of_a_server_on_a_random_port(health, tmp_path, monkeypatch, capsys):
    for number, command in (
        ("7", "tini -g -- start.sh"),
        ("9", "jupyter lab --ServerApp.port=43210 --no-browser"),
    ):
        (tmp_path / number).mkdir()
        (tmp_path / number / "cmdline").write_bytes(b"\0".join(command.encode().split()) + b"\0")
    assert health.server_port(tmp_path) == 43210
    assert health.server_port(tmp_path / "7") is None
    monkeypatch.setenv("JUPYTER_PORT", "random")
    monkeypatch.setattr(health, "server_port", lambda: None)
    assert health.main() == 1
    assert "does not run here yet" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["random", "given"])
def test_health_asks_the_server_and_reports_a_dead_one(health, monkeypatch, port, capsys):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        number = server.server_address[1]
        monkeypatch.setenv("JUPYTER_PORT", "random" if port == "random" else str(number))
        monkeypatch.setattr(health, "server_port", lambda: number)
        assert health.main() == 0
        server.shutdown()
    assert health.main() == 1
    assert "does not answer" in capsys.readouterr().out


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_restart_keeps_the_learners_notebook_and_refreshes_the_code(start):
    start()
    notebook, code = start.work / "Start_Here.ipynb", start.work / "utils" / "code.py"
    assert os.access(notebook, os.W_OK)
    assert notebook.stat().st_mode & 0o200
    assert (start.work / "deploy" / "start.sh").stat().st_mode & 0o100
    notebook.write_text("mine", encoding="utf-8")
    code.write_text("broken", encoding="utf-8")
    result = start()
    assert "Kept your Start_Here.ipynb" in result.stdout
    assert notebook.read_text(encoding="utf-8") == "mine"
    assert code.read_text(encoding="utf-8") == "original"


def test_what_others_left_in_a_shared_course_folder_is_not_copied(start):
    """A hub starts seats from a folder that its owner works in: history, environments and caches may be unreadable."""
    start.course.chmod(0o755)
    left = [
        ".git/config",
        ".venv/bin/python",
        "data/cache/flow/x.h5",
        ".hypothesis/a",
        "utils/__pycache__/b.pyc",
    ]
    for name in left:
        path = start.course / name
        start.course.joinpath(name.split("/")[0]).exists() and start.course.joinpath(
            name.split("/")[0]
        ).chmod(0o755)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not for learners", encoding="utf-8")
    assert start("true").returncode == 0
    assert (start.work / "utils" / "code.py").exists()
    assert [name for name in left if (start.work / name).exists()] == []


def test_a_command_runs_in_the_learners_copy(start):
    result = start("pwd")
    assert result.stdout.strip() == str(start.work)
    assert start("false").returncode == 1


def test_install_script_says_what_it_needs():
    for arguments in ([], ["gpu"], ["cpu", "everything"]):
        result = subprocess.run([DEPLOY / "install.sh", *arguments], capture_output=True, encoding="utf-8")
        assert result.returncode == 1
        assert result.stderr.startswith("install.sh: ")


@pytest.mark.parametrize("files", [["thesis.txt"], [".bashrc"]])
def test_install_script_removes_no_person(tmp_path, files):
    """The user of a cloud image is called like the one in Ubuntu's container image, and has the same number."""
    script = (DEPLOY / "install.sh").read_text(encoding="utf-8")
    block = re.search(r"    local holder\n.*?\n    fi\n", script, re.DOTALL)[0]
    block = block.replace("    local holder\n", "")
    home, bin_ = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    bin_.mkdir()
    for file in files:
        (home / file).write_text("mine", encoding="utf-8")
    (bin_ / "getent").write_text(f"#!/bin/sh\necho ubuntu:x:1000:1000::{home}:/bin/bash\n", encoding="utf-8")
    (bin_ / "userdel").write_text(f"#!/bin/sh\necho removed; rm -r {home}\n", encoding="utf-8")
    for program in bin_.iterdir():
        program.chmod(0o755)
    fail = 'set -eu; user_id=1000; user_name=learner; fail() { echo "$*" >&2; exit 1; }\n'
    environment = os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", fail + block], env=environment, capture_output=True, encoding="utf-8"
    )
    if files == ["thesis.txt"]:
        assert done.returncode == 1
        assert "this script is for images" in done.stderr
        assert (home / "thesis.txt").read_text(encoding="utf-8") == "mine"
    else:
        assert done.returncode == 0, done.stderr
        assert not home.exists()


# --- the whole installation in a fresh Debian root ----------------------------------------


@pytest.fixture(scope="module")
def fresh_root() -> Iterator[Path]:
    with debian.fresh_root() as root:
        yield root


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_install_script_in_a_fresh_root(fresh_root):
    """Install, check and start the course as user 1000; then install again over it."""
    build = fresh_root / "opt/bootcamp/build"
    debian.copy_of_the_tracked_files(build)

    done = debian.run_inside(fresh_root, "/opt/bootcamp/build/deploy/install.sh", "cpu")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "No broken requirements found" in done.stdout
    shutil.rmtree(build)

    start = "/opt/bootcamp/course/deploy/start.sh"
    checked = debian.run_inside(fresh_root, start, "./bootcamp", "check", user="learner")
    assert checked.returncode == 0, checked.stdout[-4000:]
    assert "All is ready." in checked.stdout
    assert "FAIL" not in checked.stdout

    imports = "import os, cv2, keras, tensorflow, torch; assert os.getuid() == 1000; print(torch.__version__)"
    imported = debian.run_inside(fresh_root, start, "python", "-c", imports, user="learner")
    assert imported.returncode == 0, imported.stdout[-4000:]
    assert "+cpu" in imported.stdout

    served = debian.run_inside(fresh_root, start, "python", "-c", SERVE, user="learner")
    assert served.returncode == 0, served.stdout[-4000:]

    written = debian.run_inside(fresh_root, "/usr/bin/touch", "/opt/bootcamp/course/x", user="learner")
    assert written.returncode != 0, "the learner can change the course's master copy"

    debian.copy_of_the_tracked_files(build)
    again = debian.run_inside(fresh_root, "/opt/bootcamp/build/deploy/install.sh", "cpu", "course")
    assert again.returncode == 0, again.stdout[-4000:]


# JupyterLab comes up through the start script: closed without the token, open with it.
SERVE = """
import os, socket, subprocess, time, urllib.error, urllib.request
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
environment = dict(os.environ, JUPYTER_TOKEN="t0ken", JUPYTER_PORT=str(port), JUPYTER_IP="127.0.0.1")
server = subprocess.Popen(["/opt/bootcamp/course/deploy/start.sh"], env=environment)
def status(path):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120).status
    except urllib.error.HTTPError as error:
        return error.code
try:
    for _ in range(300):
        try:
            assert status("/api") == 200
            break
        except OSError:
            time.sleep(1)
    assert status("/api/contents") == 403
    assert status("/api/contents?token=wrong") == 403
    assert status("/api/contents?token=t0ken") == 200
    assert status("/api/kernelspecs/python3?token=t0ken") == 200
    assert status("/tensorboard/?token=t0ken") == 200
    assert status("/tensorboard/data/runs?token=t0ken") == 200
    assert "/login" in urllib.request.urlopen(f"http://127.0.0.1:{port}/tensorboard/").url
finally:
    server.terminate()
    server.wait(120)
"""
