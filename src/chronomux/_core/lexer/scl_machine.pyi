from typing import Any, final

TERMINAL_NAMES: tuple[str, ...]
ROLES: dict[str, Any]
SIZES: dict[Any, int]

@final
class Machine:
    def __new__(cls, tables: Any) -> Machine: ...
