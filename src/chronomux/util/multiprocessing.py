"""MultiProcessing: the one object per process that hands out pools and a Manager."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from chronomux.util import lifecycle
from chronomux.util.ending import DEFAULT_EXIT_TIMEOUT, ending

if TYPE_CHECKING:
    from chronomux.util import pools
    from chronomux.util.manager import ManagerProcess

__all__ = ["MultiProcessing"]

AnyPool = TypeVar("AnyPool", bound="pools.Pool")
log = logging.getLogger("chronomux")


class MultiProcessing:
    """Pools, and a Manager, that leave no process behind however this one ends.

    There is one in a process: `MultiProcessing()` returns it, also in another thread;
    in a forked child it starts clean. pathos loads, and workers start, with the first
    call to a pool.

        pools = MultiProcessing()
        with pools.ProcessPool(ncpus=4) as pool:
            squares = pool.map(lambda x: x * x, range(1000))

    Pools have `map`, `amap`, `imap`, `uimap`, `pipe`, `apipe`, `close`, `terminate`,
    `join`, `restart`, `clear` and `nodes` as pathos has them. The number of workers
    comes first or is called `nodes` or `ncpus`; the default is one a CPU. A pool that
    was closed or terminated comes back when it is used.

    How it ends:

    - At exit running work has `exit_timeout` seconds (default 30) to end; then it is
      terminated, then killed. After an uncaught exception it is terminated at once.
    - Ctrl-C raises KeyboardInterrupt out of any wait for a pool, as ever; all pools
      are terminated first. Workers ignore SIGINT.
    - SIGTERM ends all pools and the Manager, then the process, with exit code 143. It
      is handled only if it was not when `MultiProcessing()` was called in the main
      thread.
    - SIGKILL: workers and the Manager watch this process and follow it within 2 s.
    """

    exit_timeout: float
    _manager: ManagerProcess | None
    _one: MultiProcessing | None = None
    _lock = threading.RLock()

    def __new__(cls, *, exit_timeout: float | None = None) -> MultiProcessing:
        if exit_timeout is not None and not exit_timeout >= 0:
            raise ValueError(f"exit_timeout={exit_timeout!r}: use seconds or None")
        with cls._lock:
            if cls._one is None:
                cls._one = super().__new__(cls)
                cls._one._begin()
            one = cls._one
        if exit_timeout is not None:
            one.exit_timeout = exit_timeout
        ending.handle_sigterm()
        return one

    def ThreadPool(self, *args: Any, **kwds: Any) -> pools.ThreadPool:
        """A new pool of threads."""
        from chronomux.util import pools

        return pools.ThreadPool(*args, **kwds)

    def ProcessPool(self, *args: Any, **kwds: Any) -> pools.ProcessPool:
        """A new pool of processes."""
        from chronomux.util import pools

        return pools.ProcessPool(*args, **kwds)

    def GlobalThreadPool(self, *args: Any, **kwds: Any) -> pools.ThreadPool:
        """The one pool of threads that everybody in this process shares.

        The first call decides its size and options. A later one that asks for more
        workers makes it larger; one that asks for fewer gets it as it is.
        """
        from chronomux.util import pools

        return self._share(pools.ThreadPool(*args, **kwds), bool(args or kwds))

    def GlobalProcessPool(self, *args: Any, **kwds: Any) -> pools.ProcessPool:
        """The one pool of processes that everybody in this process shares.

        The first call decides its size and options. A later one that asks for more
        workers makes it larger; one that asks for fewer gets it as it is.
        """
        from chronomux.util import pools

        return self._share(pools.ProcessPool(*args, **kwds), bool(args or kwds))

    def Manager(self) -> Any:
        """The Manager of this process: a started multiprocess `SyncManager`.

        Its queues, dicts and locks can be passed to tasks. The server process ends
        with this one; if it ended before, a new one is started.
        """
        with lifecycle.loading:  # pathos, at the first time
            from chronomux.util.manager import ManagerProcess

        with self._lock:
            if self._manager is None or not self._manager.is_running:
                self._manager = ManagerProcess()
                ending.handle_exit()
            return self._manager.manager

    def Lock(self) -> Any:
        """A lock for threads and for workers, which get it as an argument.

        It lives in the Manager; with a worker killed while holding it, it stays locked.
        """
        return self.Manager().Lock()

    def terminate(self) -> None:
        """End all pools and the Manager now. Pools come back when they are used."""
        lifecycle.terminate_all()

    def __reduce__(self) -> Any:
        return MultiProcessing, ()

    def _begin(self) -> None:
        self.exit_timeout = DEFAULT_EXIT_TIMEOUT
        self._shared: dict[Any, Any] = {}
        self._manager = None
        ending.exit_timeout = lambda: self.exit_timeout
        ending.handle_exit()
        lifecycle.at_fork(self._start_clean)

    def _start_clean(self) -> None:
        # The parent's manager is the parent's, and so is whoever held the lock.
        MultiProcessing._lock = threading.RLock()
        self._manager = None

    def _share(self, wanted: AnyPool, is_particular: bool) -> AnyPool:
        with self._lock:
            pool = self._shared.setdefault(type(wanted), wanted)
            if pool is not wanted and is_particular:
                _adapt(pool, wanted)
        return pool  # type: ignore[no-any-return]


def _adapt(pool: pools.Pool, wanted: pools.Pool) -> None:
    """Have the shared pool serve a caller that asked for another one."""
    if wanted.nodes > pool.nodes:
        log.info("%r grows to %d workers", pool, wanted.nodes)
        pool.nodes = wanted.nodes
    elif wanted.nodes < pool.nodes:
        log.info("%r keeps its workers; %d were asked for", pool, wanted.nodes)
