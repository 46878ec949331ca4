"""Which records are wanted, by what stands in their fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from math import isinf
from typing import Any

import numpy as np

from chronomux.errors import ReaderError
from chronomux.event import Condition, EventManager, operators
from chronomux.lexer import SCLNode
from chronomux.replay.merging.csv_capture import CSVCapture
from chronomux.replay.merging.pieces import chosen
from chronomux.replay.merging.timeline import Piece
from chronomux.replay.scl import FORMS, Form, fields, nodes_of

__all__ = ["Selection"]

WHERE, EXCLUDE = 0, 1  # rules
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
WHOLE_DIGITS = 18
SWITCHES = {"bounds", "inclusive"}  # arguments that are compared with nothing


def none_of(*values: Any) -> operators.whole:
    """None of these in neither way: where a field is a text and a number at once."""
    return operators.whole(operators.none_of(*values))


FIELD_FORMS = {**FORMS, "none_of": Form(none_of, ("value",), several=True)}


class Selection:
    """The records of which `where` holds and `exclude` does not.

    Conditions in SCL on the columns, by name; None asks for nothing. A column that is
    compared with numbers has a number where its field is one as JSON writes it; one
    that is compared with numbers and texts has both there. A column that a short record
    lacks is absent.

    Raises SCLSyntaxError for what is no condition.
    """

    def __init__(self, where: str | None, exclude: str | None) -> None:
        self._rules = EventManager()
        self._compared: dict[str, set[bool]] = {}
        for text in ("" if where is None else where), exclude:
            if text is not None:
                nodes = nodes_of(text)
                self._rules.register(bool, Condition(fields(nodes, FIELD_FORMS)))
                for node in nodes:
                    note_kinds(node, node.key, self._compared)

    def pieces(self, capture: CSVCapture, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """What is wanted of the pieces of a capture."""
        for piece in pieces:
            wanted = [
                WHERE in found and EXCLUDE not in found
                for found in self._rules.match_many(self._events(capture, piece))
            ]
            records = np.flatnonzero(wanted) + piece.start
            if len(records) == len(wanted):
                yield piece
            elif len(records):
                yield chosen(piece, records)

    def _events(self, capture: CSVCapture, piece: Piece) -> Iterator[dict[str, Any]]:
        names = capture.columns
        compared = [self._compared.get(name, set()) for name in names]
        for record in records_of(capture, piece):
            yield {
                name: field if True not in kinds else number(field, kinds)
                for name, field, kinds in zip(names, record, compared, strict=False)
            }


def records_of(capture: CSVCapture, piece: Piece) -> Iterator[list[str]]:
    """The fields of each record; a record is one line to csv, with all its newlines."""
    frame, _, start, stop = piece
    offsets = frame.offsets
    lines = (
        bytes(frame.rows[offsets[i] : offsets[i + 1]]).decode(
            "utf-8", "surrogateescape"
        )
        for i in range(start, stop)
    )
    try:
        yield from csv.reader(lines)
    except csv.Error as error:
        raise ReaderError(f"{capture.name}: {error}") from error


def number(field: str, kinds: set[bool]) -> Any:
    """A field of a column that is compared with numbers."""
    found = NUMBER.fullmatch(field)
    if found is None:
        return field
    value: float | Decimal
    if found[1] or found[2]:
        value = float(field)
        if isinf(value):  # which stands for many numbers, and this is one
            value = Decimal(field)
    else:
        value = int(field) if len(field) <= WHOLE_DIGITS else Decimal(field)
    return (field, value) if False in kinds else value


def note_kinds(node: SCLNode, path: str, kinds: dict[str, set[bool]]) -> None:
    """Note whether what stands at a path is compared with numbers, texts or both."""
    if node.children is None:
        kinds.setdefault(path, set()).add(node.kind == "number")
        return
    for child in node.children:
        if node.kind == "group":
            note_kinds(child, f"{path}.{child.key}", kinds)
        elif child.key not in SWITCHES:
            note_kinds(child, path, kinds)
