#!/usr/bin/env bash
# Write requirements.lock and requirements-cuda.lock again from requirements*.txt, requirements-uv.lock from uv.in and
# requirements-book.lock, with the versions of requirements.lock where both need a package, from book.in.
# Needs uv (pip install uv) and a package index; uv reads UV_INDEX_URL if yours is not the public one.
# The two torch locks are short and kept by hand: copy the hashes from
# https://download.pytorch.org/whl/cpu/torch/ and https://download.pytorch.org/whl/cu129/torch/.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    local lock=$1
    shift
    # One lock for Linux, macOS and Windows and for Python 3.11 to 3.13. torch is installed apart.
    uv pip compile "$@" requirements.txt requirements-test.txt \
        --universal --python-version 3.11 --fork-strategy fewest \
        --excludes <(echo torch) --generate-hashes --no-emit-index-url \
        --custom-compile-command deploy/update_locks.sh --quiet --output-file "$lock"
}

compile requirements.lock deploy/torch-cpu.in
compile requirements-cuda.lock deploy/torch-cuda.in
# A seat of a hub takes every package that the course has in the course's version.
uv pip compile deploy/jupyterhub/seat.in --constraint <(grep -E '^[a-z0-9]' requirements.lock | sed 's/ *\\$//') \
    --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
    --custom-compile-command deploy/update_locks.sh --quiet --output-file requirements-hub.lock
uv pip compile deploy/uv.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command deploy/update_locks.sh --quiet --output-file requirements-uv.lock
uv pip compile deploy/book.in --constraints requirements.lock --universal --python-version 3.11 \
    --fork-strategy fewest --generate-hashes --no-emit-index-url \
    --custom-compile-command deploy/update_locks.sh --quiet --output-file requirements-book.lock
