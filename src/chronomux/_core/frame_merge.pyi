from typing import final

from chronomux._core.frame_pump import FramePump

@final
class FrameMerge(FramePump):
    def __new__(
        cls, *, reverse: bool = False, on_disorder: str = "emit"
    ) -> FrameMerge: ...
    @property
    def hungry(self) -> list[int]: ...
    @property
    def marked(self) -> bool: ...
    @property
    def mark_key(self) -> float | None: ...
    @property
    def mark_input(self) -> int: ...
