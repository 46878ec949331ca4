"""What PLY makes of a grammar, as plain data that is the same wherever it is made."""

from __future__ import annotations

from chronomux.errors import GrammarError

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes longer than all the rest of this import
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    Rows: TypeAlias = tuple[tuple[int, ...], ...]
    Production: TypeAlias = tuple[str, tuple[str, ...], str | None]
    # Attribute, regular expression, method, type of the token.
    TokenRule: TypeAlias = tuple[str, str, str | None, str | None]
    Master: TypeAlias = tuple[TokenRule, ...]  # rules that share an expression
    # Name, ignored characters, methods for errors and for the end, masters.
    LexState: TypeAlias = tuple[str, str, str | None, str | None, tuple[Master, ...]]
    # Flags of the expressions, literals, states ("INITIAL" first).
    Scanning: TypeAlias = tuple[int, str, tuple[LexState, ...]]

__all__ = ["ACCEPT", "END", "ERROR", "Tables"]

ACCEPT = 32767  # the action that ends a parse
END, ERROR = 0, 1  # numbers of the terminals "$end" and "error"

FIELDS = (
    "digest",
    "ply",
    "terminals",
    "nonterminals",
    "productions",
    "action",
    "goto",
    "default",
    "conflicts",
    "scanning",
)
WIDTH = 88


class Tables:
    """An LALR(1) grammar's tables, and the expressions of its lexer. Immutable.

    digest: SHA-256, in hex, of the grammar and of the version of PLY.
    ply: that version.
    terminals: names; "$end" is number 0 and "error" number 1, then come the tokens as
        the grammar declares them, then its literals, sorted.
    nonterminals: names, sorted; without PLY's own S'.
    productions: (head, symbols, method) by number; 0 is S' -> start, without a method.
    action: a row a state, a number a terminal: above 0 is the state to go to with the
        terminal shifted, below 0 minus the production to reduce by, `ACCEPT` the end
        and 0 an error.
    goto: a row a state, a number a nonterminal: the state to go to, or -1.
    default: a number a state: minus the production that it reduces by whatever comes,
        before the next token is asked for, or 0.
    conflicts: PLY's words for each, with what it decided.
    scanning: flags, literals and states of the lexer, or None for a grammar without
        rules for tokens.

    GrammarError for numbers that cannot belong together: who runs the tables goes by
    them without looking.
    """

    __slots__ = FIELDS

    digest: str
    ply: str
    terminals: tuple[str, ...]
    nonterminals: tuple[str, ...]
    productions: tuple[Production, ...]
    action: Rows
    goto: Rows
    default: tuple[int, ...]
    conflicts: tuple[str, ...]
    scanning: Scanning | None

    def __init__(self, **fields: Any) -> None:
        if tuple(fields) != FIELDS:
            raise GrammarError(f"tables have the fields {', '.join(FIELDS)}, in order")
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        try:
            wrong = next(faults(self), None)
        except (TypeError, ValueError, IndexError) as error:  # of another shape
            wrong = str(error)
        if wrong is not None:
            raise GrammarError(f"these are no tables of a grammar: {wrong}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Tables are immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Tables are immutable: cannot delete {name!r}")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in FIELDS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tables):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[object, ...]:
        return rebuilt, self._values()

    def __repr__(self) -> str:
        return (
            f"<Tables {self.digest[:12]}: {len(self.productions)} productions, "
            f"{len(self.action)} states>"
        )

    def to_source(self, docstring: str) -> str:
        """A Python module with these tables as `TABLES`; `from_source` reads it."""
        lines = [
            f'"""{docstring}"""',
            "",
            "from chronomux.lexer.tables import Tables",
            "",
            "# fmt: off",
            "TABLES = Tables(",
        ]
        for name in FIELDS:
            lines += written(f"{name}=", getattr(self, name), "    ")
        return "\n".join([*lines, ")", ""])

    @classmethod
    def from_source(cls, source: str) -> Tables:
        """What `to_source` wrote. It is read as data and never run.

        GrammarError for anything else.
        """
        import ast

        try:
            last = ast.parse(source).body[-1]
            if not (isinstance(last, ast.Assign) and isinstance(last.value, ast.Call)):
                raise ValueError("it does not end in TABLES = Tables(...)")
            fields = {
                keyword.arg or "": ast.literal_eval(keyword.value)
                for keyword in last.value.keywords
            }
        # RecursionError and MemoryError: what Python's parser makes of some rubbish.
        except (ValueError, SyntaxError, IndexError, RecursionError, MemoryError) as no:
            raise GrammarError(f"this is no source of tables: {no}") from no
        return cls(**fields)


