from collections.abc import Iterable
from typing import Any

def plan(
    conjuncts: Iterable[tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]],
) -> tuple[list[list[Any]], list[list[Any]], bool, bool]: ...
