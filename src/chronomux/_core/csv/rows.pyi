from collections.abc import Callable, Iterable
from typing import Any, final

from typing_extensions import Self, disjoint_base

from chronomux._core.csv.records import Records
from chronomux._core.csv.rules import Rules

@disjoint_base
class Rows(Records):
    @property
    def dialect(self) -> Any: ...
    def __init__(
        self,
        read: Callable[[], bytes],
        rules: Rules,
        name: str,
        dialect: Any = None,
    ) -> None: ...
    def skip(self) -> None: ...

@final
class ListRows(Rows):
    def __iter__(self) -> Self: ...
    def __next__(self) -> list[Any]: ...

@final
class DictRows(Rows):
    def __init__(
        self,
        read: Callable[[], bytes],
        rules: Rules,
        name: str,
        keys: Iterable[Any],
        restkey: Any = None,
        restval: Any = None,
        *,
        dialect: Any = None,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> dict[Any, Any]: ...
