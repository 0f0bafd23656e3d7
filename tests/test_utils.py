"""GPU report, course engine, results, training cache, preprocessing and figures."""

import asyncio
import base64
import errno
import io
import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import accidents
from utils import course, gpu, preprocess, viz
from utils.engine import check, parallel, paths, results, runner, settings

ROOT = Path(__file__).resolve().parents[1]


def python(code: str, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


# --- import and paths ---------------------------------------------------------------------


def test_importing_utils_loads_no_framework():
    code = (
        "import sys, utils.course, utils.data, utils.gpu, utils.viz, utils.exercises, utils.engine.results; "
    )
    done = python(code + "print([m for m in ('tensorflow', 'torch', 'keras') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("uses", "left_out"),
    [
        ("", {"keras", "tensorflow", "torch", "sklearn", "pandas", "cv2", "numba", "tensorboard", "tqdm"}),
        ("torch", {"keras", "tensorflow", "sklearn", "pandas", "cv2", "numba", "tensorboard"}),
        ("keras", {"torch", "numba", "tensorboard", "utils.training"}),
    ],
)
def test_the_first_cell_loads_what_the_notebook_uses_and_nothing_else(uses, left_out):
    code = (
        "import gc, sys; from utils import course\n"
        f"course.begin('a_test/first_cell', uses={uses.split()})\n"
        f"print(sorted({left_out} & set(sys.modules)), gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    done = python(code)
    assert done.stdout.splitlines()[-1:] == ["[] True True"], done.stdout + done.stderr
    assert not uses or f", {uses} " in done.stdout


def test_cache_falls_back_to_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("BOOTCAMP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    blocked = tmp_path / "course"
    blocked.mkdir()
    (blocked / "data").write_text(
        "a file where the folder should be: as good as read-only, for root too", encoding="utf-8"
    )
    monkeypatch.setattr(paths, "ROOT", blocked)
    assert paths.cache_dir("logs") == tmp_path / "home" / "ai-for-science-bootcamp" / "logs"


def test_no_writable_folder_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTCAMP_CACHE", "/proc/x")
    with pytest.raises(OSError, match="Set BOOTCAMP_CACHE to a folder you can write to"):
        paths.cache_dir("logs")
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "file"))
    with pytest.raises(settings.SettingError, match="is not a folder"):
        paths.cache_dir("logs")


# --- gpu ----------------------------------------------------------------------------------


class FakeNvml(types.ModuleType):
    """A driver with one split GPU, half full, held by a stranger."""

    class NVMLError(Exception):
        pass

    def nvmlInit(self):
        pass

    nvmlShutdown = nvmlInit
    nvmlSystemGetDriverVersion = staticmethod(lambda: "580.1")
    nvmlDeviceGetCount = staticmethod(lambda: 1)
    nvmlDeviceGetHandleByIndex = staticmethod(lambda index: index)
    nvmlDeviceGetMemoryInfo = staticmethod(
        lambda handle: types.SimpleNamespace(total=80 << 30, used=40 << 30)
    )
    nvmlDeviceGetMigMode = staticmethod(lambda handle: (1, 1))
    nvmlDeviceGetName = staticmethod(lambda handle: "NVIDIA Test 80GB")
    nvmlDeviceGetComputeRunningProcesses = staticmethod(
        lambda handle: [types.SimpleNamespace(pid=os.getppid(), usedGpuMemory=39 << 30)]
    )


def test_gpu_report_names_memory_driver_mig_and_who_holds_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml("pynvml"))
    monkeypatch.setattr(gpu, "seen", lambda: {"PyTorch": True})
    text = "\n".join(gpu.describe())
    assert "NVIDIA Test 80GB, 40960 of 81920 MB free, driver 580.1, split into MIG slices" in text
    assert f"39936 MB by process {os.getppid()}" in text
    assert "Shut it down" in text


def test_an_old_gpu_without_answers_does_not_raise(monkeypatch):
    old = FakeNvml("pynvml")

    def unknown(*arguments):
        raise FakeNvml.NVMLError("not supported")

    old.nvmlDeviceGetMigMode = old.nvmlDeviceGetComputeRunningProcesses = unknown
    monkeypatch.setitem(sys.modules, "pynvml", old)
    [found] = gpu.list_gpus()
    assert not found.mig
    assert found.holders == []


@pytest.mark.parametrize(
    "query", ["nvmlDeviceGetMemoryInfo", "nvmlDeviceGetName", "nvmlDeviceGetMigMode", "nvmlSystemGetDriverVersion",
              "nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetHandleByIndex"]
)  # fmt: skip
def test_one_question_that_the_driver_refuses_hides_no_gpu(monkeypatch, query):
    refusing = FakeNvml("pynvml")
    answer = getattr(FakeNvml, query)

    def second_fails(*arguments):
        if not arguments or arguments[0] == 1:
            raise FakeNvml.NVMLError("GPU is lost")
        return answer(*arguments)

    refusing.nvmlDeviceGetCount = lambda: 2
    setattr(refusing, query, second_fails)
    monkeypatch.setitem(sys.modules, "pynvml", refusing)
    monkeypatch.setattr(gpu, "seen", lambda: {"PyTorch": True})
    first, second = gpu.list_gpus()
    assert (first.name, first.total_mb) == ("NVIDIA Test 80GB", 81920)
    assert second.index == 1
    lines = [line for line in gpu.describe() if line.startswith("GPU ")]
    assert len(lines) == 2
    assert ("memory not told" in lines[1]) == (
        query in ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetHandleByIndex")
    )
    assert ("does not answer (GPU is lost)" in lines[1]) == (query == "nvmlDeviceGetHandleByIndex")


def frameworks(tensorflow, torch):
    """Modules that find so many GPUs, or None where one is not imported."""
    config = types.SimpleNamespace(list_physical_devices=lambda kind: ["GPU:0"] * tensorflow)
    cuda = types.SimpleNamespace(is_available=lambda: bool(torch))
    return {
        "tensorflow": None if tensorflow is None else types.SimpleNamespace(config=config),
        "torch": None if torch is None else types.SimpleNamespace(cuda=cuda),
    }


