"""Jupyter server settings of the course: `./bootcamp lab` and the container read this file (see serve.py)."""

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from pathlib import Path

import zmq
from jupyter_core.paths import jupyter_config_dir
from simpervisor import atexitasync

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from utils.engine.paths import cache_dir

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 (Jupyter provides it)

# Only with the token, only from pages of this server. Extensions that leave the question to the server make it warn.
warnings.filterwarnings("ignore", "Extension endpoints without @allow_unauthenticated")
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.allow_origin = ""
c.ServerApp.allow_credentials = False
c.ServerApp.disable_check_xsrf = False
if os.environ.get("JUPYTER_TOKEN"):
    c.IdentityProvider.token = os.environ["JUPYTER_TOKEN"]
# A kernel prints to a port that every user of the machine can listen to: in cipher only its own server understands it.
if zmq.has("curve"):
    c.KernelManager.transport_encryption = "auto"


def private_folder():
    """A folder that only this user can read. A socket's name may have 104 bytes, and TMPDIR alone may have more."""
    folder = Path(tempfile.mkdtemp(prefix="bootcamp-"))
    if len(os.fsencode(folder / "tensorboard")) > 100 and Path("/tmp").is_dir():
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="bootcamp-", dir="/tmp"))
    return folder


private = private_folder()
atexit.register(shutil.rmtree, private, ignore_errors=True)

# TensorBoard opens from the Launcher, inside JupyterLab and behind its token. It listens on a socket in a private
# folder and reads its logs by itself: a port, or the port of its fast loader, would answer every user of the machine.
# Windows' Python has no such sockets and gets a port. It runs with the Python that runs JupyterLab.
has_sockets = hasattr(socket, "AF_UNIX")


def as_is(path):
    """A path for the proxy, which fills in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


where = ("unix://{unix_socket}", "0") if has_sockets else ("127.0.0.1", "{port}")
c.ServerProxy.servers = {
    "tensorboard": {
        "command": [
            as_is(sys.executable),
            as_is(HERE / "tensorboard_light.py"),
            "--logdir",
            as_is(cache_dir("logs")),
            "--host",
            where[0],
            "--port",
            where[1],
            "--load_fast",
            "false",
            "--reload_interval",
            "5",
        ],
        "unix_socket": str(private / "tensorboard") if has_sockets else False,
        "absolute_url": False,
        "timeout": 60,
        "launcher_entry": {"title": "TensorBoard"},
    }
}
# Once TensorBoard runs, the proxy's library would take over Ctrl+C and stop signals, and the server
# sometimes survived them. Jupyter keeps its own handlers; TensorBoard ends with the server all the same.
atexitasync.signal_handler_set = True


@atexit.register
def stop_proxied_servers():
    for stop in atexitasync._handlers:
        with contextlib.suppress(ProcessLookupError):
            stop(signal.SIGTERM)


# The course asks nothing of the internet: no news, no update check, no extension catalogue.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
# Cells that are run before their kernel is there wait for it; JupyterLab drops them.
c.LabApp.extra_labextensions_path = [str(HERE / "labextensions")]
# The file browser shows what is for learners: Start_Here and the labs. What is hidden opens by its path all the same.
c.ContentsManager.hide_globs = [
    *("__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~", "*.so", "*.dylib"),  # as ever
    *("benchmarks", "binder", "deploy", "findings", "tests", "utils", "bootcamp", "conftest.py"),
    *("Dockerfile", "singularity.def", "pyproject.toml", "requirements*", "CITATION.cff", "LICENSE*"),
]
# labconfig/ holds the matching defaults of the editor: no question about news at the first start.
if os.environ.get("JUPYTER_NO_CONFIG"):  # set by serve.py: the folder of settings is new, empty and our own
    shutil.copytree(HERE / "labconfig", Path(jupyter_config_dir(), "labconfig"), dirs_exist_ok=True)
    atexit.register(shutil.rmtree, jupyter_config_dir(), ignore_errors=True)
    for file in Path(sys.prefix, "etc/jupyter/jupyter_server_config.d").glob("*.json"):  # of our environment
        extensions = json.loads(file.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
        c.ServerApp.jpserver_extensions.update(extensions)
else:  # started in another way, with this file as --config
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [known, str(HERE)]))

# The status bar shows how much memory and processor the notebooks use.
c.ResourceUseDisplay.track_cpu_percent = True
