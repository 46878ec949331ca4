from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from typing_extensions import Self, disjoint_base

from chronomux._core.receiver import Receiver
from chronomux._core.ring import Ring
from chronomux._core.sender import Sender

class KeyMode(IntEnum):
    NO_KEYS = 0
    ITEM_KEYS = 1
    FUNCTION_KEYS = 2

@disjoint_base
class QueueCore:
    @property
    def _ring(self) -> Ring: ...
    @property
    def _sender(self) -> Sender | None: ...
    @property
    def _receiver(self) -> Receiver | None: ...
    _closed: bool
    def __new__(cls, *args: Any, **options: Any) -> Self: ...
    def _open(
        self,
        ring: Ring,
        key_mode: KeyMode,
        key_function: Callable[[Any], Any] | None = None,
    ) -> None: ...
    def _forget(self) -> None: ...
    def _raise_failure(self) -> None: ...
    def put(
        self,
        item: Any,
        block: bool = True,
        timeout: float | None = None,
        *,
        key: Any = ...,
    ) -> None: ...
    def put_nowait(self, item: Any) -> None: ...
    def put_many(
        self,
        items: Iterable[Any],
        block: bool = True,
        timeout: float | None = None,
        *,
        keys: Iterable[Any] | None = None,
    ) -> None: ...
    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...
    def get_nowait(self) -> Any: ...
    def get_many(
        self,
        max_items: int = 1024,
        block: bool = True,
        timeout: float | None = None,
    ) -> list[Any]: ...
    def qsize(self) -> int: ...
    def empty(self) -> bool: ...
    def full(self) -> bool: ...