@pytest.mark.parametrize(
    ("tensorflow", "torch", "profile"),
    [
        (0, None, "laptop"),
        (None, 0, "laptop"),
        (1, 0, "laptop"),
        (0, 1, "laptop"),
        (1, None, "gpu"),
        (1, 1, "gpu"),
    ],
)
def test_the_profile_asks_what_the_frameworks_can_use(monkeypatch, tensorflow, torch, profile):
    monkeypatch.delenv("BOOTCAMP_PROFILE", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml("pynvml"))
    for name, module in frameworks(tensorflow, torch).items():
        if module is None:
            monkeypatch.delitem(sys.modules, name, raising=False)
        else:
            monkeypatch.setitem(sys.modules, name, module)
    assert course.profile() == profile
    text = "\n".join(gpu.describe())
    assert ("cannot use a GPU here" in text) == (profile == "laptop")
    assert ("TensorFlow cannot" in text or "TensorFlow and" in text) == (tensorflow == 0)


def test_without_an_imported_framework_both_are_asked_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml("pynvml"))
    for name in ("tensorflow", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    gpu._seen_elsewhere.cache_clear()
    answers = {"TensorFlow": True, "PyTorch": False}
    monkeypatch.setattr(gpu, "_QUESTION", f"print('a word'); print('{json.dumps(answers)}')")
    assert gpu.seen() == answers
    assert not gpu.usable()
    gpu._seen_elsewhere.cache_clear()
    monkeypatch.setattr(gpu, "_QUESTION", "import a_package_that_is_broken")
    assert not gpu.usable()
    gpu._seen_elsewhere.cache_clear()


def test_a_gpu_that_only_the_frameworks_see_is_used(monkeypatch):
    monkeypatch.delenv("BOOTCAMP_PROFILE", raising=False)
    monkeypatch.setattr(gpu, "list_gpus", list)
    monkeypatch.setattr(gpu, "seen", lambda: {"PyTorch": True})
    assert course.profile() == "gpu"
    assert "found by PyTorch" in gpu.describe()[1]


def test_without_a_driver_everything_is_quiet(monkeypatch):
    none = FakeNvml("pynvml")

    def missing():
        raise FakeNvml.NVMLError("no driver")

    none.nvmlInit = missing
    monkeypatch.setitem(sys.modules, "pynvml", none)
    assert gpu.list_gpus() == []
    assert "none found" in gpu.describe()[1]


def test_profile_follows_the_machine_and_the_variable(monkeypatch):
    monkeypatch.delenv("BOOTCAMP_PROFILE", raising=False)
    monkeypatch.setattr(gpu, "usable", lambda: False)
    assert course.pick(laptop=1, gpu=2) == 1
    monkeypatch.setattr(gpu, "usable", lambda: True)
    assert course.pick(laptop=1, gpu=2) == 2
    monkeypatch.setenv("BOOTCAMP_PROFILE", "laptop")
    assert course.profile() == "laptop"
    monkeypatch.setenv("BOOTCAMP_PROFILE", "huge")
    with pytest.raises(ValueError, match="set it to laptop or gpu"):
        course.profile()


def test_memory_is_capped_for_each_framework(monkeypatch):
    seen = []
    config = types.SimpleNamespace(
        list_physical_devices=lambda kind: ["GPU:0"],
        LogicalDeviceConfiguration=lambda memory_limit: memory_limit,
        set_logical_device_configuration=lambda device, slices: seen.append(("tf", device, slices)),
        experimental=types.SimpleNamespace(
            set_memory_growth=lambda device, on: seen.append(("grow", device, on))
        ),
    )
    cuda = types.SimpleNamespace(
        device_count=lambda: 1,
        get_device_properties=lambda index: types.SimpleNamespace(total_memory=8000 << 20),
        set_per_process_memory_fraction=lambda share, index: seen.append(("torch", share, index)),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(config=config))
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    monkeypatch.setenv("BOOTCAMP_GPU_MEMORY_MB", "2000")
    gpu.share()
    assert seen == [("tf", "GPU:0", [2000]), ("torch", 0.25, 0)]
    monkeypatch.delenv("BOOTCAMP_GPU_MEMORY_MB")
    gpu.share()
    assert seen[-1] == ("grow", "GPU:0", True)


def test_begin_seeds_everything_prints_versions_and_is_quiet():
    code = (
        "from utils import course\n"
        "course.begin('Lab/00_Test', uses=['keras', 'torch'])\n"
        "import random, numpy as np, torch, keras\n"
        "print(random.random(), np.random.rand(), torch.rand(1).item(), float(keras.random.uniform(())))"
    )
    one, same, other = python(code), python(code), python(code, BOOTCAMP_SEED="1")
    assert one.returncode == 0, one.stderr
    assert "Lab/00_Test: laptop profile, seed 0" in one.stdout or "gpu profile, seed 0" in one.stdout
    assert one.stdout.splitlines()[-1] == same.stdout.splitlines()[-1]
    assert all(
        a != b
        for a, b in zip(
            one.stdout.splitlines()[-1].split(), other.stdout.splitlines()[-1].split(), strict=True
        )
    )
    assert "oneDNN" not in one.stderr


def test_a_library_that_dies_beside_tensorflow_is_not_loaded(tmp_path):
    """Triton's LLVM ends a process that holds TensorFlow's; the first step of PyTorch's optimizers would load it."""
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from utils import course
course.begin("Intro_to_DL/01_Learning_as_Curve_Fitting", uses=["keras", "torch"])
import torch
weight = torch.ones(1, requires_grad=True)
optimizer = torch.optim.Adam([weight])
weight.sum().backward()
optimizer.step()
assert weight.item() < 1
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _write_group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="ascii")


