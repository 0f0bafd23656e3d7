"""Jupyter server settings of the course: `./bootcamp lab` and the container read this file."""

import atexit
import contextlib
import os
import signal
import sys
from pathlib import Path

from simpervisor import atexitasync

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from utils.paths import cache_dir

c = get_config()  # noqa: F821 (Jupyter provides it)

# TensorBoard opens from the Launcher, inside JupyterLab and behind its token: no port of its own.
# It reads the folder that the notebooks write, with the Python that runs JupyterLab.
c.ServerProxy.servers = {
    "tensorboard": {
        "command": [
            sys.executable,
            str(Path(__file__).resolve().with_name("tensorboard_light.py")),
            "--logdir",
            str(cache_dir("logs")),
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
            "--reload_interval",
            "5",
        ],
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


# The %tensorboard magic of a notebook takes the same way.
prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
os.environ.setdefault("TENSORBOARD_PROXY_URL", f"{prefix}proxy/%PORT%/")

# A token from the environment wins over an empty one in the user's own settings.
if os.environ.get("JUPYTER_TOKEN"):
    c.IdentityProvider.token = os.environ["JUPYTER_TOKEN"]

# The course asks nothing of the internet: no news, no update check, no extension catalogue.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
# deploy/labconfig holds the matching defaults of the editor: no question about news at the first start.
known = os.environ.get("JUPYTER_CONFIG_PATH")
os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
    filter(None, [known, str(Path(__file__).resolve().parent)])
)

# The status bar shows how much memory and processor the notebooks use.
c.ResourceUseDisplay.track_cpu_percent = True
