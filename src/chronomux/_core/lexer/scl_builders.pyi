from typing import final

class Builder: ...

@final
class DictBuilder(Builder): ...

@final
class NodeBuilder(Builder):
    def __new__(cls, dialect: str) -> NodeBuilder: ...
