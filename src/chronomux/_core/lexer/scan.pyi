from collections.abc import Collection, Sequence
from typing import final

@final
class Scan:
    def __new__(cls, runs: Sequence[tuple[Collection[int], int, int]]) -> Scan: ...
