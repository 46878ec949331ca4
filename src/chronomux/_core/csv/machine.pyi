from typing import final

from chronomux._core.csv.rules import Rules

@final
class Machine:
    def __new__(cls, rules: Rules) -> Machine: ...
