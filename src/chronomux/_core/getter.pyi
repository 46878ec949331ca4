from collections.abc import Callable
from typing import Any, final

@final
class Getter:
    def __new__(cls, key: Callable[[Any], Any] | None) -> Getter: ...
