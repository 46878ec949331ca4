"""The script of `chronomux completion`, as bash runs it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from chronomux.cli.completion import script
from chronomux.cli.entry import VERBS, main

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def completed(*words: str) -> list[str]:
    """What bash offers for the last of the words."""
    quoted = " ".join(f"'{word}'" for word in words)
    ask = (
        f"{script()}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        '_chronomux; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    run = subprocess.run(
        ["bash", "--norc", "-c", ask],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stderr == ""
    return run.stdout.split()


def test_verbs_are_completed() -> None:
    assert completed("chronomux", "") == [*VERBS, "--help", "--version"]
    assert completed("chronomux", "me") == ["merge"]
    assert completed("chronomux", "--ver") == ["--version"]


def test_options_are_those_of_the_verb() -> None:
    assert completed("chronomux", "merge", "--ord") == ["--order"]
    assert completed("chronomux", "cat", "a.csv", "--lay") == ["--layers"]
    assert completed("chronomux", "info", "--ord") == []


def test_values_are_those_of_the_option() -> None:
    assert completed("chronomux", "merge", "--order", "s") == ["strict", "sort"]
    assert completed("chronomux", "merge", "-t", "") == []


def test_names_of_files_are_left_to_the_shell() -> None:
    assert completed("chronomux", "merge", "a") == []


def test_the_verb_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion"]) == 0
    assert capsys.readouterr().out == script()
