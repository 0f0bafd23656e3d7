"""The server of `./bootcamp lab` and of the container: closed without its token, whatever Jupyter is told elsewhere."""

import json
import os
import re
import runpy
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

import servers

ROOT = Path(__file__).resolve().parents[1]
SERVE = ROOT / "deploy" / "serve.py"
serve = runpy.run_path(str(SERVE))

OPEN_DOORS = {
    "IdentityProvider": {"token": ""},
    "PasswordIdentityProvider": {"hashed_password": "", "password_required": False},
    "ServerApp": {
        "token": "", "password": "", "allow_origin": "*", "allow_credentials": True, "disable_check_xsrf": True,
        "allow_unauthenticated_access": True, "allow_remote_access": True, "ip": "0.0.0.0",
    },
}  # fmt: skip
PLACES = ("home", "user site", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH")
ROUTES = (
    "/api/contents", "/api/contents/README.md", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/status",
    "/api/terminals", "/api/config/notebook", "/api/me", "/api/metrics/v1", "/api/security/csp-report",
    "/lab", "/tree", "/files/README.md", "/nbconvert/html/Start_Here.ipynb", "/metrics", "/logout-all",
    "/lab/api/settings", "/lab/api/workspaces", "/lab/api/listings/x", "/lsp/status", "/lsp/ws/python",
    "/tensorboard/", "/tensorboard/data/runs", "/proxy/22/", "/proxy/absolute/22/", "/server-proxy/servers-info",
    "/terminals/websocket/1", "/api/kernels/1/channels", "/api/events/subscribe", "/nvdashboard/gpu_info",
)  # fmt: skip


def hostile_files(folder: Path) -> None:
    """Every file that Jupyter might read there opens all doors, and leaves a trace where it is executed."""
    folder.mkdir(parents=True)
    lines = [
        f"c.{name}.{key} = {value!r}" for name, keys in OPEN_DOORS.items() for key, value in keys.items()
    ]
    trace = f"open({str(folder / 'was-read')!r}, 'w').close()"
    for name in ("jupyter_config", "jupyter_server_config", "jupyter_lab_config"):
        (folder / f"{name}.py").write_text("\n".join([trace, *lines]), encoding="utf-8")
        (folder / f"{name}.json").write_text(json.dumps(OPEN_DOORS), encoding="utf-8")
        (folder / f"{name}.d").mkdir()
        (folder / f"{name}.d" / "open.json").write_text(json.dumps(OPEN_DOORS), encoding="utf-8")


@pytest.fixture(scope="module", params=PLACES)
def server(request, tmp_path_factory):
    """(address, token, process, folder of hostile files) of a server that starts beside them."""
    home = tmp_path_factory.mktemp("home")
    folder = {"home": home / ".jupyter", "user site": home / ".local/etc/jupyter"}.get(
        request.param, home / "x"
    )
    hostile_files(folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    environment |= {"HOME": str(home), "BOOTCAMP_CACHE": str(home / "cache"), "JUPYTER_TOKEN": " "}
    for place in (home / ".local/share/jupyter", home / "module"):
        spec = {"argv": ["false"], "display_name": "not the course's", "language": "python"}
        (place / "kernels/python3").mkdir(parents=True)
        (place / "kernels/python3/kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    environment |= {"JUPYTER_PATH": str(home / "module"), "PYTHONPATH": str(home / "module")}
    if request.param.startswith("JUPYTER"):
        environment[request.param] = str(folder)
    log = home / "server.log"
    with servers.running(ROOT, environment, log) as (address, process):
        token = re.search(r"Open:  \S+[?]token=(\w+)", log.read_text(encoding="utf-8"))[1]
        yield address, token, process, folder


def answer(address: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, str]:
    """Status, and the address that it ended at."""
    try:
        request = urllib.request.Request(address, headers=headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=60) as page:
            return page.status, page.url
    except urllib.error.HTTPError as error:
        return error.code, error.url


def test_the_token_is_fresh_and_long(server):
    assert re.fullmatch("[0-9a-f]{48}", server[1])


@pytest.mark.parametrize("token", ["", "?token=", "?token=wrong"])
def test_no_route_answers_without_the_token(server, token):
    address = server[0]
    for route in ROUTES:
        status, ended = answer(f"{address}{route}{token}")
        refused = status in (401, 403, 404, 405) or "/login" in ended
        assert refused, f"{route}{token}: {status} {ended}"
    for route in ("/api/contents/made-by-a-stranger", "/api/kernels", "/api/terminals", "/api/shutdown"):
        assert answer(f"{address}{route}{token}", method="POST")[0] in (401, 403, 404, 405)


def test_with_the_token_it_works(server):
    address, token, _, _ = server
    for route in ("/api/contents", "/lab", "/api/kernelspecs/python3", "/api/metrics/v1"):
        assert answer(f"{address}{route}?token={token}") == (200, f"{address}{route}?token={token}")


def test_no_file_of_others_was_read(server):
    assert not (server[3] / "was-read").exists()


def test_a_kernel_called_python3_in_the_home_or_a_module_is_not_taken(server):
    address, token, *_ = server
    with urllib.request.urlopen(f"{address}/api/kernelspecs?token={token}", timeout=60) as page:
        spec = json.load(page)["kernelspecs"]["python3"]["spec"]
    assert spec["display_name"] != "not the course's"


def test_nobody_else_on_the_machine_reads_what_a_kernel_prints(server):
    address, token, process, _ = server

    def ask(path: str, method: str) -> bytes:
        request = urllib.request.Request(f"{address}/api/kernels{path}?token={token}", b"{}", method=method)
        with urllib.request.urlopen(request, timeout=60) as page:
            return page.read()

    kernel = json.loads(ask("", "POST"))["id"]
    children = [child.cmdline() for child in psutil.Process(process.pid).children(recursive=True)]
    (connection,) = [command[-1] for command in children if "ipykernel_launcher" in command]
    kept = json.loads(Path(connection).read_text(encoding="utf-8"))
    mode = stat.S_IMODE(Path(connection).stat().st_mode)
    secrets_of_others = [connection, f"/proc/{process.pid}/environ"]
    read = {path: as_another_user("cat", path) for path in secrets_of_others}
    listed = as_another_user("cat", f"/proc/{process.pid}/cmdline")
    ask(f"/{kernel}", "DELETE")
    assert "curve_publickey" in kept
    assert not any(kept["key"] in word for command in children for word in command)
    if os.name != "nt":
        assert mode == 0o600
    if listed is not None:
        assert listed.returncode == 0, "the list of processes is open to all"
        assert token not in listed.stdout
        assert [path for path, done in read.items() if done.returncode == 0] == []


def as_another_user(*command: str) -> subprocess.CompletedProcess | None:
    """What "nobody" gets to see; None where only root could become that user."""
    if os.name == "nt" or os.geteuid() != 0 or not shutil.which("runuser"):
        return None
    return subprocess.run(
        ["runuser", "-u", "nobody", "--", *command],
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_page_of_another_site_cannot_use_the_login(server):
    """A browser sends the cookie along; what other sites cannot send is the token of the page."""
    address, token, _, _ = server
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert opener.open(f"{address}/lab?token={token}", timeout=60).status == 200
    assert opener.open(f"{address}/api/contents", timeout=60).status == 200, "the cookie is there"
    headers = {"Origin": "http://elsewhere.example"}
    for route, method in (("/api/contents", "GET"), ("/api/kernels", "POST"), ("/api/shutdown", "POST")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            opener.open(
                urllib.request.Request(f"{address}{route}", headers=headers, method=method), timeout=60
            )
        assert refused.value.code in (403, 404)
        assert "Access-Control-Allow-Origin" not in refused.value.headers
    # Without an origin it is the page's own token that counts.
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(urllib.request.Request(f"{address}/api/kernels", method="POST"), timeout=60)
    assert refused.value.code == 403


def test_tensorboard_has_no_port_of_its_own(server):
    """A port of this machine answers all of its users; so does that of TensorBoard's fast loader."""
    address, token, process, _ = server
    page = urllib.request.urlopen(f"{address}/tensorboard/?token={token}", timeout=300).read().decode()
    assert "<title>TensorBoard</title>" in page
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert len(family) > 1
    listening = [c.laddr for p in family for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert [(where.ip, where.port) for where in listening] == [("127.0.0.1", int(address.rsplit(":", 1)[1]))]


def test_the_socket_fits_wherever_temporary_files_go(tmp_path):
    """The job folders of batch systems have long names; the name of a socket may have 104 bytes."""
    scratch = tmp_path / ("x" * 100)
    scratch.mkdir()
    code = (
        "import runpy, sys; from traitlets.config import Config; c = Config();"
        "runpy.run_path(sys.argv[1], {'get_config': lambda: c});"
        "print(c.ServerProxy.servers['tensorboard']['unix_socket'])"
    )
    environment = os.environ | {"TMPDIR": str(scratch), "BOOTCAMP_CACHE": str(tmp_path / "cache")}
    environment.pop("JUPYTER_NO_CONFIG", None)
    command = [sys.executable, "-c", code, ROOT / "deploy" / "jupyter_server_config.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    socket = Path(done.stdout.splitlines()[-1])
    assert len(str(socket)) < 104
    assert list(scratch.iterdir()) == []
    assert not socket.parent.exists(), "it ends with the server"


@pytest.mark.parametrize(
    "option",
    [
        "--IdentityProvider.token=", "--IdentityProvider.token", "--ServerApp.token=x", "--LabApp.token=''",
        "--NotebookApp.password=", "--PasswordIdentityProvider.hashed_password=", "IdentityProvider.token=",
        "--PasswordIdentityProvider.password_required=False", "--ServerApp.allow_origin=*", "--ip=0.0.0.0",
        "--ServerApp.ip=0.0.0.0", "--ServerApp.disable_check_xsrf=True", "--config=mine.py", "--sock=/tmp/x",
        "--ServerApp.allow_unauthenticated_access=True", "--ServerApp.identity_provider_class=mine.Open",
        "--ServerApp.authorizer_class=mine.All", "--ServerApp.tornado_settings={}", "--JupyterApp.config_file=x.py",
        "--ServerApp.extra_static_paths=/", "--LabApp.static_handler_args={}",
    ],
)  # fmt: skip
def test_options_that_open_a_door_are_refused(option, capsys):
    with pytest.raises(SystemExit) as stopped:
        serve["checked"](["--debug", option])
    assert "JUPYTER_TOKEN" in str(stopped.value)
    assert option.split("=")[0] in str(stopped.value)


def test_the_launcher_refuses_them_before_it_installs_anything(tmp_path):
    environment = os.environ | {"BOOTCAMP_VENV": str(tmp_path / "venv")}
    command = [sys.executable, ROOT / "bootcamp", "lab", "--IdentityProvider.token="]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 1
    assert "JUPYTER_TOKEN" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_other_options_pass():
    options = ["--allow-root", "--debug", "--ServerApp.base_url=/lab1/", "--LabApp.collaborative=False"]
    assert serve["checked"](options) == options


def test_the_token_of_a_file_is_used_and_an_empty_file_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    file = tmp_path / "token"
    for text, expected in (("abc123\n", "abc123"), ("", "[0-9a-f]{48}"), (" \n", "[0-9a-f]{48}")):
        file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("JUPYTER_TOKEN_FILE", str(file))
        assert re.fullmatch(expected, serve["token"]())
        assert "JUPYTER_TOKEN_FILE" not in os.environ
    monkeypatch.setenv("JUPYTER_TOKEN_FILE", str(tmp_path / "missing"))
    with pytest.raises(SystemExit, match="JUPYTER_TOKEN_FILE cannot be read"):
        serve["token"]()


@pytest.fixture
def short_folder():
    """A folder whose name leaves room for a socket's, as a test's own folder does not always."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_nothing_stays_in_the_temporary_folder(tmp_path, short_folder):
    """The folder of settings and that of the socket end with the server."""
    scratch = short_folder
    environment = os.environ | {
        "TMPDIR": str(scratch),
        "HOME": str(tmp_path),
        "BOOTCAMP_CACHE": str(tmp_path / "c"),
    }
    with servers.running(ROOT, environment, tmp_path / "log"):
        assert all(path.stat().st_mode & 0o077 == 0 for path in scratch.iterdir())
        assert len(list(scratch.iterdir())) == 2
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="the container is Linux")
def test_start_script_writes_into_no_folder_of_others(tmp_path):
    thesis = tmp_path / "home" / "README.md"
    thesis.parent.mkdir()
    thesis.write_text("my thesis", encoding="utf-8")
    environment = os.environ | {"BOOTCAMP_HOME": str(thesis.parent)}
    done = subprocess.run(
        [ROOT / "deploy" / "start.sh", "true"], env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1
    assert "nothing was written" in done.stderr
    assert [path.name for path in thesis.parent.iterdir()] == ["README.md"]
    assert thesis.read_text(encoding="utf-8") == "my thesis"
