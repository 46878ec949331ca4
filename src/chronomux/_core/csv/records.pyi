from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from chronomux._core.csv.rules import Rules

@disjoint_base
class Records:
    def __new__(
        cls,
        read: Callable[[], bytes],
        rules: Rules,
        name: str,
        *args: Any,
        **kwargs: Any,
    ) -> Records: ...
    @property
    def line_num(self) -> int: ...
    @property
    def row_line(self) -> int: ...
    @property
    def is_open_at_end(self) -> bool: ...
    def rest(self) -> bytes: ...
