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
    "NestedPoolError",
    "PcapError",
    "ReaderError",
    "RemoteError",
    "SortKeyError",
    "TimestampError",
    "UnknownRule",
    "WorkerDiedError",
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


class FrameError(ChronomuxError, ValueError):
    """Bytes that should be a frame are not one, or were damaged on their way."""


class UnknownRule(ChronomuxError, KeyError):
    """No rule of this index, callback or condition is registered."""

    __str__ = Exception.__str__  # KeyError would show its message as a repr


class WorkerDiedError(ChronomuxError, RuntimeError):
    """A worker process of a pool ended before its task did."""


class RemoteError(ChronomuxError, RuntimeError):
    """A task raised an exception that cannot travel; its traceback is the message."""


class NestedPoolError(ChronomuxError, RuntimeError):
    """A worker process asked for processes of its own."""
