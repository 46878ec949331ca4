"""What is declared, locked and installed agree with one another."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import chronomux
from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(chronomux.__file__).parent
LOCK = ROOT / "src" / "requirements.txt"

source_tree = pytest.mark.skipif(not LOCK.is_file(), reason="needs the source tree")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    """Versions by name, in their normal spelling."""
    lines = [line for line in LOCK.read_text().splitlines() if line[:1] not in " #"]
    pins = [line.split("==") for line in lines if line]
    assert all(len(pin) == 2 for pin in pins), f"not all of {LOCK} are pins"
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


def test_version_is_written_once_in_effect(project: dict[str, Any]) -> None:
    assert chronomux.__version__ == project["project"]["version"]
    assert chronomux.__version__ == importlib.metadata.version("chronomux")


def test_command_is_installed(project: dict[str, Any]) -> None:
    scripts = importlib.metadata.entry_points(group="console_scripts")
    assert scripts["chronomux"].value == project["project"]["scripts"]["chronomux"]


def test_types_are_shipped_beside_the_code() -> None:
    assert (PACKAGE / "py.typed").is_file()
    for library in PACKAGE.rglob("*" + sysconfig.get_config_var("EXT_SUFFIX")):
        stub = library.with_name(library.name.split(".")[0] + ".pyi")
        assert stub.is_file(), f"{library.name} has no stub"


@source_tree
def test_lock_names_no_host_and_holds_only_pins(locked: dict[str, str]) -> None:
    text = LOCK.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text, re.MULTILINE), "an option in the lock"
    assert all(re.fullmatch(r"[\d.]+\w*", version) for version in locked.values())


@source_tree
def test_lock_is_the_one_of_requirements_in() -> None:
    text = (ROOT / "src" / "requirements.in").read_bytes().replace(b"\r", b"")
    checksum = subprocess.run(["cksum"], input=text, capture_output=True, check=True)
    assert f"checksum {checksum.stdout.decode().strip()}\n" in LOCK.read_text()


@source_tree
def test_lock_is_made_for_the_oldest_supported_python(project: dict[str, Any]) -> None:
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert f"# Python {oldest}, " in LOCK.read_text()


@source_tree
def test_lock_satisfies_all_that_is_declared(
    project: dict[str, Any], locked: dict[str, str]
) -> None:
    extras = project["project"]["optional-dependencies"]
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        # Nobody needs matplotlib to develop; what it draws is tested where it is.
        *(line for extra in extras.keys() - {"plot"} for line in extras[extra]),
    ]
    for requirement in map(Requirement, declared):
        assert requirement.name in locked
        assert requirement.specifier.contains(locked[requirement.name]), requirement


@source_tree
def test_unknown_build_flavour_is_refused_by_name() -> None:
    run = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=ROOT,
        env={**os.environ, "CHRONOMUX_BUILD": "fast"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr.strip() == (
        "CHRONOMUX_BUILD='fast': use release, debug, sanitize or trace"
    )
