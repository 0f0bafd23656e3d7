"""The flow data set: what is in it, the same bytes from any number of workers, and accidents."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numba
import numpy as np
import pytest

import accidents
from flow import dataset, shapes, solver
from utils.data import DataError
from utils.engine import parallel, store

ROOT = Path(__file__).resolve().parents[1]
SMALL = {"ny": 16, "train": 20, "validation": 9, "cars": 2, "airfoils": 1, "reynolds": 60.0}
CONFIG = dataset.Config(**SMALL)


def saved(cache: Path) -> bytes:
    (file,) = (cache / "flow").glob("*.h5")
    return file.read_bytes()


def names(cache: Path) -> set[str]:
    return {path.suffix for path in (cache / "flow").iterdir()}


def start(cache: Path, before: str = "") -> subprocess.Popen:
    """Another Python that runs the lines ``before``, loads the set and prints the line of `load`."""
    code = (
        f"from flow import dataset\n{before}\n"
        "if __name__ == '__main__':\n"
        f"    dataset.load('cars', dataset.Config(**{SMALL!r}), num_workers=1)"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "CFD_Steady_Flow")])
    environment = {**os.environ, "BOOTCAMP_CACHE": str(cache), "PYTHONPATH": paths}
    environment.pop("BOOTCAMP_DATA", None)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """Processes that a test starts find the compiled solver of this one, whatever their cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", numba.config.CACHE_DIR)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The small data set, computed in this process."""
    cache = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_CACHE", str(cache))
        path = dataset.generate(CONFIG, num_workers=1, quiet=True)
    assert names(cache) == {".h5", ".json", ".lock"}, "no shard is left"
    return path


@pytest.fixture(scope="module")
def good(whole) -> bytes:
    """Its bytes."""
    return whole.read_bytes()


def copied(whole: Path, folder: Path) -> Path:
    """The data set in another folder; its path there."""
    folder.mkdir(parents=True)
    shutil.copy(store.beside(whole), folder)
    return Path(shutil.copy(whole, folder))


@pytest.fixture
def filled(whole, own_cache) -> Path:
    """A cache of the test's own that holds the small data set; its path."""
    return copied(whole, own_cache / "flow")


# --- what is in it ---------------------------------------------------------------------------


def test_every_split_has_its_samples_and_families(filled, capsys):
    for split, count in CONFIG.counts.items():
        data = dataset.load(split, CONFIG)
        assert "SYNTHETIC data" in (said := capsys.readouterr().out)
        assert "from the cache" in said
        assert len(data) == count
        assert data.velocity.shape == (count, 16, 32, 2)
        assert data.velocity.dtype == data.distance.dtype == np.float32
        assert data.converged.all()
        assert list(data.index) == list(range(count))
        for family in data.family:
            parts = ["NACA"] if family.startswith("NACA") else family.split(" + ")
            assert set(parts) <= set(dataset.FAMILIES[split])
    assert not set(dataset.FAMILIES["train"]) & set(dataset.FAMILIES["validation"])


def test_flows_are_physical(filled):
    data = dataset.load("train", CONFIG, quiet=True)
    assert np.isfinite(data.velocity).all()
    assert (data.velocity[data.solid] == 0).all()
    flux = data.velocity[..., 0].mean(axis=1)
    np.testing.assert_allclose(flux, 2 / 3, rtol=0.05)  # cells that a body cuts count whole or not at all
    assert (data.drag > 0).all()
    assert np.abs(data.velocity).max() < 3
    y = (np.arange(16) + 0.5) / 16
    np.testing.assert_allclose(
        data.velocity[:, :, 0, 0], np.broadcast_to(4 * y * (1 - y), (20, 16)), atol=0.12
    )


