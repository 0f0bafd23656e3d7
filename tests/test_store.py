"""What is kept: found again, never out of date, made again when it was damaged, by one process at a time."""

import errno
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utils.engine import clean, paths, store

ROOT = Path(__file__).resolve().parents[1]
CONTENT = bytes(range(256)) * 3


class Maker:
    """A recipe that counts how often it is followed."""

    def __init__(self, *made_of, content: bytes = CONTENT):
        self.times, self.content = 0, content
        self.recipe = store.Recipe("lab", "thing", ".bin", made_of or (1,), self.make)

    def make(self, path: Path, work: Path) -> dict:
        self.times += 1
        path.write_bytes(self.content)
        return {"seconds": 1.5}

    def get(self, **options) -> store.Entry:
        with store.kept(self.recipe, **options) as entry:
            assert entry.path.read_bytes() == self.content
            assert entry.facts == {"seconds": 1.5}
            return entry


def files(cache: Path) -> set[str]:
    return {path.suffix for path in (cache / "lab").iterdir()}


def test_made_once_then_found(own_cache):
    maker = Maker()
    assert [maker.get().is_new for _ in range(3)] == [True, False, False]
    assert maker.times == 1
    assert files(own_cache) == {".bin", ".json", ".lock"}
    assert maker.get(anew=True).is_new
    other = Maker(2)
    assert other.get().is_new
    assert other.recipe.file_name != maker.recipe.file_name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    beside=st.booleans(),
    at=st.integers(0, 10**6),
    damage=st.sampled_from(["cut", "flip", "grow", "missing", "zeros"]),
)
def test_any_damage_anywhere_is_healed_with_a_sentence(own_cache, capsys, beside, at, damage):
    maker = Maker()
    path = maker.get().path
    target = store.beside(path) if beside else path
    content = target.read_bytes()
    at %= len(content)
    damaged = {
        "cut": content[:at],
        "flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
        "grow": content + b"x",
        "zeros": content[:at] + bytes(len(content) - at),
    }
    if damage == "missing":
        target.unlink()
    else:
        target.write_bytes(damaged[damage])
    capsys.readouterr()
    entry = maker.get()
    said = capsys.readouterr().out
    if entry.is_new and (path.exists() or damage != "missing") and not (damage == "missing" and not beside):
        assert "the kept copy was damaged; it is removed and made again" in said
    harmless = (
        beside and not entry.is_new
    )  # another date of making, or a byte of the facts that is read the same
    assert entry.is_new or harmless or damaged.get(damage) == content
    assert not maker.get().is_new


def pipe(path: Path):
    path.unlink()
    os.mkfifo(path)


def link(path: Path, to: str):
    path.unlink(missing_ok=True)
    path.symlink_to(to)


STRANGE = {
    "pipe": pipe,
    "link to nowhere": lambda path: link(path, "/nowhere/at/all"),
    "link to itself": lambda path: link(path, path.name),
    "deep": lambda path: path.write_text("[" * 100_000, encoding="utf-8"),
    "a long number": lambda path: path.write_text('{"bytes": ' + "9" * 5000 + "}", encoding="utf-8"),
    "UTF-16": lambda path: path.write_text(path.read_text(encoding="latin-1"), encoding="utf-16"),
}


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of Unix")
@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("beside", [False, True])
def test_what_is_no_file_or_no_json_is_healed_and_not_waited_for(own_cache, capsys, beside, what):
    maker = Maker()
    path = maker.get().path
    STRANGE[what](store.beside(path) if beside else path)
    assert maker.get().is_new
    assert "the kept copy was damaged" in capsys.readouterr().out
    assert not maker.get().is_new


@pytest.mark.parametrize("beside", [False, True])
def test_a_folder_in_place_of_a_file_is_left_to_its_owner(own_cache, beside):
    maker = Maker()
    path = maker.get().path
    target = store.beside(path) if beside else path
    target.unlink()
    target.mkdir()
    (target / "thesis.txt").touch()
    with pytest.raises(paths.DataError, match="is a folder, .* Move the folder away"):
        maker.get()
    assert (target / "thesis.txt").exists()


