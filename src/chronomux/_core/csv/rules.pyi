from typing import final

@final
class Rules:
    def __new__(
        cls,
        delimiter: int,
        quote: int = -1,
        escape: int = -1,
        *,
        doublequote: bool = True,
        skips_space: bool = False,
        strict: bool = False,
        refuses_nul: bool = False,
        has_nulls: bool = False,
        numbers: int = 0,
        limit: int = ...,
    ) -> Rules: ...
