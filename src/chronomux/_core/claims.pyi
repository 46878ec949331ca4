from collections.abc import Callable
from typing import Final, final

from chronomux._core.ring import Ring

MOST_CLAIMS: Final[int]
MOST_DEATHS: Final[int]

@final
class Claim:
    def __new__(
        cls, ring: Ring, pid: int, started: int, gone: Callable[[int, int], bool]
    ) -> Claim: ...
    @property
    def number(self) -> int | None: ...

def open_claims(ring: Ring) -> list[tuple[int, int, int]]: ...
def bury(ring: Ring, number: int, pid: int, started: int) -> bool: ...
