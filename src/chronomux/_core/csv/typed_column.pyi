import sys
from collections.abc import Iterator
from typing import Any, Literal

from typing_extensions import disjoint_base

KINDS: dict[str, int]

@disjoint_base
class TypedColumn:
    name: str
    null_count: int
    def __new__(
        cls,
        name: str,
        type: Literal["int64", "float64", "timestamp", "str"],
        strict: bool = False,
    ) -> TypedColumn: ...
    @property
    def type(self) -> Literal["int64", "float64", "timestamp", "str"]: ...
    def add(self, field: bytes) -> bool: ...
    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    if sys.version_info >= (3, 12):
        def __buffer__(self, flags: int, /) -> memoryview: ...
        def __release_buffer__(self, view: memoryview, /) -> None: ...

def restored(
    name: str,
    type: Literal["int64", "float64", "timestamp", "str"],
    strict: bool,
    length: int,
    valid: bytes,
    values: bytes,
    text: bytes,
) -> TypedColumn: ...
