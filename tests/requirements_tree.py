"""A small source tree in which src/requirements.sh runs without installing anything.

Its Pythons answer the script's questions with the real interpreter, changed by a
`prelude` where a case asks for it; `-m venv`, `-m pip` and `-m piptools` are played,
and what pip was asked for is written down.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = ROOT / "src" / "requirements.sh"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
TOOLS = (
    "sh",
    "cat",
    "cksum",
    "cp",
    "dirname",
    "find",
    "grep",
    "mkdir",
    "mv",
    "rm",
    "sort",
    "tr",
)

PYTHON = """#!/bin/sh
log() {{ echo "$*" >>{log}; }}
case "$1 $2" in
    "-c "*) exec {real} -I -S -c {prelude}"
$2" ;;
    "-m venv")
        for folder in "$@"; do :; done
        rm -rf "$folder"
        mkdir -p "$folder/{bin}"
        cp "$0" "$folder/{bin}/python"
        : >"$folder/pyvenv.cfg" ;;
    "-m pip")
        log "$@"
        case "$*" in
            *--editable*) echo made >src/chronomux/_core/merge{suffix} ;;
        esac
        case "$*" in
            *chronomux*|*" .") exit {build_status} ;;
        esac ;;
    "-m piptools")
        log "$@"
        while [ $# -gt 1 ]; do
            if [ "$1" = -o ]; then echo 'numpy==2.2.6' >"$2"; fi
            shift
        done ;;
    *) exit 99 ;;
esac
"""
# sysconfig first: it names folders after the true version.
OLD = (
    "import sys, sysconfig;"
    "sys.version_info = (3, {minor}, 1); sys.version = '3.{minor}.1'"
)


class Tree:
    """A source tree in `top`, and the one folder on the PATH of what runs in it."""

    def __init__(self, top: Path) -> None:
        self.top = top / "tree"
        self.path = top / "path"
        self.log = top / "log"
        self.environment: dict[str, str] = {"HOME": str(top / "home")}
        for file, text in {
            "src/requirements.in": "numpy\n",
            "src/requirements.txt": "",
            "src/chronomux/__init__.py": "",
            "src/chronomux/_core/__init__.py": "",
            "cext/chronomux/_core/merge.pyx": "",
            "setup.py": "",
            "pyproject.toml": "",
        }.items():
            self.write(file, text)
        shutil.copy(SCRIPT, self.top / "src")
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"no {tool} on this machine"
            (self.path / tool).symlink_to(found)
        self.command("gcc", "#!/bin/sh\n")
        self.environment["CC"] = "gcc -pthread"
        self.python("python3")

    def write(self, file: str, text: str) -> Path:
        path = self.top / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(
        self, name: str, prelude: str = "", bin: str = "bin", build_status: int = 0
    ) -> Path:
        text = PYTHON.format(
            real=shlex.quote(sys.executable),
            log=shlex.quote(str(self.log)),
            prelude=shlex.quote(prelude),
            bin=bin,
            suffix=SUFFIX,
            build_status=build_status,
        )
        return self.command(name, text)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        return subprocess.run(
            ["sh", str(self.top / "src" / "requirements.sh")],
            env={**self.environment, "PATH": str(self.path), **environment},
            cwd=self.top.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def steps(self, **environment: str) -> list[str]:
        """What pip and pip-tools were asked for by a run that ended well."""
        run = self.run(**environment)
        assert run.returncode == 0, run.stderr
        return [step_of(line) for line in self.log.read_text().splitlines()]

    def complaint(self, **environment: str) -> str:
        """The one line of a run that ended badly before it made anything."""
        run = self.run(**environment)
        assert run.returncode == 1, run
        assert self.log.read_text() == ""
        assert not (self.top / "venv").exists()
        assert run.stdout == ""
        prefix, newline = "requirements.sh: ", "\n"
        assert run.stderr.startswith(prefix), run.stderr
        assert run.stderr.count(newline) == 1, run.stderr
        return run.stderr.removeprefix(prefix).removesuffix(newline)


def step_of(line: str) -> str:
    words = line.split()
    if words[1] == "piptools":
        return words[2]
    if "--editable" in words:
        return "editable"
    return "copy" if words[-1] == "." else "tools"
