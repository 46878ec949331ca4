"""The merged stream of captures of any format, as dicts ready to be written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from chronomux.errors import ReaderError
from chronomux.event import EventManager
from chronomux.readers import Packet
from chronomux.replay.merging.selection import EXCLUDE, WHERE, note_kinds, number
from chronomux.replay.opening import KEY, Capture, Moment, Part, merged
from chronomux.replay.scl import nodes_of, scl_condition

__all__ = ["Catenation", "Choice", "as_text", "in_json", "plain_packet"]

Items = Iterator[Any]


class Catenation:
    """The items of a capture as dicts, in the order of time; for one iteration.

    Conditions in SCL: only items come of which `where` holds and `exclude` does not;
    fields of CSV are numbers where they are compared with one. `start` and `end` are as
    in `Capture.between`. Packets have the five keys of every packet and, with `layers`,
    those of their layers. `source` is a key for the file's name.

    `late` counts, by file, the items that are older than one before them there.
    """

    def __init__(
        self,
        capture: Capture,
        *,
        where: str | None = None,
        exclude: str | None = None,
        start: Moment = None,
        end: Moment = None,
        source: str | None = None,
        layers: bool = False,
    ) -> None:
        self.late: Counter[str] = Counter()
        self._source = source
        self._layers = layers
        is_all = where is None and exclude is None
        self._chosen = None if is_all else Choice(where, exclude)
        self._parts = capture.parts(start, end)

    def __iter__(self) -> Items:
        return merged([self._shaped(part) for part in self._parts])

    def _shaped(self, part: Part) -> Items:
        items = self._watched(part)
        if self._chosen is not None:
            items = filter(self._chosen.of_format(part.format), items)
        is_packets = part.format.startswith("pcap")
        if is_packets:
            items = map(dict if self._layers else plain_packet, items)
        return items if self._source is None else self._signed(part.name, items)

    def _watched(self, part: Part) -> Items:
        """Count those that are older than one before them."""
        latest = -(2**63)
        for item in part.items:
            time = item.get(KEY)
            if time is not None:
                if time < latest:
                    self.late[part.name] += 1
                else:
                    latest = time
            yield item

    def _signed(self, name: str, items: Items) -> Items:
        key = self._source
        for item in items:
            if key in item:
                raise ReaderError(
                    f"{name}: has a {key!r} already; give the added one another name "
                    "(--source-key)"
                )
            yield {**item, key: name}


class Choice:
    """The items of which `where` holds and `exclude` does not: conditions in SCL."""

    def __init__(self, where: str | None, exclude: str | None) -> None:
        self._rules = EventManager()
        self._compared: dict[str, set[bool]] = {}
        for text in ("" if where is None else where), exclude:
            if text is not None:
                nodes = list(nodes_of(text))
                self._rules.register(bool, scl_condition(nodes))
                for node in nodes:
                    note_kinds(node, node.key, self._compared)

    def of_format(self, format: str) -> Callable[[Any], bool]:
        """Whether an item of a file of that format is wanted."""
        match, event = self._rules.match, self._event(format)

        def wanted(item: Any) -> bool:
            found = match(event(item))
            return WHERE in found and EXCLUDE not in found

        return wanted

    def _event(self, format: str) -> Callable[[Any], Any]:
        """What the conditions look at: numbers where CSV has only texts."""
        numbers = {
            name: kinds for name, kinds in self._compared.items() if True in kinds
        }
        if format not in ("csv", "tsv") or not numbers:
            return lambda item: item

        def event(item: dict[str, Any]) -> dict[str, Any]:
            compared = {
                name: number(item[name], kinds)
                for name, kinds in numbers.items()
                if isinstance(item.get(name), str)
            }
            return {**item, **compared}

        return event


def plain_packet(packet: Packet) -> dict[str, Any]:
    """The five keys of every packet."""
    return {
        "timestamp": packet.timestamp,
        "interface": packet.interface,
        "linktype": packet.linktype,
        "length": packet.length,
        "data": packet.data,
    }


def in_json(value: Any) -> Any:
    """Bytes as hexadecimal digits; a number of many digits as one that JSON reads."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value.hex()
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and value.adjusted() < 400
        return int(value) if whole else float(value)
    raise TypeError(f"{type(value).__name__} has no notation in JSON")


def as_text(value: Any) -> str:
    """A field of CSV: text as it is, nothing for None, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=in_json)
