"""Tables as data: the same everywhere, readable, and refused where they do not fit."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import Any

import pytest
from ply import yacc

from chronomux._core.lexer.lalr import LalrTable
from chronomux.errors import GrammarError
from chronomux.lexer.building import build_tables
from chronomux.lexer.grammar import Grammar
from chronomux.lexer.tables import ACCEPT, FIELDS, Tables
from tests.conftest import ROOT
from tests.grammars import CalculatorRules, Oracle, ProgramRules

CALCULATOR = build_tables(Grammar(CalculatorRules))


def changed(**fields: Any) -> Tables:
    return Tables(
        **{name: fields.get(name, getattr(CALCULATOR, name)) for name in FIELDS}
    )


@pytest.mark.parametrize("rules", [CalculatorRules, ProgramRules])
def test_rows_say_what_plys_tables_say(rules: Any) -> None:
    tables = build_tables(Grammar(rules))
    parser = Oracle(rules()).rules.parser
    assert len(tables.action) == len(parser.action)
    productions = [(str(p.name), p.len, p.func) for p in parser.productions]
    assert [(h, len(s), m) for h, s, m in tables.productions] == productions
    for state, row in parser.action.items():
        for number, terminal in enumerate(tables.terminals):
            action = row.get(terminal)
            expected = {None: 0, 0: ACCEPT}.get(action, action)
            assert tables.action[state][number] == expected, (state, terminal)
    for state in parser.action:
        row = parser.goto.get(state, {})
        assert tables.goto[state] == tuple(row.get(n, -1) for n in tables.nonterminals)
    defaults = {s: d for s, d in enumerate(tables.default) if d}
    assert defaults == parser.defaulted_states


def test_source_is_read_as_it_was_written() -> None:
    source = CALCULATOR.to_source("A docstring.")
    assert Tables.from_source(source) == CALCULATOR
    namespace: dict[str, Any] = {}
    exec(compile(source, "tables", "exec"), namespace)
    assert namespace["TABLES"] == CALCULATOR
    assert namespace["__doc__"] == "A docstring."


def test_tables_are_the_same_in_every_program() -> None:
    code = (
        "from chronomux.lexer.building import build_tables; "
        "from chronomux.lexer.grammar import Grammar; "
        "from tests.grammars import ProgramRules; "
        "print(build_tables(Grammar(ProgramRules)).to_source(''))"
    )
    sources = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    }
    assert sources == {build_tables(Grammar(ProgramRules)).to_source("") + "\n"}


def test_tables_are_immutable_and_travel() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        CALCULATOR.digest = "0"
    with pytest.raises(AttributeError, match="immutable"):
        del CALCULATOR.digest
    again = pickle.loads(pickle.dumps(CALCULATOR))
    assert again == CALCULATOR
    assert hash(again) == hash(CALCULATOR)
    assert CALCULATOR != "tables"
    assert "11 productions, 21 states" in repr(CALCULATOR)


FIRST, *REST = CALCULATOR.action


@pytest.mark.parametrize(
    "fields",
    [
        {"digest": "abc"},
        {"ply": None},
        {"terminals": CALCULATOR.terminals[1:]},
        {"terminals": (*CALCULATOR.terminals[:-1], "error")},
        {"nonterminals": ("x", "y")},
        {"productions": ()},
        {"productions": ((1, 2, 3),)},
        {"action": ((*FIRST[:-1], 21), *REST)},
        {"action": ((*FIRST[:-1], -11), *REST)},
        {"action": ((*FIRST[:-1], 1.0), *REST)},
        {"action": ((*FIRST[:-1], True), *REST)},
        {"action": (FIRST[:-1], *REST)},
        {"action": REST},
        {"action": None},
        {"goto": CALCULATOR.goto[1:]},
        {"goto": ((21, 0), *CALCULATOR.goto[1:])},
        {"goto": ((-2, 0), *CALCULATOR.goto[1:])},
        {"default": (1, *CALCULATOR.default[1:])},
        {"default": (-11, *CALCULATOR.default[1:])},
        {"default": (ACCEPT, *CALCULATOR.default[1:])},
        {"scanning": (0, "", ())},
        {"scanning": (0, None, ())},
        {"scanning": 5},
        {"scanning": (0, "", (("INITIAL", "", None, None, ((1, 2),)),))},
    ],
    ids=str,
)
def test_numbers_that_do_not_fit_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(GrammarError):
        changed(**fields)


@pytest.mark.parametrize(
    "source",
    ["", "x", "x = 1", "TABLES = Tables(1)", "TABLES = Tables(digest=f())", "("],
)
def test_other_source_is_refused(source: str) -> None:
    with pytest.raises(GrammarError):
        Tables.from_source(source)


def test_table_of_the_core_has_names_and_numbers() -> None:
    table = LalrTable(CALCULATOR)
    assert (table.state_count, table.production_count) == (21, 11)
    assert table.numbers["$end"] == 0
    assert table.expected(0) == ("NAME", "NUMBER", "(", "-")
    with pytest.raises(IndexError, match="state 21 of 21"):
        table.expected(21)


def test_ply_is_the_one_whose_tables_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yacc, "__version__", "4.0")
    with pytest.raises(GrammarError, match=r"PLY 3\.11, and this is 4\.0: pip install"):
        build_tables(Grammar(CalculatorRules))
