"""What two labs or more share: data, GPU, course engine, training cache, figures.

Importing this package loads neither TensorFlow nor PyTorch. It only sets three
environment variables that must exist before a framework is imported: the Keras
backend, quiet TensorFlow logging, and GPU memory that grows on demand.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
