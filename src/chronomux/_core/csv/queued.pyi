from collections.abc import Callable
from typing import Any, final

from chronomux._core.csv.framed import FramedRows
from chronomux._core.queue_core import QueueCore

@final
class QueuedRows:
    def __init__(
        self,
        queue: QueueCore,
        framed: FramedRows,
        finish: Callable[[list[Any], int | None], Any],
        at_end: Callable[[], None],
    ) -> None: ...
    def put(self, timeout: float | None = None) -> bool: ...
