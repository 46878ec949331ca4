"""Seeded lines of SCL, for tests that need many valid ones."""

from __future__ import annotations

import random

KEYS = ("time", "type", "k", "note_2", "ключ", "x9")
VALUES = (
    "command",
    "21",
    "-.5",
    "+4.1E-7",
    "12_b",
    "é",
    '"two words"',
    '""',
    r'"a \"quote\" \\ and\tmore"',
    '"(=)#"',
)


def lines(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [line(chance) for _ in range(count)]


def line(chance: random.Random) -> str:
    blanks = [" ", " ", "  ", "\t", " # remark\n"]
    parts = []
    for _ in range(chance.randint(1, 4)):
        parts += [statement(chance, 3), chance.choice(blanks)]
    return "".join(parts[: chance.choice([-1, len(parts)])])


def statement(chance: random.Random, deeper: int) -> str:
    text = chance.choice(KEYS) + chance.choice(["=", "=", "=", " = "])
    is_group = deeper > 0 and chance.random() < 0.2
    if not is_group:
        text += chance.choice(VALUES)
    if is_group or (deeper > 0 and chance.random() < 0.3):
        below = [statement(chance, deeper - 1) for _ in range(chance.randint(0, 3))]
        text += chance.choice(["(", "(", " ( "]) + " ".join(below)
        text += chance.choice([")", ")", " )"])
    return text