def test_a_sample_can_be_made_again(filled):
    data = dataset.load("validation", CONFIG, quiet=True)
    for number in (0, 8):
        scene = data.scene(number)
        assert np.array_equal(shapes.signed_distance(scene, 16, 32), data.distance[number])
        distance = data.distance[number]
        again = solver.solve_steady(distance < 0, distance=distance, reynolds=60.0, u_max=0.1)
        assert np.array_equal(again.velocity / np.float32(0.1), data.velocity[number])
    part = data[np.array([8, 0])]
    assert np.array_equal(shapes.signed_distance(part.scene(0), 16, 32), part.distance[0])
    assert part.split == "validation"
    assert part.reynolds == 60


def test_slots_draw_different_scenes():
    first = shapes.bounds(dataset.scene("train", 0)[0])
    for other in (("train", 1, 0, 0), ("train", 0, 1, 0), ("train", 0, 0, 1), ("cars", 0, 0, 0)):
        assert first != shapes.bounds(dataset.scene(*other)[0])
    assert first == shapes.bounds(dataset.scene("train", 0)[0])


def test_unsteady_draws_are_replaced_and_counted(monkeypatch):
    draws = []
    original = solver.solve_steady

    def unsteady_at_first(solid, **options):
        draws.append(solid)
        found = original(solid, **options)
        return type(found)(**{**vars(found), "converged": len(draws) > 2})

    monkeypatch.setattr(solver, "solve_steady", unsteady_at_first)
    row = dataset.solve_slot("train", 5, CONFIG)
    assert row["draw"] == 2
    assert np.array_equal(row["distance"] < 0, draws[2])
    assert not np.array_equal(draws[0], draws[1])
    monkeypatch.setattr(dataset, "MOST_DRAWS", 2)
    draws.clear()
    with pytest.raises(DataError, match="none of 2 bodies has a steady flow"):
        dataset.solve_slot("train", 5, CONFIG)


def test_the_file_says_how_it_was_made(filled):
    with h5py.File(filled) as file:
        assert json.loads(file.attrs["config"])["reynolds"] == 60
        assert "tolerance" in file.attrs["solver"]
        assert len(file.attrs["code_sha256"]) == 64
        assert file["train/velocity"].chunks == (1, 16, 32, 2)
        assert set(file) == set(dataset.FAMILIES)


def test_known_flow_is_unchanged():
    row = dataset.solve_slot("train", 0, dataset.Config(ny=32))
    speed = np.linalg.norm(row["velocity"], axis=-1)
    found = [row["force"][0], row["force"][1], speed.mean(), speed.max()]
    np.testing.assert_allclose(found, KNOWN, rtol=2e-3)


KNOWN = (0.40357, -0.24568, 0.67488, 1.49777)  # drag, lift, mean and largest speed


# --- workers ---------------------------------------------------------------------------------


def test_two_workers_give_the_same_bytes(good, own_cache):
    dataset.generate(CONFIG, num_workers=2, quiet=True)
    assert saved(own_cache) == good


def test_a_dask_cluster_gives_the_same_bytes(good, own_cache):
    distributed = pytest.importorskip("distributed")
    paths = os.pathsep.join([str(ROOT), str(ROOT / "CFD_Steady_Flow")])
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            env={"PYTHONPATH": paths, "NUMBA_CACHE_DIR": numba.config.CACHE_DIR},
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dataset.generate(CONFIG, client=client, quiet=True)
    assert saved(own_cache) == good


def test_jobs_come_back_with_their_results():
    jobs = [(number, 3) for number in range(5)]
    for num_workers in (1, 2):
        assert dict(parallel.run_all(pow, jobs, num_workers)) == {job: job[0] ** 3 for job in jobs}
    with pytest.raises(ValueError, match="num_workers is 0"):
        parallel.run_all(pow, jobs, 0)
    assert list(parallel.run_all(pow, [])) == []


def test_a_dead_worker_is_a_sentence():
    with pytest.raises(DataError, match="worker process died"):
        list(parallel.run_all(os._exit, [(1,), (2,)], 2))