@pytest.mark.parametrize("version", [1, 2])
def test_memory_of_a_container_or_batch_job_is_what_its_control_groups_allow(tmp_path, version):
    """A limit may be set on a group around ours, and in a container the name of our group leads nowhere."""
    proc, root = tmp_path / "cgroup", tmp_path / "fs"
    base = root if version == 2 else root / "memory"
    names = (
        ("memory__max", "memory__current")
        if version == 2
        else ("memory__limit_in_bytes", "memory__usage_in_bytes")
    )
    cache = "inactive_file" if version == 2 else "total_inactive_file"
    proc.write_text("0::/slurm/job\n" if version == 2 else "9:cpu:/\n7:memory:/slurm/job\n", encoding="ascii")
    assert parallel._memory_groups(proc, root) == []
    _write_group(
        base, **{names[0]: "max" if version == 2 else "4000", names[1]: "900", "memory__stat": f"{cache} 100"}
    )
    at_the_top = [] if version == 2 else [(4000, 800)]
    assert parallel._memory_groups(proc, root) == at_the_top
    _write_group(
        base / "slurm", **{names[0]: "3000", names[1]: "600", "memory__stat": f"anon 5\n{cache} 50\n"}
    )
    assert parallel._memory_groups(proc, root) == [(3000, 550), *at_the_top]


def test_check_and_banner_speak_of_the_memory_that_is_ours(monkeypatch):
    monkeypatch.setattr(parallel, "_memory_groups", lambda: [(4 * 2**30, 2**30)])
    total, free = parallel.memory_bytes()
    assert total == 4 * 2**30
    assert free <= 3 * 2**30
    assert "4 GB of memory" in gpu.describe()[0]


def test_no_kernel_waits_for_the_tuner_of_tf_data():
    code = """
import tensorflow as tf
from utils import course

def tuned():
    try:
        tf.data.experimental.get_model_proto(iter(tf.data.Dataset.range(3).map(lambda x: x)))
    except tf.errors.NotFoundError:
        return False
    return True

before = tuned()
course.begin("Lab/00_Test", uses=["keras"])
course.begin("Lab/00_Test", uses=["keras"])
print(before, tuned(), [int(x) for x in tf.data.Dataset.range(3)])
"""
    done = python(code)
    assert done.stdout.splitlines()[-1:] == ["True False [0, 1, 2]"], done.stderr


# --- results and runner -------------------------------------------------------------------


def test_results_are_kept_and_read_back(own_cache, capsys):
    course.record("lab.accuracy", np.float32(0.5))
    assert results.read_all()["lab.accuracy"]["value"] == 0.5
    assert runner.main(["results", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"lab.accuracy": 0.5}


def test_a_figure_of_a_benchmark_says_so(own_cache):
    course.record("lab.old_rel_l2", 0.5, seed=2, profile="laptop", source="benchmarks/old.json")
    course.record("lab.new_rel_l2", 0.5)
    entries = results.read_all()
    table = runner._figure_table(entries, {})
    assert "| `lab.old_rel_l2` | 0.5 | laptop, seed 2, `benchmarks/old.json` |" in table
    assert "source" not in entries["lab.new_rel_l2"]


@pytest.mark.parametrize(
    "content",
    [b"", b'{"name": "lab.ba', b"[1, 2]", b"\xff\xfe", b"null", b"{}", b'{"value": "much", "date": "x"}'],
)
def test_a_damaged_result_is_named_and_the_others_are_printed(own_cache, capsys, content):
    course.record("lab.good", 1.0)
    (own_cache / "results" / "lab.bad.json").write_bytes(content)
    assert runner.main(["results"]) == 0
    said = capsys.readouterr()
    assert "lab.good" in said.out
    assert "lab.bad.json holds no figure; remove it, or run its notebook again." in said.err


def test_a_result_with_another_digit_is_damaged(own_cache, capsys):
    course.record("lab.accuracy", 0.75)
    path = own_cache / "results" / "lab.accuracy.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.75", "0.95"), encoding="utf-8")
    assert results.read_all() == {}
    assert "lab.accuracy.json holds no figure" in capsys.readouterr().err


def test_a_result_of_an_earlier_version_is_read(own_cache):
    course.record("lab.accuracy", 0.75)
    path = own_cache / "results" / "lab.accuracy.json"
    entry = json.loads(path.read_text(encoding="utf-8"))
    del entry["sha256"]
    path.write_text(json.dumps(entry), encoding="utf-8")
    assert results.read_all()["lab.accuracy"]["value"] == 0.75


@pytest.mark.parametrize(("name", "value"), [("accuracy", 1), ("Lab.a", 1), ("lab.a", float("nan"))])
def test_nonsense_is_not_recorded(own_cache, name, value):
    with pytest.raises(ValueError, match="of the form|finite"):
        course.record(name, value)
    assert results.read_all() == {}


def test_running_something_that_is_no_notebook_lists_the_notebooks(capsys):
    assert runner.run(["README.md"]) == 2
    assert "Start_Here.ipynb" in capsys.readouterr().err


