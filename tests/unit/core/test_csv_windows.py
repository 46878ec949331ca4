"""The memory of windows, which are parts of pages that are used again and again."""

from __future__ import annotations

import random

import pytest

from chronomux._core.csv.window import Vacancy, Window

# Below a slot, the bounds of both slots, and what is no slot any more.
ROOMS = [1, 4096, 1 << 17, (1 << 17) + 1, 1 << 18, (1 << 18) + 1, 1 << 19, 600_000]


def filled(room: int, byte: int) -> Window:
    """A window whose first bytes, last bytes and some in between are `byte`."""
    window = Window(room)
    with memoryview(Vacancy(window)) as free:
        assert len(free) == room
        for place in places(room):
            free[place] = byte
    return window


def places(room: int) -> list[int]:
    return [*range(0, room, 4099), room - 1]


def holds(window: Window, byte: int) -> bool:
    with memoryview(Vacancy(window)) as free:
        return all(free[place] == byte for place in places(len(free)))


@pytest.mark.parametrize("seed", range(4))
def test_no_window_has_memory_of_another(seed: int) -> None:
    rng = random.Random(seed)
    held: list[tuple[Window, int]] = []
    for step in range(300):
        if len(held) > rng.choice([0, 5, 40]):
            window, byte = held.pop(rng.randrange(len(held)))
            assert holds(window, byte), f"step {step}"
        else:
            byte = rng.randrange(1, 256)
            held.append((filled(rng.choice(ROOMS), byte), byte))
    assert all(holds(window, byte) for window, byte in held)


def test_windows_may_be_many_and_go_in_any_order() -> None:
    """More than the pages that are kept when nobody needs them."""
    for order in (1, -1):
        windows = [filled(1 << 18, number % 255 + 1) for number in range(450)]
        for number, window in list(enumerate(windows))[::order]:
            assert holds(window, number % 255 + 1)
            windows[number] = window = Window(1)
        assert holds(filled(1 << 19, 9), 9)


def test_a_view_keeps_the_memory_of_its_window() -> None:
    with memoryview(Vacancy(filled(1 << 18, 7))) as view:
        others = [filled(1 << 18, 8) for _ in range(20)]
        assert view[0] == view[-1] == 7
        assert all(holds(other, 8) for other in others)
