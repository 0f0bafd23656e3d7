#!/usr/bin/env bash
# crepes 0.9.1, numpy 2.4.6
#
# A conformal regressor that was fitted by category is asked about a category it never saw. No error and no warning: the
# interval is [0, 0], whatever the prediction. A guarantee would need the whole line (nothing is known of that category).
# Seen:
#   known category: around the prediction
#   unseen category: [0.0, 0.0], warnings 0
# Fails if one of these changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q crepes==0.9.1 numpy==2.4.6
cat > "$folder/category.py" <<'PY'
import warnings

import numpy as np
from crepes import ConformalRegressor

residuals = np.random.default_rng(0).normal(size=200)
fitted = ConformalRegressor().fit(residuals, bins=np.repeat(["a", "b"], 100))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    known, unseen = fitted.predict_int(np.full(2, 50.0), bins=np.array(["a", "c"]), confidence=0.9)
print("known category:", "around the prediction" if known[0] < 50 < known[1] else known.tolist())
print(f"unseen category: {unseen.tolist()}, warnings {len(said)}")
PY
"$folder/venv/bin/python" "$folder/category.py" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
known category: around the prediction
unseen category: [0.0, 0.0], warnings 0
SEEN
