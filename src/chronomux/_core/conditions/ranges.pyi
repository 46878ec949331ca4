from typing import final

@final
class Ranges:
    def __new__(cls) -> Ranges: ...
