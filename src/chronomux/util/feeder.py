"""Arguments on their way from an iterator to a crew."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from chronomux.errors import RemoteError
from chronomux.util.crew import Crew
from chronomux.util.jobs import Results, Task
from chronomux.util.outcomes import Failure

__all__ = ["Feeder", "cut"]

AHEAD_PER_WORKER = 4


def cut(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of `size` items; the last one may be shorter."""
    if size < 1:
        raise ValueError(f"chunksize is {size}; it must be at least 1")
    rest = iter(items)
    return iter(lambda: list(islice(rest, size)), [])


class Feeder(threading.Thread):
    """Reads the arguments of one `imap`, a few tasks ahead of the workers.

    A thread of its own, as an iterator may take its time or never end.
    """

    def __init__(
        self, crew: Crew, job: Results, call: Any, chunks: Iterator[list[Any]]
    ) -> None:
        super().__init__(name="chronomux-feeder", daemon=True)
        self._crew = crew
        self._job = job
        self._call = call
        self._chunks = chunks
        self._number = 0

    def run(self) -> None:
        """Hand in tasks until the arguments or the crew come to an end."""
        try:
            for chunk in self._chunks:
                if not self._hand_in(chunk):
                    break
        except Exception as error:
            self._fail(error)
        except BaseException as error:
            self._fail(RemoteError(f"the arguments ended with {error!r}"))
        finally:
            self._job.expect(self._number)
            self._crew.release()

    def _hand_in(self, chunk: list[Any]) -> bool:
        self._job.wait_for_room(self._number, self._crew.size * AHEAD_PER_WORKER)
        try:
            load = self._crew.load(self._call, chunk)
        except Exception as error:
            self._fail(error)  # these arguments cannot be sent; others may
            return True
        task = Task(self._job, self._number, load)
        self._number += 1
        return self._crew.submit([task])

    def _fail(self, error: Exception) -> None:
        # Where the arguments failed, the results do.
        self._job.deliver(self._number, Failure(error))
        self._number += 1
