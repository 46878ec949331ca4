"""How a lexer finds its tokens without asking `re` for each.

Most rules of most grammars are runs of characters of some sets, as `\\d+`, `[a-z]\\w*`
and `<=` are, and the first character rules most of them out. Both can be read off the
expression as `re` parses it. What this does not understand is left to `re`, and so is
any token with characters beyond ASCII.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys

from chronomux.lexer.masters import joined, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from chronomux.lexer.tables import LexState, Scanning

    Set: TypeAlias = frozenset[int]  # of characters below 128
    Run: TypeAlias = tuple[Set, int, int]  # how many of them, at least and at most

__all__ = ["plan"]

ASCII = frozenset(range(128))
UNLIMITED = sys.maxsize
REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
# One expression at once is quicker than more than so many of them one by one.
FEW = 2

parse = importlib.import_module(
    "re._parser" if sys.version_info >= (3, 11) else "sre_parse"
).parse


class Unclear(Exception):
    """This part of an expression is left to `re`."""


def plan(scanning: Scanning) -> list[tuple[Any, ...]]:
    """For each state: name, ignored, error, end, rules, masters and candidates.

    A rule is (regex, method, type, runs), runs None for an expression that is more than
    that. A master is (regex, names of its groups, one for each of its rules). The
    candidates of each character below 128 are the numbers of the rules to try, or None
    if the masters are to be used.
    """
    flags, _, states = scanning
    return [planned(state, flags) for state in states]


def planned(state: LexState, flags: int) -> tuple[Any, ...]:
    name, ignored, error, end, masters = state
    rules, firsts = [], []
    stands_alone = not flags & (re.IGNORECASE | re.LOCALE)
    for attribute, regex, method, token in (
        rule for rules in masters for rule in rules
    ):
        parsed = parse(named(attribute, regex), flags)
        first, runs = analysed(parsed, flags)
        rules.append((named(attribute, regex), method, token, runs))
        firsts.append(first)
        # Numbers of groups and flags hold for the whole expression that it is part of.
        stands_alone = stands_alone and (
            "GROUPREF" not in str(parsed) and parsed.state.flags | flags == flags | re.U
        )
    texts = [
        (joined(rule[:2] for rule in master), tuple(rule[0] for rule in master))
        for master in masters
    ]
    found = [
        candidates(code, rules, firsts) if stands_alone else None for code in ASCII
    ]
    return name, ignored, error, end, rules, texts, found


def candidates(
    code: int, rules: list[tuple[Any, ...]], firsts: list[Set]
) -> tuple[int, ...] | None:
    numbers = tuple(n for n, first in enumerate(firsts) if code in first)
    asking = [n for n in numbers if rules[n][3] is None]
    return numbers if len(asking) <= FEW else None


def analysed(parsed: Any, flags: int) -> tuple[Set, list[Run] | None]:
    """What it can begin with, and the runs that it is."""
    try:
        first, may_be_empty = beginning(parsed, flags)
    except Unclear:
        first, may_be_empty = ASCII, False
    try:
        runs: list[Run] | None = runs_of(parsed, flags)
    except Unclear:
        runs = None
    return (ASCII if may_be_empty else first), runs


def beginning(items: Iterable[Any], flags: int) -> tuple[Set, bool]:
    """The characters it can begin with, and whether it can do without any."""
    found: Set = frozenset()
    for opcode, argument in items:
        first, may_be_empty = beginning_of(str(opcode), argument, flags)
        found |= first
        if not may_be_empty:
            return found, False
    return found, True


def beginning_of(opcode: str, argument: Any, flags: int) -> tuple[Set, bool]:
    if opcode in REPEATS:
        low, _, items = argument
        first, may_be_empty = beginning(items, flags)
        return first, may_be_empty or low == 0
    if opcode == "SUBPATTERN":
        return beginning(inside(argument), flags)
    if opcode == "BRANCH":
        ways = [beginning(items, flags) for items in argument[1]]
        return frozenset().union(*(first for first, _ in ways)), any(
            may_be_empty for _, may_be_empty in ways
        )
    return characters(opcode, argument, flags), False


def inside(argument: Any) -> Any:
    _, flags_on, flags_off, items = argument
    if flags_on or flags_off:
        raise Unclear
    return items


def runs_of(items: Iterable[Any], flags: int) -> list[Run]:
    """Runs that can be taken one behind the other, each as far as it goes.

    That finds what `re` finds if what a run has taken never has to be given back: if
    none of its characters could be the next run's.
    """
    runs = list(flattened(items, flags))
    for number, (taken, low, high) in enumerate(runs):
        for following, at_least, _ in runs[number + 1 :]:
            if low != high and taken & following:
                raise Unclear
            if at_least:
                break
    return runs


def flattened(items: Iterable[Any], flags: int) -> Iterable[Run]:
    for opcode, argument in items:
        if str(opcode) == "SUBPATTERN":
            yield from flattened(inside(argument), flags)
        elif str(opcode) == "MAX_REPEAT":
            low, high, repeated = argument
            if len(repeated) != 1:
                raise Unclear
            name, what = repeated[0]
            unlimited = str(high) == "MAXREPEAT"
            found = characters(str(name), what, flags)
            yield found, int(low), UNLIMITED if unlimited else int(high)
        else:
            yield characters(str(opcode), argument, flags), 1, 1


def characters(opcode: str, argument: Any, flags: int) -> Set:
    """The characters below 128 that a single one can be."""
    if opcode == "LITERAL":
        return frozenset({argument}) & ASCII
    if opcode == "NOT_LITERAL":
        return ASCII - {argument}
    if opcode == "ANY":
        return ASCII if flags & re.DOTALL else ASCII - {ord("\n")}
    if opcode != "IN":
        raise Unclear
    found: Set = frozenset()
    negated = False
    for name, what in argument:
        kind = str(name)
        negated = negated or kind == "NEGATE"
        if kind == "RANGE":
            found |= frozenset(range(what[0], min(what[1], 127) + 1))
        elif kind == "CATEGORY":
            found |= category(str(what), flags & re.ASCII)
        elif kind != "NEGATE":
            found |= characters(kind, what, flags)
    return ASCII - found if negated else found


@functools.cache
def category(name: str, flags: int) -> Set:
    """Of \\d, \\s, \\w and what they leave out, as `re` itself has them."""
    escape = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}.get(name.rpartition("_")[2])
    if escape is None:
        raise Unclear
    if "_NOT_" in name:
        escape = escape.upper()
    matches = re.compile(f"\\{escape}", flags).match
    return frozenset(code for code in ASCII if matches(chr(code)))
