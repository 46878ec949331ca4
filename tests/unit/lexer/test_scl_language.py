"""What is SCL, and what is said of a text that is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chronomux import SCLLexer, SCLSyntaxError


def pair(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n # nothing", []),
        ("k=v", [pair("k", "v")]),
        ("a=1 b=-.5", [pair("a", Decimal(1)), pair("b", Decimal("-0.5"))]),
        (
            "a=1\tb=2\nc=3",
            [pair(k, Decimal(v)) for k, v in zip("abc", "123", strict=True)],
        ),
        ("a=()", [pair("a", [])]),
        ("a=1()", [{**pair("a", Decimal(1)), "children": []}]),
        ("a=x(b=y)", [{**pair("a", "x"), "children": [pair("b", "y")]}]),
        ("a = x ( b = y )", [{**pair("a", "x"), "children": [pair("b", "y")]}]),
        ("a=(\n  b=y # of a\n)\n", [pair("a", [pair("b", "y")])]),
        ("# first\na=1 # b=2", [pair("a", Decimal(1))]),
        ('a="# no comment"', [pair("a", "# no comment")]),
        (r'a="\n\t\\\"\(\u0041"', [pair("a", '\n\t\\"(u0041')]),
        ('ключ="é\\"名😀"', [pair("ключ", 'é"名😀')]),
        ("a=\u0660\u0661 b=²", [pair("a", Decimal(1)), pair("b", "²")]),
        (
            "a=1e5 b=1e5x c=0x1F",
            [pair("a", Decimal("1E+5")), pair("b", "1e5x"), pair("c", "0x1F")],
        ),
        ("a=1e0000000000000000000001", [pair("a", Decimal(10))]),
    ],
)
def test_text_is_read(text: str, expected: list[Any]) -> None:
    assert SCLLexer().parse(text) == expected
    SCLLexer().validate(text)


def test_numbers_keep_their_digits() -> None:
    [one] = SCLLexer().parse("a=1.500")
    assert str(one["value"]) == "1.500"


def test_the_original_dialect_reads_n_and_t_as_letters() -> None:
    text = r'a="\n\t\\"'
    assert SCLLexer(dialect="original").parse(text) == [pair("a", "nt\\")]
    assert SCLLexer().parse(text) == [pair("a", "\n\t\\")]


@pytest.mark.parametrize(
    ("text", "offset", "found", "words"),
    [
        ("a", 1, "", "expected '='"),
        ("a b=1", 2, "b", "expected '='"),
        ("a=", 2, "", "expected a number, a string, a word or '('"),
        ("a=1)", 3, ")", "expected the end of the text, '(' or a blank"),
        ("(a=1)", 0, "(", "expected the end of the text or a key"),
        ("1=2", 0, "1", "keys are words"),
        ("a=(b=1", 6, "", "the parenthesis of line 1, column 3 is open"),
        ('a="x', 4, "", "the string that begins with '\"x' is not closed"),
        ('a="x\\\ny"', 5, "", "is not closed on its line"),
        ("a=b.c", 3, ".", 'in quotes it is a string: "b.c"'),
        ("a=12:30:10 b=1", 4, ":", 'in quotes it is a string: "12:30:10"'),
        ("a=192.168.0.1", 9, ".0", 'in quotes it is a string: "192.168.0.1"'),
        ("a=2019-06-22", 6, "-06", 'in quotes it is a string: "2019-06-22"'),
        ("a=50%", 4, "%", 'in quotes it is a string: "50%"'),
        ("a=/x/y?q=1", 2, "/", 'in quotes it is a string: "/x/y?q=1"'),
        ("a='x'", 2, "'", 'in quotes it is a string: "x"'),
        ("a.b=1", 1, ".", "stand in each other: a=(b=...)"),
        ("a:b=1", 1, ":", "keys are words, of letters, digits and _"),
        ("a=x#y", 3, "#", 'in quotes it is a string: "x#y"'),
        ("a=1\xa0b=2", 3, "\xa0", "no part of the language"),
        ("a=1(b=2)c=3", 8, "c", "expected the end of the text or a blank"),
        (f"a=1e{'9' * 18}", 2, f"1e{'9' * 18}", "beyond all numbers"),
        ('a "x', 2, '"x', "expected '='"),
        ("a=5 kg", 6, "", 'put it in quotes: "5 kg"'),
        ("a=(b=-1.5 V c=2)", 12, "c", 'put it in quotes: "-1.5 V"'),
        ("a=(b=no sun)", 11, ")", 'put it in quotes: "no sun"'),
    ],
)
def test_error_says_where_and_what_to_write(
    text: str, offset: int, found: str, words: str
) -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse(text)
    error = caught.value
    assert (error.offset, error.found) == (offset, found)
    assert words in str(error)
    with pytest.raises(SCLSyntaxError, match="line"):
        SCLLexer().validate(text)


def test_error_shows_the_line_and_a_caret() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("a=1\n\tb=2.5% c=3\nd=4")
    error = caught.value
    assert (error.line, error.column, error.offset) == (2, 7, 10)
    assert str(error) == (
        "line 2, column 7: '%' is no part of the language; in quotes it is a string: "
        '"2.5%"\n    \tb=2.5% c=3\n    \t     ^'
    )


def test_error_in_a_long_line_shows_what_is_near() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("a=1 " * 50_000 + "% " + "b=2 " * 50_000)
    assert len(str(caught.value)) < 400
    assert caught.value.column == 200_001


def test_error_names_the_innermost_open_parenthesis() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("z=1 a=(b=(c=1) d=x(e=2 f=(g=3)")
    assert caught.value.opened_at == 18


def test_error_names_the_open_quote() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse('a=1 b="x y')
    assert caught.value.opened_at == 6


def test_error_says_what_could_stand_there() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("a=x(b=1 =")
    assert caught.value.expected == ("LPAREN", "RPAREN", "WHITESPACE")
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("a=x(b=1(c=2)3")
    assert caught.value.expected == ("RPAREN", "WHITESPACE")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    SCLLexer().parse("a=1 % b", recover=True)
    SCLLexer().test("a=1")
    with pytest.raises(SCLSyntaxError):
        SCLLexer().parse("=")
    assert capfd.readouterr() == ("", "")
