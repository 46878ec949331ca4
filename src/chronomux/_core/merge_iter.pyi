from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, final

T = TypeVar("T")

@final
class LazyMerge(Generic[T]):
    def __new__(
        cls,
        iterables: Iterable[Iterable[T]],
        key: Callable[[T], Any] | None,
        reverse: bool,
    ) -> LazyMerge[T]: ...
    def __iter__(self) -> LazyMerge[T]: ...
    def __next__(self) -> T: ...
    def close(self) -> None: ...
