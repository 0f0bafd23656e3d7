"""A fresh Debian root, what this machine lends it, and the course as a clone would give it: for tests of containers."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tool(name: str) -> str:
    """Path of a program of the test environment or the machine; skips without it, but never in CI."""
    path = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if path is None:
        missing(f"{name} is not installed")
    return path


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason)


# Programs inside the root meet the host's file system only through these mounts. They live in a
# mount namespace of their own and are gone with its last process, however that ends. The root is
# exchanged, not only changed: in a mere chroot the kernel gives nobody a user namespace.
CHROOT = """
set -eu
root=$1; shift
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -e "$root/fuse" ]; then mount --bind "$root/fuse" "$root/dev/fuse"; fi
while [ "$1" != -- ]; do
    mkdir -p "$root$1"; mount --bind "$1" "$root$1"; mount -o remount,bind,ro "$root$1"; shift
done
shift
cd "$root"
mkdir -p host
if pivot_root . host 2> /dev/null; then umount -l host; exec "$@"; fi
exec chroot "$root" "$@"  # a machine whose own root is an initial ramfs cannot exchange it
"""


@contextmanager
def fresh_root(release: str = "bookworm") -> Iterator[Path]:
    """A minimal Debian, removed at the end."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("making a Debian root needs root on Linux")
    debootstrap, _unshare = tool("debootstrap"), tool("unshare")
    parent = os.environ.get("TMPDIR", "/var/tmp")
    free_gb = shutil.disk_usage(parent).free / 1e9
    if free_gb < 8:
        missing(f"only {free_gb:.0f} GB free in {parent}, the root needs 8")
    root = Path(tempfile.mkdtemp(prefix="bootcamp-root-", dir=parent))
    try:
        root.chmod(0o755)
        done = subprocess.run(
            [debootstrap, "--variant=minbase", release, root, debian_mirror()],
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        take_over_host_settings(root)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def debian_mirror() -> str:
    """Where this machine gets Debian from."""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for path in files:
        if path.is_file() and path.suffix in (".list", ".sources"):
            for line in path.read_text(encoding="utf-8").splitlines():
                found = re.match(r"(?:URIs:|deb (?:\[.*\] )?)\s*(\S+/debian)/?(?:\s|$)", line)
                if found:
                    return found[1]
    missing("apt on this machine names no Debian mirror")


def take_over_host_settings(root: Path) -> None:
    """Let apt, pip and npm inside reach what they reach on this machine."""
    for path in ("/etc/pip.conf", "/etc/resolv.conf", "/etc/hosts"):
        if Path(path).is_file():
            shutil.copyfile(path, root / path.lstrip("/"))
    for path in Path("/etc/apt/apt.conf.d").glob("*"):
        if "proxy" in path.read_text(encoding="utf-8").lower() or "Acquire::Check" in path.read_text(
            encoding="utf-8"
        ):
            shutil.copyfile(path, root / "etc/apt/apt.conf.d" / path.name)
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if bundle.is_file():
        shutil.copyfile(bundle, root / "host-certificates.crt")


def pip_folders() -> list[str]:
    """Local folders that pip is told to take packages from."""
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, encoding="utf-8"
    ).stdout
    words = (
        re.findall(r"[^\s'\"=]+", settings)
        + " ".join(value for name, value in os.environ.items() if name.startswith("PIP_")).split()
    )
    folders = {Path(word.removeprefix("file://")) for word in words if word.startswith(("/", "file:///"))}
    folders = {path.parent if path.name == "simple" else path for path in folders if path.is_dir()}
    return sorted(str(path) for path in folders)


def lent_environment(root: Path) -> dict[str, str]:
    """What pip, npm and apt in the root need to know of this machine's network."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.lower() in ("http_proxy", "https_proxy", "no_proxy")
    }
    if (root / "host-certificates.crt").exists():
        for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
            environment[name] = "/host-certificates.crt"
    return environment


def run_inside(root: Path, *command: str, user: str | None = None) -> subprocess.CompletedProcess:
    """Run a command in the root; as an ordinary user if one is named."""
    environment = lent_environment(root) | {name: os.environ[name] for name in ("CI",) if name in os.environ}
    environment |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
    if user:
        environment |= {"HOME": f"/home/{user}"}
        command = ("/usr/sbin/runuser", "-u", user, "--", *command)
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", CHROOT, "sh", root]
        + [*pip_folders(), "--", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        cwd="/",
    )


def copy_of_the_tracked_files(target: Path) -> None:
    """The course as `git clone` gives it, with the changes of the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
