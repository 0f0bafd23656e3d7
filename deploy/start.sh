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

if [[ $course != "$work" ]]; then
    if [[ -d $work && -n $(ls -A "$work") && ! -e $work/deploy/start.sh ]]; then
        echo "$work holds files that are not the course's; nothing was written there." >&2
        echo "Set BOOTCAMP_HOME to an empty or a new folder." >&2
        exit 1
    fi
    copy_course
fi
cd "$work"

if [[ $# -gt 0 && $1 != -* ]]; then exec "$@"; fi

port=${JUPYTER_PORT:-8888}
if [[ $port == random ]]; then
    port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
fi

echo "If this runs on another machine, first on your own:  ssh -N -L $port:$(hostname):$port LOGIN_NODE"

exec python "$work/deploy/serve.py" --ip "${JUPYTER_IP:-0.0.0.0}" --port "$port" --root "$work" --jupyter jupyter \
    --no-browser "$@"
