#!/usr/bin/env bash
# keras 3.15.1 with tensorflow 2.21.0, Python 3.11 to 3.13, Linux x86-64, CPU
#
# After keras.utils.set_random_seed(n), Model.fit on NumPy arrays (shuffle=True, the default) meets the samples in one
# and the same order in every epoch. Without the seed each epoch has an order of its own. With the seed, a tf.data
# pipeline with shuffle() has a new order in each epoch, too.
# Seen:
#   fit on arrays, no seed: 5 orders in 5 epochs
#   fit on arrays, seed 0: 1 order in 5 epochs
#   tf.data shuffle, seed 0: 5 orders in 5 epochs
# With plain Adam on 10,000 images of Fashion-MNIST the single order costs about a point of accuracy.
# Fails if another number of orders is seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 tensorflow==2.21.0
cat > "$folder/orders.py" <<'PY'
import sys

import keras
import numpy as np
import tensorflow as tf

EXPECTED = {"fit on arrays, no seed": 5, "fit on arrays, seed 0": 1, "tf.data shuffle, seed 0": 5}
x = np.arange(64, dtype="float32")[:, None]


def orders(seed, pipeline):
    """Number of different orders in five epochs; the model's step notes which samples it meets."""
    met = []

    class Noting(keras.Model):
        def __init__(self):
            super().__init__()
            self.weight = self.add_weight(shape=(), initializer="zeros")

        def train_step(self, data):
            tf.py_function(lambda batch: met.extend(batch.numpy().ravel().tolist()), [data[0]], [])
            return {"loss": tf.constant(0.0)}

    if seed is not None:
        keras.utils.set_random_seed(seed)
    model = Noting()
    model.compile(optimizer="sgd", loss="mse")
    if pipeline:
        data = tf.data.Dataset.from_tensor_slices((x, x)).shuffle(64).batch(16)
        model.fit(data, epochs=5, verbose=0)
    else:
        model.fit(x, x, batch_size=16, epochs=5, verbose=0)
    return len({tuple(met[64 * epoch : 64 * (epoch + 1)]) for epoch in range(5)})


found = {
    "fit on arrays, no seed": orders(None, False),
    "fit on arrays, seed 0": orders(0, False),
    "tf.data shuffle, seed 0": orders(0, True),
}
for case, number in found.items():
    print(f"{case}: {number} order{'s' * (number > 1)} in 5 epochs")
sys.exit(found != EXPECTED)
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/orders.py"
