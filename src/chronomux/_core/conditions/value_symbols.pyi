from typing_extensions import disjoint_base

@disjoint_base
class ValueSymbols:
    def __new__(cls) -> ValueSymbols: ...