@pytest.mark.parametrize("ending", [".lock", ".part"])
def test_a_lock_or_a_work_folder_of_another_kind_stops_nobody(own_cache, ending):
    maker = Maker()
    place = paths.cache_dir("lab") / f"{maker.recipe.file_name}{ending}"
    place.mkdir() if ending == ".lock" else place.touch()
    assert maker.get().is_new
    link(place, "/nowhere/at/all") if ending == ".part" else place.rmdir()
    assert maker.get(anew=True).is_new


def test_foreign_files_among_the_states_are_passed_by(own_cache):
    work = paths.cache_dir("work")
    (work / "state-of-the-art.txt").touch()
    assert store.last_checkpoint(work, ".txt") is None
    store.checkpoint(work, ".txt", lambda file: file.write_text("state", encoding="utf-8") and {"step": 1})
    assert store.last_checkpoint(work, ".txt").facts == {"step": 1}
    assert (work / "state-of-the-art.txt").exists()


def test_the_facts_are_as_safe_as_the_file(own_cache):
    maker = Maker()
    about = store.beside(maker.get().path)
    about.write_text(about.read_text(encoding="utf-8").replace("1.5", "2.5"), encoding="utf-8")
    assert maker.get().is_new


def test_what_was_interrupted_goes_on(own_cache):
    seen = []

    def make(path: Path, work: Path) -> dict:
        saved = store.last_checkpoint(work, ".txt")
        start = saved.facts["step"] if saved else 0
        seen.append(start)
        for step in range(start + 1, 4):
            store.checkpoint(
                work,
                ".txt",
                lambda file, step=step: file.write_text(str(step), encoding="utf-8") and {"step": step},
            )
            if step == 2 and len(seen) == 1:
                raise KeyboardInterrupt
        path.write_text("done", encoding="utf-8")
        return {}

    recipe = store.Recipe("lab", "long", ".txt", (1,), make)
    with pytest.raises(KeyboardInterrupt), store.kept(recipe):
        pass
    (work,) = (own_cache / "lab").glob("*.part")
    assert len(list(work.iterdir())) == 2, "one state and what describes it"
    (work / "tmp-1234-state").write_text("half", encoding="utf-8")
    with store.kept(recipe) as entry:
        assert entry.is_new
    assert seen == [0, 2]
    assert files(own_cache) == {".txt", ".json", ".lock"}


@pytest.mark.parametrize("damage", ["cut", "nothing beside", "cut beside"])
def test_a_damaged_state_is_not_gone_on_from(own_cache, damage):
    work = paths.cache_dir("work")
    store.checkpoint(work, ".txt", lambda file: file.write_text("state", encoding="utf-8") and {"step": 1})
    state = store.last_checkpoint(work, ".txt").path
    if damage == "cut":
        state.write_bytes(b"st")
    elif damage == "cut beside":
        store.beside(state).write_bytes(b"{")
    else:
        store.beside(state).unlink()
    assert store.last_checkpoint(work, ".txt") is None
    assert not list(work.iterdir())


