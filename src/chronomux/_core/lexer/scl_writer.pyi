from collections.abc import Iterable
from typing import Any

def write(
    statements: Iterable[Any], indent: int | None = None, dialect: str = "scl"
) -> str: ...