def test_a_failing_notebook_is_reported_and_its_copy_kept(own_cache, tmp_path, capsys, monkeypatch):
    import nbformat

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    path = tmp_path / "Bad.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")]), path)
    assert runner.run([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert runner.executed_path(path).exists()
    assert results.read_all() == {}


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "The kernel died; out of memory is the usual reason"),
        ("import time\ntime.sleep(100)", "A cell took more than 2 s and was stopped: import time"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_notebook_that_ends_badly_does_not_stop_the_others(
    own_cache, tmp_path, capsys, monkeypatch, cell, words
):
    import nbformat

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "CELL_SECONDS", 2 if "sleep" in cell else 600)
    paths = []
    for name, source in (("Bad", cell), ("Good", "print(6 * 7)")):
        cells = [nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_code_cell(source)]
        paths.append(tmp_path / f"{name}.ipynb")
        nbformat.write(nbformat.v4.new_notebook(cells=cells), paths[-1])
    assert runner.run([str(path) for path in paths]) == 1
    said = capsys.readouterr()
    assert f"{paths[0]}: {words}" in said.err
    assert "Traceback" not in said.err
    assert nbformat.read(runner.executed_path(paths[0]), 4).cells[0].outputs[0].data["text/plain"] == "2"
    assert nbformat.read(runner.executed_path(paths[1]), 4).cells[1].outputs[0].text == "42\n"


@pytest.mark.parametrize("content", ["", "{", "[]", "\ufeff{", "7", None])
def test_a_damaged_notebook_does_not_stop_the_others(own_cache, tmp_path, capsys, monkeypatch, content):
    import nbformat

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    bad, good = tmp_path / "Bad.ipynb", tmp_path / "Good.ipynb"
    bad.write_bytes(b"\xff\xfe" if content is None else content.encode())
    nbformat.write(nbformat.v4.new_notebook(), good)
    monkeypatch.setattr(runner.NotebookClient, "execute", lambda client: None)
    assert runner.run([str(bad), str(good)]) == 1
    said = capsys.readouterr()
    assert "The file is no notebook" in said.err
    assert runner.executed_path(good).exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("Kernel died before replying to kernel_info"), "The kernel died"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
    ],
)
def test_a_kernel_that_never_starts_and_a_full_disk_are_sentences(
    own_cache, tmp_path, capsys, monkeypatch, error, words
):
    import nbformat

    def fails(*arguments):
        raise error

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "Bad.ipynb")
    monkeypatch.setattr(
        runner.NotebookClient, "execute", fails if isinstance(error, RuntimeError) else lambda client: 0
    )
    if isinstance(error, OSError):
        monkeypatch.setattr(runner.nbformat, "write", fails)
    assert runner.run([str(tmp_path / "Bad.ipynb")]) == 1
    assert words in capsys.readouterr().err


def test_a_notebook_that_is_not_of_the_course_is_named(own_cache, tmp_path, capsys):
    (tmp_path / "Mine.ipynb").write_text("{}", encoding="utf-8")
    assert runner.run([str(tmp_path / "Mine.ipynb")]) == 2
    assert "is not a notebook of the course" in capsys.readouterr().err


@pytest.mark.parametrize(
    "word", ["shuffle", "steps_per_epoch", "validation_split", "initial_epoch", "verbose"]
)
def test_what_would_undo_a_repeatable_training_is_refused(word):
    from utils import training

    with pytest.raises(TypeError, match=f"{word} cannot be given"):
        training.fit(None, None, None, name="x", epochs=1, **{word: 1})


def test_a_stranger_on_the_machine_reads_nothing_of_a_notebook_that_runs():
    import zmq

    async def overheard(encryption: str) -> bool:
        manager = runner._AttentiveManager(kernel_name="python3", transport_encryption=encryption)
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        stranger = zmq.Context().socket(zmq.SUB)
        try:
            await client.wait_for_ready(timeout=60)
            stranger.subscribe(b"")
            stranger.connect(f"tcp://127.0.0.1:{manager.iopub_port}")
            for _ in range(20):  # a listener is heard of a moment after it connects
                await client.execute_interactive(
                    "print('secret')", timeout=60, output_hook=lambda message: None
                )
                if stranger.poll(100):
                    return True
            return False
        finally:
            stranger.close(0)
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    assert asyncio.run(overheard("disabled")), "else this test would show nothing"
    assert not asyncio.run(overheard(runner._AttentiveManager().transport_encryption))


def test_update_writes_what_was_measured_and_keeps_the_rest(own_cache, tmp_path, monkeypatch):
    import nbformat

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "PICTURES", {})
    for name in ("Start_Here", "Lab/01_A"):
        first = (
            f"# {name}\n\nA promise.\n\n| <!-- minutes -->9.9 min on a laptop (2 cores)<!-- /minutes --> |"
        )
        path = tmp_path / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(first)]), path)
    monkeypatch.setattr(runner, "LABS", ("Lab",))
    kept = "| `lab.old_rel_l2` | 0.5 | laptop, seed 0 |"
    (tmp_path / "README.md").write_text(
        f"<!-- notebooks -->\n<!-- /notebooks -->\n<!-- figures -->\n{kept}\n<!-- /figures -->\n",
        encoding="utf-8",
    )
    runner.record_seconds(tmp_path / "Lab/01_A.ipynb", 90.0)
    course.record("lab.new_rel_l2", 1.2e-9)
    course.record("lab.something_else", 3.0)
    runner.main(["results", "--update"])
    said = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "[Start_Here](Start_Here.ipynb) | A promise. | 9.9 min |" in said
    assert "[Lab/01_A](Lab/01_A.ipynb) | A promise. | 1.5 min |" in said
    assert kept in said
    assert "`lab.new_rel_l2` | 1.2e-09 |" in said
    assert "something_else" not in said


def test_minutes_of_notebooks_that_shared_the_machine_are_not_a_readers_minutes(
    own_cache, tmp_path, monkeypatch
):
    import nbformat

    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "LABS", ())
    first = "# Start\n\nA promise.\n\n| <!-- minutes -->9.9 min on a laptop (2 cores)<!-- /minutes --> |"
    path = tmp_path / "Start_Here.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(first)]), path)
    (tmp_path / "README.md").write_text("<!-- notebooks -->\n<!-- /notebooks -->\n", encoding="utf-8")
    monkeypatch.setattr(runner, "PICTURES", {})
    for at_once, minutes in ((2, "9.9 min"), (1, "1.5 min")):
        runner.record_seconds(path, 90.0, at_once)
        assert results.read_all()[runner.seconds_name(path)]["at_once"] == at_once
        runner.main(["results", "--update"])
        assert f"| A promise. | {minutes} |" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_test_run_removes_trained_networks_of_the_course_and_nothing_else(own_cache):
    """BOOTCAMP_CACHE may name a folder in which somebody keeps a ``trained`` or a ``pinn`` of their own."""
    import conftest

    ours = [
        "intro/trained/fashion_cnn-0123456789abcdef.weights.h5",
        "intro/trained/fashion_cnn-0123456789abcdef.weights.h5.json",
        "intro/trained/fashion_cnn-0123456789abcdef.weights.h5.lock",
        "cyclone/trained/final-0123456789abcdef.weights.h5.part/state-000001.weights.h5",
        "pinn/trained/chip_family-0123456789abcdef.npz",
        "pinn/trained/chip_start_adam-0123456789abcdef.pt",
    ]
    theirs = [
        "trained/thesis.txt", "intro/trained/my-network/weights.h5", "pinn/trained/notes-2026.npz", "pinn/trained/results.pt",
        "cyclone/frames-0123456789abcdef.npz",
    ]  # fmt: skip
    for name in ours + theirs:
        (own_cache / name).parent.mkdir(parents=True, exist_ok=True)
        (own_cache / name).write_text("x", encoding="utf-8")
    conftest._train_anew.__wrapped__()
    left = sorted(str(path.relative_to(own_cache)) for path in own_cache.rglob("*") if path.is_file())
    assert left == sorted(theirs)


