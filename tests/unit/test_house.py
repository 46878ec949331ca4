"""The shape of the house: who imports whom, and what an import costs.

    cli -> replay -> {event, readers, writers, queue, lexer, util}
    event, readers, writers, queue, lexer -> _core, errors, types      util -> errors
    _core -> errors            errors, types -> the standard library

An arrow may skip floors on its way down to errors, types and _core, but `cli` sees the
rooms through `replay` only, and rooms on one floor do not know each other.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import chronomux
from tests.conftest import ROOT

PACKAGE = Path(chronomux.__file__).parent
CEXT = ROOT / "cext"

GROUND = {"errors", "types"}
ROOMS = {"event", "readers", "writers", "queue", "lexer", "util"}
ARROWS = {
    "errors": set[str](),
    "types": set[str](),
    "samples": set[str](),
    "_core": {"errors"},
    "event": {"_core", *GROUND},
    "readers": {"_core", *GROUND},
    "writers": {"_core", *GROUND},
    "queue": {"_core", *GROUND},
    "lexer": {"_core", *GROUND},
    "util": {"errors"},
    "replay": {*ROOMS, "samples", "_core", *GROUND},
    "cli": {"replay", "samples", "chronomux", *GROUND},
    "__main__": {"cli"},
    # The front door names what stands in any room.
    "chronomux": {"replay", *ROOMS, "_core", *GROUND},
}
STANDARD_LIBRARY_ONLY = GROUND
LATE = {"dill", "multiprocess", "numpy", "pathos", "ply", "pox", "ppft", "zstandard"}

CYTHON_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+c?import[ \t]+\(?([\w \t,.]*)"
    r"|c?import[ \t]+([\w \t,.]+))",
    re.MULTILINE,
)


def modules() -> list[str]:
    """Dotted names of all modules, compiled ones too, as they stand on disk."""
    names = set()
    for pattern in "*.py", "*" + sysconfig.get_config_var("EXT_SUFFIX"):
        for path in PACKAGE.rglob(pattern):
            parts = path.relative_to(PACKAGE.parent).parts
            names.add(".".join((*parts[:-1], path.name.split(".")[0])))
    return sorted(name.removesuffix(".__init__") for name in names)


def room_of(module: str) -> str:
    """The room a dotted name belongs to; 'chronomux' for the front door itself."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] not in ARROWS:
        return "chronomux"
    return parts[1]


