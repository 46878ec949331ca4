"""Text as it may stand in a page: nothing in it becomes markup."""

from __future__ import annotations

import re
from html import escape
from typing import Any

__all__ = ["element", "text"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def text(value: Any) -> str:
    """Escaped, also for attributes; what no page may hold is shown by its number."""
    shown = str(value).encode("utf-8", "backslashreplace").decode()
    return escape(_CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", shown))


def element(name: str, content: str = "", **attributes: Any) -> str:
    """`content` is markup already; attributes are text, `class_` stands for class."""
    pairs = (
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{''.join(pairs)}>{content}</{name}>"
