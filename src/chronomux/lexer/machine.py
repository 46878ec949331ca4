"""What runs the grammar of a class: made once, whoever asks first."""

from __future__ import annotations

from _thread import RLock  # threading takes longer than this whole room

from chronomux._core.lexer.lalr import LalrTable
from chronomux._core.lexer.ply_lexer import LexRules, PlyLexer
from chronomux._core.lexer.ply_parser import PlyParser
from chronomux.errors import GrammarError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import TypeAlias

    from chronomux.lexer.grammar import Grammar
    from chronomux.lexer.tables import Tables

    Cache: TypeAlias = bool | str | os.PathLike[str]

__all__ = ["Machine", "machine_of"]

NAME = "_machine"  # where a class keeps its own
building = RLock()


class Machine:
    """The tables of a class, ready to be bound to its objects."""

    def __init__(self, owner: type, tables: Tables) -> None:
        self.owner = owner
        self.tables = tables
        self.table = LalrTable(tables) if len(tables.productions) > 1 else None
        self.rules = None
        if tables.scanning is not None:
            from chronomux.lexer.plan import plan

            tokens = set(tables.terminals) - {"$end", "error"}
            flags, literals, _ = tables.scanning
            self.rules = LexRules(flags, literals, plan(tables.scanning), tokens)

    def lexer(self, of: object) -> PlyLexer:
        if self.rules is None:
            raise self._missing("t_...", "tokens()")
        return PlyLexer(self.rules, of)

    def parser(self, of: object) -> PlyParser:
        if self.table is None:
            raise self._missing("p_...", "a parser")
        return PlyParser(self.table, of)

    def _missing(self, rules: str, what: str) -> GrammarError:
        return GrammarError(
            f"{self.owner.__qualname__} has no rules {rules} for {what}"
        )


def machine_of(owner: type, cache: Cache) -> Machine:
    """That of the class itself, not of one that it inherits from."""
    found = vars(owner).get(NAME)
    if found is None:
        with building:
            found = vars(owner).get(NAME)
            if found is None:
                found = Machine(owner, tables_of(owner, cache))
                setattr(owner, NAME, found)
    assert isinstance(found, Machine)
    return found


def tables_of(owner: type, cache: Cache) -> Tables:
    """From the cache if it has them, else from PLY, and then for the cache."""
    from pathlib import Path

    from chronomux.lexer import cache as kept
    from chronomux.lexer.grammar import Grammar

    grammar = Grammar(owner)
    where = kept.folder() if isinstance(cache, bool) else Path(cache)
    if where is None or cache is False:
        return built(grammar)
    tables = kept.load(where, grammar.digest)
    if tables is None:
        tables = built(grammar)
        kept.store(where, tables)
    return tables


def built(grammar: Grammar) -> Tables:
    from chronomux.lexer.building import build_tables

    return build_tables(grammar)