def test_check_finds_a_wrong_version(monkeypatch, capsys):
    monkeypatch.setattr(check, "_pins", lambda: [("numpy", "0.1"), ("no-such-package", "1.0")])
    assert not check.report()
    said = capsys.readouterr().out
    assert "[FAIL] numpy" in said
    assert "[FAIL] no-such-package missing: 1.0 was tested" in said


# --- training -----------------------------------------------------------------------------

TRAIN = """
import os, pathlib, signal, sys, time
from utils import course
course.begin("Lab/00_Test", uses=["keras"])
import keras, numpy as np
from utils.engine import store
from utils import training
store.SAVE_SECONDS = 0
class Watched(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("epoch", epoch, flush=True)
        if os.environ.get("STOP_AFTER") == str(epoch):
            signal.pause()
        if os.environ.get("STOP_AFTER") == str(epoch + 1):
            store.SAVE_SECONDS = 1e9  # the next epoch ends too soon to be saved
        meeting = os.environ.get("MEETING")
        if meeting:
            (pathlib.Path(meeting) / str(os.getpid())).touch()
            while len(list(pathlib.Path(meeting).iterdir())) < 2:
                time.sleep(0.05)
x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
keras.utils.set_random_seed(course.seed())
model = keras.Sequential([keras.Input((4,)), keras.layers.GaussianNoise(0.1), keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.5), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
run = training.fit(model, x, y, name="tiny_0.5", epochs=6, validation_data=(x, y), callbacks=[Watched()])
assert run.history.epoch.tolist() == list(range(6)), run.history
print("WEIGHTS", b"".join(w.tobytes() for w in model.get_weights()).hex())
print("RUN", len(run.history), run.from_cache, round(float(run.history.loss.iloc[-1]), 5), flush=True)
"""


def trained(text: str) -> list[int]:
    """The epochs that a child trained."""
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith("epoch")]


def test_the_same_network_built_again_is_the_same_run():
    code = """
import numpy as np, keras
from keras import layers
from utils.engine import fingerprint
from utils import training

def key(units=3):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2,))
    hidden = layers.Activation("elu")(layers.Dense(units)(inputs))
    network = keras.Model(inputs, layers.Dense(1)(layers.Add()([hidden, layers.Dense(units)(hidden)])))
    network.compile("adam", "mse")
    return fingerprint.fingerprint(*training.made_of(network))

first, second, other = key(), key(), key(4)
keras.backend.clear_session()
print(first == second == key(), first == other)
"""
    done = python(code)
    assert done.stdout.split()[-2:] == ["True", "False"], done.stderr


def test_one_cycle_is_the_cosine_decay_of_keras_without_its_branch():
    code = """
import keras, numpy as np
from utils import training

rate = training.one_cycle(num_images=1000, epochs=5, batch_size=16, peak=2e-3)
rate = type(rate).from_config(rate.get_config())
keras_rate = keras.optimizers.schedules.CosineDecay(2e-4, 252, warmup_target=2e-3, warmup_steps=63)
pairs = np.array([[float(rate(step)), float(keras_rate(step))] for step in range(330)])
print(np.abs(pairs[:, 0] - pairs[:, 1]).max() < 1e-9, pairs[:, 0].argmax(), abs(pairs[-1, 0]) < 1e-9)
"""
    done = python(code)
    assert done.stdout.split() == ["True", "63", "True"], done.stdout + done.stderr


def test_muon_turns_kernels_into_steps_of_equal_singular_values_and_leaves_the_rest_to_adamw():
    code = """
import keras, numpy as np
from utils import training

random = np.random.default_rng(0)
start = [random.normal(size=shape).astype("float32") for shape in ((3, 3, 4, 8), (5, 6), (6,))]
gradients = [(random.normal(size=w.shape) * 10 ** random.uniform(-3, 3, w.shape)).astype("float32") for w in start]


def step(optimizer):
    weights = [keras.Variable(w) for w in start]
    optimizer = type(optimizer).from_config(optimizer.get_config())
    optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
    return [w - s for w, s in zip(map(np.array, weights), start)]


kernel, *others = step(training.one_cycle_muon(1000, 5, 100, peak=0.05))
rate = 0.005  # the schedule begins at a tenth of its peak
sizes = np.linalg.svd((kernel + 0.01 * rate * start[0]).reshape(36, 8), compute_uv=False) / (0.2 * rate * 36**0.5)
adamw = step(keras.optimizers.AdamW(rate, weight_decay=0.01))[1:]
print(0.6 < sizes.min() < sizes.max() < 1.3, all(np.allclose(a, b, atol=1e-6) for a, b in zip(others, adamw)))
"""
    done = python(code)
    assert done.stdout.split() == ["True", "True"], done.stdout + done.stderr