def python_imports(path: Path) -> Iterator[str]:
    parent = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = parent[: len(parent) - node.level + 1] if node.level else ()
            base = ".".join((*up, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def cython_imports(path: Path) -> Iterator[str]:
    for base, names, modules in CYTHON_IMPORT.findall(path.read_text()):
        found = [name.split()[0] for name in (names or modules).split(",") if name]
        base = re.sub(
            r"^\.\.", "chronomux.", re.sub(r"^\.(?!\.)", "chronomux._core.", base)
        )
        prefix = f"{base.rstrip('.')}." if base else ""
        yield from (prefix + name for name in found or [""])


def arrows_against(room: str, imports: Iterator[str]) -> list[str]:
    """The imports of a module of `room` that break the rules."""
    wrong = []
    for name in imports:
        package = name.split(".")[0]
        if package == "chronomux":
            target = room_of(name)
            if target != room and target not in ARROWS[room]:
                wrong.append(name)
        elif room in STANDARD_LIBRARY_ONLY and package not in sys.stdlib_module_names:
            wrong.append(name)
    return wrong


def relative(path: Path) -> str:
    top = PACKAGE.parent if path.is_relative_to(PACKAGE) else CEXT
    return path.relative_to(top).as_posix()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_python_module_imports_downwards_only(path: Path) -> None:
    stem = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    room = "chronomux" if stem == "__init__" else stem
    assert room in ARROWS, f"{room} has no place in the house: say whom it may import"
    assert arrows_against(room, python_imports(path)) == []


@pytest.mark.parametrize(
    "path", sorted([*CEXT.rglob("*.pyx"), *CEXT.rglob("*.pxd")]), ids=relative
)
def test_compiled_module_imports_downwards_only(path: Path) -> None:
    assert path.relative_to(CEXT).parts[:2] == ("chronomux", "_core")
    assert arrows_against("_core", cython_imports(path)) == []


@pytest.mark.parametrize(
    ("room", "line", "wrong"),
    [
        ("readers", "from chronomux.queue import X", ["chronomux.queue.X"]),
        ("readers", "from chronomux import queue", ["chronomux.queue"]),
        ("readers", "import chronomux.writers as w", ["chronomux.writers"]),
        ("readers", "from ..util import m", ["chronomux.util.m"]),
        ("readers", "from .. import util", ["chronomux.util"]),
        ("readers", "from chronomux import merge", ["chronomux.merge"]),
        ("readers", "def f():\n from chronomux.cli import m", ["chronomux.cli.m"]),
        ("readers", "from . import base, text", []),
        ("readers", "from chronomux.errors import ReaderError", []),
        ("readers", "import numpy", []),
        ("util", "from chronomux.types import X", ["chronomux.types.X"]),
        ("cli", "from chronomux.readers import X", ["chronomux.readers.X"]),
        ("cli", "from chronomux import __version__", []),
        ("replay", "from chronomux.cli import m", ["chronomux.cli.m"]),
        ("errors", "import numpy.typing", ["numpy.typing"]),
        ("errors", "from collections.abc import Iterator", []),
    ],
)
def test_broken_python_arrow_is_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: str,
    line: str,
    wrong: list[str],
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path / "chronomux")
    path = tmp_path / "chronomux" / room / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert arrows_against(room, python_imports(path)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("from chronomux.types cimport x", ["chronomux.types.x"]),
        ("from chronomux.queue import (\n    Queue,\n)", ["chronomux.queue."]),
        ("cimport chronomux.readers.x as y", ["chronomux.readers.x"]),
        ("def f():\n    import numpy, chronomux.util", ["chronomux.util"]),
        ("from ..readers import x", ["chronomux.readers.x"]),
        ("from .. import readers", ["chronomux.readers"]),
        ("from .ordinal cimport a", []),
        ("from . cimport ordinal", []),
        ("from chronomux._core.ordinal cimport a, b", []),
        ("from chronomux.errors import DisorderError", []),
        ("from libc.stdint cimport int64_t", []),
    ],
)
def test_broken_compiled_arrow_is_seen(
    tmp_path: Path, text: str, wrong: list[str]
) -> None:
    path = tmp_path / "module.pyx"
    path.write_text(text)
    assert arrows_against("_core", cython_imports(path)) == wrong


@pytest.mark.skipif(not CEXT.is_dir(), reason="needs the source tree")
def test_every_compiled_module_is_built_and_has_a_stub() -> None:
    sources = {
        ".".join(path.relative_to(CEXT).with_suffix("").parts)
        for path in CEXT.rglob("*.pyx")
    }
    stubs = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.pyi")
    }
    assert stubs == sources
    assert sources <= set(modules())


# A new process for each module, but only one start of Python for all of them.
IMPORT_EACH = """
import os, sys, traceback
for module in sys.argv[1:]:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            __import__(module)
            print(module, *{name.split(".")[0] for name in sys.modules}, flush=True)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Top-level names in sys.modules after the import of each module alone."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EACH, *modules()],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.stderr == ""
    lines = [line.split() for line in run.stdout.splitlines()]
    return {module: set(names) for module, *names in lines}


@pytest.mark.parametrize("module", modules())
def test_module_imports_alone(module: str, loaded: dict[str, set[str]]) -> None:
    assert module in loaded, "its process died"
    if module.count(".") < 2:
        assert not loaded[module] & LATE, f"import {module} is not light"
