from typing import final

from chronomux._core.conditions.value_symbols import ValueSymbols

@final
class Walk(ValueSymbols): ...
