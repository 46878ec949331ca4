from typing import final

@final
class Vacancy:
    def __new__(cls, window: Window) -> Vacancy: ...

@final
class Window:
    def __new__(cls, room: int) -> Window: ...
