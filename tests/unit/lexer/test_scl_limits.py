"""Long and deep texts: work grows with their length, and nothing recurses."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from typing import Any

import pytest

from chronomux import SCLLexer, SCLSyntaxError
from chronomux._core.lexer.scl import Parser
from chronomux.lexer import to_scl
from chronomux.lexer.scl import machine

DEEPEST = 10_000


def nested(depth: int) -> str:
    return "k=v(" * depth + "k=v" + ")" * depth


LONG = {
    "statements": lambda n: "key=12 " * n,
    "groups": lambda n: "key=(" * n + ")" * n,
    "string": lambda n: f'a="{"x" * n}"',
    "backslashes": lambda n: 'a="' + "\\\\" * n + '"',
    "unclosed escapes": lambda n: 'a="' + '\\"' * n,
    "blanks": lambda n: " " * n,
    "newlines": lambda n: "\n" * n,
    "comments": lambda n: "# =1\n" * n,
    "blanks before a sign": lambda n: f"a{' ' * n}=1",
    "digits": lambda n: f"a={'1' * n}",
    "digits and a letter": lambda n: f"a={'1' * n}x",
    "exponent": lambda n: f"a=1e{'0' * n}1",
    "illegal": lambda n: "." * n,
    "parentheses": lambda n: "(" * n,
    "wide letters": lambda n: "名=\U0001d4b6 " * n,
}


@pytest.mark.parametrize("name", LONG)
def test_work_grows_with_the_length_of_the_text(name: str) -> None:
    parser = Parser(machine(), "scl", 1_000_000)
    for n in (10, 1_000, 100_000):
        text = LONG[name](n)
        assert parser.steps(text) <= 8 * len(text) + 20, n


def test_long_texts_are_read() -> None:
    lexer = SCLLexer()
    assert len(lexer.parse(LONG["statements"](100_000))) == 100_000
    assert lexer.parse(LONG["string"](300_000)) == [
        {"key": "a", "value": "x" * 300_000}
    ]
    assert lexer.parse(LONG["backslashes"](500_000))[0]["value"] == "\\" * 500_000
    assert lexer.parse(LONG["blanks"](1_000_000)) == []
    for name in ("unclosed escapes", "illegal"):
        with pytest.raises(SCLSyntaxError):
            lexer.parse(LONG[name](500_000))


def test_the_deepest_text_is_read_and_one_deeper_is_not() -> None:
    lexer = SCLLexer()
    lexer.validate(nested(DEEPEST))
    statements: Any = lexer.parse(nested(DEEPEST))
    for _ in range(DEEPEST):
        statements = statements[0]["children"]
    assert statements == [{"key": "k", "value": "v"}]
    for call in (lexer.parse, lexer.validate):
        with pytest.raises(SCLSyntaxError, match="max_depth") as caught:
            call(nested(DEEPEST + 1))
        assert caught.value.offset == 4 * DEEPEST + 3


def test_depth_can_be_chosen() -> None:
    SCLLexer(max_depth=0).parse("a=1")
    with pytest.raises(SCLSyntaxError, match="0 parentheses"):
        SCLLexer(max_depth=0).parse("a=()")
    with pytest.raises(ValueError, match="max_depth=-1"):
        SCLLexer(max_depth=-1)
    SCLLexer(max_depth=50_000).validate(nested(50_000))


def test_nodes_do_all_they_can_at_any_depth() -> None:
    lexer = SCLLexer()
    [node] = lexer.parse(nested(DEEPEST), nodes=True)
    [other] = lexer.parse(nested(DEEPEST)[:-1] + " )", nodes=True)
    assert node == other
    assert hash(node) == hash(other)
    assert node.to_scl() == nested(DEEPEST)
    assert to_scl([node]) == to_scl([node.to_dict()]) == nested(DEEPEST)
    assert len(node.to_scl(indent=0).splitlines()) == 2 * DEEPEST + 1
    assert pickle.loads(pickle.dumps(node)) == node
    assert copy.deepcopy(node) is node
    assert "1 children" in repr(node)


def test_dictionaries_of_a_hundred_levels_go_everywhere() -> None:
    statements = SCLLexer().parse(nested(100).replace("v", "word"))
    assert json.loads(json.dumps(statements)) == statements
    assert pickle.loads(pickle.dumps(statements)) == statements
    assert copy.deepcopy(statements) == statements
    assert repr(statements).count("'children'") == 100


@pytest.mark.parametrize("consumer", [repr, json.dumps, pickle.dumps, copy.deepcopy])
def test_dictionaries_too_deep_for_python_end_in_an_exception(consumer: Any) -> None:
    statements = SCLLexer().parse(nested(DEEPEST))
    with suppress(RecursionError):  # some Pythons have room enough
        consumer(statements)
    assert statements[0]["children"][0]["key"] == "k"
