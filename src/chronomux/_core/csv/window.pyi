from typing import final

@final
class Window:
    def __new__(cls, room: int) -> Window: ...
