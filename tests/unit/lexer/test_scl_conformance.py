"""Every input whose treatment by the original lexer was written down."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chronomux import SCLLexer, SCLSyntaxError

# What the original refused, or answered with None or a part, and is a text now.
NEWLY_LEGAL: dict[str, Any] = {
    "   ": [],
    "\t": [],
    "\n": [],
    "\n\n": [],
    "a=1\n\nb=2": [{"key": "a", "value": 1}, {"key": "b", "value": 2}],
    "a=1()": [{"key": "a", "value": 1, "children": []}],
    "a=()": [{"key": "a", "value": []}],
    "a=1(b=1\nc=2)": [
        {
            "key": "a",
            "value": 1,
            "children": [{"key": "b", "value": 1}, {"key": "c", "value": 2}],
        }
    ],
}
# Read without fault by both, and not alike: \t is a tab, as a usual escape.
CHANGED = {'a="x\\t"': [{"key": "a", "value": "x\t"}]}


def decimals(value: dict[str, Any]) -> Any:
    return Decimal(value["$decimal"]) if "$decimal" in value else value


def cases(conformance: Path) -> list[dict[str, Any]]:
    lines = (conformance / "scl" / "cases.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line, object_hook=decimals) for line in lines]
    return [case for case in found if "input" in case]


def test_what_the_original_read_cleanly_gives_the_same(conformance: Path) -> None:
    counted: Counter[str] = Counter()
    for case in cases(conformance):
        text = case["input"]
        if case["clean"]:
            expected = CHANGED.get(text, case["result"])
            assert SCLLexer().parse(text) == expected, text
            assert SCLLexer(dialect="original").parse(text) == case["result"], text
            counted["changed" if text in CHANGED else "equal"] += 1
    assert counted == {"equal": 63, "changed": 1}


def test_what_the_original_lost_raises_or_is_legal_now(conformance: Path) -> None:
    counted: Counter[str] = Counter()
    for case in cases(conformance):
        text = case["input"]
        if case["clean"]:
            continue
        if text in NEWLY_LEGAL:
            assert SCLLexer().parse(text) == NEWLY_LEGAL[text], text
            counted["legal"] += 1
            continue
        with pytest.raises(SCLSyntaxError) as caught:
            SCLLexer().parse(text)
        assert 0 <= caught.value.offset <= len(text), text
        counted["refused"] += 1
    assert counted == {"legal": len(NEWLY_LEGAL), "refused": 69}


def test_tokens_of_clean_lines_are_those_of_the_original(conformance: Path) -> None:
    """Of lines: a newline was no token, and is one of the blanks now."""
    for case in cases(conformance):
        if case["clean"] and "\n" not in case["input"]:
            found = [
                [token.type, token.value, token.lineno, token.lexpos]
                for token in SCLLexer(dialect="original").tokens(case["input"])
            ]
            assert found == case["tokens"], case["input"]
