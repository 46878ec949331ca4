"""Keys that steer `chronomux play` on a terminal."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from chronomux.replay import Player

__all__ = ["Keys"]

FACTOR = 1.25
KEYS = {  # a terminal sends the second form of an arrow where programs have asked so
    b" ": "pause",
    b"\x1b[C": "step",
    b"\x1bOC": "step",
    b"\x1b[A": "faster",
    b"\x1bOA": "faster",
    b"\x1b[B": "slower",
    b"\x1bOB": "slower",
    b"q": "quit",
}


class Keys:
    """Reads keys from stdin without waiting, if it is a terminal, for `with`.

    While this process is in the foreground, keys come one by one and are not shown;
    Ctrl-C and Ctrl-Z work as ever. On leaving, the terminal is as it was.
    """

    def __init__(self, player: Player, files: Sequence[str], is_paused: bool) -> None:
        self._player = player
        self._is_paused = is_paused
        self._terminal: int | None = None if "-" in files else _terminal()
        self._before: list[Any] | None = None
        self._half = b""
        if is_paused:
            if self._terminal is None:
                raise ValueError("--start-paused: no terminal whose keys could end it")
            player.pause()

    def poll(self) -> None:
        """Do what the keys say that were pressed since."""
        if self._terminal is None or not self._is_ready():
            return
        if not select.select([self._terminal], [], [], 0)[0]:
            return
        try:
            pressed = os.read(self._terminal, 1024)
        except OSError:  # it was hung up
            pressed = b""
        if not pressed:
            self._terminal = None
        for name in self._names(self._half + pressed):
            getattr(self, f"_{name}")()

    def _names(self, pressed: bytes) -> list[str]:
        """What keys stand for; half of one is kept."""
        names = []
        self._half = b""
        while pressed:
            found = [key for key in KEYS if pressed.startswith(key)]
            if not found and any(key.startswith(pressed) for key in KEYS):
                self._half = pressed
                break
            if found:
                names.append(KEYS[found[0]])
            pressed = pressed[len(found[0]) if found else 1 :]
        return names

    def _pause(self) -> None:
        if self._is_paused:
            self._player.resume()
        else:
            self._player.pause()
        self._is_paused = not self._is_paused

    def _step(self) -> None:
        self._player.step()
        self._is_paused = True

    def _faster(self) -> None:
        self._player.speed *= FACTOR

    def _slower(self) -> None:
        self._player.speed /= FACTOR

    def _quit(self) -> None:
        self._player.stop()

    def _is_ready(self) -> bool:
        """Whether keys come here, one by one; a shell undoes that while we stand."""
        import termios
        import tty

        assert self._terminal is not None
        try:
            if os.tcgetpgrp(self._terminal) != os.getpgrp():
                return False  # in the background, where a look would stop us
            modes = termios.tcgetattr(self._terminal)
            if modes[3] & termios.ICANON:
                self._before = self._before or modes
                tty.setcbreak(self._terminal, termios.TCSANOW)
        except (OSError, termios.error):
            self._terminal = None
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._terminal is None or self._before is None:
            return
        import termios

        with suppress(OSError, termios.error):
            if os.tcgetpgrp(self._terminal) == os.getpgrp():
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)


def _terminal() -> int | None:
    """The descriptor of stdin, if it is a terminal that can tell keys."""
    try:
        import termios  # noqa: F401 (not everywhere)

        number = sys.stdin.fileno()
        return number if os.isatty(number) else None
    except (ImportError, AttributeError, OSError, ValueError):
        return None
