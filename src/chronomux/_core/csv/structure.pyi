from array import array
from typing import final

from typing_extensions import Buffer

WAYS: tuple[str, ...]
WAY: str

def find_ends(
    data: Buffer,
    delimiter: str = ",",
    quotechar: str | None = '"',
    way: str | None = None,
) -> tuple[array[int], array[int], bool]: ...
def find_row_ends(
    data: Buffer,
    delimiter: str = ",",
    quotechar: str | None = '"',
    way: str | None = None,
) -> tuple[array[int], bool]: ...
def count_ends(
    data: Buffer,
    delimiter: str = ",",
    quotechar: str | None = '"',
    way: str | None = None,
) -> tuple[int, int]: ...
def count_lines(data: Buffer, way: str | None = None) -> int: ...

@final
class Index:
    def __new__(cls, delimiter: int, quote: int, way: str | None = None) -> Index: ...
