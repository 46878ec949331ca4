from typing import final

@final
class FrameMemory:
    def __buffer__(self, flags: int, /) -> memoryview: ...
