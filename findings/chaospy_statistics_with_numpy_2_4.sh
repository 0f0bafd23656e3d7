#!/usr/bin/env bash
# chaospy 4.3.21 with numpoly 1.2.14 (its last release as a pure wheel) and numpy 2.4.6, Python 3.11 to 3.13
#
# The three install together without a conflict, an expansion is built and fitted, and then every statistic of it fails:
# numpoly's reshape passes an argument, newshape, that NumPy 2.4 no longer takes. With numpy 2.3.5 all of them work.
# Later releases of numpoly are C code that needs a compiler.
# Seen:
#   numpy 2.4.6: fit ok, E TypeError, Std TypeError, Sens_t TypeError
#   numpy 2.3.5: fit ok, E ok, Std ok, Sens_t ok
# Fails if one of these changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat > "$folder/chaos.py" <<'PY'
import warnings

import chaospy
import numpy as np

warnings.simplefilter("ignore")
inputs = chaospy.J(chaospy.Uniform(0, 1), chaospy.Normal(0, 1))
nodes, weights = chaospy.generate_quadrature(5, inputs, rule="gaussian")
answers = np.exp(nodes[0]) * (1 + nodes[1])
model = chaospy.fit_quadrature(chaospy.generate_expansion(4, inputs), nodes, weights, answers)
found = ["fit ok"]
for name in ("E", "Std", "Sens_t"):
    try:
        getattr(chaospy, name)(model, inputs)
        found.append(f"{name} ok")
    except TypeError:
        found.append(f"{name} TypeError")
print(f"numpy {np.__version__}: {', '.join(found)}")
PY
for version in 2.4.6 2.3.5; do
    "$folder/venv/bin/pip" install -q chaospy==4.3.21 numpoly==1.2.14 "numpy==$version"
    "$folder/venv/bin/python" "$folder/chaos.py"
done > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
numpy 2.4.6: fit ok, E TypeError, Std TypeError, Sens_t TypeError
numpy 2.3.5: fit ok, E ok, Std ok, Sens_t ok
SEEN
