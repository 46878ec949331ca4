from collections.abc import Iterable
from re import Pattern
from typing import Any

PLAIN: Pattern[str]
NUMBER: Pattern[str]

def write(
    statements: Iterable[Any], indent: int | None = None, dialect: str = "scl"
) -> str: ...
