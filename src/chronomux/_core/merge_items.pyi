from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, final

T = TypeVar("T")

@final
class BlockMerge(Generic[T]):
    def __new__(
        cls,
        sequences: Iterable[Iterable[T]],
        key: Callable[[T], Any] | None,
        reverse: bool,
    ) -> BlockMerge[T]: ...
    def __iter__(self) -> BlockMerge[T]: ...
    def __next__(self) -> T: ...
    def close(self) -> None: ...
