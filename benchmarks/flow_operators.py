"""Lab 3, notebook 06: operators asked on other grids, over seeds; and a Fourier operator on Darcy flow.

    .venv/bin/python benchmarks/flow_operators.py seed 0 1 2     # the notebook's own cells of that section, once per seed
    .venv/bin/python benchmarks/flow_operators.py darcy 0 1 2    # about 100 processor seconds a seed

Figures go to benchmarks/flow_operators.json and to the tables in benchmarks/README.md. Trainings are kept in the cache.
"""

import os
import sys
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
LAB = HERE.parent / "CFD_Steady_Flow"
sys.path[:0] = [str(HERE.parent), str(LAB)]

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import tables  # noqa: E402
from scipy import fft, sparse  # noqa: E402
from scipy.sparse.linalg import spsolve  # noqa: E402

NOTEBOOK = LAB / "06_Benchmark.ipynb"
REPORT = HERE / "flow_operators.json"
FIRST = ("course.begin", "CONFIG =")  # the cells before the section that it needs
SECTION = "## Another grid"
PUBLISHED = 0.0108  # the FNO of Li et al. (2021), arXiv:2010.08895, on 85 rows
SOLVED, LEARNED, ASKED = 169, 43, 85  # rows with the boundary; every 4th is learned from, every 2nd asked for
FLOWS, TESTS, EPOCHS = 300, 50, 20  # the paper: 1,000 permeabilities, 200 for its test, 500 epochs


def notebook_06(seed: int) -> None:
    """Execute the section's cells with this process's seed, and write its figures."""
    os.chdir(LAB)
    names: dict = {}
    inside = False
    for number, cell in enumerate(nbformat.read(NOTEBOOK, as_version=4).cells):
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = cell.source.startswith(SECTION)
        needed = inside or any(word in cell.source for word in FIRST)
        if cell.cell_type == "code" and needed:
            exec(compile(cell.source, f"cell {number}", "exec"), names)
    rows = {
        name: {k: float(v) for k, v in row.items()}
        for name, row in names["transfer"].to_dict("index").items()
    }
    rows = {name: {k: v for k, v in row.items() if v == v} for name, row in rows.items()}
    paid = {name: float(seconds) for name, seconds in names["paid"].items()}
    tables.add(REPORT, render, {f"seed {seed}": {"error": rows, "processor_s": paid}})


# --- Darcy flow ---------------------------------------------------------------------------------


def permeability(rng: np.random.Generator, rows: int) -> np.ndarray:
    """12 where a Gaussian field is positive, 3 elsewhere, (rows, rows): the distribution of the published data.

    The field has the covariance (-Laplace + 9)^-2 with zero normal derivative on the sides of the unit square.
    """
    wave = np.pi * np.arange(rows)
    size = (wave[:, None] ** 2 + wave**2 + 9) ** -1.0 * rng.standard_normal((rows, rows))
    size[0, 0] = 0
    return np.where(fft.idctn(size, norm="ortho") >= 0, 12.0, 3.0)


def pressure(permeable: np.ndarray) -> np.ndarray:
    """Solution (rows, rows) of -div(a grad u) = 1 on the unit square, u = 0 on its sides, by second-order differences.

    Between two nodes counts the harmonic mean of the permeability (rows, rows).
    """
    rows = len(permeable)
    number = np.arange(rows * rows).reshape(rows, rows)
    matrix = sparse.coo_matrix((rows * rows, rows * rows))
    for axis in (0, 1):
        low, high = (np.take(number, part, axis).ravel() for part in (range(rows - 1), range(1, rows)))
        a, b = permeable.ravel()[low], permeable.ravel()[high]
        flux = 2 * a * b / (a + b) * (rows - 1) ** 2
        entries = (np.concatenate([flux, flux, -flux, -flux]),
                   (np.concatenate([low, high, low, high]), np.concatenate([low, high, high, low])))  # fmt: skip
        matrix = matrix + sparse.coo_matrix(entries, matrix.shape)
    inner = number[1:-1, 1:-1].ravel()
    answer = np.zeros(rows * rows)
    answer[inner] = spsolve(matrix.tocsr()[inner][:, inner].tocsc(), np.ones(len(inner)))
    return answer.reshape(rows, rows)