def rebuilt(*values: Any) -> Tables:
    return Tables(**dict(zip(FIELDS, values, strict=True)))


def written(name: str, value: Any, indent: str) -> Iterator[str]:
    """`value` as lines of Python: one if it fits, else one an element."""
    line = f"{indent}{name}{value!r},"
    if len(line) <= WIDTH or not isinstance(value, tuple):
        yield line
        return
    yield f"{indent}{name}("
    if all(isinstance(item, int) for item in value):
        yield from wrapped(value, indent + "    ")
    else:
        for item in value:
            yield from written("", item, indent + "    ")
    yield f"{indent}),"


def wrapped(numbers: tuple[int, ...], indent: str) -> Iterator[str]:
    line = indent
    for number in numbers:
        word = f"{number},"
        if len(line) + len(word) > WIDTH:
            yield line.rstrip()
            line = indent
        line += word + " "
    yield line.rstrip()


def faults(tables: Tables) -> Iterator[str]:
    """What is wrong with them; later checks rely on earlier ones."""
    yield from faulty_names(tables)
    yield from faulty_numbers(tables)
    if tables.scanning is not None:
        yield from faulty_scanning(tables.scanning)


def are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def faulty_names(tables: Tables) -> Iterator[str]:
    if not (isinstance(tables.digest, str) and len(tables.digest) == 64):
        yield f"digest {tables.digest!r}"
    if not isinstance(tables.ply, str):
        yield f"version {tables.ply!r} of PLY"
    for names in tables.terminals, tables.nonterminals, tables.conflicts:
        if not are_texts(names):
            yield f"names {names!r}"
    if tables.terminals[:2] != ("$end", "error"):
        yield "the terminals begin with '$end' and 'error'"
    for names in tables.terminals, tables.nonterminals:
        if len(set(names)) != len(names):
            yield "a name twice"
    if not isinstance(tables.productions, tuple) or not tables.productions:
        yield "no productions"
    for number, production in enumerate(tables.productions):
        head, symbols, method = production
        if not are_texts(symbols) or not is_text_or_none(method):
            yield f"production {number}"
        if number and head not in tables.nonterminals:
            yield f"production {number} makes {head!r}"


def faulty_numbers(tables: Tables) -> Iterator[str]:
    states, productions = len(tables.action), len(tables.productions)
    if not 0 < states < ACCEPT or productions > ACCEPT:
        yield f"{states} states and {productions} productions"
    if not len(tables.goto) == len(tables.default) == states:
        yield "rows are missing"
    for name, rows, width, low in (
        ("action", tables.action, len(tables.terminals), 1 - productions),
        ("goto", tables.goto, len(tables.nonterminals), -1),
        ("default", (tables.default,), states, 1 - productions),
    ):
        high = 1 if name == "default" else states
        if not isinstance(rows, tuple):
            yield f"{name} is no tuple"
        for state, row in enumerate(rows):
            if not isinstance(row, tuple) or len(row) != width:
                yield f"row {state} of {name}"
            for number in row:
                fits = type(number) is int and low <= number < high
                if not fits and not (name == "action" and number == ACCEPT):
                    yield f"{number!r} in row {state} of {name}"


def faulty_scanning(scanning: Scanning) -> Iterator[str]:
    flags, literals, states = scanning
    if type(flags) is not int or not isinstance(literals, str):
        yield "flags and literals"
    if not states or states[0][0] != "INITIAL":
        yield "the first state of the lexer is INITIAL"
    for name, ignored, error, end, masters in states:
        if not are_texts((name, ignored)):
            yield f"state {name!r}"
        if not (is_text_or_none(error) and is_text_or_none(end)):
            yield f"methods of state {name!r}"
        for attribute, regex, method, token in (
            rule for rules in masters for rule in rules
        ):
            fits = are_texts((attribute, regex)) and is_text_or_none(method)
            if not (fits and is_text_or_none(token)):
                yield f"rule {attribute!r} of state {name!r}"
