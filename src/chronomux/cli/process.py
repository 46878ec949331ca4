"""The process of the `chronomux` command, from its first line to its last.

Imports next to nothing before it can answer Ctrl-C.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes longer than all that is imported here
    from typing import Any, NoReturn

__all__ = ["command"]

INTERRUPTED = 130
AGAIN_SECONDS = 0.001


def command() -> NoReturn:
    """Do what the command line says; end the process with the exit code of `main`.

    Ctrl-C while it works is 130, and no word on stderr, whatever it was doing. After
    the work nothing is left to interrupt: Ctrl-C changes nothing.
    """
    code = INTERRUPTED
    try:
        _hear_what_python_drops()
        from chronomux.cli.entry import main

        code = main()
        _ignore_ctrl_c()
    except KeyboardInterrupt:  # beside main(), or a second one
        _ignore_ctrl_c()
    # When a KeyboardInterrupt leaves an exec() of text (dataclasses and namedtuples
    # are made by one), Python notes it, caught or not, and `python -m` ends by SIGINT
    # instead of with our exit code. The next text that is run clears the note.
    exec("")
    raise SystemExit(code)


def _hear_what_python_drops() -> None:
    """Repeat a Ctrl-C that came where nothing can be raised, until it is heard.

    In a weak reference's callback (every import ends in one) or in a `__del__` Python
    reports the KeyboardInterrupt and goes on.
    """
    import signal
    import sys

    if not hasattr(signal, "setitimer"):
        return
    report = sys.unraisablehook

    def hear(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        else:
            report(unraisable)

    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = hear


def _ignore_ctrl_c() -> None:
    """Also when the interpreter has put its handlers away, and SIGINT would kill."""
    import signal

    for name in ("SIGINT", "SIGALRM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
