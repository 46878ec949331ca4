from collections.abc import Callable
from typing import Any, final

@final
class TimeParser:
    def __new__(
        cls,
        slow: Callable[[str], int],
        *,
        iso: bool = False,
        epoch: bool = False,
        places: int = -1,
        offset_ns: int | None = 0,
    ) -> TimeParser: ...
    @property
    def slow(self) -> Callable[[str], int]: ...
    def __call__(self, text: str) -> int: ...
    def column(self, data: Any, starts: Any, ends: Any, out: Any) -> list[int]: ...
