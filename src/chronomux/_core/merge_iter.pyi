from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, final

_T = TypeVar("_T")

@final
class LazyMerge(Generic[_T]):
    def __new__(
        cls,
        iterables: Iterable[Iterable[_T]],
        key: Callable[[_T], Any] | None,
        reverse: bool,
    ) -> LazyMerge[_T]: ...
    def __iter__(self) -> LazyMerge[_T]: ...
    def __next__(self) -> _T: ...
    def close(self) -> None: ...
