"""Environment variables: the course's own are checked and said, those of others do not reach it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.engine import settings, surroundings
from utils.engine.paths import cache_dir

ROOT = Path(__file__).resolve().parents[1]
WRONG = [
    ("BOOTCAMP_SEED", "abc"), ("BOOTCAMP_SEED", "1.5"), ("BOOTCAMP_SEED", "-1"), ("BOOTCAMP_SEED", str(10**20)),
    ("BOOTCAMP_SEED", "1e3"), ("BOOTCAMP_SEED", "٣"), ("BOOTCAMP_SEED", "1_000"), ("BOOTCAMP_SEED", "9" * 5000),
    ("BOOTCAMP_GPU_MEMORY_MB", "8GB"), ("BOOTCAMP_GPU_MEMORY_MB", "4G"), ("BOOTCAMP_GPU_MEMORY_MB", "0"),
    ("BOOTCAMP_GPU_MEMORY_MB", "-4096"), ("BOOTCAMP_PROFILE", "tpu"), ("BOOTCAMP_PROFILE", "GPU"),
    ("BOOTCAMP_VARIANT", "rocm"), ("BOOTCAMP_OFFLINE", "maybe"), ("BOOTCAMP_CACHE", __file__),
    ("BOOTCAMP_DATA", __file__), ("BOOTCAMP_VENV", __file__), ("BOOTCAMP_DATA", "/no/such/folder"),
    ("BOOTCAMP_CACHE", "~nobody-of-this-name/c"), ("BOOTCAMP_CACHE", "/tmp/" + "x" * 300), ("BOOTCAMP_VENV", "x/" * 3000),
    ("BOOTCAMP_DATA", __file__ + "/below-a-file"), ("BOOTCAMP_OFFLINE", "yes"),
]  # fmt: skip


@pytest.fixture
def clean(monkeypatch):
    for name in list(os.environ):
        if name.startswith("BOOTCAMP_"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_cannot_be_meant_is_one_sentence_with_the_variable(name, value, clean):
    clean.setenv(name, value)
    with pytest.raises(settings.SettingError) as refused:
        settings.READERS[name]()
    assert str(refused.value).startswith(name)
    assert "unset it" in str(refused.value)
    assert len(str(refused.value)) < 400
    assert settings.problems() == [str(refused.value)]


@pytest.mark.parametrize("name", settings.READERS)
@pytest.mark.parametrize("value", ["", "   "])
def test_empty_is_unset(name, value, clean):
    unset = settings.READERS[name]()
    clean.setenv(name, value)
    assert settings.READERS[name]() == unset
    assert settings.problems() == []
    assert settings.in_force() == []


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40))
def test_any_text_is_a_value_or_a_sentence(value):
    with pytest.MonkeyPatch.context() as patch:
        for name in settings.MEANING:
            patch.delenv(name, raising=False)
        for name, read in settings.READERS.items():
            patch.setenv(name, value)
            with contextlib.suppress(settings.SettingError):
                read()
            said = "".join(settings.problems())
            assert said.isprintable()
            assert said == "" or said.startswith(name)
            patch.delenv(name)


@given(st.integers(0, settings.LARGEST_SEED))
def test_every_seed_that_the_libraries_take_is_taken(number):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_SEED", f" {number} ")
        assert settings.seed(7) == number


@pytest.mark.skipif(
    os.name != "posix" or os.getuid() != 0, reason="only root can step into another user's place"
)
@pytest.mark.parametrize("name", ["BOOTCAMP_VENV", "BOOTCAMP_CACHE", "BOOTCAMP_DATA"])
def test_a_folder_of_another_user_is_a_sentence(name, tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from utils.engine import settings; os.setuid(65534);"
        "print(settings.problems())"
    )
    environment = {"PATH": os.environ["PATH"], name: str(tmp_path / "private" / "x")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert "which cannot be used (Permission denied)" in done.stdout, done.stderr


def test_without_a_known_home_the_cache_is_where_xdg_says(clean, tmp_path):
    """A container that runs as a number without a name; a relative XDG folder counts for nothing."""
    clean.setattr("os.path.expanduser", lambda path: path)
    clean.setattr("os.access", lambda path, mode: Path(path).is_relative_to(tmp_path))
    clean.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "ai-for-science-bootcamp"
    clean.setenv("XDG_CACHE_HOME", "relative")
    with pytest.raises(OSError, match="Set BOOTCAMP_CACHE to a folder"):
        cache_dir()


def test_a_folder_without_a_home_stays_for_the_sentence(clean, tmp_path):
    clean.setenv("BOOTCAMP_VENV", "~nobody-of-this-name/v")
    settings.make_folders_absolute(tmp_path)
    with pytest.raises(settings.SettingError, match="no such home folder"):
        settings.venv()


def test_what_check_prints_of_a_setting_is_printable(clean, tmp_path):
    clean.setenv("BOOTCAMP_CACHE", str(tmp_path / "a\x1b[31m\nb"))
    clean.setenv("BOOTCAMP_X\x1b[31m", "1")
    assert "".join(value for _, value, _ in settings.in_force()).isprintable()
    assert "".join(settings.problems()).isprintable()


def test_a_misspelt_name_is_pointed_out(clean):
    clean.setenv("BOOTCAMP_CAHCE", "/scratch")
    assert settings.problems() == ["BOOTCAMP_CAHCE is no setting of the course. Did you mean BOOTCAMP_CACHE?"]


def test_a_relative_cache_is_one_folder_for_all_labs(clean, tmp_path):
    clean.setenv("BOOTCAMP_CACHE", "relative-cache-of-a-test")
    places = set()
    for folder in (ROOT, ROOT / "Intro_to_DL", tmp_path):
        clean.chdir(folder)
        places.add(settings.cache())
    assert places == {ROOT / "relative-cache-of-a-test"}
    clean.chdir(tmp_path)
    settings.make_folders_absolute(tmp_path)
    assert settings.cache() == tmp_path / "relative-cache-of-a-test"
    assert cache_dir() == tmp_path / "relative-cache-of-a-test"


def test_home_and_links_are_followed(clean, tmp_path):
    clean.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(tmp_path / "not-there-yet")
    for value, expected in (
        ("~/c", "c"),
        (str(tmp_path / "link"), "not-there-yet"),
        (str(tmp_path / "a/../b"), "b"),
    ):
        clean.setenv("BOOTCAMP_CACHE", value)
        assert cache_dir() == tmp_path / expected


def test_check_says_what_is_in_force_and_never_ends_in_a_traceback(clean, tmp_path):
    environment = dict(os.environ) | {"BOOTCAMP_CACHE": str(tmp_path / "cache"), "BOOTCAMP_SEED": "3"}
    command = [sys.executable, "-m", "utils.engine.check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8")
    assert "BOOTCAMP_SEED is set to 3 (seed of every notebook" in done.stdout
    wrong = environment | {
        "BOOTCAMP_SEED": "1.5",
        "BOOTCAMP_CACHE": __file__,
        "BOOTCAMP_PROFILE": "tpu",
        "BOOTCAMP_X": "1",
    }
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in (
        "BOOTCAMP_SEED is '1.5'",
        "BOOTCAMP_PROFILE is 'tpu'",
        "BOOTCAMP_CACHE names",
        "BOOTCAMP_X is no",
    ):
        assert f"[FAIL] {name}" in done.stdout


def test_the_surroundings_are_scrubbed_and_the_proxy_stays():
    theirs = {
        "PYTHONPATH": "/old", "PYTHONHOME": "/old", "PYTHONSAFEPATH": "1", "PIP_TARGET": "/t", "PIP_PREFIX": "/p",
        "PIP_ROOT": "/r", "PIP_USER": "1", "PIP_DRY_RUN": "1", "PIP_NO_BINARY": ":all:", "PIP_REQUIRE_VIRTUALENV": "1",
        "JUPYTER_PATH": "/module", "KERAS_BACKEND": "jax", "KERAS_HOME": "/k", "MATPLOTLIBRC": "/m", "CONDA_PREFIX": "/c",
        "CONDA_DEFAULT_ENV": "base", "_CONDA_ROOT": "/c", "VIRTUAL_ENV": "/v",
        "PYTHONIOENCODING": "ascii", "JUPYTERLAB_DIR": "/l", "JUPYTER_ALLOW_INSECURE_WRITES": "1",
        "JUPYTER_GATEWAY_URL": "http://gateway.example", "PYTEST_ADDOPTS": "-x", "TF_XLA_FLAGS": "--unknown",
        "TORCH_LOGS": "unknown", "NUMBA_THREADING_LAYER": "tbb", "TQDM_MININTERVAL": "abc", "IPYTHONDIR": "/i",
        "HDF5_DRIVER": "unknown",
    }  # fmt: skip
    kept = {
        "HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "localhost", "PIP_INDEX_URL": "https://mirror.example",
        "PIP_CERT": "/cert.pem", "SSL_CERT_FILE": "/cert.pem", "CUDA_VISIBLE_DEVICES": "1", "PATH": "/bin", "HOME": "/h",
        "LD_LIBRARY_PATH": "/lib", "BOOTCAMP_SEED": "1", "SLURM_JOB_ID": "7", "NUMBA_NUM_THREADS": "2",
    }  # fmt: skip
    environment = theirs | kept
    surroundings.scrub(environment)
    assert environment == kept | surroundings.SET | {"IPYTHONDIR": str(cache_dir("ipython"))}
    surroundings.scrub(environment)
    assert environment == kept | surroundings.SET | {"IPYTHONDIR": str(cache_dir("ipython"))}


HOSTILE_HOME = """
from utils import course
course.begin("Lab/00_Test", uses=["keras", "torch"])
import keras, matplotlib
print(keras.backend.backend(), keras.config.floatx(), keras.config.image_data_format(), matplotlib.rcParams["text.usetex"])
"""


def test_settings_of_keras_and_matplotlib_in_the_home_do_not_count(tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(
        '{"backend": "jax", "floatx": "float64", "image_data_format": "channels_first"}', encoding="utf-8"
    )
    (tmp_path / ".config" / "matplotlib").mkdir(parents=True)
    (tmp_path / ".config" / "matplotlib" / "matplotlibrc").write_text("text.usetex: True\n", encoding="utf-8")
    environment = os.environ | {
        "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config"), "BOOTCAMP_CACHE": str(tmp_path / "cache"),
        "KERAS_BACKEND": "jax",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE_HOME], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.stdout.splitlines()[-1:] == ["tensorflow float32 channels_last False"], done.stderr
