from collections.abc import Callable
from typing import Any, final

from typing_extensions import Self

from chronomux._core.csv.records import Records
from chronomux._core.csv.rules import Rules
from chronomux._core.csv.typed_column import TypedColumn
from chronomux._core.times import TimeParser
from chronomux.errors import TimestampError

@final
class ColumnRows(Records):
    names: list[str]
    types: list[Any]
    def __init__(
        self,
        read: Callable[[], bytes],
        rules: Rules,
        name: str,
        names: list[str],
        types: list[Any],
        *,
        most: int = 65536,
        parser: TimeParser | None = None,
        time: int = -1,
        time_columns: tuple[int, ...] = (),
        bad_time: Callable[[int, TimestampError], bool] | None = None,
    ) -> None: ...
    def skip(self) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> tuple[list[TypedColumn], int]: ...
