"""Statements as nodes, and statements as text."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from chronomux import SCLLexer
from chronomux.lexer import SCLNode, to_scl
from tests.scl_lines import lines

TEXT = 'a = 1 # one\n b="x" (c=(d=e) f=()) g=h'


def node(text: str) -> SCLNode:
    return SCLLexer().parse(text, nodes=True)[0]


def test_nodes_know_kind_value_and_children() -> None:
    a, b, g = SCLLexer().parse(TEXT, nodes=True)
    assert (a.key, a.kind, a.value, a.children) == ("a", "number", Decimal(1), None)
    assert (b.kind, b.value, g.kind) == ("string", "x", "keyword")
    assert b.children is not None
    c, f = b.children
    assert (c.kind, c.value, f.children) == ("group", None, ())


def test_nodes_know_where_they_stand() -> None:
    a, b, g = SCLLexer().parse(TEXT, nodes=True)
    assert [n.source[slice(*n.span)] for n in (a, b, g)] == [
        "a = 1",
        'b="x" (c=(d=e) f=())',
        "g=h",
    ]
    assert b.children is not None
    c, _ = b.children
    assert [TEXT[slice(*s)] for s in (a.key_span, a.value_span)] == ["a", "1"]
    assert [TEXT[slice(*s)] for s in (b.value_span, c.value_span)] == ['"x"', "(d=e)"]


def test_nodes_and_results_say_the_same() -> None:
    for text in lines(100, seed=1):
        nodes = SCLLexer().parse(text, nodes=True)
        assert [n.to_dict() for n in nodes] == SCLLexer().parse(text), text


def test_nodes_are_frozen() -> None:
    for name in ("key", "span", "children", "other"):
        with pytest.raises(AttributeError):
            setattr(node("a=1"), name, 1)
    with pytest.raises(TypeError, match="nodes=True"):
        SCLNode()


def test_nodes_are_equal_wherever_they_stand() -> None:
    first, second = node("a=x(b=1)"), node("  a = x ( b = 1 )")
    assert first == second
    assert hash(first) == hash(second)
    for other in ("a=x", "a=x()", 'a="x"(b=1)', "a=x(b=2)", "a=x(b=1 c=1)"):
        assert first != node(other), other
    assert first != 1


def test_nodes_travel() -> None:
    for text in lines(50, seed=2):
        nodes = SCLLexer().parse(text, nodes=True)
        again = pickle.loads(pickle.dumps(nodes))
        assert again == nodes
        assert [n.span for n in again] == [n.span for n in nodes]
    assert copy.deepcopy(nodes) == nodes


def test_a_node_gives_its_text_back() -> None:
    assert node(TEXT[13:]).to_scl() == 'b="x" (c=(d=e) f=())'
    assert node(TEXT[13:]).to_scl(indent=2) == (
        'b="x"(\n  c=(\n    d=e\n  )\n  f=()\n)'
    )


def test_written_statements_read_the_same() -> None:
    for text in lines(200, seed=3):
        for dialect in ("scl", "original"):
            lexer = SCLLexer(dialect=dialect)
            results, nodes = lexer.parse(text), lexer.parse(text, nodes=True)
            for indent in (None, 0, 4):
                assert lexer.parse(to_scl(results, indent, dialect)) == results, text
                again = lexer.parse(to_scl(nodes, indent, dialect), nodes=True)
                assert again == nodes, text


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"key": "a b", "value": 1}, "is not a key"),
        ({"key": "12", "value": 1}, "is not a key"),
        ({"key": "a", "value": Decimal("nan")}, "neither a str nor a number"),
        ({"key": "a", "value": True}, "neither a str nor a number"),
        ({"key": "a", "value": b"x"}, "neither a str nor a number"),
        ({"key": "a", "value": [], "children": []}, "has no children"),
        ({"key": "a", "value": None}, "needs 'key' and 'value'"),
        ({"key": "a", "children": []}, "needs 'key' and 'value'"),
        ({"value": 1}, "needs 'key' and 'value'"),
    ],
)
def test_what_scl_has_no_words_for_is_refused(
    statement: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        to_scl([statement])


def test_what_is_no_statement_is_refused() -> None:
    with pytest.raises(TypeError, match="7 is no statement"):
        to_scl([{"key": "a", "value": [7]}])


def test_a_newline_cannot_be_written_in_the_original_dialect() -> None:
    with pytest.raises(ValueError, match="newline"):
        to_scl([{"key": "a", "value": "\n"}], dialect="original")


@pytest.mark.parametrize("text", ["12", "1e5", "-1", "", "a b", "#", '"', "\\n", "\n"])
def test_strings_stay_strings(text: str) -> None:
    statement = {"key": "a", "value": text}
    assert SCLLexer().parse(to_scl([statement])) == [statement]
