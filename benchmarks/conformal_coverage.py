"""Lab 2, notebook 10 with several seeds, and its ten lines beside two libraries.

    .venv/bin/python benchmarks/conformal_coverage.py seed 0 1 2    # the notebook's own cells, once per seed
    .venv/bin/python benchmarks/conformal_coverage.py libraries     # needs crepes 0.9.1 and mapie 1.6.0

A seed changes which storms train, calibrate and test, and the first weights. The figures go to
benchmarks/conformal_coverage.json and to the table in benchmarks/README.md. Trainings are kept in the cache.
"""

import os
import sys

import nbformat
import numpy as np
import tables
from cyclone_speed import HERE

LAB = HERE.parent / "Tropical_Cyclone"
NOTEBOOK = LAB / "10_Guaranteed_Error_Bars.ipynb"
REPORT = HERE / "conformal_coverage.json"


def cells(until: str = "course.end()") -> list[str]:
    """Code cells of the notebook, up to the one that holds a text."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    sources = [cell.source for cell in book.cells if cell.cell_type == "code"]
    return sources[: next(number for number, source in enumerate(sources) if until in source)]


def notebook_10(seed: int) -> None:
    """Execute the notebook's cells with this process's seed, and write its figures."""
    os.chdir(LAB)
    names: dict = {}
    for number, source in enumerate(cells()):
        exec(compile(source, f"cell {number}", "exec"), names)
    choice, elsewhere, ranked, by_class = (names[k] for k in ("choice", "elsewhere", "ranked", "by_class"))
    tables.add(REPORT, table, {
        f"seed {seed}": {
            "coverage": float(names["again"].mean()), "spread": float(names["again"].std()),
            "stated": float(names["stated"]), "best_reader_stated": float(names["exact"]),
            "width_kt": float(choice.loc["scaled", "width (kt)"]), "width_ratio": float(names["ratio"]),
            "width_ratio_alike": float(names["same"]),
            "major_constant": float(by_class["constant"]["share"][[5, 6, 7]].mean()),
            "major_scaled": float(by_class["scaled"]["share"][[5, 6, 7]].mean()),
            "known_storms_ensemble": float(names["broken"]["ensemble"]),
            "known_storms_nearest": float(names["broken"]["nearest frame"]),
            "few_storms_spread_frames": float(names["few"]["12 storms, frames counted"].std()),
            "few_storms_coverage_stormwise": float(names["few"]["12 storms, storm-wise"].mean()),
            "south": float(elsewhere.loc["southern (mirrored)", "coverage (%)"] / 100),
            "noise_20": float(elsewhere.loc["noise of 20 K", "coverage (%)"] / 100),
            "south_anew": float(elsewhere.loc["southern (mirrored)", "over shuffles (%)"] / 100),
            "noise_20_anew": float(elsewhere.loc["noise of 20 K", "over shuffles (%)"] / 100),
            "crps_kt": float(ranked["ensemble of 3"].mean()), "crps_bound_kt": float(ranked["best reader"].mean()),
        }
    })  # fmt: skip


def libraries() -> None:
    """The limit for one frame per storm beside crepes and mapie, and what crepes says of a category it never saw."""
    import crepes
    import mapie
    from crepes import ConformalRegressor
    from mapie.regression import SplitConformalRegressor
    from sklearn.dummy import DummyRegressor

    (source,) = (source for source in cells() if "def conformal_limit" in source)
    names: dict = {"np": np, "LEVEL": 0.9}
    exec(source, names)
    rng, largest = np.random.default_rng(0), 0.0
    for number in (23, 57, 182):  # at 19 crepes is wider, by a rounding: see findings
        residuals = rng.normal(size=number)
        ours = names["conformal_limit"](np.abs(residuals), np.arange(number))
        fitted = ConformalRegressor().fit(residuals)
        by_crepes = fitted.predict_int(np.zeros(1), confidence=0.9)[0, 1]
        zero = DummyRegressor(strategy="constant", constant=0.0).fit(np.zeros((2, 1)), np.zeros(2))
        by_mapie = SplitConformalRegressor(zero, confidence_level=0.9, prefit=True)
        by_mapie.conformalize(np.zeros((number, 1)), residuals)
        by_mapie = by_mapie.predict_interval(np.zeros((1, 1)))[1][0, 1, 0]
        largest = max(largest, abs(ours - by_crepes), abs(ours - by_mapie))
        assert largest < 1e-12, (number, ours, by_crepes, by_mapie)
    grouped = ConformalRegressor().fit(rng.normal(size=200), bins=np.repeat(["a", "b"], 100))
    unseen = grouped.predict_int(np.full(1, 50.0), bins=np.array(["c"]), confidence=0.9)[0]
    tables.add(REPORT, table, {
        "libraries": {
            "crepes": crepes.__version__, "mapie": mapie.__version__, "largest_difference": float(largest),
            "crepes_unseen_category": unseen.tolist(),
        }
    })  # fmt: skip


COLUMNS = {
    "coverage": "Coverage, mean over shuffles", "stated": "As the ensemble stated",
    "width_ratio": "Width / best reader's", "width_ratio_alike": "both calibrated",
    "major_constant": "H3 to H5, constant", "major_scaled": "H3 to H5, scaled",
    "known_storms_ensemble": "Calibrated on known storms, ensemble", "known_storms_nearest": "nearest frame",
    "south": "South", "noise_20": "20 K of noise", "crps_kt": "CRPS (kt)", "crps_bound_kt": "best reader (kt)",
}  # fmt: skip


def table(report: dict[str, dict]) -> str:
    """The seeds as a Markdown table."""
    lines = ["| Seed | " + " | ".join(COLUMNS.values()) + " |", "|---|" + "--:|" * len(COLUMNS)]
    for name, row in sorted(report.items()):
        if name.startswith("seed"):
            shown = [f"{row[k]:.2f}" if "ratio" in k or "_kt" in k else f"{row[k]:.1%}" for k in COLUMNS]
            lines.append(f"| {name[5:]} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["libraries"]:
        libraries()
    elif arguments[:1] == ["seed"]:
        tables.for_seeds(__file__, arguments[1:], notebook_10)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
