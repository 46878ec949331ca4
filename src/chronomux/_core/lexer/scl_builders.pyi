from typing import final

from typing_extensions import disjoint_base

@disjoint_base
class Builder: ...

@final
class DictBuilder(Builder): ...

@final
class NodeBuilder(Builder):
    def __new__(cls, dialect: str) -> NodeBuilder: ...
