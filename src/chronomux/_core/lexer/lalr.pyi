from typing import final

from chronomux.lexer.tables import Tables

@final
class LalrTable:
    state_count: int
    terminal_count: int
    nonterminal_count: int
    production_count: int
    terminals: tuple[str, ...]
    nonterminals: tuple[str, ...]
    methods: tuple[str | None, ...]
    numbers: dict[str, int]
    def __new__(cls, tables: Tables) -> LalrTable: ...
    def expected(self, state: int) -> tuple[str, ...]: ...
