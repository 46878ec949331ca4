"""The line on which the items of a performance stand: data time without its jumps."""

from __future__ import annotations

from chronomux.replay.opening import NO_TIME

__all__ = ["Line"]


class Line:
    """Places items one after the other, in ns; it never goes back.

    max_gap: a longer silence is shortened to it; None leaves all as they are. `at` is
    the place of the latest item, None before the first. `joins`: the next item follows
    at once, as at the beginning of a new pass.
    """

    def __init__(self, max_gap: int | None) -> None:
        self.at: int | None = None
        self.joins = False
        self._max_gap = max_gap
        self._shift = 0  # data time - line: gaps cut out, passes put behind each other
        self._is_anchored = False

    def place(self, time: int, here: int) -> bool:
        """Put the next item at its place; True if its time is the first of all.

        An item without a time stands with that before it, or `here` if none is.
        """
        if time == NO_TIME:
            if self.at is None:
                self.at = here
            return False
        if not self._is_anchored:
            self.go_to(time)
            return True
        self._follow(time)
        return False

    def go_to(self, time: int) -> None:
        """Go on there, from now on without a jump."""
        self._is_anchored, self._shift, self.at = True, 0, time

    def begin_again(self) -> None:
        """The next item is the first again."""
        self._is_anchored = self.joins = False

    def data_time(self, place: int) -> int | None:
        """The time of the data there; None before the first time of all."""
        return place + self._shift if self._is_anchored else None

    def _follow(self, time: int) -> None:
        assert self.at is not None
        place = time - self._shift
        if self.joins:
            self.joins = False
            place = self.at
        elif self._max_gap is not None:
            place = min(place, self.at + self._max_gap)
        self._shift = time - place
        self.at = max(self.at, place)
