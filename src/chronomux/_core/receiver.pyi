from typing import final

from chronomux._core.claims import Claim
from chronomux._core.decoder import Decoder
from chronomux._core.ring import Ring

@final
class Receiver:
    def __new__(cls, ring: Ring, claim: Claim) -> Receiver: ...
    @property
    def decoder(self) -> Decoder: ...
