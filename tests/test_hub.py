"""The hub of deploy/jupyterhub for one machine and for Slurm: its configuration, and three seats of a real hub.

The hub is a command before a release (deploy/README.md holds the last result). It needs root, what
deploy/jupyterhub/requirements.txt lists, configurable-http-proxy on the path and a Python that other users can read:

    BOOTCAMP_HUB_TEST=1 python -m pytest tests/test_hub.py
"""

import importlib.util
import json
import os
import runpy
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cluster
import pytest
import requests
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
HUB = ROOT / "deploy" / "jupyterhub"
USERS = ("seat-one", "seat-two", "seat-three")
SHORT = (  # waiting times of the test
    ("cull_idle_timeout=3600", "cull_idle_timeout=15"),
    ("cull_interval=300", "cull_interval=3"),
    ("no_activity_timeout=1800", "no_activity_timeout=5"),
)
CONFIGURATION = """
load_subconfig({config!r})
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allowed_users = {users!r}
c.SharedPasswordAuthenticator.user_password = {password!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.JupyterHub.hub_connect_ip = "127.0.0.1"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.JupyterHub.cleanup_servers = True
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{
    "name": "test", "services": ["test"], "scopes": ["admin:servers", "admin:users", "access:servers"],
}}]
c.Spawner.environment.update({extra!r})
for kept, short in {short!r}:
    assert any(kept in word for word in c.Spawner.args)
    c.Spawner.args = [word.replace(kept, short) for word in c.Spawner.args]
"""


def test_commands_of_slurm_have_full_names_and_survive_a_space(tmp_path, monkeypatch):
    """They run with a seat's short path, as words of a shell."""
    if os.name == "nt":
        pytest.skip("Slurm is not for Windows")
    programs, course = tmp_path / "slurm", tmp_path / "the course" / "deploy" / "jupyterhub"
    for folder in (programs, course):
        folder.mkdir(parents=True)
    for name in ("runuser", "sbatch", "squeue", "scancel"):
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    shutil.copy(HUB / "jupyterhub_config.py", course)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("BOOTCAMP_HUB", "slurm")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setitem(sys.modules, "batchspawner", SimpleNamespace())
    made = Config()
    runpy.run_path(str(course / "jupyterhub_config.py"), init_globals={"get_config": lambda: made})
    slurm = made.SlurmSpawner
    for command in (slurm.exec_prefix, slurm.batch_submit_cmd, slurm.batch_query_cmd, slurm.batch_cancel_cmd):
        assert command.startswith(f"{programs}{os.sep}"), command
    words = shlex.split(" ".join([slurm.batchspawner_singleuser_cmd, *made.Spawner.cmd, *made.Spawner.args]))
    assert words[:3] == [
        str(tmp_path / "the course" / "deploy" / "start.sh"),
        "batchspawner-singleuser",
        "jupyterhub-singleuser",
    ]
    assert f"--config={tmp_path / 'the course' / 'deploy' / 'jupyter_server_config.py'}" in words


