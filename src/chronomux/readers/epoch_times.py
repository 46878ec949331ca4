"""Numbers of s, ms, us or ns since 1970 to int64 ns, and what all times share."""

from __future__ import annotations

from collections.abc import Callable

from chronomux.errors import TimestampError

__all__ = [
    "AUTO_WHAT",
    "LAST_NS",
    "NS",
    "epoch_parser",
    "fraction_ns",
    "in_range",
    "is_number",
    "not_a_time",
]

NS = 1_000_000_000
FIRST_NS = -(2**63) + 1  # -2**63 itself stands for a missing time
LAST_NS = 2**63 - 1


def not_a_time(text: str, what: str) -> TimestampError:
    return TimestampError(f"time {text!r} is not {what}")


def in_range(ns: int, text: str) -> int:
    if FIRST_NS <= ns <= LAST_NS:
        return ns
    raise not_a_time(text, "within the years 1677 to 2262 that int64 nanoseconds hold")


def fraction_ns(digits: str, places: int, text: str) -> int:
    """The ns in the fraction of a unit that is 10**places ns."""
    if digits[places:].strip("0"):
        raise not_a_time(text, "whole nanoseconds: it has digits below them")
    return int(digits[:places].ljust(places, "0") or "0")


def is_number(digits: str) -> bool:
    # isdecimal() alone takes other scripts' digits, and int() takes underscores.
    return digits.isdecimal() and digits.isascii()


EPOCH_WHAT = "a number of s, ms, us or ns since 1970"
AUTO_WHAT = f"{EPOCH_WHAT}, nor ISO 8601; give timestamp_format="


def _places_of(number: int) -> int:
    if number < 10**11:
        return 9
    if number < 10**14:
        return 6
    return 3 if number < 10**17 else 0


def epoch_parser(
    unit_places: int | None, what: str = EPOCH_WHAT
) -> Callable[[str], int]:
    """A unit is 10**unit_places ns; None: told by magnitude."""

    def parse(text: str) -> int:
        digits = text.strip()
        is_negative = digits.startswith("-")
        if digits[:1] in ("-", "+"):
            digits = digits[1:]
        whole, _, fraction = digits.partition(".")
        if not is_number(whole) or len(whole) > 19 or not is_number(fraction or "0"):
            raise not_a_time(text, what)
        number = int(whole)
        places = _places_of(number) if unit_places is None else unit_places
        ns: int = number * 10**places + fraction_ns(fraction, places, text)
        return in_range(-ns if is_negative else ns, text)

    return parse
