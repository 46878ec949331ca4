from collections.abc import Iterable
from typing import Any, final

@final
class Timeline:
    def __new__(cls, tails: Iterable[bytes]) -> Timeline: ...
    @property
    def merged(self) -> int: ...
    def load(
        self,
        source: int,
        keys: Any,
        offsets: Any,
        rows: Any,
        start: int,
        stop: int,
    ) -> None: ...
    def merge_round(self, most: int) -> int: ...
    def fill(self, out: Any) -> int: ...
    def stretches(self) -> list[tuple[int, int, int]]: ...