@pytest.fixture
def users() -> Iterator[dict[str, Path]]:
    """Three new Unix users with private homes, removed at the end."""
    for program in ("useradd", "userdel", "runuser", "configurable-http-proxy"):
        if not shutil.which(program):
            pytest.skip(f"{program} is missing")
    if os.geteuid() != 0:
        pytest.skip("a hub that starts seats for its users is run by root")
    for module in ("jupyterhub", "batchspawner"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is missing: python -m pip install -r deploy/jupyterhub/requirements.txt")
    homes = {}
    try:
        for name in USERS:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
            homes[name] = Path("/home", name)
            homes[name].chmod(0o700)
        readable = subprocess.run(
            ["runuser", "-u", USERS[0], "--", sys.executable, "-c", "import jupyterhub"]
        )
        if readable.returncode:
            pytest.skip(f"other users cannot read {sys.executable}")
        yield homes
    finally:
        for name in homes:
            subprocess.run(["userdel", "--remove", name], check=True, capture_output=True)


@pytest.fixture(params=["local", "slurm"])
def hub(request, users, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A running hub with its address, a token of a service, and the users' shared password."""
    folder = tmp_path_factory.mktemp("hub")
    data = Path("/var/tmp", f"bootcamp-{uuid.uuid4().hex}")
    data.mkdir(mode=0o755)
    (data / "shared.txt").write_text("for all", encoding="utf-8")
    password, token = secrets.token_hex(16), secrets.token_hex(16)
    ports = [cluster.free_port() for _ in range(3)]
    with cluster.slurm() if request.param == "slurm" else cluster.nothing() as environment:
        text = CONFIGURATION.format(
            config=str(HUB / "jupyterhub_config.py"), users=set(USERS), password=password, ports=ports, token=token,
            extra=environment, short=SHORT,
        )  # fmt: skip
        (folder / "config.py").write_text(text, encoding="utf-8")
        own = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BOOTCAMP_HUB": request.param,
            "BOOTCAMP_DATA": str(data),
        }
        log = open(folder / "log", "w", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", "config.py"],
            cwd=folder,
            env={**os.environ, **environment, **own},
            stdout=log,
            stderr=log,
        )
        found = SimpleNamespace(
            url=f"http://127.0.0.1:{ports[0]}", token=token, password=password, kind=request.param,
            environment=environment, log=folder / "log", homes=users, data=data,
        )  # fmt: skip
        try:
            cluster.wait_for(lambda: answers(f"{found.url}/hub/api"), "the hub", 300)
            yield found
        finally:
            process.terminate()
            process.wait(60)
            log.close()
            lines = (folder / "log").read_text(encoding="utf-8").splitlines()
            print("\n".join(line for line in lines if "GET /hub/api/users" not in line)[-8000:])
            if request.param == "slurm":
                for name in USERS:
                    subprocess.run(["scancel", f"--user={name}"], env={**os.environ, **environment})
                    for said in sorted(users[name].glob("bootcamp-seat-*.log")):
                        print(f"{said.name} of {name}:", said.read_text(encoding="utf-8")[-2000:])
            shutil.rmtree(data)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def login(hub, name: str, password: str) -> tuple[requests.Session, int]:
    """A browser that tried to log in, and the status of the answer."""
    browser = requests.Session()
    browser.get(f"{hub.url}/hub/login")
    form = {"username": name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
    return browser, browser.post(f"{hub.url}/hub/login?next=%2Fhub%2Fhome", data=form).status_code


def api(hub, method: str, path: str, **more) -> requests.Response:
    return requests.request(method, hub.url + path, headers={"Authorization": f"token {hub.token}"}, **more)


def ready(hub, name: str) -> bool:
    servers = api(hub, "GET", f"/hub/api/users/{name}").json().get("servers", {})
    return bool(servers.get("", {}).get("ready"))


def execute(hub, name: str, code: str, wait: bool = True) -> str:
    """What a new kernel of that seat prints; without waiting nothing."""
    import websocket

    kernel = api(hub, "POST", f"/user/{name}/api/kernels", json={"name": "python3"}).json()["id"]
    address = f"{hub.url.replace('http', 'ws')}/user/{name}/api/kernels/{kernel}/channels"
    socket = websocket.create_connection(address, header=[f"Authorization: token {hub.token}"], timeout=60)
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex,
              "date": "", "version": "5.3"}  # fmt: skip
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": False,
    }
    socket.send(
        json.dumps(
            {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        )
    )
    said = ""
    try:
        while True:
            message = json.loads(socket.recv())
            if message.get("parent_header", {}).get("msg_id") != header["msg_id"]:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "busy" and not wait:
                return ""
            if kind in ("stream", "error"):
                said += content.get("text", "") + content.get("ename", "")
            if kind == "execute_reply":
                return said
    finally:
        socket.close()


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_three_seats(hub):
    """Log in, stay out of each other's seats, share data read-only; idle seats end, a computing one does not."""
    assert login(hub, USERS[0], "wrong" + hub.password)[1] == 403
    assert login(hub, "stranger", hub.password)[1] == 403
    browsers = {}
    for name in USERS:
        browsers[name], status = login(hub, name, hub.password)
        assert status == 200, hub.log.read_text(encoding="utf-8")[-4000:]
        assert api(hub, "POST", f"/hub/api/users/{name}/server").status_code in (201, 202)
    for name in USERS:
        cluster.wait_for(lambda name=name: ready(hub, name), f"the seat of {name}", 600)
        assert (hub.homes[name] / "ai-for-science-bootcamp" / "Start_Here.ipynb").exists()
    first, second, third = USERS
    assert browsers[first].get(f"{hub.url}/user/{first}/lab").status_code == 200
    assert browsers[first].get(f"{hub.url}/user/{first}/api/contents").status_code == 200
    assert browsers[first].get(f"{hub.url}/user/{first}/tensorboard/data/runs").status_code == 200
    assert browsers[first].get(f"{hub.url}/user/{second}/lab").status_code == 403
    assert requests.get(f"{hub.url}/user/{first}/api/contents").status_code == 403
    assert "/hub/login" in requests.get(f"{hub.url}/user/{first}/tensorboard/").url
    if hub.kind == "slurm":
        assert len(cluster.output("squeue", "--noheader", **hub.environment).splitlines()) == 3

    data = hub.data / "shared.txt"
    assert execute(hub, second, f"print(open({str(data)!r}).read())") == "for all\n"
    assert execute(hub, second, f"open({str(data)!r}, 'a')") == "PermissionError"
    assert execute(hub, second, f"import os; os.listdir({str(hub.homes[first])!r})") == "PermissionError"
    assert execute(hub, first, "import os; print(os.environ['USER'])") == f"{first}\n"
    execute(hub, third, "import time; time.sleep(3600)", wait=False)

    cluster.wait_for(
        lambda: not ready(hub, first) and not ready(hub, second), "the end of two idle seats", 900
    )
    time.sleep(60)  # the busy one is looked at once more
    assert ready(hub, third)
    [kernel] = api(hub, "GET", f"/user/{third}/api/kernels").json()
    assert kernel["execution_state"] == "busy"
    assert api(hub, "DELETE", f"/hub/api/users/{third}/server").status_code in (202, 204)
    cluster.wait_for(lambda: not ready(hub, third), "the end of the last seat", 300)
