from typing import final

@final
class Values:
    def __new__(cls, reads_escapes: bool) -> Values: ...
