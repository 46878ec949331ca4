from typing import final

@final
class Symbol: ...

@final
class Node:
    depth: int
    uses: int
    def __new__(cls, parent: Node | None = None, segment: str = "") -> Node: ...
