"""src/requirements.sh in a small tree, with Pythons and pip that only write down.

What really installs is tried by .ci/run, on every Python it finds.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import time
from pathlib import Path

import pytest

from tests.requirements_tree import OLD, SCRIPT, SUFFIX, Tree

pytestmark = [
    pytest.mark.skipif(not SCRIPT.is_file(), reason="needs the source tree"),
    pytest.mark.skipif(os.name == "nt", reason="plays Pythons with shell scripts"),
]


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> str:
    tree = Tree(tmp_path_factory.mktemp("lock"))
    assert tree.steps() == ["tools", "compile", "tools", "sync", "editable"]
    return (tree.top / "src/requirements.txt").read_text()


@pytest.fixture
def tree(tmp_path: Path, lock: str) -> Tree:
    """A tree whose lock is current and that has never been set up."""
    tree = Tree(tmp_path)
    tree.write("src/requirements.txt", lock)
    return tree


@pytest.fixture
def ready(tree: Tree) -> Tree:
    """A tree that is set up and has nothing to do."""
    tree.steps()
    return tree


def test_first_run_installs_the_lock_and_then_builds(tree: Tree) -> None:
    assert tree.steps() == ["tools", "sync", "editable"]
    assert (tree.top / "venv/bin/python").is_file()


def test_nothing_to_do_asks_pip_for_nothing_and_takes_under_3_seconds(
    ready: Tree,
) -> None:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert ready.steps() == []
        times.append(time.perf_counter() - start)
    assert min(times) < 3


def test_new_modification_times_are_nothing_to_do(ready: Tree) -> None:
    for path in ready.top.rglob("*"):
        os.utime(path, (2e9, 2e9))
    assert ready.steps() == []


@pytest.mark.parametrize(
    "file",
    [
        "cext/chronomux/_core/merge.pyx",
        "cext/chronomux/_core/new.pyx",
        "cext/chronomux/_core/simd.h",
        "setup.py",
        "pyproject.toml",
    ],
)
def test_changed_build_input_is_built_even_with_an_old_modification_time(
    ready: Tree, file: str
) -> None:
    os.utime(ready.write(file, "changed"), (1, 1))
    assert ready.steps() == ["editable"]
    assert ready.steps() == []


def test_removed_source_takes_its_library_along(ready: Tree) -> None:
    ready.write("cext/chronomux/_core/old.pyx", "")
    ready.steps()
    old = ready.write(f"src/chronomux/_core/old{SUFFIX}", "")
    (ready.top / "cext/chronomux/_core/old.pyx").unlink()
    assert ready.steps() == ["editable"]
    assert not old.exists()


def test_missing_library_is_built_again(ready: Tree) -> None:
    (ready.top / "src/chronomux/_core" / f"merge{SUFFIX}").unlink()
    assert ready.steps() == ["editable"]


def test_library_that_came_from_elsewhere_is_built_again(ready: Tree) -> None:
    ready.write(f"src/chronomux/_core/merge{SUFFIX}", "of another flavour")
    assert ready.steps() == ["editable"]


def test_library_of_another_python_is_left_alone(ready: Tree) -> None:
    other = ready.write("src/chronomux/_core/merge.cpython-39-other.so", "")
    assert ready.steps() == []
    ready.write("setup.py", "changed")
    ready.steps()
    assert other.exists()


def test_changed_python_source_needs_no_build(ready: Tree) -> None:
    ready.write("src/chronomux/__init__.py", "changed")
    assert ready.steps() == []


def test_changed_lock_is_installed_and_all_is_built_with_it(ready: Tree) -> None:
    lock = ready.top / "src/requirements.txt"
    lock.write_text(lock.read_text() + "polars==2.0.0\n")
    assert ready.steps() == ["tools", "sync", "editable"]


def test_changed_requirements_are_locked_without_any_host(ready: Tree) -> None:
    ready.write("src/requirements.in", "numpy\npolars\n")
    run = ready.run()
    assert run.returncode == 0, run.stderr
    log = ready.log.read_text()
    compile_line = next(line for line in log.splitlines() if "compile" in line)
    assert {
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-emit-trusted-host",
    } <= set(compile_line.split())
    lock = (ready.top / "src/requirements.txt").read_text()
    assert "requirements.in has checksum" in lock
    assert lock.endswith("\nnumpy==2.2.6\n")
    assert ready.steps() == []


def test_carriage_returns_do_not_make_the_lock_stale(ready: Tree) -> None:
    (ready.top / "src/requirements.in").write_bytes(b"numpy\r\n")
    assert ready.steps() == []


def test_lock_is_made_with_the_oldest_python_though_the_newest_works(
    tree: Tree,
) -> None:
    for minor in 13, 12, 10:
        tree.python(f"python3.{minor}", OLD.format(minor=minor))
    tree.write("src/requirements.in", "changed")
    run = tree.run()
    assert "making venv with Python 3.13.1\n" in run.stderr
    assert "locking src/requirements.in with Python 3.10.1\n" in run.stderr


def test_lock_made_without_python_3_10_says_so_in_one_line(tree: Tree) -> None:
    tree.python("python3", OLD.format(minor=12))
    tree.write("src/requirements.in", "changed")
    lines = [line for line in tree.run().stderr.splitlines() if "locking" in line]
    assert len(lines) == 1
    assert "Python 3.12.1: no 3.10 found" in lines[0]


def test_build_that_failed_is_tried_again(tree: Tree) -> None:
    tree.python("python3", build_status=1)
    assert tree.run().returncode != 0
    tree.python("venv/bin/python")
    shutil.copy(tree.path / "venv/bin/python", tree.top / "venv/bin/python")
    assert tree.steps() == ["editable"]


def test_newest_python_that_runs_is_taken(tree: Tree) -> None:
    tree.command("python3.13", "#!/bin/sh\nexit 127\n")
    tree.python("python3.12", OLD.format(minor=12))
    tree.python("python3.11", OLD.format(minor=11))
    assert "making venv with Python 3.12.1\n" in tree.run().stderr


def test_python_that_only_pyenv_knows_is_found(tree: Tree) -> None:
    (tree.path / "python3").unlink()
    home = tree.top.parent / "home"
    home.mkdir()
    python = tree.python("hidden")
    versions = home / ".pyenv/versions/3.11.7/bin"
    versions.mkdir(parents=True)
    python.rename(versions / "python")
    assert tree.steps() == ["tools", "sync", "editable"]


def test_named_python_comes_first(tree: Tree) -> None:
    tree.python("python3.13", OLD.format(minor=13))
    tree.python("mine", OLD.format(minor=11))
    assert "making venv with Python 3.11.1\n" in tree.run(PYTHON="mine").stderr


def test_environment_is_kept_for_its_own_python_and_remade_for_another(
    ready: Tree,
) -> None:
    assert ready.steps(PYTHON="python3") == []
    ready.python("mine", OLD.format(minor=12))
    assert ready.steps(PYTHON="mine") == ["tools", "sync", "editable"]
    assert ready.steps() == []


def test_environment_whose_python_is_gone_is_remade(ready: Tree) -> None:
    (ready.top / "venv/bin/python").unlink()
    assert ready.steps() == ["tools", "sync", "editable"]


def test_environment_may_have_another_name(tree: Tree) -> None:
    assert tree.steps(VENV="build/other") == ["tools", "sync", "editable"]
    assert (tree.top / "build/other/bin/python").is_file()
    assert not (tree.top / "venv").exists()


def test_folder_that_is_no_environment_is_not_overwritten(tree: Tree) -> None:
    precious = tree.write("mine/precious", "")
    assert "mine is no virtual environment" in tree.complaint(VENV="mine")
    assert precious.exists()


def test_environment_with_scripts_instead_of_bin(tree: Tree) -> None:
    tree.python("python3", bin="Scripts")
    assert tree.steps() == ["tools", "sync", "editable"]
    assert tree.steps() == []
    assert not (tree.top / "venv/bin").exists()


def test_flavour_is_a_copy_in_an_environment_of_its_own(ready: Tree) -> None:
    debug = {"CHRONOMUX_BUILD": "debug"}
    assert ready.steps(**debug) == ["tools", "sync", "copy"]
    assert (ready.top / "venv-debug").is_dir()
    assert ready.steps() == []
    assert ready.steps(**debug) == []
    ready.write("src/chronomux/__init__.py", "changed")
    assert ready.steps(**debug) == ["copy"]


def test_too_old_python_is_named_with_its_version(tree: Tree) -> None:
    tree.python("python3", OLD.format(minor=9))
    assert tree.complaint() == "python3 is Python 3.9; chronomux needs 3.10 or newer"


def test_named_python_that_is_too_old_is_not_passed_over(tree: Tree) -> None:
    tree.python("mine", OLD.format(minor=9))
    line = tree.complaint(PYTHON="mine")
    assert line == "PYTHON=mine is Python 3.9; chronomux needs 3.10 or newer"


def test_named_python_that_does_not_run_is_not_passed_over(tree: Tree) -> None:
    assert tree.complaint(PYTHON="nowhere") == "PYTHON=nowhere does not run"


def test_no_python_at_all(tree: Tree) -> None:
    (tree.path / "python3").unlink()
    assert tree.complaint().startswith("no Python found: install 3.10 or newer")


def test_python_without_venv_module(tree: Tree) -> None:
    tree.python("python3", "import sys; sys.modules['ensurepip'] = None")
    assert tree.complaint().startswith("python3 has no venv module: install it")


def test_no_compiler(tree: Tree) -> None:
    (tree.path / "gcc").unlink()
    assert tree.complaint().startswith("no C compiler: 'gcc' not found; install gcc")


def test_compiler_of_the_python_is_asked_for_when_cc_names_none(tree: Tree) -> None:
    named = sysconfig.get_config_var("CC").split()[0]
    (tree.path / "gcc").unlink()
    assert f"no C compiler: '{named}' not found" in tree.complaint(CC="")


def test_python_without_headers(tree: Tree) -> None:
    tree.python("python3", "import sysconfig; sysconfig.get_path = lambda _: '/no'")
    assert tree.complaint().startswith("no Python.h in /no: install Python's headers")
