"""SCL text from statements."""

from __future__ import annotations

from chronomux._core.lexer.scl_writer import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from chronomux._core.lexer.scl_nodes import SCLNode

__all__ = ["to_scl"]


def to_scl(
    statements: Iterable[dict[str, Any] | SCLNode],
    indent: int | None = None,
    dialect: str = "scl",
) -> str:
    """SCL that `SCLLexer.parse` reads as these statements, at any depth.

    statements: as `parse` gives them, dictionaries or nodes. indent: None for one
    line, or how many blanks deeper a child's line begins than its parent's. Strings
    that read as words are written without quotes, but for those of nodes. Raises
    ValueError or TypeError for what SCL has no words for.
    """
    return write(statements, indent, dialect)