def test_batches_come_in_a_new_order_in_every_epoch_and_in_every_training_in_the_same():
    code = """
from utils import course
course.begin("Lab/00_Test", uses=["keras"])
import keras, numpy as np
from utils import training

class Watch(keras.layers.Layer):
    def call(self, x):
        if hasattr(x, "numpy"):
            seen.append(x.numpy()[:, 0].astype(int).tolist())
        return x

x, orders = np.arange(10.0)[:, None], []
for finished in (0, 0, 2):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), Watch(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    batches = training.reshuffled(x, x, 4, sample_weight=np.ones(10), finished=finished)
    epochs = []
    for _ in range(4 - finished):
        seen = []
        model.fit(batches, shuffle=False, verbose=0)
        assert [len(batch) for batch in seen] == [4, 4, 2]
        epochs.append(sum(seen, []))
    orders.append(epochs)
whole, again, resumed = orders
print(whole == again, whole[2:] == resumed, len(set(map(tuple, whole))), all(sorted(e) == list(range(10)) for e in whole))
"""
    done = python(code)
    assert done.stdout.splitlines()[-1:] == ["True True 4 True"], done.stderr


def test_batches_are_taken_from_the_arrays_themselves_which_are_nowhere_copied():
    code = """
import numpy as np
from utils import training

x = np.zeros((8, 2), np.uint8)
batches = training.reshuffled({"image": x}, np.zeros(8), 4, sample_weight=x[:, 0])
x[:] = 1  # a copy would still hold zeros
print([tuple(int(part.numpy().max()) for part in (inputs["image"], truth, weight)) for inputs, truth, weight in batches])
"""
    done = python(code)
    assert done.stdout.splitlines()[-1:] == ["[(1, 0, 1), (1, 0, 1)]"], done.stdout + done.stderr


def start_training(cache: Path, **environment) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN],
        cwd=ROOT,
        env={**os.environ, "BOOTCAMP_CACHE": str(cache), **environment},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def test_training_is_cached_and_resumes_after_a_kill(own_cache, tmp_path):
    whole = python(TRAIN, BOOTCAMP_CACHE=str(tmp_path / "other"))
    assert "RUN 6 False" in whole.stdout, whole.stderr
    accidents.kill_when(start_training(own_cache, STOP_AFTER="3"), "epoch 3")
    again = python(TRAIN, BOOTCAMP_CACHE=str(own_cache))
    assert trained(again.stdout) == [3, 4, 5], "0 to 2 were saved, 3 was not"
    assert "RUN 6 False" in again.stdout, again.stderr
    ends = [done.stdout.splitlines()[-2] for done in (whole, again)]
    assert ends[0].startswith("WEIGHTS ")
    assert ends[0] == ends[1], (
        "cut and whole agree bit by bit: weights, optimizer, dropout, order of the samples"
    )
    third = python(TRAIN, BOOTCAMP_CACHE=str(own_cache))
    assert not trained(third.stdout)
    assert "RUN 6 True" in third.stdout
    assert third.stdout.splitlines()[-1].split()[-1] == again.stdout.splitlines()[-1].split()[-1]
    assert list((own_cache / "logs" / "tiny_0.5").rglob("events*"))
    kept = own_cache / "other" / "trained"
    assert list(kept.glob("tiny_0_5-*.lock")), "runs that differ after a dot share a lock"


def test_two_kernels_training_the_same_do_not_disturb_each_other(own_cache, tmp_path):
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    pair = [start_training(own_cache, MEETING=str(meeting)) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in pair]
    assert all("RUN 6 False" in text for text in said), said
    assert sum("Another kernel is training this very run" in text for text in said) == 1


# --- preprocessing ------------------------------------------------------------------------


def test_to_unit_scales_and_refuses_what_is_no_image():
    assert preprocess.to_unit(np.array([[[0, 255]]], np.uint8)).tolist() == [[[[0.0], [1.0]]]]
    with pytest.raises(ValueError, match="Expected uint8 images"):
        preprocess.to_unit(np.zeros((2, 3, 3), np.float32))


@given(st.lists(st.integers(0, 6), min_size=1))
def test_one_hot_round_trip(labels):
    rows = preprocess.one_hot(np.array(labels), 7)
    assert rows.argmax(axis=1).tolist() == labels
    assert (rows.sum(axis=1) == 1).all()


def test_one_hot_refuses_labels_out_of_range():
    with pytest.raises(ValueError, match="Labels lie between 0 and 9"):
        preprocess.one_hot(np.array([0, 9]), 9)


@given(st.integers(3, 500), st.integers(0, 9))
def test_split_is_disjoint_and_complete(count, seed):
    parts = preprocess.split(count, (0.7, 0.2, 0.1), seed)
    joined = np.concatenate(parts)
    assert sorted(joined) == list(range(count))


def test_split_refuses_fractions_that_do_not_add_up():
    with pytest.raises(ValueError, match="add up to 1"):
        preprocess.split(10, (0.5, 0.4), 0)


def test_standardise_uses_the_training_set_alone():
    train, test = preprocess.standardise(np.array([0.0, 2.0]), np.array([4.0]))
    assert train.tolist() == [-1, 1]
    assert test.tolist() == [3]


# --- figures ------------------------------------------------------------------------------


def test_show_embeds_picture_caption_and_alt_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    fig, ax = plt.subplots()
    viz.show(fig, "a < b", 'the "curve" rises')
    page = shown[0].data
    assert "data:image/png;base64," in page
    assert "a &lt; b" in page
    assert 'alt="the &quot;curve&quot; rises"' in page
    assert not plt.fignum_exists(fig.number)


def waves(count: int):
    """One figure whose line moves."""
    fig, ax = plt.subplots(figsize=(3, 2))
    x = np.linspace(0, 6, 50)
    (line,) = ax.plot(x, np.sin(x))
    for number in range(count):
        line.set_ydata(np.sin(x - number / 2))
        yield fig