def darcy_data(number: int, seed: int) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Permeability and pressure (number, rows, rows) at both resolutions, read from the solution on `SOLVED` rows."""
    rng = np.random.default_rng(seed)
    fields = [permeability(rng, SOLVED) for _ in range(number)]
    both = np.array(fields), np.array([pressure(field) for field in fields])
    return {rows: tuple(f[:, :: (SOLVED - 1) // (rows - 1), :: (SOLVED - 1) // (rows - 1)] for f in both)
            for rows in (LEARNED, ASKED)}  # fmt: skip


def darcy(seed: int) -> None:
    """Learn on `LEARNED` rows, ask there and on `ASKED` rows, and write the errors."""
    import time

    import keras
    from keras import layers

    from flow import models, training
    from utils import metrics
    from utils.training import fit

    largest = pressure(np.ones((LEARNED, LEARNED))).max()
    assert abs(largest - 0.07367) < 1e-4, "the square with a permeability of 1 is in every textbook"
    learned, tests = darcy_data(FLOWS, 1000 + seed), darcy_data(TESTS, 0)
    scale = float(np.sqrt(np.mean(learned[LEARNED][1] ** 2)))

    def see(fields: np.ndarray) -> np.ndarray:
        rows = fields.shape[1]
        x, y = np.meshgrid(*[np.linspace(0, 1, rows)] * 2)
        grid = np.broadcast_to(np.stack([x, y], -1), (len(fields), rows, rows, 2))
        return np.concatenate([(fields[..., None] - 7.5) / 4.5, 2 * grid - 1], -1).astype(np.float32)

    def network(rows: int) -> keras.Model:
        inputs = keras.Input((rows, rows, 3))
        h = layers.Conv2D(32, 1)(inputs)
        for _ in range(4):
            h = layers.Activation("gelu")(
                layers.Add()([models.SpectralConv(32, (12, 12))(h), layers.Conv2D(32, 1)(h)])
            )
        h = layers.Conv2D(1, 1)(layers.Conv2D(128, 1, activation="gelu")(h))
        side = 4 * (inputs[..., 1:2] ** 2 - 1) * (inputs[..., 2:] ** 2 - 1)  # zero on the sides of the square
        return keras.Model(inputs, h * side)

    def error(answer: np.ndarray, truth: np.ndarray) -> float:
        return float(metrics.relative_l2(scale * answer[..., 0], truth, axis=(1, 2)).mean())

    keras.utils.set_random_seed(seed)
    began = time.process_time()
    learner = network(LEARNED)
    training.Recipe(rate=3e-3).compile(learner, FLOWS, EPOCHS)
    fields, flow = learned[LEARNED]
    fit(learner, see(fields), (flow[..., None] / scale).astype(np.float32), name=f"darcy_{seed}", epochs=EPOCHS, batch_size=8, retrain=True)  # fmt: skip
    seconds = time.process_time() - began
    found = {}
    for rows, (fields, flow) in tests.items():
        other = network(rows)
        other.set_weights(learner.get_weights())
        found[str(rows)] = error(other.predict(see(fields), batch_size=10, verbose=0), flow)
    mean = np.broadcast_to(learned[ASKED][1].mean(axis=0), tests[ASKED][1].shape)[..., None] / scale
    found["mean flow"] = error(mean, tests[ASKED][1])
    tables.add(REPORT, render, {f"darcy {seed}": {"error": found, "processor_s": seconds}})


def render(report: dict[str, dict]) -> str:
    """Mean and range over the seeds as a Markdown table."""
    seeds = [row for name, row in sorted(report.items()) if name.startswith("seed")]
    flows = {name.split()[1]: row for name, row in sorted(report.items()) if name.startswith("darcy")}
    columns = ("32 rows", "64 rows", "96 rows", "points")
    lines = ["| Answer | " + " | ".join(columns) + " | Training, processor s |", "|---|" + "--:|" * 5]
    names = sorted(seeds[0]["error"], key=lambda name: ("interpolated" in name, name)) if seeds else []
    for name in names:
        values = [
            [row["error"][name][column] for row in seeds if column in row["error"][name]]
            for column in columns
        ]
        paid = [row["processor_s"].get(name.split(",")[0]) for row in seeds] if "there" in name else []
        shown = [tables.spread(each) if each else "" for each in values]
        seconds = f"{sum(paid) / len(paid):.0f}" if paid else ""
        lines.append(f"| {name} | " + " | ".join(shown) + f" | {seconds} |")
    if flows:
        ours = {rows: tables.spread([100 * row["error"][rows] for row in flows.values()])
                for rows in (str(LEARNED), str(ASKED), "mean flow")}  # fmt: skip
        seconds = sum(row["processor_s"] for row in flows.values()) / len(flows)
        lines += [
            "",
            "| Darcy flow: who | Learned from | Passes | Rows | Relative L2 error, per cent |",
            "|---|--:|--:|--:|--:|",
            f"| the mean flow, no learning | {FLOWS} | | {ASKED} | {ours['mean flow']} |",
            f"| our Fourier operator ({seconds:.0f} processor s, seed {', '.join(flows)}) | {FLOWS}, on {LEARNED} rows | {EPOCHS} | {LEARNED} | {ours[str(LEARNED)]} |",
            f"| the same, asked on a finer grid | {FLOWS}, on {LEARNED} rows | {EPOCHS} | {ASKED} | {ours[str(ASKED)]} |",
            f"| published (arXiv:2010.08895) | 1,000, on 85 rows | 500 | 85 | {100 * PUBLISHED:.2f} |",
        ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["seed"]:
        tables.for_seeds(__file__, arguments[1:], notebook_06)
    elif arguments[:1] == ["darcy"]:
        for seed in arguments[1:] or ["0", "1", "2"]:
            darcy(int(seed))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
