from collections.abc import Callable, Sequence
from typing import final

from chronomux._core.times import TimeParser
from chronomux.errors import TimestampError

@final
class RowTimes:
    def __init__(
        self,
        parser: TimeParser,
        columns: Sequence[int],
        pick: Callable[[Sequence[str]], str],
        on_bad: Callable[[int, TimestampError], bool],
        on_first: Callable[[int, list[str]], None],
    ) -> None: ...
