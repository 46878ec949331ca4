"""Reading on behind errors."""

from __future__ import annotations

import pytest

from chronomux import SCLLexer


@pytest.mark.parametrize(
    ("text", "keys", "left_out"),
    [
        ("a=1 b=2", "ab", []),
        ("", "", []),
        ("a=1 % b=2", "ab", ["% "]),
        ("a=1 b:2 c=3", "ac", ["b:2 "]),
        ("a=1 b c=3", "ac", ["b "]),
        ("a=1 b=x(c=: d=4) e=5", "ae", ["b=x(c=: d=4) "]),
        ("a=1 b=x(c=: d=4)) e=5", "ae", ["b=x(c=: d=4)) "]),
        ('a="x b=2\nc=3', "c", ['a="x b=2\n']),
        ('a=(b="x)\nc=3', "c", ['a=(b="x)\n']),
        ("a=(b=1\n c=2\nd=3", "d", ["a=(b=1\n c=2\n"]),
        ("a=(b=1\nc=(d=2\ne=3", "e", ["a=(b=1\n", "c=(d=2\n"]),
        ("a=(b=1", "", ["a=(b=1"]),
        ("a=1 ) b=2", "b", ["a=1 ) "]),
        ("% % %", "", ["% % %"]),
        ("a=1 b", "a", ["b"]),
        ("a=50% b=2", "b", ["a=50% "]),
    ],
)
def test_what_is_left_out_is_told_and_nothing_else_is(
    text: str, keys: str, left_out: list[str]
) -> None:
    statements, errors = SCLLexer().parse(text, recover=True)
    assert "".join(statement["key"] for statement in statements) == keys
    assert [text[slice(*error.span or ())] for error in errors] == left_out


def test_errors_have_their_own_places() -> None:
    text = "a=1\nb:2\nc=(\nd=3\n\ne=%"
    _, errors = SCLLexer().parse(text, recover=True)
    places = [(error.line, error.column) for error in errors]
    assert places == [(2, 2), (6, 3)]
    assert [error.offset for error in errors] == [5, 19]


def test_an_open_parenthesis_ends_where_a_line_begins_anew() -> None:
    text = "c=(\nd=3\ne=x(\nf=4\n"
    statements, errors = SCLLexer().parse(text, recover=True)
    assert [statement["key"] for statement in statements] == ["d", "f"]
    assert [error.opened_at for error in errors] == [11, 11]
    assert [(error.line, error.column) for error in errors] == [(5, 1), (4, 1)]


def test_many_errors_take_as_long_as_their_text() -> None:
    """Were a text gone through once more for each of them, this would take hours."""
    for line in ("a=1 b:2 c=3 ", "a=(b=1\n", 'a="\n', "a=(% \n", "a=(b=1 "):
        statements, errors = SCLLexer().parse(line * 5_000, recover=True)
        assert errors
        assert len(statements) in (0, 10_000)
