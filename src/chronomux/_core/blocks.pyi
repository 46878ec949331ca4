from collections.abc import Callable, Iterable
from typing import Any, final

@final
class Blocks:
    def __new__(
        cls,
        sequences: Iterable[Any],
        key: Callable[[Any], Any] | None,
        reverse: bool,
    ) -> Blocks: ...
