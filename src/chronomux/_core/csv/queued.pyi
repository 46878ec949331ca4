from collections.abc import Callable, Iterable, Sequence
from typing import Any, final

from chronomux._core.csv.rows import Rows
from chronomux._core.queue_core import QueueCore
from chronomux._core.times import TimeParser
from chronomux.errors import TimestampError

@final
class QueuedRows:
    def __init__(
        self,
        queue: QueueCore,
        rows: Rows,
        keys: Iterable[str] | None,
        columns: int,
        missing: Any,
        finish: Callable[[list[Any], int | None], Any],
        times: tuple[
            int,
            Sequence[int],
            TimeParser,
            Callable[[Sequence[str]], str],
            Callable[[int, TimestampError], bool],
            Callable[[int, list[str]], None],
        ]
        | None = None,
    ) -> None: ...
    def put(self, timeout: float | None = None) -> bool: ...
