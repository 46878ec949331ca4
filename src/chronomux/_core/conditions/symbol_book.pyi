from typing_extensions import disjoint_base

@disjoint_base
class SymbolBook:
    def __new__(cls) -> SymbolBook: ...
