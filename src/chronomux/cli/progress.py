"""One line on stderr that says how far the work is, when stderr is a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Progress", "StatusLine", "in_bytes"]

PERIOD = 0.1  # seconds between two drawings
CLEAR = "\r\x1b[K"


def in_bytes(count: float) -> str:
    """1234567 -> '1.2 MB'."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


class StatusLine:
    """A line on stderr that is drawn over and over, for `with`: in the end it is gone.

    Without a terminal, or with `shown=False`, there is none. It is cut to the width of
    the terminal, and may be drawn by one thread while another hides it.
    """

    def __init__(self, shown: bool = True) -> None:
        self._stream = sys.stderr
        self.shown = shown and self._stream is not None and self._stream.isatty()
        self._line = ""
        self._lock = threading.Lock()

    def draw(self, text: str) -> None:
        """Have it say `text` from now on."""
        if not self.shown:
            return
        with self._lock:
            self._line = text[: self._width()]
            self._write(CLEAR + self._line)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the line away while another writes to the same terminal."""
        with self._lock:
            if not self._line:
                yield
                return
            self._write(CLEAR)
            try:
                yield
            finally:
                self._write(self._line)

    def clear(self) -> None:
        """Take it away for good."""
        with self._lock:
            if self._line:
                self._write(CLEAR)
                self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def _width(self) -> int | None:
        """Columns, but the last, where a terminal begins another line."""
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            return None
        return columns - 1 if columns else None

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Progress(StatusLine):
    """`progress(done)` draws '12.0 MB of 40.0 MB, 85.1 MB/s', now and then.

    `total` None means that it is not known. `text` writes an amount: bytes, unless it
    is given.
    """

    def __init__(
        self,
        total: int | None,
        shown: bool = True,
        text: Callable[[float], str] = in_bytes,
    ) -> None:
        super().__init__(shown)
        self.total = total
        self._text = text
        self._started = self._drawn = time.monotonic()

    def __call__(self, done: int) -> None:
        """Say how much is done."""
        now = time.monotonic()
        if not self.shown or now - self._drawn < PERIOD:
            return
        self._drawn = now
        of = "" if self.total is None else f" of {self._text(self.total)}"
        rate = self._text(done / (now - self._started))
        self.draw(f"{self._text(done)}{of}, {rate}/s")
