"""Pools as pathos has them, each with workers of its own.

`ProcessPool` carries functions and arguments by pickle, by value where they cannot be
imported (lambdas, closures, `__main__`); `ThreadPool` calls them where they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chronomux.errors import NestedPoolError
from chronomux.util import lifecycle
from chronomux.util.ending import ending
from chronomux.util.pool import Pool, checked_size
from chronomux.util.thread_crew import ThreadCrew

if TYPE_CHECKING:
    from chronomux.util.process_crew import ProcessCrew

__all__ = ["Pool", "ProcessPool", "ThreadPool"]


class ThreadPool(Pool):
    """A pool of threads: they share this process's objects, and its GIL.

    Threads cannot be killed: `terminate` drops the tasks and lets running calls end
    unheard.
    """

    def _hire(self) -> ThreadCrew:
        return ThreadCrew(self._size, self._setup)


class ProcessPool(Pool):
    """A pool of processes.

    A worker ignores SIGINT, ends on SIGTERM, does not run this process's exit
    functions, and is gone within 2 s of this process, however that ended. It is
    replaced after `maxtasksperchild` tasks. It cannot have a process pool of its own:
    NestedPoolError.
    """

    def __init__(
        self,
        nodes: int | None = None,
        *,
        maxtasksperchild: int | None = None,
        **options: Any,
    ) -> None:
        _refuse_in_worker()
        super().__init__(nodes, **options)
        if maxtasksperchild is not None:
            limit = checked_size("maxtasksperchild", maxtasksperchild)
            self._setup = replace(self._setup, max_tasks=limit)

    def _hire(self) -> ProcessCrew:
        with lifecycle.loading:  # pathos, at the first time
            from chronomux.util.process_crew import ProcessCrew

        # It has registered an exit function that ends all daemons; ours comes before.
        ending.handle_exit()
        _refuse_in_worker()
        return ProcessCrew(self._size, self._setup)


def _refuse_in_worker() -> None:
    if lifecycle.is_worker():
        raise NestedPoolError(
            "a worker of a process pool cannot have a process pool of its own: use a"
            " ThreadPool in the task, or return the work and map it in the parent, or"
            " make one larger pool"
        )
