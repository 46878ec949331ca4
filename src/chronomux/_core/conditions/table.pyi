from collections.abc import Mapping
from typing import Any, final

@final
class Table:
    length: int
    is_typed: bool
    def __new__(cls, columns: Mapping[str, Any]) -> Table: ...
    def __getitem__(self, row: int, /) -> dict[str, Any]: ...

def length_of(name: str, column: Any) -> int: ...
