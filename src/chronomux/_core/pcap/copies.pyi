from array import array
from collections.abc import Callable
from typing import Any, final

from chronomux._core.pcap.packet import Packet
from chronomux._core.pcap.packets import Packets

@final
class Copies:
    # The compiled __new__ takes anything; __init__ says what.
    def __new__(cls, *args: Any, **options: Any) -> Copies: ...
    def __init__(
        self,
        packets: Packets,
        number_of: Callable[[int, int], int],
        in_blocks: bool,
        offset: int = 0,
        room: int = ...,
        choose: Callable[[list[Packet]], bytes] | None = None,
    ) -> None: ...
    def next_frame(self) -> tuple[array[int], array[int], memoryview] | None: ...
    def place(self, i: int) -> int: ...