@pytest.mark.parametrize("way", ["generator", "list", "function"])
def test_an_animation_stands_still_until_its_fold_is_opened(monkeypatch, way):
    shown, others = [], plt.get_fignums()
    monkeypatch.setattr("IPython.display.display", shown.append)

    def draw(number):
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([0, number])
        return fig

    frames = {
        "generator": lambda: waves(6),
        "list": lambda: [draw(n) for n in range(6)],
        "function": lambda: draw,
    }[way]()
    viz.animate(frames, "a < b", 'the "wave" moves', count=6 * (way == "function"), still=2, seconds=3)
    page = shown[0].data
    outside, fold = page.split("<details", 1)
    assert "open" not in fold.split(">")[0], "nothing moves before it is asked to"
    assert "<script" not in page
    assert "<summary" in fold
    assert "a &lt; b" in page
    assert 'alt="the &quot;wave&quot; moves"' in outside
    (kind, still), (moving_kind, moving) = re.findall(r"data:image/(\w+);base64,([^\"]+)", page)
    assert (kind, moving_kind) == ("png", "webp")
    with Image.open(io.BytesIO(base64.b64decode(still))) as picture:
        size = picture.size
        resting = np.asarray(picture.convert("RGB"), float)
    with Image.open(io.BytesIO(base64.b64decode(moving))) as motion:
        assert motion.n_frames == 6
        assert motion.size == size
        turns = []
        for number in range(6):
            motion.seek(number)
            motion.load()
            turns.append((motion.info["duration"], np.asarray(motion.convert("RGB"), float)))
    assert sum(duration for duration, _ in turns) == 4000
    assert np.argmin([np.abs(seen - resting).mean() for _, seen in turns]) == 2
    assert f'width="{round(size[0] / viz.MOTION)}"' in page
    assert plt.get_fignums() == others


def test_an_animation_is_bounded(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    viz.animate(waves(8), "a", "b")
    monkeypatch.setattr(viz, "MOTION_BYTES", int(0.9 * 3 / 4 * len(shown[0].data)))
    viz.animate(waves(8), "a", "b")
    assert len(shown[1].data) < 0.95 * len(shown[0].data), "coarser where there is less room"
    with pytest.raises(ValueError, match=r"24 frames take .* kB and there is room for .* fewer or smaller"):
        viz.animate(waves(24), "a", "b")
    with pytest.raises(ValueError, match="needs frames"):
        viz.animate([], "a", "b")
    with pytest.raises(ValueError, match="numbers 0 to 2"):
        viz.animate(waves(3), "a", "b", still=3)
    with pytest.raises(ValueError, match="one size"):
        viz.animate([plt.figure(figsize=(2, 2)), plt.figure(figsize=(2, 3))], "a", "b")


def test_the_shared_plots_draw_what_they_are_given():
    fig = viz.confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "b"])
    assert {text.get_text() for text in fig.axes[0].texts} == {"50", "100"}
    fig = viz.history({"net": {"accuracy": [0.1, 0.2], "val_accuracy": [0.1, 0.3]}})
    assert len(fig.axes[0].lines) == 2
    fig = viz.image_grid(np.zeros((3, 4, 4)), titles=["x", "y", "z"], columns=2, marked=[True])
    assert len(fig.axes) == 4
    truth = np.arange(6.0).reshape(2, 3)
    fig = viz.field_pair(truth, truth + 0.5, "speed (m/s)")
    low, high = fig.axes[2].images[0].get_clim()
    assert low == -high == -0.5
    assert fig.axes[0].images[0].get_clim() == fig.axes[1].images[0].get_clim() == (0, 5)
    plt.close("all")


# --- code page ----------------------------------------------------------------------------

CODE_PAGE = r"""
import locale, sys, types
from pathlib import Path
import nbformat
from utils.engine import book, results, runner
assert locale.getencoding().upper() not in ("UTF-8", "UTF8"), "this machine cannot show the fault"
root = Path(sys.argv[1])
notebook = root / "Lab" / "01_Naive.ipynb"
runner.ROOT, runner.notebooks, runner.update_pictures, book.LABS = root, lambda: [notebook], lambda: None, ("Lab",)
book.TITLES["Lab"] = "Lab"
runner.executed_path = lambda path: path
runner.show_results(as_json=False, update=True)
book.write_sources(Path(sys.argv[1]) / "pages", [book.Page(notebook, "fresh")])
results.record("lab.figure", 1.0, who="Ren\u00e9")
assert results.read_all()["lab.figure"]["who"] == "Ren\u00e9"
"""


