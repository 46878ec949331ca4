"""The status line of `chronomux play`: where the data are, how fast, and how late."""

from __future__ import annotations

import argparse
import os
import threading
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from chronomux.cli.play_outputs import PlayOutput
from chronomux.cli.progress import StatusLine
from chronomux.replay.time_texts import duration_text, moment_text

if TYPE_CHECKING:
    from typing_extensions import Self

    from chronomux.replay import Capture, Player, PlayStats

__all__ = ["PlayStatus", "Rates", "status_text"]

PERIOD = 0.2  # seconds between two drawings
WINDOW = 10**9  # ns of data over which rates are taken, at least
SOURCES = 4  # that have their rates on the line


class Rates:
    """Records a second of every source, in the time of the data, of late."""

    def __init__(self) -> None:
        self._since: PlayStats | None = None
        self._found: dict[str, float] = {}

    def of(self, stats: PlayStats) -> dict[str, float]:
        """Those of the last whole window before `stats`."""
        since, now = self._since, stats.data_time
        if now is None:
            return self._found
        if since is None or since.data_time is None or now < since.data_time:
            self._since = stats  # it begins, or begins again
        elif now - since.data_time >= WINDOW:
            seconds = (now - since.data_time) / 1e9
            self._found = {
                name: (count - since.per_source.get(name, 0)) / seconds
                for name, count in stats.per_source.items()
            }
            self._since = stats
        return self._found


class Extent(NamedTuple):
    """From the first to the last time that is played, ns since 1970."""

    first: int
    last: int


def status_text(
    stats: PlayStats,
    rates: dict[str, float],
    extent: Extent | None,
    waits_for: str | None,
) -> str:
    """All of it on one line, which a terminal may cut: the least needed comes last."""
    words = [_where(stats, extent), f"x{stats.asked_speed:.3g}"]
    if stats.is_paused:
        words.append("paused")
    else:
        words.append(f"(x{stats.actual_speed:.3g})")
    words.append(f"late {duration_text(stats.late_p99)}")
    if stats.passes:
        words.append(f"pass {stats.passes + 1}")
    if waits_for is not None:
        words.append(f"waits for {waits_for}")
    shown = sorted(rates.items(), key=lambda pair: -pair[1])[:SOURCES]
    words += [f"{os.path.basename(name)} {rate:.3g}/s" for name, rate in shown]
    if len(rates) > SOURCES:
        words.append(f"and {len(rates) - SOURCES} more")
    return "  ".join(words)


def _where(stats: PlayStats, extent: Extent | None) -> str:
    if stats.data_time is None:
        return "-"
    seconds, rest = divmod(stats.data_time, 10**9)
    text = f"{moment_text(seconds * 10**9)[:-1]}.{rest // 10**6:03}Z"
    if extent is None:
        return text
    done = (stats.data_time - extent.first) / max(extent.last - extent.first, 1)
    return f"{text}  {min(max(done, 0), 1):.0%}"


class PlayStatus:
    """Draws the status on stderr while a block runs, if that is a terminal.

    A thread draws it: a listener that does not read holds the player, not the line.
    """

    def __init__(
        self,
        player: Player,
        capture: Capture,
        output: PlayOutput,
        options: argparse.Namespace,
        shown: bool,
    ) -> None:
        self._line = StatusLine(shown)
        self._player, self._output = player, output
        self._rates = Rates()
        self._extent: Extent | None = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        if self._line.shown:
            self._extent = None if "-" in options.files else _extent(options, capture)
            if output.is_terminal:
                output.around = self._line.hidden

    def _draw(self) -> None:
        while not self._ends.wait(PERIOD):
            stats = self._player.stats
            waits_for = self._output.waits_for or stats.waits_for
            rates = self._rates.of(stats)
            with suppress(OSError):  # the terminal is gone, and the playing goes on
                self._line.draw(status_text(stats, rates, self._extent, waits_for))

    def __enter__(self) -> Self:
        if self._line.shown:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._line.shown:
            self._ends.set()
            self._thread.join()
            self._line.clear()


def _extent(options: argparse.Namespace, capture: Capture) -> Extent | None:
    infos = [one for one in capture.info() if one.first is not None]
    first = min((one.first for one in infos if one.first is not None), default=None)
    last = max((one.last for one in infos if one.last is not None), default=None)
    if first is None or last is None:
        return None
    if options.start is not None:
        first = max(first, capture.moment(options.start))
    if options.end is not None:
        last = min(last, capture.moment(options.end))
    return Extent(first, max(first, last))
