"""What a test file or a notebook depends on: read from its imports, not executed, and rather too much than too little."""

import ast
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

SETTINGS = (
    "BOOTCAMP_PROFILE",
    "BOOTCAMP_SEED",
    "BOOTCAMP_DATA",
    "BOOTCAMP_VARIANT",
    "BOOTCAMP_CONTAINER_TEST",
    "BOOTCAMP_SLURM_TEST",
    "BOOTCAMP_HUB_TEST",
    "BOOTCAMP_IMAGE_TEST",
    "BOOTCAMP_CHART_TEST",
    "BOOTCAMP_CUDA_PACKAGES_TEST",
)
FOR_ALL = ("conftest.py", "pyproject.toml", "data", "utils/bootcamp.mplstyle")  # and the requirements
REACHES_OUT = ("ROOT", "__file__", "subprocess", "runpy")  # words of a test that looks beyond what it imports
READS_NOTEBOOKS = ("ipynb", "notebooks")
LEFT_OUT = ("__pycache__", "node_modules")


class Course:
    """The files of a copy of the course and who imports whom.

    Args:
        root: folder of the course.
    """

    def __init__(self, root: Path):
        self.root = root
        self._imported: dict[str, set[str]] = {}
        self._hashes: dict[str, str] = {}

    @cached_property
    def files(self) -> list[str]:
        """Names of all files but hidden ones, the cache and environments, relative to the root."""
        found = []
        for folder, inside, names in os.walk(self.root):
            here = Path(folder)
            inside[:] = [
                name
                for name in inside
                if not name.startswith(".")
                and name not in LEFT_OUT
                and (here / name) != self.root / "data" / "cache"
                and not (here / name / "pyvenv.cfg").exists()
            ]
            found += [(here / name).relative_to(self.root).as_posix() for name in names if name[0] != "."]
        return sorted(found)

    @cached_property
    def modules(self) -> dict[str, set[str]]:
        """Files by the dotted names under which they can be imported: from the root or from a folder in it."""
        found: dict[str, set[str]] = {}
        for name in self.files:
            if name.endswith(".py"):
                parts = name.removesuffix(".py").removesuffix("/__init__").split("/")
                for start in range(min(2, len(parts))):
                    found.setdefault(".".join(parts[start:]), set()).add(name)
        return found

    def needs(self, unit: str) -> set[str]:
        """The files whose change may change what the test file or notebook does.

        Everything needs `FOR_ALL` and the requirements. A notebook needs itself, the package of its lab and what both
        import. A test file needs what it imports; if it reads files or starts programs, all code; if it knows of
        notebooks, all files. A file that cannot be parsed needs all files.
        """
        found = {name for name in self.files if name.startswith("requirements") or _is_in(name, FOR_ALL)}
        todo = [unit]
        lab = unit.rpartition("/")[0]
        if unit.endswith(".ipynb") and lab:
            todo += [
                name for name in self.files if name.startswith(lab + "/") and not name.endswith(".ipynb")
            ]
        reached: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += self._imports(name)
        if not unit.endswith(".ipynb"):
            text = "".join(self._text(name) for name in reached if name.startswith("tests/"))
            if any(word in text for word in READS_NOTEBOOKS):
                return set(self.files)
            if any(word in text for word in REACHES_OUT):
                found |= {name for name in self.files if not name.endswith((".ipynb", ".md", ".png"))}
        return found | reached

    def fingerprint(self, unit: str) -> str:
        """One number for everything that the unit needs, the versions and the settings: equal means it runs the same."""
        digest = hashlib.sha256(platform.python_version().encode())
        for name in SETTINGS:
            digest.update(f"{name}={os.environ.get(name, '')}\n".encode())
        for name in sorted(self.needs(unit)):
            digest.update(f"{name} {self._hash(name)}\n".encode())
        return digest.hexdigest()

    def _imports(self, name: str) -> set[str]:
        if name not in self._imported:
            self._imported[name] = self._read_imports(name)
        return self._imported[name]

    def _read_imports(self, name: str) -> set[str]:
        if not name.endswith((".py", ".ipynb")):
            return set()
        try:
            tree = ast.parse(self._text(name))
        except (SyntaxError, ValueError, KeyError):
            return set(self.files)
        found: set[str] = set()
        for dotted in _names(tree, name):
            parts = dotted.split(".")
            for end in range(1, len(parts) + 1):
                found |= self.modules.get(".".join(parts[:end]), set())
        return found

    def _text(self, name: str) -> str:
        text = (self.root / name).read_text(encoding="utf-8", errors="replace")
        if name.endswith(".ipynb"):
            cells = json.loads(text)["cells"]
            return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        return text

    def _hash(self, name: str) -> str:
        if name not in self._hashes:
            try:
                self._hashes[name] = hashlib.sha256((self.root / name).read_bytes()).hexdigest()
            except OSError:
                self._hashes[name] = "gone"
        return self._hashes[name]


def _is_in(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(place + "/") for place in places)


def _names(tree: ast.Module, file: str) -> Iterator[str]:
    """Every dotted name that is imported, or written as a text, as for `importlib.import_module`."""
    folders = file.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folders[: len(folders) + 1 - node.level] if node.level else []
            package = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{package}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield node.value
