"""Tasks, results and exceptions as bytes, and what becomes of those that cannot travel.

A task message is the pickled pair (function and keywords, argument tuples), each itself
pickled. An answer is one byte for its kind, then its body. The parent's supervisor
moves these bytes unopened: foreign code in a pickle runs in the caller's thread.
"""

from __future__ import annotations

import pickle
import traceback
from typing import Any

from chronomux.errors import RemoteError, WorkerDiedError
from chronomux.util import backend
from chronomux.util.outcomes import run

__all__ = ["DIED", "READY", "PackedOutcome", "answer", "pack", "pack_error"]

READY, VALUES, ERROR, DIED = b"R", b"V", b"E", b"D"


class PackedOutcome:
    """The answer of a worker process, opened by whoever asked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.failed = data[:1] != VALUES

    def take(self) -> list[Any]:
        body = memoryview(self._data)[1:]
        if self.failed:
            raise _unpack_error(self._data[:1], body)
        try:
            values: list[Any] = backend.loads(body)
        except Exception as error:
            raise RemoteError(f"a result does not unpickle: {error!r}") from error
        return values


def pack(value: Any) -> bytes:
    """Pickle with C speed what C can; the rest, and all of `__main__`, by value.

    A class or function of `__main__` that is younger than the workers does not exist
    there, so a reference to it would not arrive.
    """
    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:
        return backend.dumps(value)
    return backend.dumps(value) if b"__main__" in data else data


def answer(message: bytes) -> bytes:
    """Do the task in `message`; never raises."""
    try:
        call, items = pickle.loads(message)
        function, kwds = backend.loads(call)
        values = run(function, backend.loads(items), kwds)
    except BaseException as error:
        return pack_error(error)
    try:
        return VALUES + pack(values)
    except BaseException as error:
        return pack_error(RemoteError(f"a result cannot be pickled: {error!r}"))


def pack_error(error: BaseException) -> bytes:
    """An answer that raises `error`, or the nearest thing that travels."""
    text = "".join(traceback.format_exception(error))
    if not isinstance(error, Exception):
        return DIED + text.encode(errors="replace")
    try:
        data = pack(error)
        arrives = isinstance(backend.loads(data), Exception)
    except BaseException:
        arrives = False
    if not arrives:
        data = pack(RemoteError(f"{type(error).__name__} does not unpickle\n{text}"))
    return ERROR + pickle.dumps((data, text))


def _unpack_error(kind: bytes, body: memoryview) -> Exception:
    if kind == DIED:
        text = bytes(body).decode()
        return WorkerDiedError(f"a task ended its worker\n{text}")
    data, text = pickle.loads(body)
    try:
        error = backend.loads(data)
    except Exception as trouble:
        return RemoteError(f"an exception does not unpickle: {trouble!r}\n{text}")
    if isinstance(error, RemoteError):
        return error
    error.__cause__ = RemoteError(f"in the worker:\n{text}")
    return error  # type: ignore[no-any-return]
