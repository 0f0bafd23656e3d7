"""What a user's shell, batch system or home folder may hold that would make the course run with other programs.

One place for the launcher, the server and the tests. Standard library only. Proxies, package indexes, certificates and
what selects a GPU stay as they are.
"""

from collections.abc import MutableMapping
from contextlib import suppress

from utils.engine import paths, settings

PIP_KEEPS = (  # where packages come from; everything else of pip's decides where they go or what happens to them
    "INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "CERT", "CLIENT_CERT", "PROXY",
    "TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CACHE_DIR", "NO_CACHE_DIR", "CONFIG_FILE", "KEYRING_PROVIDER",
)  # fmt: skip
REMOVED = (
    "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR",
    "PYTHONOPTIMIZE",  # it would take the assertions out of notebooks and tests
    "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONEXECUTABLE", "PYTHONIOENCODING", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV",
    "JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_PREFER_ENV_PATH", "JUPYTERLAB_DIR",
    "JUPYTER_ALLOW_INSECURE_WRITES",  # the keys of running kernels would be readable by everybody
    "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    "KERAS_BACKEND", "KERAS_HOME", "TF_USE_LEGACY_KERAS", "TF_XLA_FLAGS", "TORCH_LOGS", "HDF5_DRIVER",
    "MATPLOTLIBRC", "MPLBACKEND",
)  # fmt: skip
PREFIXES = (
    "CONDA_", "_CONDA_", "NUMBA_", "TQDM_",
    "JUPYTER_GATEWAY_",  # kernels would run on another machine, with other packages
)  # fmt: skip
SET = {
    "PYTHONNOUSERSITE": "1",  # packages in the home folder must not shadow the tested ones
    "PYTHONUTF8": "1",  # text is UTF-8, whatever the code page of the system is
    "PIP_USER": "0",  # also where pip's own configuration says otherwise
    "JUPYTER_PREFER_ENV_PATH": "1",  # a kernel called python3 in the home folder is not the course's
}


def scrub(environment: MutableMapping[str, str]) -> None:
    """Remove and set in place what the course must not inherit."""
    for name in list(environment):
        pip_option = name.removeprefix("PIP_") if name.startswith("PIP_") else ""
        if (
            name in REMOVED
            or (name.startswith(PREFIXES) and name != "NUMBA_NUM_THREADS")
            or (pip_option and pip_option not in PIP_KEEPS)
        ):
            del environment[name]
    environment.update(SET)
    with suppress(OSError, settings.SettingError):  # whoever writes there says it
        # A profile in the home folder may hold start-up files and settings, which would run in every kernel.
        environment["IPYTHONDIR"] = str(paths.cache_dir("ipython"))
