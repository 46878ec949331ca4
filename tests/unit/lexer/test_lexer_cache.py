"""Tables in the user's cache folder: private, whole, bound to the grammar."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chronomux.lexer import Lexer, cache, machine
from chronomux.lexer.grammar import Grammar
from tests.conftest import ROOT


def fresh(cls: str = "Sums", regex: str = "[0-9]+") -> type[Lexer]:
    """A class like any other of this grammar, which has no machine yet."""

    def p_sum(self: Any, p: Any) -> None:
        """sum : NUMBER
        | sum '+' NUMBER"""
        p[0] = int(p[1]) + int(p[3]) if len(p) > 2 else int(p[1])

    rules = {"tokens": ("NUMBER",), "literals": "+", "t_NUMBER": regex, "p_sum": p_sum}
    return type(cls, (Lexer,), rules)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "a" / "cache"
    monkeypatch.setenv("CHRONOMUX_CACHE", str(path))
    return path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the classes whose tables PLY had to make."""
    names = []
    build = machine.built

    def noting(grammar: Grammar) -> Any:
        names.append(grammar.owner.__name__)
        return build(grammar)

    monkeypatch.setattr(machine, "built", noting)
    return names


def kept(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_tables_are_made_once_for_all_programs(folder: Path, built: list[str]) -> None:
    assert fresh("First")().parse("1+2") == 3
    assert fresh("Second")().parse("1+2") == 3  # the same grammar in another class
    assert built == ["First"]


def test_tables_are_made_once_for_a_class(folder: Path, built: list[str]) -> None:
    cls = fresh()
    together = threading.Barrier(4)

    def make() -> None:
        together.wait(60)
        cls()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert built == ["Sums"]


def test_folder_and_file_are_private(folder: Path) -> None:
    fresh()()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept(folder).stat().st_mode) == 0o600


def test_another_grammar_has_another_file(folder: Path, built: list[str]) -> None:
    fresh()()
    fresh(regex="[0-9]")()
    assert built == ["Sums", "Sums"]
    assert len(list(folder.iterdir())) == 2


def test_cache_can_be_another_folder_or_none(
    folder: Path, tmp_path: Path, built: list[str]
) -> None:
    fresh()(cache=False)
    assert not folder.exists()
    fresh()(cache=tmp_path / "other")
    assert kept(tmp_path / "other").name.startswith("tables-")
    fresh()(cache=str(tmp_path / "other"))
    assert len(built) == 2


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "altered": lambda path: path.write_text(path.read_text().replace("-1", "-9", 1)),
    "not text": lambda path: path.write_bytes(b"\xff" * 100),
    "code": lambda path: path.write_text("raise SystemExit('run')"),
    "nested": lambda path: path.write_text("(" * 100_000),
    "too large": lambda path: os.truncate(path, cache.SIZE_LIMIT + 1),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_made_anew(folder: Path, built: list[str], damage: str) -> None:
    fresh()()
    DAMAGE[damage](kept(folder))
    assert fresh()().parse("2+3") == 5
    assert built == ["Sums", "Sums"]


def test_tables_of_another_grammar_are_not_taken(
    folder: Path, built: list[str]
) -> None:
    fresh()()
    path = kept(folder)
    tables = cache.load(folder, path.stem.removeprefix("tables-"))
    assert tables is not None
    wrong = tables.to_source("").replace(tables.digest, "0" * 64)
    path.write_text(f"{wrong}{cache.SUM}{cache.checksum(wrong)}\n")
    fresh()()
    assert built == ["Sums", "Sums"]


def test_what_is_read_is_never_run(folder: Path, capfd: Any) -> None:
    fresh()()
    path = kept(folder)
    source = path.read_text().rpartition(cache.SUM)[0]
    evil = source.replace("ply='3.11'", "ply=print('run')")
    assert evil != source
    path.write_text(f"{evil}{cache.SUM}{cache.checksum(evil)}\n")
    assert fresh()().parse("1") == 1
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_folder_that_others_can_write_to_is_not_used(
    folder: Path, built: list[str], caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    fresh()()
    folder.chmod(mode)
    assert fresh()().parse("1") == 1
    assert built == ["Sums", "Sums"]
    assert "is not used: it must be a folder that only its owner" in caplog.text


def test_link_in_place_of_the_folder_is_not_used(
    folder: Path, tmp_path: Path, built: list[str]
) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    folder.parent.mkdir()
    folder.symlink_to(real)
    fresh()()
    assert list(real.iterdir()) == []


def test_folder_that_cannot_be_made_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHRONOMUX_CACHE", str(tmp_path / "file" / "cache"))
    assert fresh()().parse("1+1") == 2


def test_folder_is_the_systems_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHRONOMUX_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.folder() == tmp_path / ".cache" / "chronomux"
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert cache.folder() == Path("/var/cache/me/chronomux")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.folder() == tmp_path / "Library" / "Caches" / "chronomux"


PROGRAM = """
import sys
from chronomux.lexer import Lexer

class Sums(Lexer):
    tokens = ("NUMBER",)
    literals = "+"

    def t_NUMBER(self, t):
        "[0-9]+"
        return t

    def p_sum(self, p):
        '''sum : NUMBER
        | sum '+' NUMBER'''
        p[0] = int(p[1]) + int(p[3]) if len(p) > 2 else int(p[1])

print(Sums().parse("1+2"), "ply" in sys.modules)
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )


def test_cached_tables_need_no_ply_and_serve_without_docstrings(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "sums.py"
    path.write_text(PROGRAM)
    assert run(path).stdout == "3 True\n"
    assert run(path).stdout == "3 False\n"
    optimised = run("-OO", path)
    assert (optimised.stdout, optimised.stderr) == ("3 False\n", "")


def test_tables_are_made_without_docstrings_where_there_is_the_source(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "sums.py"
    path.write_text(PROGRAM)
    assert run("-OO", path).stdout == "3 True\n"


def test_rules_without_docstrings_and_source_are_a_clear_error(folder: Path) -> None:
    program = f"exec(compile({textwrap.dedent(PROGRAM)!r}, '<no file>', 'exec'))"
    done = run("-OO", "-c", program)
    assert done.returncode == 1
    assert "python -OO has dropped the docstring of Sums." in done.stderr
    assert "run without -OO, or keep the source" in done.stderr