def test_an_error_leaves_nothing_half_written(own_cache):
    def make(path: Path, work: Path) -> dict:
        path.write_bytes(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.kept(store.Recipe("lab", "bad", ".bin", (1,), make)):
        pass
    assert not [path for path in (own_cache / "lab").rglob("*") if path.is_file() and path.suffix != ".lock"]


# --- who is at work ------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO])
def test_a_file_system_without_locks_is_no_error(own_cache, monkeypatch, number):
    """As NFS and Lustre may be mounted in a home."""
    fcntl = pytest.importorskip("fcntl")

    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    maker = Maker()
    assert [maker.get().is_new for _ in range(2)] == [True, False]
    assert not list((own_cache / "lab").glob("*.part*"))


def test_a_lock_file_that_came_with_a_copy_holds_nobody(own_cache):
    maker = Maker()
    lock = paths.cache_dir("lab") / f"{maker.recipe.file_name}.lock"
    lock.write_bytes(b"")
    assert maker.get().is_new
    lock.write_text("4711\nelsewhere\n", encoding="utf-8")
    assert maker.get(anew=True).is_new


def test_waiting_is_said_and_ends(own_cache, monkeypatch, capsys):
    monkeypatch.setattr(store, "SILENCE", 0.05)
    maker = Maker()
    path = paths.cache_dir("lab") / maker.recipe.file_name
    with store.locked(path) as alone:
        assert alone
        monkeypatch.setattr(store, "PATIENCE", 0.0)
        entry = maker.get()
        said = capsys.readouterr().out
        assert entry.is_new
        assert f"Another process makes thing; waiting for it ({path}.lock)." in said
        assert not path.exists(), "a copy of its own, elsewhere"


def test_who_waited_finds_what_the_other_made(own_cache, monkeypatch):
    monkeypatch.setattr(store, "SILENCE", 0.05)
    began, go_on = threading.Event(), threading.Event()

    class Slow(Maker):
        def make(self, path: Path, work: Path) -> dict:
            began.set()
            go_on.wait(60)
            return super().make(path, work)

    first, second, found = Slow(), Maker(), []
    one = threading.Thread(target=lambda: found.append(first.get().is_new))
    one.start()
    assert began.wait(60)
    two = threading.Thread(target=lambda: found.append(second.get().is_new))
    two.start()
    go_on.set()
    one.join()
    two.join()
    assert sorted(found) == [False, True]
    assert (first.times, second.times) == (1, 0)


# --- where it is looked for ----------------------------------------------------------------


def test_a_shared_folder_is_read_and_never_written(own_cache, monkeypatch, tmp_path, capsys):
    maker = Maker()
    entry = maker.get()
    shared = tmp_path / "room" / "lab"
    shared.mkdir(parents=True)
    for file in (entry.path, store.beside(entry.path)):
        file.rename(shared / file.name)
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "room"))
    assert maker.get().origin == "the shared folder BOOTCAMP_DATA"
    (shared / entry.path.name).write_bytes(b"cut")
    assert maker.get().is_new
    assert "is damaged or holds other results; it is not used." in capsys.readouterr().out
    assert len(list(shared.iterdir())) == 2


def test_what_the_key_cannot_see_is_not_kept_and_this_is_said(own_cache, capsys):
    maker = Maker(threading.Lock())
    assert [maker.get().is_new for _ in range(2)] == [True, True]
    assert "thing is not kept: a _thread.lock cannot be seen into" in capsys.readouterr().out
    assert not (own_cache / "lab").exists()


# --- what is kept, and away with it ---------------------------------------------------------


def test_clean_shows_and_removes_what_can_be_made_again(own_cache, capsys):
    for lab, content in (("cyclone", b"frames"), ("flow", b"flows")):
        recipe = store.Recipe(
            lab, lab, ".bin", (1,), lambda path, work, content=content: path.write_bytes(content) and {}
        )
        with store.kept(recipe):
            pass
    (own_cache / "cyclone" / "notes.txt").write_text("mine", encoding="utf-8")
    board = paths.cache_dir("leaderboard") / "cyclone.csv"
    board.write_text("date,name\n", encoding="utf-8")
    (paths.cache_dir("logs") / "run").write_text("log", encoding="utf-8")
    clean.main([])
    said = capsys.readouterr().out
    assert "Tropical_Cyclone" in said
    assert "leaderboards, stays" in said
    clean.main(["cyclone"])
    assert [path.name for path in (own_cache / "cyclone").iterdir() if path.is_file()] == ["notes.txt"]
    assert list((own_cache / "flow").glob("*.bin"))
    clean.main(["all"])
    assert not list((own_cache / "flow").glob("*.bin*"))
    assert not (own_cache / "logs").exists() or not list((own_cache / "logs").iterdir())
    assert board.exists()
    with pytest.raises(SystemExit):
        clean.main(["leaderboard"])
    assert "cannot be removed; choose from intro, cyclone" in capsys.readouterr().err


