"""SCL against the obvious reader, against PLY, and against itself."""

from __future__ import annotations

import io
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ply import lex, yacc

from chronomux import SCLLexer, SCLSyntaxError
from chronomux.lexer import to_scl
from chronomux.lexer.scl_grammar import SCLGrammar
from tests.reference_scl import Fault, read
from tests.scl_lines import lines

SCL = SCLLexer(max_depth=100)
PIECES = [
    *(
        "a",
        "b1",
        "_",
        "é",
        "名",
        "\U0001d4b6",
        "1",
        "0",
        "\u0660",
        "²",
        ".",
        "+",
        "-",
        "e",
        "1e5",
        "-.5",
    ),
    *("=", "=", "=", "(", ")", " ", " ", "\n", "\t", "\r", "\xa0", "#", "# c\n", " #"),
    *('"', '"x"', '"\\"', "\\", '"\\n"', "a=1", "a=(", "b=x(", "$", "1e" + "9" * 18),
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
NEIGHBOURS = [*' ()="\\#\n', "a", "1", ".", "-", "é", "\x00", "%"]


def outcome(text: str) -> Any:
    """Statements, or the offset of the error."""
    try:
        found = SCL.parse(text)
    except SCLSyntaxError as error:
        with pytest.raises(SCLSyntaxError):
            SCL.validate(text)
        return error.offset
    SCL.validate(text)
    return found


def expected(text: str) -> Any:
    try:
        return read(text)
    except Fault as fault:
        return fault.offset


@given(texts | st.text(max_size=20))
def test_text_is_read_as_the_reference_reads_it(text: str) -> None:
    assert outcome(text) == expected(text)


LEXER = lex.lex(module=SCLGrammar(), reflags=SCLGrammar.reflags)
PARSER = yacc.yacc(module=SCLGrammar(), debug=False, write_tables=False)


@given(texts)
def test_text_is_read_as_ply_reads_it_by_the_grammar(text: str) -> None:
    try:
        found = PARSER.parse(text, lexer=LEXER.clone())
    except (ValueError, ArithmeticError):
        found = None
    ours = outcome(text)
    assert (None if isinstance(ours, int) else ours) == found


def corrupted(line: str, at: int, neighbours: list[str]) -> list[str]:
    """The line without its character at `at`, with others in its place, and before."""
    head, tail = line[:at], line[at:]
    return [head + tail[1:]] + [
        changed
        for other in neighbours
        for changed in (head + other + tail[1:], head + other + tail)
    ]


def check_corruptions(line: str, at: int, neighbours: list[str]) -> None:
    """Valid as the reference has it, or an error not before the token that was hit.

    What the reference refuses is refused at the same place: nothing changes silently.
    """
    hit = max((t.lexpos for t in SCL.tokens(line) if t.lexpos < at), default=0)
    for text in corrupted(line, at, neighbours):
        found = outcome(text)
        assert found == expected(text), text
        assert not isinstance(found, int) or found >= hit, text


def test_a_corrupted_line_is_valid_or_raises_at_the_damage() -> None:
    chance = random.Random(7)
    for line in lines(400, seed=8):
        neighbours = chance.sample(NEIGHBOURS, 2)
        check_corruptions(line, chance.randrange(len(line) + 1), neighbours)


@pytest.mark.deep
def test_every_corruption_is_valid_or_raises_at_the_damage() -> None:
    for line in lines(400, seed=8):
        for at in range(len(line) + 1):
            check_corruptions(line, at, NEIGHBOURS)


@given(texts)
def test_statements_and_errors_cover_the_text(text: str) -> None:
    statements, errors = SCL.parse(text, nodes=True, recover=True)
    spans = sorted([n.span for n in statements] + [e.span or (0, 0) for e in errors])
    end = 0
    for begin, following in [*spans, (len(text), len(text))]:
        assert begin >= end, spans
        assert all(
            line.split("#")[0].isspace() or not line.split("#")[0]
            for line in text[end:begin].split("\n")
        ), spans
        end = following
    plain, same = SCL.parse(text, recover=True)
    assert plain == [n.to_dict() for n in statements]
    assert [e.span for e in same] == [e.span for e in errors]
    assert isinstance(outcome(text), int) == bool(errors)


@given(texts, st.integers(1, 5))
def test_a_stream_is_read_as_its_text(text: str, size: int) -> None:
    class Stream(io.StringIO):
        def read(self, _: int | None = None) -> str:
            return super().read(size)

    found = []
    try:
        for statement in SCL.iter_statements(Stream(text)):
            found.append(statement)
    except SCLSyntaxError as error:
        reached: Any = error.offset
    else:
        reached = found
    assert outcome(text) == reached


keys = st.from_regex(r"\A[a-zé_]\w{0,3}\Z")
numbers = st.decimals(allow_nan=False, allow_infinity=False)
statements = st.recursive(
    st.builds(lambda k, v: {"key": k, "value": v}, keys, st.text() | numbers),
    lambda below: (
        st.builds(
            lambda k, v, c: {"key": k, "value": v, "children": c},
            keys,
            st.text() | numbers,
            st.lists(below, max_size=3),
        )
        | st.builds(
            lambda k, c: {"key": k, "value": c}, keys, st.lists(below, max_size=3)
        )
    ),
    max_leaves=8,
)


@given(st.lists(statements, max_size=4), st.none() | st.integers(0, 3))
def test_written_statements_read_the_same(found: list[Any], indent: int | None) -> None:
    again = SCL.parse(to_scl(found, indent))
    assert again == found
    assert str(again) == str(found)  # numbers keep their digits


def test_decimals_of_any_size_go_there_and_back() -> None:
    for text in ("1E+99999999999999999", "1E-99999999999999999", "-0E+7"):
        assert str(SCL.parse(f"a={text}")[0]["value"]) == str(Decimal(text))
