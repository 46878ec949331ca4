"""Conditions in SCL: what they ask for, named rules, and errors at the word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chronomux import SCLLexer
from chronomux.errors import SCLSyntaxError
from chronomux.event import Condition
from chronomux.event import operators as op
from chronomux.replay import scl_condition, scl_rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", {}),
        ("kind=boot", {"kind": "boot"}),
        ('kind=boot note="a b"', {"kind": "boot", "note": "a b"}),
        ("level=3 ratio=0.5", {"level": 3, "ratio": 0.5}),
        ("big=123456789012345678901", {"big": 123456789012345678901}),
        ("name=(type=command)", {"name.type": "command"}),
        ("a=(b=(c=1) d=2)", {"a.b.c": 1, "a.d": 2}),
        ("kind=boot kind=halt kind=3", {"kind": ["boot", "halt", 3]}),
        ('action=prefix(text="test")', {"action": op.prefix("test")}),
        ("a=suffix(text=x) b=wildcard(pattern=x)", None),
        ('a=regex(pattern="^x+$")', {"a": op.regex("^x+$")}),
        ("t=between(low=1 high=5)", {"t": op.between(1, 5)}),
        ('t=between(high=5 low=1 bounds="[)")', {"t": op.between(1, 5, "[)")}),
        ("t=above(bound=2.5)", {"t": op.above(2.5)}),
        ("t=below(bound=2 inclusive=yes)", {"t": op.below(2, True)}),
        ('host=cidr(net="10.0.0.0/8")', {"host": op.cidr("10.0.0.0/8")}),
        ("note=absent() more=exists()", {"note": op.absent(), "more": op.exists()}),
        ("a=one_of(value=1 value=x)", {"a": [1, "x"]}),
        ("a=one_of()", {"a": []}),
        (
            "a=none_of(value=1 value=prefix(text=x))",
            {"a": op.none_of(1, op.prefix("x"))},
        ),
        ("a=contains_all(value=1 value=2)", {"a": op.contains_all(1, 2)}),
        ("a=ignore_case(text=X)", {"a": op.ignore_case("X")}),
        (
            "a=ignore_case(text=prefix(text=X))",
            {"a": op.ignore_case(op.prefix("X"))},
        ),
        ("a=prefix(text=x) a=7", {"a": [op.prefix("x"), 7]}),
        ("a=(b=1) a=(c=2)", {"a": op.any_of_fields({"b": 1}, {"c": 2})}),
        (
            "a=any_of_fields(when=(b=1) when=(c=2))",
            {"a": op.any_of_fields({"b": 1}, {"c": 2})},
        ),
    ],
)
def test_statements_are_a_condition(text: str, rules: dict[str, Any] | None) -> None:
    if rules is None:
        rules = {"a": op.suffix("x"), "b": op.wildcard("x")}
    condition = scl_condition(text)
    if text == "a=(b=1) a=(c=2)":  # one operator each: the same to every event
        for event in {"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 2}}, {"a": [1]}:
            assert condition.matches(event) == Condition(rules).matches(event), event
    else:
        assert condition == Condition(rules)
    assert scl_condition(SCLLexer().parse(text, nodes=True)) == condition
    assert scl_condition(SCLLexer().parse(text)) == condition


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("a=1 b=prefx(text=x)", "prefx", "prefx is no operator; there are prefix"),
        ('a="prefix"(text=x)', '"prefix"', "prefix is no operator"),
        ("a=7(text=x)", "7", "7 is no operator"),
        ("a=prefix(txt=x)", "txt", r"prefix\(\) takes text"),
        ("a=prefix()", "prefix", r"prefix\(\) lacks text"),
        ("a=prefix(text=x text=y)", "text", r"prefix\(\) takes one text"),
        ("a=prefix(text=5)", "5", "takes"),
        ("a=absent(text=x)", "text", r"absent\(\) takes nothing"),
        ('host=cidr(net="10.0.0")', '"10.0.0"', "does not appear to be"),
        ('a=regex(pattern="(")', '"("', "unterminated"),
        ("a=between(low=5 high=1)", "between", "holds no value"),
        ("a=between(low=1 high=x)", "x", "1 has no order with 'x'"),
        ('a=between(low=1 high=2 bounds="[")', '"["', "bounds='\\['"),
        ("a=above(bound=1 inclusive=maybe)", "maybe", "inclusive is yes or no"),
        ("a=one_of(value=(b=1))", "(b=1)", "value is a value, not statements"),
        ("a=any_of_fields(when=b)", "b", r"when takes statements: when=\(\.\.\.\)"),
        ("a=(b=(c=nothing(d=1)))", "nothing", "nothing is no operator"),
        ("a=whole(text=x)", "whole", "whole is no operator"),
    ],
)
def test_an_error_stands_at_its_word(text: str, word: str, message: str) -> None:
    with pytest.raises(SCLSyntaxError, match=message) as raised:
        scl_condition(f"first=1 # comment\n  {text}")
    error = raised.value
    assert error.found.startswith(word), error.found
    assert error.line == 2
    at = f"first=1 # comment\n  {text}"
    assert at[error.offset :].startswith(word)
    *_, line, caret = str(error).splitlines()
    assert line[caret.index("^") :].startswith(word)


def test_what_is_no_scl_is_the_lexers_error() -> None:
    with pytest.raises(SCLSyntaxError, match="expected"):
        scl_condition("a=(b=1")


def test_an_error_in_dictionaries_stands_in_their_text() -> None:
    with pytest.raises(SCLSyntaxError, match="line 1, column 6: b is no operator"):
        scl_condition(
            [{"key": "a", "value": [{"key": "c", "value": "b", "children": []}]}]
        )
    with pytest.raises(TypeError):
        scl_condition([7])  # type: ignore[list-item]


def test_very_deep_conditions_are_refused() -> None:
    with pytest.raises(SCLSyntaxError, match="parentheses are open"):
        scl_condition("a=(" * 200 + "b=1" + ")" * 200)
    assert scl_condition("a=(" * 90 + "b=1" + ")" * 90) != Condition()


def test_rules_have_names(tmp_path: Path) -> None:
    text = """
        # What the operator wants to know.
        rule=hot (when=(sensor=temperature value=above(bound=80)))
        rule=0(when=(level=0))
        rule="front door" (
            when=(door=front)
            when=(key=master)
        )
    """
    rules = scl_rules(text)
    assert list(rules) == ["hot", "0", "front door"]
    assert rules["hot"] == Condition(sensor="temperature", value=op.above(80))
    assert rules["front door"].matches({"key": "master"})
    assert rules["front door"].matches({"door": "front"})
    assert not rules["front door"].matches({"door": "back"})
    path = tmp_path / "rules.scl"
    path.write_text(text)
    assert scl_rules(SCLLexer().parse_file(path, nodes=True)) == rules


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ('rule=""(when=(b=1))', "rule", "a rule is rule=NAME"),
        ("rule=a(when=(b=1)) rulé=b(when=(b=1))", "rulé", "a rule is rule=NAME"),
        ("rule=(when=(b=1))", "rule", "a rule is rule=NAME"),
        ("rule=a", "rule", "a rule is rule=NAME"),
        ("rule=a(when=(b=1)) rule=a(when=(b=2))", "a(when=(b=2", "there is a rule"),
        ("rule=a()", "a()", "lacks when"),
        ("rule=a(where=(b=1))", "where", "nothing but when"),
        ("rule=a(when=b)", "b)", "when takes statements"),
    ],
)
def test_a_wrong_rule_is_shown(text: str, word: str, message: str) -> None:
    with pytest.raises(SCLSyntaxError, match=message) as raised:
        scl_rules(text)
    assert raised.value.offset == text.index(word)
