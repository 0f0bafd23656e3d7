"""Start JupyterLab so that only its owner gets in: `./bootcamp lab` and the container both come this way.

    serve.py --ip ADDRESS --port PORT --root FOLDER [--jupyter PROGRAM] [options of jupyter lab]

There is always a token: the one in JUPYTER_TOKEN (or in the file that JUPYTER_TOKEN_FILE names), else a fresh one.
It travels in the environment, which other users cannot read; arguments they can. Jupyter's own configuration on this
machine (in the home folder, of the system, in JUPYTER_CONFIG_PATH) may open the server and is not read: all settings
are those of jupyter_server_config.py beside this file. The user's settings of the JupyterLab page (theme, keys) stay.
"""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from utils.engine import surroundings

HERE = Path(__file__).resolve().parent
# Settings that decide who gets in, from where, and which configuration is read.
DOORS = {
    "token", "password", "hashed_password", "password_required", "identity_provider_class", "authorizer_class",
    "login_handler_class", "logout_handler_class", "allow_unauthenticated_access", "allow_origin",
    "allow_origin_pat", "allow_credentials", "allow_remote_access", "local_hostnames", "disable_check_xsrf",
    "tornado_settings", "cookie_secret", "cookie_secret_file", "cookie_options", "get_secure_cookie_kwargs",
    "trust_xheaders", "jpserver_extensions", "config", "config_file", "config_file_name", "config_dir", "ip",
    "port", "sock", "sock_mode", "sock-mode",
    "extra_static_paths", "static_handler_class", "static_handler_args",  # static files need no token
}  # fmt: skip


def checked(options: list[str]) -> list[str]:
    """The options as they are.

    Raises:
        SystemExit: one of them would change who gets in.
    """
    for option in options:
        name = option.lstrip("-").split("=")[0]
        if name.split(".")[-1] in DOORS:
            sys.exit(
                f"{option.split('=')[0]} is not accepted: it decides who may reach this server, and arguments are "
                "visible to everybody on the machine.\n"
                "A token of your own goes into the variable JUPYTER_TOKEN; a port is chosen with --port."
            )
    return options


def token() -> str:
    """The token that the environment gives, or a fresh one; never an empty one.

    Raises:
        SystemExit: JUPYTER_TOKEN_FILE names a file that cannot be read.
    """
    file = os.environ.pop("JUPYTER_TOKEN_FILE", "")  # Jupyter would take an empty file for "no token"
    given = os.environ.get("JUPYTER_TOKEN", "").strip()
    if not given and file:
        try:
            given = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            sys.exit(f"The token in JUPYTER_TOKEN_FILE cannot be read ({error}). Name a file that holds it.")
    return given or secrets.token_hex(24)


def ignore_other_configuration() -> None:
    """Leave Jupyter no folder of settings but a fresh one; keep where JupyterLab stores the user's page settings."""
    home = os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter"
    os.environ.setdefault("JUPYTERLAB_SETTINGS_DIR", str(Path(home, "lab", "user-settings")))
    os.environ.setdefault("JUPYTERLAB_WORKSPACES_DIR", str(Path(home, "lab", "workspaces")))
    os.environ["JUPYTER_NO_CONFIG"] = "1"


def main() -> int:
    parser = argparse.ArgumentParser(prog="serve.py", allow_abbrev=False, add_help=False)
    parser.add_argument("--ip", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--root", required=True)
    parser.add_argument("--jupyter")  # instead of the JupyterLab of this Python
    given, options = parser.parse_known_args()
    options = checked(options)
    surroundings.scrub(os.environ)
    os.environ["JUPYTER_TOKEN"] = token()
    ignore_other_configuration()
    shown = "127.0.0.1" if given.ip in ("0.0.0.0", "::", "") else given.ip
    address = f"http://{shown}:{given.port}/lab/tree/Start_Here.ipynb?token={os.environ['JUPYTER_TOKEN']}"
    print(f"Open:  {address}", flush=True)
    command = [
        *([given.jupyter, "lab"] if given.jupyter else [sys.executable, "-m", "jupyterlab"]),
        f"--config={HERE / 'jupyter_server_config.py'}",
        f"--ServerApp.root_dir={given.root}",
        f"--ServerApp.ip={given.ip}",
        f"--ServerApp.port={given.port}", "--ServerApp.port_retries=0",
        "--LabApp.default_url=/lab/tree/Start_Here.ipynb",
        *options,
    ]  # fmt: skip
    if os.name == "nt":
        return subprocess.call(command)
    return os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
