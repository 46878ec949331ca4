"""What is to be played: items of several files in order, each with time and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from chronomux.queue import merge
from chronomux.readers import Packet
from chronomux.readers.sources import FileLike
from chronomux.replay.catenation import Choice
from chronomux.replay.inputs import Reading
from chronomux.replay.opening import KEY, NO_TIME, Capture, Moment, Part, inputs_of
from chronomux.replay.span import as_duration

__all__ = ["Cue", "Programme", "as_one"]


class Cue(NamedTuple):
    """An item to be played; `time` is in ns, and NO_TIME for an item without one."""

    time: int
    source: str
    item: Any


def as_one(captures: Iterable[Capture | FileLike]) -> Capture:
    """One capture of all files, in the order in which they were given."""
    inputs = []
    for capture in captures:
        if isinstance(capture, Capture):
            inputs += capture.inputs
        else:
            reading = Reading(None, None, None, None, None, {})
            inputs += inputs_of([capture], reading)
    if not inputs:
        raise ValueError("there is nothing to play: give a path or an opened capture")
    return Capture(inputs)


class Programme:
    """The items of a capture of which `where` holds and `exclude` does not.

    `offsets` moves the times of a source, by its name: a duration as text, or int ns.
    `start` and `end` are as in `Capture.between`, of times as they were recorded.
    """

    def __init__(
        self,
        capture: Capture,
        start: Moment = None,
        end: Moment = None,
        where: str | None = None,
        exclude: str | None = None,
        offsets: Mapping[str, str | int] | None = None,
    ) -> None:
        self.capture = capture
        self.end = end
        self.start = start
        is_all = where is None and exclude is None
        self._chosen = None if is_all else Choice(where, exclude)
        self._offsets = {
            name: as_duration(offset) for name, offset in (offsets or {}).items()
        }
        unknown = self._offsets.keys() - set(capture.names)
        if unknown:
            raise ValueError(
                f"no source {min(unknown)!r} to move: there are "
                f"{', '.join(map(repr, capture.names))}"
            )

    def cues(self, start: Moment = None) -> Iterator[Cue]:
        """All of it from the beginning, or from `start`; ties in the order of files."""
        begin = self.start if start is None else start
        parts = self.capture.parts(begin, self.end)
        cues = [self._cues(part) for part in parts]
        return cues[0] if len(cues) == 1 else merge(*cues, key=itemgetter(0))

    def moment(self, moment: Moment) -> int:
        """A moment in ns since 1970; '+10s' counts from the first item of all."""
        return self.capture.moment(moment)

    def _cues(self, part: Part) -> Iterator[Cue]:
        items, name = part.items, part.name
        if self._chosen is not None:
            items = filter(self._chosen.of_format(part.format), items)
        offset = self._offsets.get(name, 0)
        for item in items:
            time = item.get(KEY)
            if time is None:
                yield Cue(NO_TIME, name, item)
            elif offset:
                yield Cue(time + offset, name, _moved(item, time + offset))
            else:
                yield Cue(time, name, item)


def _moved(item: Any, time: int) -> Any:
    """The same item with another time."""
    if isinstance(item, Packet):
        data, length = item.data, item.length
        return Packet(time, data, length, item.interface, item.linktype)
    return {**item, KEY: time}
