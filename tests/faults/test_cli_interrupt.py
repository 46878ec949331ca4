"""Ctrl-C at chosen moments of the command: 130, quiet; never a death by the signal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PREAMBLE = """\
import atexit, os, signal, sys, time, weakref
import chronomux.cli
from chronomux.cli import command, entry

def strike():
    os.kill(os.getpid(), signal.SIGINT)

def strike_at_import(name):
    def hear(event, args):
        if event == "import" and args[0] == name:
            strike()
    sys.addaudithook(hear)

class Patient:
    pass
"""


def end_of(folder: Path, program: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the stderr of a program that is run by `python -m`."""
    (folder / "program.py").write_text(PREAMBLE + program)
    done = subprocess.run(
        [sys.executable, "-m", "program", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "module",
    ["chronomux.replay", "pathos", "dill.__info__", "chronomux.util.process_crew"],
)
def test_ctrl_c_during_an_import_is_130(tmp_path, module):
    program = f"strike_at_import({module!r})\ncommand()"
    assert end_of(tmp_path, program, "demo") == (130, "")


def test_ctrl_c_before_anything_is_loaded_is_130(tmp_path):
    program = """
del sys.modules["chronomux.cli.entry"], chronomux.cli.entry
strike_at_import("chronomux.cli.entry")
command()
"""
    assert end_of(tmp_path, program, "--help") == (130, "")


def test_ctrl_c_in_the_text_of_a_dataclass_is_130(tmp_path):
    """Python makes a note of it, and would end by SIGINT although it was caught."""
    program = """
def run(options):
    exec("strike(); time.sleep(30)", globals())
import chronomux.cli.demo
chronomux.cli.demo.run = run
command()
"""
    assert end_of(tmp_path, program, "demo") == (130, "")


@pytest.mark.parametrize("place", ["callback", "__del__"])
def test_ctrl_c_where_nothing_can_be_raised_is_heard_later(tmp_path, place):
    program = f"""
def run(options):
    one = Patient()
    if {place!r} == "callback":
        reference = weakref.ref(one, lambda _: strike() or time.sleep(0.01))
    else:
        Patient.__del__ = lambda _: strike() or time.sleep(0.01)
    del one
    time.sleep(30)
    return 0
import chronomux.cli.demo
chronomux.cli.demo.run = run
command()
"""
    assert end_of(tmp_path, program, "demo") == (130, "")


def test_ctrl_c_right_after_the_merge_has_started_is_quiet(tmp_path):
    """The merge is to end before the Manager whose queues it reads."""
    program = """
import threading
start = threading.Thread.start
def start_and_strike(thread):
    start(thread)
    if thread.name == "chronomux-SortedQueueMultiplexer":
        strike()
        time.sleep(30)
threading.Thread.start = start_and_strike
command()
"""
    assert end_of(tmp_path, program, "demo") == (130, "")


def test_a_second_ctrl_c_while_the_first_is_dealt_with_is_130(tmp_path):
    program = """
def run(options):
    strike()
    time.sleep(30)
def settle(code):
    strike()
    time.sleep(30)
import chronomux.cli.demo
chronomux.cli.demo.run = run
entry._settled = settle
command()
"""
    assert end_of(tmp_path, program, "demo") == (130, "")


@pytest.mark.parametrize("code", [0, 1])
def test_ctrl_c_after_the_work_changes_nothing(tmp_path, code):
    program = f"""
entry.main = lambda: {code}
class Last:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=int(signal.SIGINT)):
        kill(pid, number)
signal.last = Last()  # goes when the interpreter takes its modules apart
atexit.register(strike)
command()
"""
    assert end_of(tmp_path, program) == (code, "")


def test_what_goes_wrong_elsewhere_is_still_reported(tmp_path):
    program = """
def fail(_):
    raise OSError("mine")
def main():
    one = Patient()
    reference = weakref.ref(one, fail)
    del one
    return 0
entry.main = main
command()
"""
    code, errors = end_of(tmp_path, program)
    assert code == 0
    assert errors.endswith("OSError: mine\n")
