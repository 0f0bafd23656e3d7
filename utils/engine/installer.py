"""uv, which installs the environment several times faster than pip: from where pip's settings say, with pip's hashes.

Standard library only: the launcher uses this before any package is installed. Whoever cannot have uv uses pip.
"""

import ast
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from utils.engine.surroundings import PIP_KEEPS

# What the notebooks load, in two shares of about the same size. A package's modules count from their first import.
LOADED = (
    "keras, tensorflow, tensorboard, tqdm.keras",
    "torch, jupyterlab.labapp, ipykernel.kernelapp, ipywidgets, nbclient, pandas, matplotlib.pyplot, cv2, numba, h5py, "
    "scipy.sparse.linalg, scipy.optimize, scipy.stats, scipy.ndimage, sklearn.linear_model, sklearn.metrics",
)
FOLDER = "bootcamp-uv"  # in the environment while it is made: the program, and what it has downloaded
SECTIONS = ("global", "install", ":env:")  # of pip's settings; the later win


def fetch(python: Path, lock: Path, folder: Path, run: Callable[[Sequence], int]) -> Path | None:
    """Install uv with pip into a folder.

    Args:
        python: of the environment.
        lock: version and hashes of uv.
        folder: to be made, on the file system of the environment.
        run: runs a command and returns its exit status.

    Returns:
        The program; None where it cannot be had.
    """
    if not lock.exists():
        return None
    place = folder / "program"
    found = _program(place)
    if found is None:
        options = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"]
        options += ["--retries", "1", "-q"]
        run([python, "-m", "pip", "install", *options, "--target", place, "-r", lock])
        found = _program(place)
    return found


def _program(place: Path) -> Path | None:
    return next((path for path in place.glob("bin/uv*") if path.name in ("uv", "uv.exe")), None)


def command(program: Path, python: Path, lock: Path, folder: Path) -> list:
    """Install exactly what a lock lists: a lock is complete, so nothing is looked up beyond it."""
    options: list = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
    options += ["--index-strategy", "unsafe-best-match"]  # as pip: any index may have it, and hashes decide
    options += ["--no-config", "--system-certs", "--no-progress"]
    if "UV_CACHE_DIR" not in os.environ:
        options += ["--cache-dir", folder / "packages"]
    return [program, "pip", "install", "--python", python, *options, "-r", lock]


def compile_what_is_loaded(python: Path) -> None:
    """Load what the notebooks load, so that Python keeps its bytecode and the first notebook need not wait for it.

    pip compiles every file of every package, four times as many.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    loading = [
        subprocess.Popen(
            [str(python), "-c", f"import {names}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for names in LOADED
    ]
    for process in loading:
        process.wait()  # what cannot be loaded is for `./bootcamp check` to say


def pip_settings(python: Path) -> dict[str, str]:
    """pip's settings for an installation, from all its files and the environment, e.g. ``{"index-url": ...}``."""
    done = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, encoding="utf-8"
    )
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        if section in found:
            found[section][option] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


@contextmanager
def without_other_settings_of_pip(python: Path) -> Iterator[dict[str, str]]:
    """For a while, pip's files of settings say where packages come from and no more, as its variables do.

    A ``target``, ``prefix`` or ``dry-run`` in one of them would leave the environment empty. Gives `pip_settings`.
    """
    told = pip_settings(python)
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    for option, value in told.items():
        name = option.upper().replace("-", "_")
        if name in PIP_KEEPS:
            os.environ[f"PIP_{name}"] = value
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    try:
        yield told
    finally:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            del os.environ[name]
        os.environ.update(kept)


def environment(settings: dict[str, str], index: str = "") -> dict[str, str] | None:
    """Variables for uv that say what these settings say to pip, and nothing that was said to another uv.

    Args:
        settings: of `pip_settings`.
        index: to be asked in place of the settings' ``index-url``.

    Returns:
        All variables; None where only pip can do what is set.
    """
    links = settings.get("find-links", "").split()
    if settings.get("keyring-provider", "auto") not in ("auto", "disabled") or any(
        "," in link for link in links
    ):
        return None
    certificates = next(filter(None, [
        settings.get("cert"), os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("CURL_CA_BUNDLE"),
    ]), "")  # fmt: skip
    proxy = settings.get("proxy", "")
    values = {
        "UV_DEFAULT_INDEX": index or settings.get("index-url", ""),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(os.path.expanduser(link) for link in links),
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": settings.get("timeout") or settings.get("default-timeout", ""),
        "UV_HTTP_RETRIES": settings.get("retries", ""),
        "SSL_CERT_DIR" if os.path.isdir(certificates) else "SSL_CERT_FILE": certificates,
        "SSL_CLIENT_CERT": settings.get("client-cert", ""),
        "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "ALL_PROXY": proxy,
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name == "UV_CACHE_DIR" or name[:3] != "UV_"}
    return kept | {name: value for name, value in values.items() if value}


def forbids_indexes(settings: dict[str, str]) -> bool:
    """True where only the folders of ``find-links`` may be asked."""
    return settings.get("no-index", "").lower() in ("1", "true", "yes", "on", "t", "y")
