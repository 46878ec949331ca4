from typing import Any, final

@final
class Columns:
    def __new__(cls, keys: tuple[Any, ...], reverse: bool = False) -> Columns: ...
