"""What every pool does, whatever its workers are: pathos' calls, and coming back."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from operator import index
from typing import Any

from chronomux.util import lifecycle
from chronomux.util.crew import Crew, Setup
from chronomux.util.feeder import Feeder, cut
from chronomux.util.jobs import (
    OrderedResults,
    Result,
    Results,
    Task,
    UnorderedResults,
)

__all__ = ["Pool", "checked_size"]

CHUNKS_PER_WORKER = 4

_hiring = threading.Lock()


def _start_clean() -> None:
    # Another thread of the parent may have held it at the fork, and is not here.
    global _hiring
    _hiring = threading.Lock()


lifecycle.at_fork(_start_clean)


class Pool(ABC):
    """A number of workers, hired on the first call and again after they have left.

    `nodes` workers (also `ncpus`, `nthreads` or `processes`; default: one a CPU), each
    of which calls `initializer(*initargs)` first. A pool that was closed, terminated
    or inherited by a forked child starts anew when it is used. `with` closes it and
    waits for the work in hand, or terminates it when leaving by an exception.

    All results raise WorkerDiedError when a worker died over a task and RemoteError
    for an exception that cannot travel. Ctrl-C in any wait terminates all pools of the
    process; the KeyboardInterrupt goes on.
    """

    def __init__(
        self,
        nodes: int | None = None,
        *,
        ncpus: int | None = None,
        nthreads: int | None = None,
        processes: int | None = None,
        id: object = None,
        initializer: Callable[..., Any] | None = None,
        initargs: Iterable[Any] = (),
    ) -> None:
        self._size = _one_size(nodes, ncpus, nthreads, processes) or _cpu_count()
        self._id = id  # pathos' name for shared workers; here it only names
        self._setup = Setup(initializer, tuple(initargs))
        self._crew: Any = None
        self._finalizer: Any = None
        self._leaving: list[Crew] = []

    def map(
        self,
        f: Callable[..., Any],
        *args: Iterable[Any],
        chunksize: int | None = None,
    ) -> list[Any]:
        """`list(map(f, *args))`, the calls done by the workers, `chunksize` at once."""
        with lifecycle.interruptible():
            values: list[Any] = self.amap(f, *args, chunksize=chunksize).get()
        return values

    def amap(
        self,
        f: Callable[..., Any],
        *args: Iterable[Any],
        chunksize: int | None = None,
    ) -> Result:
        """As `map`, without waiting: the list is its `get()`."""
        items = list(zip(*_some(args), strict=False))
        if chunksize is None:
            chunksize = max(1, -(-len(items) // (self._size * CHUNKS_PER_WORKER)))
        return self._submit(Result(self), f, {}, cut(items, chunksize))

    def imap(
        self, f: Callable[..., Any], *args: Iterable[Any], chunksize: int = 1
    ) -> OrderedResults:
        """As `map`, results one by one; arguments are read as workers take them."""
        job = OrderedResults(self)
        self._feed(job, f, args, chunksize)
        return job

    def uimap(
        self, f: Callable[..., Any], *args: Iterable[Any], chunksize: int = 1
    ) -> UnorderedResults:
        """As `imap`, in the order in which results come in."""
        job = UnorderedResults(self)
        self._feed(job, f, args, chunksize)
        return job

    def pipe(self, f: Callable[..., Any], /, *args: Any, **kwds: Any) -> Any:
        """`f(*args, **kwds)`, called by a worker."""
        with lifecycle.interruptible():
            return self.apipe(f, *args, **kwds).get()

    def apipe(self, f: Callable[..., Any], /, *args: Any, **kwds: Any) -> Result:
        """As `pipe`, without waiting: the value is its `get()`."""
        return self._submit(Result(self, single=True), f, kwds, [[args]])

    def close(self) -> None:
        """Let the workers leave when all work handed in is done; does not wait."""
        with _hiring:
            crew, self._crew = self._crew, None
            if crew is not None and crew.pid == os.getpid():
                self._leaving = [*self._leaving_here(), crew]
                crew.close()
                self._let_go()

    def join(self, timeout: float | None = None) -> None:
        """Wait until workers told to leave have left, at most `timeout` seconds.

        ValueError if the pool is open: nobody has told them.
        """
        leaving = self._leaving_here()
        if not leaving and self._crew is not None and self._crew.is_open:
            raise ValueError(
                f"{self!r} is open; close() or terminate() it, then join()"
            )
        with lifecycle.interruptible():
            for crew in leaving:
                crew.join(timeout)

    def terminate(self) -> None:
        """End the workers now; what they have not finished raises WorkerDiedError."""
        self.close()
        for crew in self._leaving_here():
            crew.terminate()

    def clear(self) -> None:
        """Close, and wait until the workers have left."""
        self.close()
        self.join()

    def restart(self, force: bool = False) -> None:
        """Hire new workers at once, when the present ones have done their work.

        AssertionError if the pool is open, unless `force`, as with pathos.
        """
        if self._crew is not None and self._crew.is_open and not force:
            raise AssertionError(f"{self!r} is open; close() it or use force=True")
        self.clear()
        self._reserve_crew().release()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.clear()
        else:
            self.terminate()

    @property
    def nodes(self) -> int:
        """How many workers the pool has, or will have. More come at once; fewer take
        the place of the present ones on the next call."""
        return self._size

    @nodes.setter
    def nodes(self, size: int) -> None:
        size = checked_size("nodes", size)
        if size < self._size:
            self.close()
        elif self._crew is not None and self._crew.is_open:
            self._crew.grow(size)
        self._size = size

    ncpus = nodes

    def __repr__(self) -> str:
        return f"<{type(self).__name__}(nodes={self._size})>"

    def __reduce__(self) -> str:
        raise TypeError(
            f"{self!r} cannot be sent to another process; send arguments and results"
        )

    @abstractmethod
    def _hire(self) -> Any: ...

    def _reserve_crew(self) -> Any:
        """The present crew, or a new one, to be released when all is handed in."""
        crew = self._crew
        while crew is None or not crew.reserve():
            with _hiring:
                if self._crew is crew:  # or another thread has hired one meanwhile
                    return self._hire_crew()
                crew = self._crew
        return crew

    def _hire_crew(self) -> Any:
        self._let_go()
        self._leaving = self._leaving_here()
        self._crew = crew = self._hire()
        self._finalizer = weakref.finalize(self, crew.close)
        self._finalizer.atexit = False  # at exit, work is given time to end
        return crew

    def _let_go(self) -> None:
        if self._finalizer is not None:
            self._finalizer.detach()

    def _leaving_here(self) -> list[Crew]:
        """Crews of this process that are on their way out."""
        here = os.getpid()
        return [c for c in self._leaving if c.pid == here and not c.has_ended]

    def _submit(
        self, job: Result, f: Callable[..., Any], kwds: dict[str, Any], chunks: Any
    ) -> Result:
        with lifecycle.interruptible():
            crew = self._reserve_crew()
            try:
                call = crew.prepare(f, kwds)
                loads = [crew.load(call, chunk) for chunk in chunks]
                job.expect(len(loads))
                crew.submit(Task(job, n, load) for n, load in enumerate(loads))
            finally:
                crew.release()
        return job

    def _feed(
        self, job: Results, f: Callable[..., Any], args: tuple[Any, ...], chunksize: int
    ) -> None:
        chunks = cut(zip(*_some(args), strict=False), chunksize)
        with lifecycle.interruptible():
            crew = self._reserve_crew()
            try:
                feeder = Feeder(crew, job, crew.prepare(f, {}), chunks)
                feeder.start()  # releases the crew at its end
            except BaseException:
                crew.release()
                raise


def _some(args: tuple[Any, ...]) -> tuple[Any, ...]:
    if not args:
        raise TypeError("nothing to map over; give one iterable an argument")
    return args


def _cpu_count() -> int:
    return os.cpu_count() or 1


def _one_size(nodes: int | None, *others: int | None) -> int | None:
    """The number of workers, however it was named; None if it was not."""
    given = [size for size in (nodes, *others) if size is not None]
    if len(given) > 1:
        raise TypeError(
            "nodes, ncpus, nthreads and processes are one: give one of them"
        )
    return checked_size("nodes", given[0]) if given else None


def checked_size(name: str, size: int) -> int:
    size = index(size)
    if size < 1:
        raise ValueError(f"{name} is {size}; a pool needs at least 1")
    return size
