"""The rules that stand in docstrings, also where `python -OO` has dropped those."""

from __future__ import annotations

import sys

from chronomux.errors import GrammarError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["docstring", "regex"]


def regex(function: Callable[..., Any]) -> str | None:
    """The expression of a method for tokens: set by `TOKEN`, or its docstring."""
    found = getattr(function, "regex", None)
    return docstring(function) if found is None else found


def docstring(function: Callable[..., Any]) -> str | None:
    """GrammarError if it was dropped and the source cannot be read either."""
    if function.__doc__ is not None or sys.flags.optimize < 2:
        return function.__doc__
    import ast
    import inspect
    import textwrap

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError) as no:
        code = getattr(function, "__code__", None)
        place = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
        raise GrammarError(
            f"{place}python -OO has dropped the "
            f"docstring of {function.__qualname__}, which holds its rules, and its "
            f"source cannot be read ({no}): run without -OO, or keep the source"
        ) from no
    node = tree.body[0]
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    return ast.get_docstring(node, clean=False)
