"""What is written down is true: examples run, commands exist, names are explained."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pydoc
import re
from pathlib import Path

import pytest

import chronomux
from tests.conftest import ROOT
from tests.unit.test_house import modules

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCTEST_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PYTHON_BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
ROOMS = [name for name in modules() if name.count(".") < 2 and "__" not in name]


def run_examples(test: doctest.DocTest) -> None:
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=DOCTEST_OPTIONS)
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", [n for n in modules() if not n.endswith("__main__")])
def test_examples_in_docstrings_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder().find(module):
        run_examples(test)


def test_examples_in_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(block for block in PYTHON_BLOCKS if ">>>" in block)
    parser = doctest.DocTestParser()
    run_examples(parser.get_doctest(text, {}, "README.md", "README.md", 0))


def test_code_in_readme_is_python() -> None:
    for block in PYTHON_BLOCKS:
        if ">>>" not in block:
            compile(block, "README.md", "exec")


@pytest.mark.parametrize(
    "command",
    [
        "sh src/requirements.sh && venv/bin/chronomux demo",
        "sh src/requirements.sh && venv/bin/pytest",
    ],
)
def test_readme_gives_the_command_on_a_line_of_its_own(command: str) -> None:
    assert command in [line.strip() for line in README.splitlines()]


def test_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## (\S+)", CHANGELOG, re.MULTILINE)
    assert newest
    assert newest[1] == chronomux.__version__


@pytest.mark.parametrize("name", ROOMS)
def test_room_says_what_it_is_for_and_what_it_offers(name: str) -> None:
    room = importlib.import_module(name)
    assert room.__doc__, f"{name} has no docstring"
    for public in getattr(room, "__all__", []):
        value = getattr(room, public)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert inspect.getdoc(value), f"{name}.{public} has no docstring"
    assert name in pydoc.render_doc(room, renderer=pydoc.plaintext)
