from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, final

_T = TypeVar("_T")

@final
class BlockMerge(Generic[_T]):
    def __new__(
        cls,
        sequences: Iterable[Iterable[_T]],
        key: Callable[[_T], Any] | None,
        reverse: bool,
    ) -> BlockMerge[_T]: ...
    def __iter__(self) -> BlockMerge[_T]: ...
    def __next__(self) -> _T: ...
    def close(self) -> None: ...
