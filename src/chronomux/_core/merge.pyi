from typing import Any

def merge_order(
    keys: tuple[Any, ...], source: Any, index: Any, reverse: bool, check: bool
) -> None: ...