def test_workers_do_not_outlive_a_killed_parent():
    code = (
        "import time\nfrom utils.engine import parallel\n"
        "if __name__ == '__main__': list(parallel.run_all(time.sleep, [(60,), (61,)], 2))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)})
    accidents.kill_and_see_two_workers_end(process)


# --- accidents -------------------------------------------------------------------------------


def test_killed_in_the_middle_goes_on(good, own_cache, monkeypatch):
    process = start(own_cache, before=accidents.STOP_AFTER_ONE_JOB)
    folder = own_cache / "flow"
    accidents.kill_when(process, "stopped")
    shards = list(folder.glob("*.part/*.npz"))
    assert len(shards) == 1
    assert not list(folder.glob("*.h5"))
    (shards[0].parent / "tmp-12345678-train-00008.npz").write_bytes(b"half a shard")
    solved = []
    original = parallel.run_all

    def watched(function, jobs, *options):
        solved.extend(jobs)
        return original(function, jobs, *options)

    monkeypatch.setattr(parallel, "run_all", watched)
    dataset.generate(CONFIG, num_workers=1, quiet=True)
    assert len(solved) == 6, "of 3 shards of train, 2 of validation, 1 each of cars and airfoils"
    assert saved(own_cache) == good
    assert names(own_cache) == {".h5", ".json", ".lock"}


def test_a_damaged_shard_is_computed_again(good, own_cache):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(h5py, "File", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dataset.generate(CONFIG, num_workers=1, quiet=True)
    shard = sorted((own_cache / "flow").glob("*.part/*.npz"))[3]
    shard.write_bytes(accidents.damaged(shard.read_bytes(), "flip"))
    dataset.generate(CONFIG, num_workers=1, quiet=True)
    assert saved(own_cache) == good


def test_two_processes_at_once_compute_once(good, own_cache):
    said = [process.communicate()[0] for process in [start(own_cache) for _ in range(2)]]
    assert sorted(line.rsplit("from the ", 1)[1].strip() for line in said) == ["cache", "solver"]
    assert saved(own_cache) == good


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_a_damaged_file_is_computed_again(filled, good, capsys, damage):
    filled.write_bytes(accidents.damaged(good, damage))
    data = dataset.load("train", CONFIG, num_workers=1)
    assert "was damaged; it is removed and computed again" in capsys.readouterr().out
    assert len(data) == 20
    assert filled.read_bytes() == good


def no_numbers(file):
    file["train/velocity"][3] = np.nan


def infinite_force(file):
    file["train/force"][0, 0] = np.inf


def a_flow_less(file):
    rows = file["train/index"][:-1]
    del file["train/index"]
    file["train/index"] = rows


def ten_billion_flows(file):
    """Which would need 800 TB: nothing may be read before its size is known to be right."""
    del file["train/velocity"]
    file["train"].create_dataset("velocity", (10**10, 16, 32, 2), "f4", chunks=(1, 16, 32, 2))


def other_settings(file):
    file.attrs["config"] = json.dumps(json.loads(file.attrs["config"]) | {"reynolds": 61.0})


def no_settings(file):
    del file.attrs["config"]


def a_split_less(file):
    del file["airfoils"]


def family_is_no_text(file):
    file["train/family"][2] = b"\xff"


def negative_draw(file):
    file["train/draw"][2] = -1


def settings_are_a_number(file):
    file.attrs["config"] = 7


def split_is_an_array(file):
    del file["train"]
    file["train"] = np.zeros(3)


def array_is_a_group(file):
    del file["train/velocity"]
    file.create_group("train/velocity")


def link_to_elsewhere(file):
    del file["train/velocity"]
    file["train/velocity"] = h5py.ExternalLink("other.h5", "velocity")


FOREIGN = [
    family_is_no_text,
    negative_draw,
    settings_are_a_number,
    split_is_an_array,
    array_is_a_group,
    link_to_elsewhere,
    no_numbers,
    infinite_force,
    a_flow_less,
    ten_billion_flows,
    other_settings,
    no_settings,
    a_split_less,
]


@pytest.mark.parametrize("change", FOREIGN)
def test_a_file_that_holds_other_flows_or_no_numbers_is_not_served(filled, good, capsys, change):
    with h5py.File(filled, "r+") as file:
        change(file)
    data = dataset.load("train", CONFIG, num_workers=1)
    assert "it is removed and computed again" in capsys.readouterr().out
    assert len(data) == 20
    assert filled.read_bytes() == good


def test_a_file_of_other_settings_under_the_name_is_not_served(filled, good):
    other = dataset.generate(dataset.Config(**SMALL | {"train": 3}), num_workers=1, quiet=True)
    filled.write_bytes(other.read_bytes())
    assert len(dataset.load("train", CONFIG, num_workers=1, quiet=True)) == 20
    assert filled.read_bytes() == good


def test_a_folder_in_the_place_of_the_file_is_a_sentence(own_cache):
    (own_cache / "flow" / CONFIG.file_name).mkdir(parents=True)
    with pytest.raises(DataError, match="is a folder, and a file of flows belongs there"):
        dataset.load("train", CONFIG, num_workers=1)


def test_a_shared_folder_is_read_and_never_written(whole, filled, good, monkeypatch, tmp_path, capsys):
    shared = tmp_path / "room" / "flow"
    copied(whole, shared)
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "room"))
    dataset.load("cars", CONFIG)
    assert "from the shared folder BOOTCAMP_DATA" in capsys.readouterr().out
    (shared / CONFIG.file_name).write_bytes(good[:999])
    dataset.load("cars", CONFIG)
    said = capsys.readouterr().out
    assert "from the cache" in said
    assert f"{shared / CONFIG.file_name} is damaged or holds other flows; it is not used." in said
    assert sorted(file.name for file in shared.iterdir()) == [CONFIG.file_name, f"{CONFIG.file_name}.json"]