def test_clean_knows_what_earlier_versions_left_and_nothing_else(own_cache, capsys):
    left = [
        "trained/fashion-0123456789abcdef/state.json", "trained/fashion-0123456789abcdef.lock",
        "chip/0.400000-0.600000-0.020000-0.005000-04d93d2f.npz", "competition/cyclone-public-0123456789ab.npz",
        "flow/flow-64x128-0123456789.h5",
    ]  # fmt: skip
    theirs = ["trained/thesis.txt", "chip/notes.npz", "flow/flow-64x128.h5", "mine/fashion-0123456789abcdef"]
    for name in left + theirs:
        (own_cache / name).parent.mkdir(parents=True, exist_ok=True)
        (own_cache / name).write_text("x" * 1000, encoding="utf-8")
    clean.main([])
    assert re.search(r"earlier +0\.0 MB +5  what earlier versions", capsys.readouterr().out)
    clean.main(["flow"])
    assert all((own_cache / name).exists() for name in left)
    clean.main(["earlier"])
    assert not any((own_cache / name).exists() for name in left)
    assert all((own_cache / name).exists() for name in theirs)
    assert not (own_cache / "competition").exists()
    clean.main([])
    assert "earlier versions" not in capsys.readouterr().out


def test_clean_leaves_what_is_being_made(own_cache, capsys):
    maker = Maker()
    path = maker.get().path
    with store.locked(path):
        done = subprocess.run(
            [sys.executable, "-c", "from utils.engine import store; store.clean('lab')"],
            cwd=ROOT, capture_output=True, encoding="utf-8",
        )  # fmt: skip
    assert "stays: another process is making it" in done.stdout, done.stderr
    assert path.exists()


# --- trained networks -----------------------------------------------------------------------

HEAL = """
import os, sys
from pathlib import Path
from utils import course
course.begin("Intro_to_DL/00_Test", uses=["keras"])
import keras, numpy as np
from utils.engine import store
from utils import training
from utils.engine.paths import cache_dir

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")
scale = 1.0

def fit(loss="mse", layer=None, callbacks=(), data=x, optimizer="adam", validation=None, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layer or keras.layers.Activation("tanh"), keras.layers.Dense(1)])
    model.compile(optimizer, loss)
    return training.fit(model, data, y, name="tiny", epochs=1, callbacks=callbacks, validation_data=validation, **options).from_cache

def expect(what, found, wanted):
    if found != wanted:
        print("WRONG", what, flush=True)

expect("first", fit(), False)
expect("again", fit(), True)
folder = cache_dir("intro/trained")
(weights,) = folder.glob("tiny-*.h5")
about = store.beside(weights)
for file in (weights, about):
    good = file.read_bytes()
    for what, bad in {"empty": b"", "half": good[:len(good) // 2], "noise": b"noise", "flip": good[:90] + bytes([good[90] ^ 255]) + good[91:]}.items():
        file.write_bytes(bad)
        expect(f"{what} {file.suffix}", fit(), False)
        expect(f"healed {what} {file.suffix}", fit(), True)
    file.unlink()
    expect(f"missing {file.suffix}", fit(), False)

def squares(true, guess):
    return keras.ops.mean(keras.ops.square(true - guess)) * scale

expect("own loss", fit(squares), False)
expect("own loss again", fit(squares), True)
scale = 2.0
expect("a number that the loss uses", fit(squares), False)
def squares(true, guess):
    return keras.ops.mean(keras.ops.abs(true - guess)) * scale
expect("loss of the same name", fit(squares), False)

def layer_of(power):
    class Power(keras.layers.Layer):
        def call(self, x):
            return keras.ops.sign(x) * keras.ops.abs(x) ** power
    return Power()
expect("own layer", fit(layer=layer_of(2)), False)
expect("own layer again", fit(layer=layer_of(2)), True)
expect("what it closes over", fit(layer=layer_of(3)), False)
expect("lambda", fit(layer=keras.layers.Lambda(lambda x: x + 1)), False)
expect("lambda again", fit(layer=keras.layers.Lambda(lambda x: x + 1)), True)
expect("other lambda", fit(layer=keras.layers.Lambda(lambda x: x + 2)), False)

class Own(keras.layers.Layer):
    def __init__(self, power):
        super().__init__()
        self.power = power
    def call(self, x):
        return keras.ops.sign(x) * keras.ops.abs(x) ** self.power
expect("attribute", fit(layer=Own(2.0)), False)
expect("same attribute", fit(layer=Own(2.0)), True)
expect("other attribute", fit(layer=Own(3.0)), False)

rate = keras.callbacks.LearningRateScheduler
expect("callback", fit(callbacks=[rate(lambda epoch, lr: 0.1)]), False)
expect("callback again", fit(callbacks=[rate(lambda epoch, lr: 0.1)]), True)
expect("other callback", fit(callbacks=[rate(lambda epoch, lr: 0.2)]), False)
expect("other data", fit(data=x + 1), False)
expect("other optimizer", fit(optimizer=keras.optimizers.Adam(0.5)), False)
expect("other validation", fit(validation=(x, y)), False)
expect("other batch size", fit(batch_size=7), False)
expect("weights of samples", fit(sample_weight=np.arange(64.0)), False)
expect("other weights of samples", fit(sample_weight=np.arange(64.0)[::-1].copy()), False)
course._session["seed"] = 1
expect("other seed", fit(), False)
course._session["seed"] = 0
expect("as at first", fit(), True)
with open("/dev/null") as file:
    expect("not seen", [fit(callbacks=[rate(lambda epoch, lr: 0.1 + 0 * file.fileno())]) for _ in range(2)], [False, False])
print("END")
"""


