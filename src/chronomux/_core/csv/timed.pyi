from collections.abc import Callable, Sequence
from typing import final

from typing_extensions import Self

from chronomux._core.csv.records import Records
from chronomux._core.csv.rules import Rules
from chronomux._core.times import TimeParser
from chronomux.errors import TimestampError

@final
class TimedRecords(Records):
    def __init__(
        self,
        read: Callable[[], bytes],
        rules: Rules,
        name: str,
        parser: TimeParser,
        columns: Sequence[int],
        missing: str,
        encoding: str,
        on_bad: Callable[[int, TimestampError], bool],
        on_first: Callable[[int, list[str]], None],
        lines: int = 0,
        block_bytes: int = ...,
        readinto: Callable[[memoryview], int] | None = ...,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(
        self,
    ) -> tuple[memoryview, memoryview, bytes | memoryview, Sequence[int]]: ...
