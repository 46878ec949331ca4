"""SCL beside the grammar on PLY, other parsers, and json.loads of the same data.

Every line is a text of its own, as commands come. Items are statements, those that are
children included.
"""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks import scl_peers
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.reference.scl import SCLLexer as PurePython
from chronomux.lexer import SCLLexer

SEED = 21
KEYS = [f"key{i}" for i in range(40)] + ["type", "time", "host", "action"]
WORDS = [f"word_{i}" for i in range(2_000)]


def line(chance: random.Random) -> str:
    count = chance.randint(5, 10)
    parts: list[str] = []
    while count > 0:
        text, used = statement(chance, chance.randint(1, 3), count)
        parts.append(text)
        count -= used
    return " ".join(parts)


def statement(chance: random.Random, nesting: int, most: int) -> tuple[str, int]:
    """A statement with some below it, and how many these are, itself included."""
    text, used = f"{chance.choice(KEYS)}={value(chance)}", 1
    if nesting > 1 and most > 1:
        below = []
        while used < most and len(below) < 3:
            one, more = statement(chance, nesting - 1, most - used)
            below.append(one)
            used += more
        text += f"({' '.join(below)})"
    return text, used


def value(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.5:
        return chance.choice(WORDS)
    if kind < 0.8:
        return f"{chance.uniform(-1_000, 1_000):.{chance.randint(0, 3)}f}"
    return f'"{chance.choice(WORDS)} {chance.choice(WORDS)}"'


def lines(count: int) -> list[str]:
    chance = random.Random(SEED)
    return [line(chance) for _ in range(count)]


def statements(text: str) -> int:
    return text.count("=")


def test_results(contest: Contest, scale: Scale) -> None:
    texts = lines(scale(quick=500, full=4_000))
    scl, pure = SCLLexer(), PurePython()
    results = [scl.parse(text) for text in texts]
    documents = [json.dumps(result, default=float) for result in results]
    peers: dict[str, scl_peers.Read | None] = {
        "PLY": pure.parse,
        "lark": scl_peers.lark_reader(),
        "lark-cython": scl_peers.lark_cython_reader(),
        "pyparsing": scl_peers.pyparsing_reader(),
    }
    for name, read in peers.items():
        assert read is None or [read(text) for text in texts] == results, name
    contest(
        "SCL results",
        lambda: [scl.parse(text) for text in texts],
        peers={
            **{name: read and over(read, texts) for name, read in peers.items()},
            "json.loads": over(json.loads, documents),
        },
        items=sum(map(statements, texts)),
    )


def over(read: Any, texts: list[str]) -> Any:
    return lambda: [read(text) for text in texts]


def test_validate(contest: Contest, scale: Scale) -> None:
    texts = lines(scale(quick=500, full=4_000))
    scl, pure = SCLLexer(), PurePython()

    def validate() -> None:
        for text in texts:
            scl.validate(text)

    contest(
        "SCL validate",
        validate,
        peers={"PLY": over(pure.parse, texts)},
        items=sum(map(statements, texts)),
    )


def test_nodes(contest: Contest, scale: Scale) -> None:
    texts = lines(scale(quick=500, full=4_000))
    scl, pure = SCLLexer(), PurePython()
    contest(
        "SCL nodes",
        lambda: [scl.parse(text, nodes=True) for text in texts],
        peers={"PLY, results": over(pure.parse, texts)},
        items=sum(map(statements, texts)),
    )


def test_one_text(contest: Contest, scale: Scale) -> None:
    text = "\n".join(lines(scale(quick=500, full=4_000)))
    scl = SCLLexer()
    document = json.dumps(scl.parse(text), default=float)
    contest(
        "SCL results, one text",
        lambda: scl.parse(text),
        peers={"json.loads": lambda: json.loads(document)},
        items=statements(text),
    )


def test_a_lexer_costs_next_to_nothing(contest: Contest) -> None:
    contest(
        "SCL lexers",
        lambda: [SCLLexer() for _ in range(1_000)],
        peers={"json.JSONDecoder": lambda: [json.JSONDecoder() for _ in range(1_000)]},
        items=1_000,
    )
