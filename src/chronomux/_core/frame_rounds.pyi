from typing import final

from chronomux._core.frame_pump import FramePump

@final
class FrameRounds(FramePump):
    def __new__(cls) -> FrameRounds: ...
    @property
    def turn(self) -> int: ...
    @property
    def moved(self) -> bool: ...
