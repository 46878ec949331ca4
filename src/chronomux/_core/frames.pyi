from typing import Literal, TypeAlias

_KeyKind: TypeAlias = Literal["object", "int64", "double"]

KEY_KINDS: tuple[_KeyKind, ...]

def _seal(frame: bytearray) -> None: ...
