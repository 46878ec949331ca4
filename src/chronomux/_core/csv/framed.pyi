from collections.abc import Iterable
from typing import Any, final

from chronomux._core.csv.row_times import RowTimes
from chronomux._core.csv.rows import Rows

@final
class FramedRows:
    def __init__(
        self,
        rows: Rows,
        keys: Iterable[str] | None,
        columns: int,
        missing: Any,
        times: RowTimes | None = None,
        time_place: int = 0,
    ) -> None: ...
