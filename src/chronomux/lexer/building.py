"""The tables of a grammar, made by PLY: the one place that imports it."""

from __future__ import annotations

import logging

from chronomux.errors import GrammarError
from chronomux.lexer.grammar import PLY_VERSION, Grammar
from chronomux.lexer.masters import scanning
from chronomux.lexer.tables import ACCEPT, Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["build_tables"]

log = logging.getLogger("chronomux")


def build_tables(grammar: Grammar) -> Tables:
    """The same tables for the same grammar, on any machine, at any time.

    Takes PLY's time: milliseconds for a small grammar, seconds for that of a large
    language. GrammarError says what is wrong with the grammar, and where.
    """
    lr = generated(grammar) if grammar.rules else None
    productions = tuple(
        (rule.name, tuple(rule.prod), rule.func)
        for rule in (lr.lr_productions if lr else [])
    )
    terminals = terminals_of(grammar, lr)
    nonterminals = tuple(sorted({head for head, _, _ in productions[1:]}))
    actions = list(lr.lr_action.items()) if lr else [(0, {})]
    gotos = lr.lr_goto if lr else {0: {}}
    assert [state for state, _ in actions] == list(range(len(actions)))
    return Tables(
        digest=grammar.digest,
        ply=PLY_VERSION,
        terminals=terminals,
        nonterminals=nonterminals,
        productions=productions or (("S'", (), None),),
        action=tuple(
            tuple(number_of(row.get(name)) for name in terminals) for _, row in actions
        ),
        goto=tuple(
            tuple(gotos[state].get(name, -1) for name in nonterminals)
            for state, _ in actions
        ),
        default=tuple(default_of(row) for _, row in actions),
        conflicts=tuple(conflicts(lr)) if lr else (),
        scanning=scanning(grammar),
    )


def number_of(action: int | None) -> int:
    """PLY has 0 for the end, and None for an error of `nonassoc`."""
    if action is None:
        return 0
    return ACCEPT if action == 0 else action


def default_of(row: dict[str, int | None]) -> int:
    """Such a state needs no token to go on, and asks the lexer for none."""
    actions = list(row.values())
    if len(actions) == 1 and actions[0] is not None and actions[0] < 0:
        return actions[0]
    return 0


def terminals_of(grammar: Grammar, lr: Any) -> tuple[str, ...]:
    known = lr.grammar.Terminals if lr else {}
    literals = sorted({*known, *grammar.literals} - {*grammar.tokens, "error"})
    return ("$end", "error", *grammar.tokens, *literals)


def generated(grammar: Grammar) -> Any:
    """PLY's LRGeneratedTable of the productions."""
    yacc = imported()
    try:
        productions = collected(grammar, yacc)
        check(grammar, productions)
        lr = yacc.LRGeneratedTable(productions, "LALR", yacc.NullLogger())
    except yacc.YaccError as error:
        grammar.refuse(str(error))
    if len(lr.lr_action) >= ACCEPT:
        grammar.refuse(f"{len(lr.lr_action)} states are more than {ACCEPT - 1}")
    for conflict in conflicts(lr):
        log.warning("%s: %s", grammar.owner.__qualname__, conflict)
    return lr


def imported() -> Any:
    try:
        from ply import yacc
    except ImportError as error:
        raise GrammarError(
            f"the tables of a grammar are made by PLY, which is missing: pip install "
            f"ply=={PLY_VERSION}"
        ) from error
    if yacc.__version__ != PLY_VERSION:
        raise GrammarError(
            f"the tables of a grammar are made by PLY {PLY_VERSION}, and this is "
            f"{yacc.__version__}: pip install ply=={PLY_VERSION}"
        )
    return yacc


def collected(grammar: Grammar, yacc: Any) -> Any:
    """PLY's Grammar, filled."""
    found = yacc.Grammar(sorted(grammar.tokens))
    for level, (associativity, *tokens) in enumerate(grammar.precedence, 1):
        for token in tokens:
            found.set_precedence(token, associativity, level)
    for method, head, symbols, file, line in grammar.rules:
        found.add_production(head, list(symbols), method, file, line)
    found.set_start(grammar.start)
    return found


def check(grammar: Grammar, productions: Any) -> None:
    """What PLY's own yacc() refuses, and its warnings for the log."""
    for symbol, rule in productions.undefined_symbols():
        grammar.refuse(
            f"{rule.file}:{rule.line}: {symbol!r} is neither a token nor has it a rule"
        )
    for symbol in productions.infinite_cycles():
        grammar.refuse(f"{symbol!r} never ends: each of its rules contains it again")
    for term, associativity in productions.unused_precedence():
        grammar.refuse(
            f"precedence names {term!r} ({associativity}), which is no token"
        )
    for token in productions.unused_terminals():
        log.info("%s: token %r is not used", grammar.owner.__qualname__, token)
    for rule in productions.unused_rules():
        log.info("%s:%d: rule %r is not used", rule.file, rule.line, rule.name)


def conflicts(lr: Any) -> Iterator[str]:
    for state, token, decision in lr.sr_conflicts:
        yield f"shift/reduce conflict for {token} in state {state}: {decision} is taken"
    for state, chosen, rejected in lr.rr_conflicts:
        yield (
            f"reduce/reduce conflict in state {state}: ({chosen}) is taken, "
            f"not ({rejected})"
        )