def test_a_full_disk_is_said_before_the_work(own_cache, monkeypatch):
    usage = type(dataset.shutil.disk_usage("/"))
    monkeypatch.setattr(dataset.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))
    with pytest.raises(DataError, match=r"The disk is full.* BOOTCAMP_CACHE"):
        dataset.generate(CONFIG, num_workers=1, quiet=True)


@pytest.mark.parametrize("where", ["shard", "file"])
def test_a_disk_that_fills_up_is_a_sentence_and_loses_nothing(good, own_cache, monkeypatch, where):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        if where == "shard":
            patch.setattr(np, "savez", full)
        else:
            patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(DataError, match=r"The disk is full.* BOOTCAMP_CACHE"):
            dataset.generate(CONFIG, num_workers=1, quiet=True)
    assert not [
        path
        for path in (own_cache / "flow").rglob("*")
        if path.suffix == ".h5" or path.name.startswith("tmp-")
    ]
    shards = len(list((own_cache / "flow").rglob("*.npz")))
    assert shards == (0 if where == "shard" else 7)
    dataset.generate(CONFIG, num_workers=1, quiet=True)
    assert saved(own_cache) == good


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ny": 8}, "16 cells"),
        ({"train": -1}, "0 or more"),
        ({"train": 0, "validation": 0, "cars": 0, "airfoils": 0}, "one split must have some"),
        ({"reynolds": 0}, "must be positive"),
        ({"u_max": 0.5}, "between 0 and 0.3"),
        ({"seed": -1}, "seed 0 or more"),
    ],
)
def test_impossible_sizes_are_named(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataset.Config(**change)


def test_unknown_splits_and_workers_are_named(filled):
    for call in (lambda: dataset.load("test", CONFIG), lambda: dataset.scene("test", 0)):
        with pytest.raises(ValueError, match="no split 'test'; choose one of train, validation"):
            call()
    filled.unlink()
    with pytest.raises(ValueError, match="num_workers is 0"):
        dataset.generate(CONFIG, num_workers=0)


def test_every_setting_changes_the_name_of_the_file():
    others = [{"ny": 24}, {"train": 21}, {"reynolds": 61.0}, {"u_max": 0.05}, {"seed": 1}]
    found = {dataset.Config(**SMALL | change).file_name for change in others}
    assert len(found | {CONFIG.file_name}) == 6
