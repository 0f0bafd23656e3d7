#!/usr/bin/env bash
# Start the course in a container: copy it to the user's home, then JupyterLab with a token.
# With arguments that do not begin with a dash it runs that command in the course instead.
#
#   JUPYTER_TOKEN   the token; without one a new one is made and printed. There is no open door.
#   JUPYTER_PORT    8888, or `random` for a free one: the default under Apptainer, whose machines are shared
#   JUPYTER_IP      127.0.0.1: only this machine, where an ssh tunnel ends. 0.0.0.0, in plain HTTP, only by this word,
#                   or in a container whose engine publishes the port.
#   BOOTCAMP_HOME   where the course goes: ~/ai-for-science-bootcamp
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
# shellcheck source=deploy/environment.sh
. "$here/environment.sh"
course=$(cd "$here/.." && pwd)

if [[ ! -w ${HOME:-/nonexistent} ]]; then
    if ! HOME=$(mktemp -d 2>/dev/null); then # docker run --user 4711: that user has no home
        echo "Nothing can be written here, neither at home nor in ${TMPDIR:-/tmp}." >&2
        echo "Give the container a folder: docker run --read-only --tmpfs /tmp, or apptainer run --writable-tmpfs." >&2
        exit 1
    fi
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
    done < <(cd "$course" && find . \( -name .git -o -name '.venv*' -o -name __pycache__ -o -name .ipynb_checkpoints \
        -o -name '.*_cache' -o -name .hypothesis -o -path ./data/cache \) -prune -o -type f -printf '%P\0')
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

# The image's word that its port is published holds for Docker. A SIF of the same image shares the node's own network.
default_ip=127.0.0.1 default_port=8888
if [[ -n ${APPTAINER_CONTAINER:-${SINGULARITY_CONTAINER:-}} ]]; then
    default_port=random
elif [[ ${PORTS_ARE_PUBLISHED:-} == yes ]]; then
    default_ip=0.0.0.0
fi

port=${JUPYTER_PORT:-$default_port}
if [[ $port == random ]]; then
    port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
fi

ip=${JUPYTER_IP:-$default_ip}
case $ip in
    127.* | localhost | ::1)
        echo "If this runs on another machine, first on your own:  ssh -N -J LOGIN_NODE -L $port:$ip:$port $(hostname)"
        echo "Without ssh to $(hostname) itself set JUPYTER_IP=0.0.0.0: then its network reaches the port, in plain HTTP."
        ;;
    *)
        echo "Port $port of $(hostname) answers its whole network, in plain HTTP. A container's port is the one you published:"
        echo "after  docker run -p 127.0.0.1:18888:$port  put 18888 into the address below."
        echo "If this is a node of a cluster, first on your own:  ssh -N -L $port:$(hostname):$port LOGIN_NODE"
        ;;
esac

exec python "$work/deploy/serve.py" --ip "$ip" --port "$port" --root "$work" --jupyter jupyter \
    --no-browser "$@"
