"""Images per second of Lab 2: the generator, the way into the network, and the training of its networks.

    .venv/bin/python benchmarks/cyclone_speed.py
    .venv/bin/python benchmarks/cyclone_speed.py final    # the training of the final network, now and as it was

Everything is counted in images per processor second (all cores together), so that other programs on the
machine do not change the ratios; only the generator with one process per core is counted in wall time,
as a learner waits for it. Writes benchmarks/cyclone_speed.json and the table in benchmarks/README.md.
"""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tables

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "Tropical_Cyclone")]


INPUT_OF = {
    "training: polar_cnn": "input: 80 px frames to polar images",
    "training: Model 1, 232 px": "input: random 232 px patch of 256 px, to 0..1",
}


def rate(count: int, work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Images per second of ``work``, which handles ``count`` images."""
    started = clock()
    work()
    return count / (clock() - started)


def generator() -> dict[str, float]:
    """One storm at several sizes in this process, and the laptop's data set with all cores."""
    import os

    from cyclone import dataset, imagery

    run = max(dataset.choose_storms(40), key=len)
    storm, _ = dataset.storm_along(run)
    rows = {}
    for num_pixels, count in ((80, 200), (256, 60), (1024, 6)):
        renderer = imagery.Renderer(num_pixels, 1024.0)
        renderer.frame(storm, 0)
        rows[f"generator, {num_pixels} px, one process"] = rate(
            count, lambda renderer=renderer, count=count: [renderer.frame(storm, i) for i in range(count)]
        )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BOOTCAMP_CACHE"] = folder
        rows["generator, 256 px, all cores, wall time"] = rate(
            800, lambda: dataset.build(40, 20, num_pixels=256, width_km=1024, quiet=True), time.perf_counter
        )
    return rows


def networks() -> dict[str, float]:
    """Training steps of each network on random images, the tracing of the first step not counted."""
    import keras

    from cyclone import models

    random = np.random.default_rng(0)
    rows = {}
    frames = random.integers(0, 255, (2048, 80, 80), np.uint8)
    rows["input: 80 px frames to polar images"] = rate(len(frames), lambda: models.to_polar(frames))
    large = random.integers(0, 255, (256, 256, 256), np.uint8)
    rows["input: random 232 px patch of 256 px, to 0..1"] = rate(len(large), lambda: patches(large, random))
    contenders = {
        "training: compact_cnn, 80 px": (models.compact_cnn(), frames[..., None], 2, 64),
        "training: polar_cnn": (models.polar_cnn(), models.to_polar(frames)[..., None], 2, 64),
        "training: Model 1, 232 px": (models.model_1(channels=3), patches(large[:64], random), 8, 32),
    }
    for label, (network, images, outputs, batch) in contenders.items():
        if outputs == 2:
            network.compile("adam", models.gaussian_loss, jit_compile=False)
            truth = random.normal(size=len(images)).astype("float32")
        else:
            network.compile(
                keras.optimizers.SGD(1e-3, momentum=0.9), "sparse_categorical_crossentropy", jit_compile=False
            )
            truth = random.integers(0, 8, len(images))
        network.fit(images[:batch], truth[:batch], batch_size=batch, verbose=0)
        rows[label] = rate(
            len(images),
            lambda n=network, x=images, y=truth, b=batch: n.fit(x, y, batch_size=b, verbose=0),
        )
    return rows


def final_networks() -> dict[str, float]:
    """Processor seconds of training the final network of notebook 06 on 1,000 storm frames: now, and as it was.

    Before, every frame came 8 times, through the full angle, with AdamW. Now its three skies share 9 passes.
    Both take their turns on the same random images; the least of three counts.
    """
    import keras

    from cyclone import models
    from utils.training import Muon, reshuffled

    random = np.random.default_rng(0)
    images = random.integers(0, 255, (4096, models.POLAR_ANGLES, models.POLAR_RADII, 5), np.uint8)
    truth = random.normal(size=len(images)).astype("float32")
    options = {"circumstances": 4, "coarse_angle": True, "rings": True, "turn": True}
    contenders = {
        "as it was": (models.polar_cnn(circumstances=3), images[..., :4], 8, keras.optimizers.AdamW()),
        "now": (models.polar_cnn(**options), images, 9, Muon()),
    }
    least = dict.fromkeys(contenders, np.inf)
    for network, _, _, optimizer in contenders.values():
        network.compile(optimizer, models.even_gaussian_loss, jit_compile=False)
    for turn in range(4):  # the first one traces
        for name, (network, x, passes, _) in contenders.items():
            batches = reshuffled(x, truth, 64)
            spent_s = passes * len(x) / rate(len(x), lambda n=network, b=batches: n.fit(b, verbose=0))
            least[name] = min(least[name], spent_s) if turn else np.inf
    return {name: 1000 / len(images) * spent for name, spent in least.items()}


def patches(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random 232 px patch of each image, as three equal channels in 0 to 1."""
    top, left = random.integers(0, 25, (2, len(images)))
    cut = np.stack([im[t : t + 232, s : s + 232] for im, t, s in zip(images, top, left, strict=True)])
    return np.repeat(cut[..., None].astype(np.float32) / 255, 3, axis=3)


def table(rows: dict[str, float], machine: str) -> str:
    lines = [f"Measured {time.strftime('%Y-%m-%d')}, {machine}.", ""]
    lines += ["| What | Images per second |", "|---|--:|"]
    lines += [f"| {label} | {value:,.0f} |" for label, value in rows.items()]
    lines.append("")
    for network, path in INPUT_OF.items():
        lines.append(
            f"- {network}: its input is {rows[path] / rows[network]:.0f} times as fast as its training."
        )
    return "\n".join(lines) + "\n"


def table_of_final(seconds: dict[str, float]) -> str:
    before = seconds["as it was"]
    lines = ["| Final network | Processor seconds for 1,000 frames | Ratio |", "|---|--:|--:|"]
    lines += [f"| {name} | {spent:.2f} | {spent / before:.2f} |" for name, spent in seconds.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    from utils import course, gpu

    course.begin("benchmarks/cyclone_speed", uses=["keras"])
    if arguments == ["final"]:
        text = table_of_final(final_networks())
        tables.put("cyclone_final", text)
    else:
        rows = {**generator(), **networks()}
        machine = f"{gpu.cpu_count()} cores, {platform.machine()}"
        (HERE / "cyclone_speed.json").write_text(
            json.dumps({label: round(value, 2) for label, value in rows.items()}, indent=1) + "\n",
            encoding="utf-8",
        )
        text = table(rows, machine)
        tables.put("cyclone_speed", text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