def test_texts_are_utf_8_where_the_code_page_is_not(tmp_path):
    """As on a Windows machine, or with LC_ALL=C: README, notebooks and pages keep their letters."""
    marks = "<!-- notebooks -->\n<!-- /notebooks -->\n<!-- figures -->\n<!-- /figures -->\n"
    words = "na\u00efve \u03c0 \u2264 4, \u6771\u4eac"
    (tmp_path / "README.md").write_text(f"# {words}\n{marks}", encoding="utf-8")
    (tmp_path / "Lab").mkdir()
    cell = nbformat.v4.new_markdown_cell(
        f"# {words}\n\n{words}\n\n<!-- minutes -->0.1 min on a laptop (2 cores)<!-- /minutes -->"
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "Lab" / "01_Naive.ipynb")
    environment = {
        name: text
        for name, text in os.environ.items()
        if name not in ("LANG", "LC_CTYPE", "PYTHONIOENCODING")
    }
    environment |= {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "BOOTCAMP_CACHE": str(tmp_path / "kept"),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE_PAGE, tmp_path], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert words in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"[{words}](Lab/01_Naive.ipynb)" in (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    assert words in nbformat.read(tmp_path / "pages" / "Lab" / "01_Naive.ipynb", as_version=4).cells[0].source


def test_labels_that_are_true_or_false_are_numbers():
    assert preprocess.one_hot(np.array([True, False]), 2).tolist() == [[0, 1], [1, 0]]
    for labels in (np.array([[1], [0]]), np.array([0.0, 1.0])):
        with pytest.raises(ValueError, match="whole numbers of shape"):
            preprocess.one_hot(labels, 2)


def test_no_set_is_left_without_samples():
    assert [len(part) for part in preprocess.split(10, (0.9, 0.1), 0)] == [9, 1]
    assert [len(part) for part in preprocess.split(3, (1.0, 0.0), 0)] == [3, 0]
    assert [len(part) for part in preprocess.split(3, (0.9, 0.1), 0)] == [2, 1]
    assert [len(part) for part in preprocess.split(10, (0.49, 0.02, 0.49), 0)] == [5, 1, 4]
    with pytest.raises(ValueError, match="cannot fill 2 sets"):
        preprocess.split(1, (0.9, 0.1), 0)


@pytest.mark.parametrize("train", [np.array([]), np.array([1.0, np.nan]), np.array([1.0, np.inf])])
def test_what_cannot_be_standardised_is_refused(train):
    with pytest.raises(ValueError, match="every value would become nan"):
        preprocess.standardise(train, np.ones(3))


def test_masked_values_are_neither_labels_nor_a_training_set():
    masked = np.ma.array([1, 2, -999], mask=[0, 0, 1])
    for refused in (
        lambda: preprocess.one_hot(masked, 3),
        lambda: preprocess.standardise(masked),
        lambda: preprocess.standardise(np.arange(3), masked),
    ):
        with pytest.raises(ValueError, match="are masked"):
            refused()
    assert preprocess.standardise([0, 2], [4])[1].tolist() == [3]


def test_no_sample_is_left_over_and_a_loss_that_is_no_number_is_said(own_cache, capsys):
    import keras

    from utils import training

    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    x, y = np.ones((4, 1), np.float32), np.array([[1], [1], [np.nan], [1]], np.float32)
    for targets, weight in ((np.ones(5), None), (np.ones(3), None), (y, np.ones(5))):
        with pytest.raises(ValueError, match="one entry a sample"):
            training.fit(network, x, targets, name="uneven", epochs=1, sample_weight=weight)
    for _ in range(2):  # trained, and loaded
        training.fit(network, x, y, name="lost", epochs=2)
        assert "lost: from epoch 1 on the loss is no number" in capsys.readouterr().out


# --- what real drivers answer ---------------------------------------------------------------

UNKNOWN = 2**64 - 1  # NVML_VALUE_NOT_AVAILABLE


@pytest.mark.parametrize("told", [None, UNKNOWN])
def test_memory_of_a_process_that_the_driver_does_not_tell_is_not_0(monkeypatch, told):
    """As under Windows' display driver, where nvidia-smi prints N/A."""
    from intro import devices

    silent = FakeNvml("pynvml")
    silent.nvmlDeviceGetComputeRunningProcesses = lambda handle: [
        types.SimpleNamespace(pid=os.getppid(), usedGpuMemory=told)
    ]
    monkeypatch.setitem(sys.modules, "pynvml", silent)
    monkeypatch.setattr(gpu, "seen", lambda: {"PyTorch": True})
    text = "\n".join(gpu.describe())
    assert f"Held by others: memory by process {os.getppid()}" in text
    assert " 0 MB by" not in text
    assert "not told" in devices.gpu_table(gpu.list_gpus(), [])["processes"][0]


@pytest.mark.parametrize(
    ("named", "sees"),
    [("", False), ("-1", False), ("7", False), ("NoDevFiles", False), ("0", True), ("0,7", True), ("1,0", True),
     ("GPU-8932f937", True), ("MIG-89c850dc-38e3-57df-85c7-690c186b68e9", True), ("MIG-GPU-8932f937/1/2", True)],
)  # fmt: skip
def test_a_gpu_that_a_variable_hides_is_not_called_a_build_for_the_cpu(monkeypatch, named, sees):
    monkeypatch.delenv("BOOTCAMP_PROFILE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml("pynvml"))
    for name, module in frameworks(int(sees), int(sees)).items():
        monkeypatch.setitem(sys.modules, name, module)
    text = "\n".join(gpu.describe())
    assert f"CUDA_VISIBLE_DEVICES is '{named}'" in text
    assert ("may name none of them" in text) == (not sees)
    assert "built for the CPU" not in text
    assert course.profile() == ("gpu" if sees else "laptop")


def test_apple_and_amd(monkeypatch):
    monkeypatch.delenv("BOOTCAMP_PROFILE", raising=False)
    monkeypatch.setattr(gpu, "list_gpus", list)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)

    def torch(cuda, mps):
        return types.SimpleNamespace(
            cuda=types.SimpleNamespace(is_available=lambda: cuda),
            backends=types.SimpleNamespace(mps=types.SimpleNamespace(is_available=lambda: mps)),
        )

    monkeypatch.setitem(sys.modules, "torch", torch(cuda=False, mps=True))
    assert (
        "GPU: one of Apple, which this course does not use. Everything runs on the CPU." in gpu.describe()[1]
    )
    assert course.profile() == "laptop"
    monkeypatch.setitem(sys.modules, "torch", torch(cuda=True, mps=False))  # so PyTorch calls AMD's ROCm
    assert "found by PyTorch" in gpu.describe()[1]
    assert course.profile() == "gpu"


@pytest.mark.parametrize(
    "word", ["ERR!", "Unknown Error", "GPU is lost", "Insufficient Permissions", "Not Supported"]
)
def test_a_driver_that_refuses_everything_still_has_a_gpu(monkeypatch, word):
    broken = FakeNvml("pynvml")

    def refuse(*arguments):
        raise FakeNvml.NVMLError(word)

    for query in ("MemoryInfo", "MigMode", "Name", "ComputeRunningProcesses"):
        setattr(broken, f"nvmlDeviceGet{query}", refuse)
    broken.nvmlSystemGetDriverVersion = refuse
    monkeypatch.setitem(sys.modules, "pynvml", broken)
    monkeypatch.setattr(gpu, "seen", lambda: {"PyTorch": True})
    assert "GPU 0: a GPU without a name, memory not told, driver unknown." in gpu.describe()


def test_labels_of_a_table_have_no_idle_digits(monkeypatch):
    """A row called 0.55 stood as 0.550000."""
    import pandas as pd

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data["text/html"]))
    viz.table(pd.DataFrame({0.25: [1.0, 2.0]}, [0.55, np.float32(1.5)]), "A caption.", "{:.2f}")
    viz.table(pd.DataFrame({"steps": [1, 2]}, ["one", "two"]), index=False)
    labels = re.findall(r">([^<>\s&]+)</t[hd]>", shown[0])
    assert labels == ["0.25", "0.55", "1.00", "1.5", "2.00"], labels
    assert "one" not in shown[1]