def test_trained_networks_heal_and_know_all_that_made_them(own_cache):
    done = subprocess.run([sys.executable, "-c", HEAL], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert "END" in done.stdout, done.stderr
    assert "WRONG" not in done.stdout, done.stdout
    assert "the kept copy was damaged; it is removed and trained again" in done.stdout
    assert "tiny is not kept: a _io.TextIOWrapper in file cannot be seen into" in done.stdout


# --- every kind of kept thing knows its code ------------------------------------------------

EDIT = """
import json, random, sys
from pathlib import Path
root = Path.cwd()
sys.path[:0] = [str(root), *(str(root / lab) for lab in ("Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet"))]
import keras
from cyclone import contest, dataset as frames, models, tracks
from flow import dataset as flows, street, wakes
from pinn import chip, local_networks, training as problems
from utils.engine import fingerprint
from utils import training

assert fingerprint.ROOT == root, fingerprint.ROOT
KINDS = {
    "frames": (frames, lambda: fingerprint.fingerprint(frames.build)),
    "competition": (contest, lambda: fingerprint.fingerprint(contest.draw)),
    "flows": (flows, lambda: flows.Config(ny=16).file_name),
    "street": (street, lambda: fingerprint.fingerprint(street._make)),
    "wakes": (wakes, lambda: fingerprint.fingerprint(wakes._wake)),
    "training": (training, lambda: fingerprint.fingerprint(training.fit)),
    "problem": (problems, lambda: fingerprint.fingerprint(problems.solve)),
    "reference": (chip, lambda: fingerprint.fingerprint(chip.reference)),
    "family": (local_networks, lambda: fingerprint.fingerprint(local_networks.ParameterizedNetworks)),
}
chosen = random.Random(0)
for kind, (module, key) in KINDS.items():
    before = key()
    if before != key():
        print("UNSTABLE", kind)
    files = [root / name for name in fingerprint.code(module) if name.endswith(".py")]
    print(kind, *(file.name for file in files))
    for file in files:
        lines = file.read_text(encoding="utf-8").split("\\n")
        for _ in range(3):
            at = chosen.randrange(len(lines))
            file.write_text("\\n".join([*lines[:at], lines[at] + " ", *lines[at + 1:]]), encoding="utf-8")
            if key() == before:
                print("NOT SEEN", kind, file, at)
        file.write_text("\\n".join(lines), encoding="utf-8")
    if key() != before:
        print("UNSTABLE", kind)

before = KINDS["frames"][1]()
original = tracks.at_times
def stronger(*arguments):
    table = original(*arguments)
    return table.assign(wind_kt=1.1 * table["wind_kt"])
tracks.at_times = stronger
if KINDS["frames"][1]() == before:
    print("NOT SEEN a function that was replaced")
tracks.at_times = original
frames.PEAK_WINDOWS, kept = 0.75, frames.PEAK_WINDOWS
if KINDS["frames"][1]() == before:
    print("NOT SEEN a constant that was set")
frames.PEAK_WINDOWS = kept
if KINDS["frames"][1]() != before:
    print("UNSTABLE after a change was taken back")
print("END")
"""


@pytest.fixture
def copy_of_course(tmp_path, own_cache) -> Path:
    """The packages of the course, to be edited."""
    for source in [*ROOT.glob("utils/**/*.py"), *ROOT.glob("*/*/*.py")]:
        if source.relative_to(ROOT).parts[-2] in ("utils", "engine", "cyclone", "flow", "pinn", "intro"):
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (tmp_path / "data").mkdir()
    return tmp_path


SPEED = """
import sys
sys.path[:0] = [".", "CFD_Steady_Flow"]
import numpy as np
from flow import kernel, speed
plane = kernel.plane_size(3 * kernel.row_stride(8))
a, b = kernel.allocate(plane)
a[:] = np.sin(np.arange(a.size))
row = kernel.row_stride(8)
speed._collide_one_row(a, b, plane, 1, 8, row, np.float32(1.5), np.float32(0.5))
print(float((b * b).sum()))
"""


def test_a_compiled_function_is_compiled_again_when_one_that_it_calls_was_edited(copy_of_course):
    """Numba 0.68 looks at the file of a cached function only, not at those of the functions that it calls."""

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-c", SPEED], cwd=copy_of_course, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    before = run()
    assert run() == before
    kernel = copy_of_course / "CFD_Steady_Flow/flow/kernel.py"
    source = kernel.read_text(encoding="utf-8")
    assert "_f32(4.5)" in source
    kernel.write_text(source.replace("_f32(4.5)", "_f32(4.0)", 1), encoding="utf-8")
    assert run() != before


def test_any_line_of_contributing_code_changes_the_key(copy_of_course):
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-P", "-c", EDIT],
        cwd=copy_of_course,
        capture_output=True,
        encoding="utf-8",
        env=environment,
    )
    assert "END" in done.stdout, done.stderr
    assert "NOT SEEN" not in done.stdout, done.stdout
    assert "UNSTABLE" not in done.stdout, done.stdout
    kinds = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line[0].islower()}
    assert {"tracks.py", "imagery.py", "dataset.py"} <= set(kinds["frames"])
    assert {"kernel.py", "lattice.py", "solver.py", "shapes.py"} <= set(kinds["flows"])
    assert {"kernel.py", "solver.py"} <= set(kinds["street"]) & set(kinds["wakes"])
    assert {"contest.py", "imagery.py"} <= set(kinds["competition"])
    assert "normal_equations.py" in kinds["family"]
    assert not {name for names in kinds.values() for name in names if "plot" in name or "exercise" in name}


def test_an_entry_tells_when_and_of_what_size_it_was_made(own_cache):
    about = json.loads(store.beside(Maker().get().path).read_text(encoding="utf-8"))
    assert about["bytes"] == len(CONTENT)
    assert about["made"].endswith("+00:00")


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from utils.engine import parallel, store

with store.locked(Path({made!r}), "the flows"):
    print(sorted(result for _, result in parallel.run_all(abs, [(-1,), (-2,)], 2)))
"""


def test_a_script_without_its_guard_is_told_so(tmp_path):
    """Its workers run it again, and would wait for the lock of the process that waits for them."""
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT.format(root=str(ROOT), made=str(tmp_path / "made.h5")), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode
    assert 'Put what the script does under `if __name__ == "__main__":`' in done.stderr
    guarded = script.read_text(encoding="utf-8").replace(
        "with store", 'if __name__ == "__main__":\n  with store'
    )
    script.write_text(guarded.replace("    print", "      print"), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, encoding="utf-8", timeout=300)
    assert done.stdout == "[1, 2]\n"
