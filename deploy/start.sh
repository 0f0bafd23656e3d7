#!/usr/bin/env bash
# Start the course in a container: copy it to the user's home, then JupyterLab with a token.
# With arguments that do not begin with a dash it runs that command in the course instead.
#
#   JUPYTER_TOKEN   the token; without one a new one is made and printed. There is no open door.
#   JUPYTER_PORT    8888, or `random` for a free one (shared machines)
#   JUPYTER_IP      0.0.0.0
#   BOOTCAMP_HOME   where the course goes: ~/ai-for-science-bootcamp
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
# shellcheck source=deploy/environment.sh
. "$here/environment.sh"
course=$(cd "$here/.." && pwd)

if [[ ! -w ${HOME:-/nonexistent} ]]; then
    HOME=$(mktemp -d) # docker run --user 4711: that user has no home
    export HOME
    echo "Your home folder cannot be written to. Your work goes to $HOME and ends with the container."
fi
work=${BOOTCAMP_HOME:-$HOME/ai-for-science-bootcamp}

# Course files are refreshed at every start; a notebook that is there already is the learner's and stays.
copy_course() {
    local file target mode
    while IFS= read -r -d '' file; do
        target=$work/$file
        if [[ -e $target ]]; then
            if cmp -s "$course/$file" "$target"; then continue; fi
            if [[ $file == *.ipynb ]]; then
                echo "Kept your $file (to get the original back, rename or delete yours and restart)."
                continue
            fi
        fi
        mode=644
        if [[ -x $course/$file ]]; then mode=755; fi
        install -D -m "$mode" "$course/$file" "$target"
    done < <(cd "$course" && find . -type f -printf '%P\0')
}

if [[ $course != "$work" ]]; then copy_course; fi
cd "$work"

if [[ $# -gt 0 && $1 != -* ]]; then exec "$@"; fi

for argument in "$@"; do
    if [[ $argument =~ ^--[A-Za-z]+\.(token|password|hashed_password)(=|$) ]]; then
        echo "start.sh: set the token by JUPYTER_TOKEN, not by $argument: arguments are visible to everybody," >&2
        echo "and an empty token would let anybody on the network run programs as you." >&2
        exit 1
    fi
done
JUPYTER_TOKEN=${JUPYTER_TOKEN:-}
if [[ -z ${JUPYTER_TOKEN//[[:space:]]/} ]]; then
    JUPYTER_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(24))')
fi
export JUPYTER_TOKEN

port=${JUPYTER_PORT:-8888}
if [[ $port == random ]]; then
    port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
fi

echo "Open:  http://localhost:$port/lab/tree/Start_Here.ipynb?token=$JUPYTER_TOKEN"
echo "If this runs on another machine, first on your own:  ssh -N -L $port:$(hostname):$port LOGIN_NODE"

exec jupyter lab --no-browser \
    --config="$work/deploy/jupyter_server_config.py" \
    --ServerApp.root_dir="$work" \
    --ServerApp.ip="${JUPYTER_IP:-0.0.0.0}" \
    --ServerApp.port="$port" --ServerApp.port_retries=0 \
    --LabApp.default_url=/lab/tree/Start_Here.ipynb "$@"
