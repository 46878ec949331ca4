"""From a command line to an exit code. Imports next to nothing: `--help` is fast."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chronomux import __version__
from chronomux.cli.messages import say
from chronomux.errors import ChronomuxError

__all__ = ["VERBS", "main", "parser_of"]

OPTION = re.compile(r"\b(on_error|order|late|format)='(\w+)'")
FINDINGS, UNUSABLE, INTERRUPTED = 1, 2, 130
VERBS = {
    "info": "say what captures hold, from when to when, and whether in order",
    "check": "say what is wrong with captures, and whether commands had responses",
    "play": "play captures as one stream, at the pace at which they were recorded",
    "plot": "draw the records of captures over time, a lane a file",
    "merge": "merge captures into one, in chronological order",
    "cat": "print captures of any format as one stream, as JSON lines or CSV",
    "demo": "replay the shipped captures through a live multiplexer",
    "completion": "print a script that completes command lines in bash and zsh",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; the errors go to stderr.

    0 done, 1 findings, 2 unusable input or usage, 130 Ctrl-C. A reader of stdout that
    goes away (`| head`) has had what it wanted: 0.
    """
    try:
        return _settled(_run(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return _settled(INTERRUPTED)
    except BrokenPipeError:
        return _settled(0)
    except (ChronomuxError, OSError, ValueError) as error:
        return _settled(_complain(error))
    except SystemExit as stop:  # argparse, after --help and on usage errors
        return _settled(stop.code if isinstance(stop.code, int) else FINDINGS)


def _run(argv: Sequence[str]) -> int:
    verb = next((word for word in argv if not word.startswith("-")), None)
    options = parser_of(verb).parse_args(argv)
    options.command = ["chronomux", *argv]  # for what is to say how it was made
    module = importlib.import_module(f"chronomux.cli.{options.verb}")
    with _logging_to_stderr(options.verbose):
        code: int = module.run(options)
    return code


def parser_of(verb: str | None) -> argparse.ArgumentParser:
    """A parser of all verbs that knows the arguments of the one which is called."""
    parser = argparse.ArgumentParser(
        prog="chronomux",
        description="Put time-stamped captures into one chronological stream.",
        epilog="Exit codes: 0 done, 1 findings, 2 unusable input or usage, 130 Ctrl-C.",
    )
    version = f"%(prog)s {__version__}"
    parser.add_argument("--version", action="version", version=version)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, line in VERBS.items():
        child = verbs.add_parser(
            name, help=line, description=f"{line[0].upper()}{line[1:]}."
        )
        child.add_argument(
            "-v",
            "--verbose",
            action="count",
            default=0,
            help="say more on stderr; twice for all",
        )
        if name == verb:
            importlib.import_module(f"chronomux.cli.{name}").add_arguments(child)
    return parser


@contextmanager
def _logging_to_stderr(verbosity: int) -> Iterator[None]:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("chronomux: %(message)s"))
    logger = logging.getLogger("chronomux")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])
    try:
        yield
    except Exception:
        logger.debug("where it happened:", exc_info=True)
        raise
    finally:  # main() may be called from a program that goes on
        logger.removeHandler(handler)
        logger.setLevel(level)


def _complain(error: Exception) -> int:
    if isinstance(error, OSError) and error.filename is not None:
        what = f"{error.filename}: {error.strerror}"
    else:
        what = OPTION.sub(_as_flag, str(error))
    say(what)
    return UNUSABLE


def _as_flag(option: re.Match[str]) -> str:
    """on_error='skip' -> --on-error skip: what is called here is no function."""
    return f"--{option[1].replace('_', '-')} {option[2]}"


def _settled(code: int) -> int:
    """Flush stdout now: at interpreter exit a failure would be a traceback."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # What cannot be written would be tried again at exit: let it go nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError) and code == 0:
            return _complain(OSError(error.errno, error.strerror, "stdout"))
    return code
