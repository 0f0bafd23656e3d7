"""What every notebook does first and last: seed, banner, profile, records, clean up."""

import gc
import importlib
import logging
import os
import platform
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np

from utils import gpu, viz
from utils.engine import claims, results, settings
from utils.engine.paths import LABS, cache_dir

T = TypeVar("T")
_session: dict[str, Any] = {"notebook": "", "seed": 0}


def profile() -> str:
    """``"gpu"`` where the frameworks can use an NVIDIA GPU, else ``"laptop"``; ``$BOOTCAMP_PROFILE`` overrides.

    A profile sets sizes, never the story: the same cells, checks and text run in both.

    Raises:
        SettingError: the variable holds anything else.
    """
    return settings.profile() or ("gpu" if gpu.usable() else "laptop")


def pick(laptop: T, gpu: T) -> T:
    """The size that suits this machine, e.g. ``num_epochs = pick(laptop=4, gpu=30)``."""
    return gpu if profile() == "gpu" else laptop


def begin(notebook: str, uses: Iterable[str] = (), seed: int = 0) -> None:
    """Seed every random generator, set the figure style and print what this kernel runs on.

    Args:
        notebook: ``Lab/Notebook``, e.g. ``"Intro_to_DL/01_Learning_as_Curve_Fitting"``.
        uses: frameworks the notebook needs, of ``"keras"`` and ``"torch"``; they are
            imported here, so that seeding and memory limits come before the first computation.
        seed: of all generators; ``$BOOTCAMP_SEED`` overrides it.
    """
    seed = settings.seed(seed)
    claims.listen()
    if (
        settings.claims_raise()
    ):  # a run of the course's own; a learner's first cell need not load what reads notebooks
        from utils.engine import suggestions

        suggestions.listen(notebook)
    _session.update(notebook=notebook, seed=seed)
    if "keras" not in sys.modules:  # whatever ~/.keras/keras.json says
        os.environ.update(KERAS_BACKEND="tensorflow", KERAS_HOME=str(cache_dir("keras")))
    uses = list(uses)
    if "keras" in uses:
        # Triton loaded after TensorFlow ends the process (both bring LLVM), and PyTorch loads it at the first step of an
        # optimizer where it is installed. Hidden, PyTorch goes on without it.
        sys.modules.setdefault("triton", None)  # type: ignore[arg-type]
    with _without_startup_log(), _without_collection():
        for framework in uses:
            importlib.import_module(framework)
        gpu.share()
    if "tensorflow" in sys.modules:
        _end_epochs_promptly()
    # A comparison traces each of its networks once. TensorFlow takes them for one that is traced again and again.
    logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries still draw from it
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
        keras.utils.set_random_seed(seed)
    viz.use_style()
    loaded = [m for m in ("keras", "tensorflow", "torch", "numpy") if m in sys.modules]
    versions = ", ".join(f"{module} {version(module)}" for module in loaded)
    print(f"{notebook}: {profile()} profile, seed {seed}, Python {platform.python_version()}, {versions}.")
    print("\n".join(gpu.describe()))


@cache
def _end_epochs_promptly() -> None:
    """Once a kernel: iterate over tf.data pipelines without their tuner, whose end Keras awaits after every pass over the data.

    The tuner sleeps for 10 ms, then 20, 40 ... up to a minute. When it sleeps through the call to stop, an epoch
    of 6 s takes 10 s, one of 11 s takes 20 s (`benchmarks/epoch_end.py`). Arrays in memory have nothing to tune.
    """
    data = sys.modules["tensorflow"].data
    options, iterate = data.Options(), data.Dataset.__iter__
    options.autotune.enabled = False
    data.Dataset.__iter__ = lambda pipeline: iterate(pipeline.with_options(options))


@contextmanager
def _without_startup_log() -> Iterator[None]:
    """Hide what TensorFlow's C++ core writes while it loads; an exception still shows it all."""
    with tempfile.TemporaryFile() as log:
        kept = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Load without looking for garbage: a framework makes a million objects that stay, and a fifth of its loading is spent
    on going through them again and again. Later collections leave them out, too."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def seed() -> int:
    """The seed that `begin` used."""
    return _session["seed"]


@contextmanager
def seeded() -> Iterator[None]:
    """Build networks of Keras with the notebook's seed; afterwards the learner's own draws go on where they were.

    Keras draws the seeds of its layers from `random`. ``keras.utils.set_random_seed`` in a function would start all
    random numbers of the kernel again, unseen by who calls it.
    """
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - libraries still draw from it
    random.seed(seed())
    np.random.seed(seed())  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


def lab() -> str:
    """The lab's folder in the cache: ``intro``, ``cyclone``, ``flow`` or ``pinn``; ``other`` outside of a lab."""
    return LABS.get(_session["notebook"].partition("/")[0], "other")


def record(name: str, value: float, **context: Any) -> None:
    """Keep a measured figure under ``lab.quantity``; ``./bootcamp results`` prints them all.

    Args:
        name, value: as in `utils.engine.results.record`.
        context: ``source``, ``profile`` and ``seed`` of a figure that a benchmark measured, not this run.
    """
    here = {"notebook": _session["notebook"], "profile": profile(), "seed": _session["seed"]}
    results.record(name, value, **here | context)


def end() -> None:
    """Last cell of a notebook: free what the frameworks hold, and say how to free the rest."""
    gpu.free()
    print("Done. To free all memory: menu Kernel, Shut Down Kernel. Then open the next notebook.")
