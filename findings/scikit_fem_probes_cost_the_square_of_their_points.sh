#!/usr/bin/env bash
# scikit-fem 12.0.2, numpy 2.4.6, scipy 1.17.1
#
# Values of a finite-element function at points (`Basis.probes`, `interpolator`, `point_source`): each point is tried in
# every cell that lies near any of the points. Four times the points need about thirteen times the memory, as
# long as cells are left; asked in pieces, neighbours together, the same values need less.
# Seen:
#   four times the points: more than 10 times the memory
#   in pieces of 64: less than half of the memory, values equal
# Fails if one of these changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-fem==12.0.2 numpy==2.4.6 scipy==1.17.1
cat > "$folder/probes.py" <<'PY'
import tracemalloc

import numpy as np
from skfem import Basis, ElementQuad1, MeshQuad

basis = Basis(MeshQuad.init_tensor(np.linspace(0, 1, 101), np.linspace(0, 1, 101)), ElementQuad1())
field = basis.project(lambda x: x[0] * x[1])
side = np.linspace(0.001, 0.999, 64)
many = np.stack(np.meshgrid(side, side[:16], indexing="ij")).reshape(2, -1)


def ask(pieces):
    tracemalloc.start()
    values = np.concatenate([basis.probes(piece) @ field for piece in pieces])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return values, peak


ask([many[:, :10]])
few_values, few = ask([many[:, :256]])
values, whole = ask([many])
parts_values, parts = ask(np.split(many, range(64, many.shape[1], 64), axis=1))
print("four times the points:", "more than 10 times the memory" if whole > 10 * few else whole / few)
equal = "values equal" if np.allclose(values, parts_values, atol=1e-12) else "values differ"
print("in pieces of 64:", "less than half of the memory," if parts < whole / 2 else parts / whole, equal)
PY
"$folder/venv/bin/python" "$folder/probes.py" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
four times the points: more than 10 times the memory
in pieces of 64: less than half of the memory, values equal
SEEN
