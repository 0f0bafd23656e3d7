"""A Python that the course runs on, where the launcher was started with another one.

Standard library only, and only what Python 3.6 can read: an old one must be able to look for a newer one.
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSIONS = ((3, 13), (3, 12), (3, 11))  # the first that is there
OLDEST_MACOS = 14  # that the wheels of PyTorch run on
USABLE = "import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (%d, %d))"
HOW = "Install Python 3.13 (python.org, or your system's packages), and start again with: python3.13 bootcamp"


def unsupported():
    """One sentence where some of the pinned packages exist for no Python of this machine, else ``""``."""
    built_for = sysconfig.get_platform()  # "macosx-11.0-arm64", "win-amd64", "linux-x86_64"
    if sys.platform == "darwin":
        if not built_for.endswith(("arm64", "universal2")) or platform.machine() != "arm64":
            return (
                "TensorFlow and others of the course's packages are no longer made for Macs with an Intel processor "
                "(nor for a Python built for them): on Apple silicon start with a Python for arm64, else use another "
                "machine or the container on one."
            )
        release = platform.mac_ver()[0]
        if (
            release and release[:5] != "10.16" and int(release.split(".")[0]) < OLDEST_MACOS
        ):  # 10.16: any after 10
            return "This is macOS %s, and PyTorch needs macOS %d or newer: update the system first." % (
                release,
                OLDEST_MACOS,
            )
    elif sys.platform == "win32" and built_for != "win-amd64":
        return (
            "Some of the course's packages are not made for Windows on %s: install WSL (wsl --install) and start "
            "./bootcamp in its Linux." % ("Arm" if "arm" in built_for else "32 bits")
        )
    return ""


def on_the_path():
    """The first usable Python of `VERSIONS` on the path, with its venv and pip; None if there is none."""
    for version in VERSIONS:
        commands = [["python%d.%d" % version]]
        if os.name == "nt":
            commands.insert(0, ["py", "-%d.%d" % version])
        for name, *options in commands:
            program = shutil.which(name)
            if program and _runs([program, *options, "-c", USABLE % version]):
                return [program, *options]
    return None


def fetched(say):
    """A Python that uv fetches into the course's cache, or fetched before; None where it cannot be had.

    Args:
        say: is told one sentence before anything is downloaded.
    """
    folder = _folder()
    if folder is None:
        return None
    options = ["--no-config", "--managed-python"]
    place = os.path.join(folder, "versions")
    environment = dict(os.environ, UV_PYTHON_INSTALL_DIR=place)
    wanted = "%d.%d" % VERSIONS[0]
    uv = shutil.which("uv") or _uv_in(folder)
    found = uv and _answer([uv, "python", "find", *options, "--no-python-downloads", wanted], environment)
    if not found:
        if os.environ.get("BOOTCAMP_OFFLINE", "").strip() == "1":
            return None
        say("Fetching Python %s through uv into %s, once (about 100 MB)." % (wanted, folder))
        uv = uv or _install_uv(folder)
        if not uv or not _runs([uv, "python", "install", *options, "--no-bin", wanted], environment):
            return None
        found = _answer([uv, "python", "find", *options, "--no-python-downloads", wanted], environment)
    return [found] if found and _runs([found, "-c", USABLE % VERSIONS[0]]) else None


def go_on(arguments):
    """Run the launcher with a Python that fits, in this one's place.

    Returns:
        Exit status, where the system has no way to take a process's place. Ends with a sentence if there is no such Python.
    """
    this = "The course needs Python 3.11, 3.12 or 3.13, and this is Python %d.%d" % sys.version_info[:2]

    def say(text):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    problem = unsupported()
    if problem:
        sys.exit("%s\n%s" % (this + ".", problem))
    command = on_the_path()
    if command is None:
        say(this + "; no other one is on the path.")
        command = fetched(say)
    else:
        say("%s: going on with %s." % (this, " ".join(command)))
    if command is None:
        sys.exit("No Python that fits could be had.\n" + HOW)
    command = [*command, os.path.join(ROOT, "bootcamp"), *arguments]
    if os.name == "nt":
        return subprocess.call(command)
    return os.execv(command[0], command)


def _folder():
    """A folder to write to, chosen as `utils.engine.paths.cache_dir` does, which an old Python cannot read."""
    override = os.environ.get("BOOTCAMP_CACHE", "").strip()
    homes = [os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache")]
    choices = [os.path.join(home, "ai-for-science-bootcamp") for home in homes if os.path.isabs(home)]
    for base in (
        [os.path.expanduser(override)] if override else [os.path.join(ROOT, "data", "cache"), *choices]
    ):
        folder = os.path.join(os.path.abspath(base), "python")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _uv_in(folder):
    names = [os.path.join(folder, "uv", "bin", name) for name in ("uv", "uv.exe")]
    return next((name for name in names if os.path.isfile(name)), None)


def _install_uv(folder):
    """uv with pip, by the hashes of its lock; None without pip or network."""
    options = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--retries", "1", "-q"]
    lock = os.path.join(ROOT, "requirements-uv.lock")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *options,
        "--target",
        os.path.join(folder, "uv"),
        "-r",
        lock,
    ]
    return _uv_in(folder) if _runs(command) else None


def _runs(command, environment=None):
    """True if a command ends well; what it prints is not shown."""
    return _answer(command, environment) is not None


def _answer(command, environment=None):
    """The first line that a command prints, None if it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except OSError:
        return None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return None if done.returncode else (lines[0] if lines else "")
