#!/usr/bin/env bash
# crepes 0.9.1, numpy 2.4.6
#
# 19 calibration residuals of sizes 1 to 19, 90 %: the rank is 0.9 x 20 = 18, so the half-width is 18. crepes computes
# (1 - 0.9) x 20 = 1.9999999999999996, cuts it to 1 and takes the largest residual, 19. Valid, but wider than it need be.
# Seen:
#   19 residuals, 90 %: half-width 19.0
#   23 residuals, 90 %: half-width 22.0
# (23: the rank is 21.6, hence 22, as it should be.) Fails if one of these changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q crepes==0.9.1 numpy==2.4.6
cat > "$folder/rank.py" <<'PY'
import numpy as np
from crepes import ConformalRegressor

for number in (19, 23):
    fitted = ConformalRegressor().fit(np.arange(1.0, number + 1))
    print(f"{number} residuals, 90 %: half-width {fitted.predict_int(np.zeros(1), confidence=0.9)[0, 1]}")
PY
"$folder/venv/bin/python" "$folder/rank.py" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
19 residuals, 90 %: half-width 19.0
23 residuals, 90 %: half-width 22.0
SEEN
