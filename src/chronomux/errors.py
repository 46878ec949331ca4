"""Every exception chronomux raises on purpose. One root, `ChronomuxError`.

A subclass also derives from the built-in its users would catch anyway. Messages say
what happened, where (file:line or offset, input, key) and what to do about it.
"""

from __future__ import annotations

from _csv import Error

__all__ = [
    "CSVError",
    "ChronomuxError",
    "DeadInputError",
    "DisorderError",
    "FrameError",
    "GrammarError",
    "LexError",
    "NestedPoolError",
    "ParseError",
    "PcapError",
    "ReaderError",
    "RemoteError",
    "SCLSyntaxError",
    "SortKeyError",
    "TimestampError",
    "UnknownRule",
    "WorkerDiedError",
    "WriterError",
]


class ChronomuxError(Exception):
    """Root of all errors raised by chronomux."""


class DisorderError(ChronomuxError, ValueError):
    """An input that must be sorted is not.

    `input` is the number of the input in registration order and `position` the
    number, from 0, of the first item whose key is below its predecessor's.
    """

    def __init__(self, message: str, input: int, position: int) -> None:
        super().__init__(message)
        self.input = input
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*self.args, self.input, self.position)


class SortKeyError(ChronomuxError, TypeError):
    """Two sort keys cannot be compared, or a sort key could not be made."""


class DeadInputError(ChronomuxError, RuntimeError):
    """An input will never end: its producers or its queue are gone."""


class ReaderError(ChronomuxError, ValueError):
    """A capture cannot be read; the message begins with file:line or file@offset."""


class CSVError(ReaderError, Error):
    """A row that csv.reader refuses; the message ends in the words of its csv.Error."""


class PcapError(ReaderError):
    """A packet capture is damaged, cut or of an unknown kind; see the file@offset."""


class TimestampError(ReaderError):
    """A text is not a time in the format asked for."""


class WriterError(ChronomuxError, ValueError):
    """An item that the format of a file cannot hold; the message names both."""


class FrameError(ChronomuxError, ValueError):
    """Bytes that should be a frame are not one, or were damaged on their way."""


class GrammarError(ChronomuxError, ValueError):
    """A grammar that PLY cannot make tables of, or tables that are none."""


class LexError(ChronomuxError, ValueError):
    """A lexer can make no token of what comes next.

    `text` is all that comes next; `line` and `offset` say where it stands, in lines as
    the grammar counts them, from 1, and in characters from 0.
    """

    def __init__(self, message: str, text: str, line: int, offset: int) -> None:
        super().__init__(message)
        self.text = text
        self.line = line
        self.offset = offset

    def __str__(self) -> str:
        return f"line {self.line}, offset {self.offset}: {self.args[0]}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*self.args, self.text, self.line, self.offset)


class ParseError(ChronomuxError, ValueError):
    """A text is not of the grammar.

    `found` is the type of the token that cannot stand where it stands, "$end" for the
    end of the text; `expected` are the types of the tokens that could; `line` and
    `offset` say where, or are None at the end.
    """

    def __init__(
        self,
        message: str,
        found: str,
        expected: tuple[str, ...],
        line: int | None,
        offset: int | None,
    ) -> None:
        super().__init__(message)
        self.found = found
        self.expected = expected
        self.line = line
        self.offset = offset

    def __reduce__(self) -> tuple[object, ...]:
        values = self.found, self.expected, self.line, self.offset
        return type(self), (*self.args, *values)


class SCLSyntaxError(ChronomuxError, ValueError):
    """A text is not SCL; the message shows the line and marks the place.

    `line` and `column` count from 1; `offset` counts characters from the beginning of
    the text, or bytes where a file is not UTF-8. `found` is what stands there, '' at
    the end of the text. `expected` names the kinds of tokens that could stand there,
    and is empty where no token is one. `opened_at` is the offset of the quote or the
    innermost parenthesis that nothing closes, or None. `span` is what was left out
    because of it, as (begin, end), where reading went on; else None.
    """

    def __init__(
        self,
        message: str,
        line: int,
        column: int,
        offset: int,
        found: str,
        expected: tuple[str, ...] = (),
        opened_at: int | None = None,
        span: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.offset = offset
        self.found = found
        self.expected = expected
        self.opened_at = opened_at
        self.span = span

    def __reduce__(self) -> tuple[object, ...]:
        values = self.line, self.column, self.offset, self.found, self.expected
        return type(self), (*self.args, *values, self.opened_at, self.span)


class UnknownRule(ChronomuxError, KeyError):
    """No rule of this index, callback or condition is registered."""

    __str__ = Exception.__str__  # KeyError would show its message as a repr


class WorkerDiedError(ChronomuxError, RuntimeError):
    """A worker process of a pool ended before its task did."""


class RemoteError(ChronomuxError, RuntimeError):
    """A task raised an exception that cannot travel; its traceback is the message."""


class NestedPoolError(ChronomuxError, RuntimeError):
    """A worker process asked for processes of its own."""
