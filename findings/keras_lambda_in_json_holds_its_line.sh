#!/usr/bin/env bash
# keras 3.15.1 with tensorflow 2.21.0, Python 3.11 to 3.13, Linux x86-64, CPU
#
# Model.to_json writes the marshalled code of a Lambda layer, and that code holds the file and the number of the line on
# which the lambda stands. The same network built from the same source one line further down, or in the next kernel of a
# notebook, has another JSON. Whoever keeps trained networks by a hash of their configuration trains them again; and a JSON
# with a local path in it is not what one wants to publish.
# Seen:
#   the same JSON one line down, in another file: [False, False]
#   the path of the file can be read in the JSON: True
# Fails if one of these changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 tensorflow==2.21.0
cat > "$folder/json_of_lambda.py" <<'PY'
import base64
import json
import sys

import keras

SOURCE = "double = lambda x: 2 * x"


def config(lines_above: int, file: str) -> str:
    space: dict = {}
    exec(compile("\n" * lines_above + SOURCE, file, "exec"), space)
    layer = keras.layers.Lambda(space["double"], name="double")
    return keras.Sequential([keras.Input((2,)), layer], name="net").to_json()


first = config(0, "/home/me/secret_project/a.py")
found = [
    first == config(1, "/home/me/secret_project/a.py"),
    first == config(0, "/home/me/secret_project/b.py"),
]
code = json.loads(first)["config"]["layers"][1]["config"]["function"]["config"]["code"]
shown = b"secret_project" in base64.b64decode(code)
print("the same JSON one line down, in another file:", found)
print("the path of the file can be read in the JSON:", shown)
sys.exit([*found, shown] != [False, False, True])
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/json_of_lambda.py"
