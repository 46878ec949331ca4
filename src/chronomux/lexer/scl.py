"""`SCLLexer`: text in SCL to statements."""

from __future__ import annotations

from _thread import _local as local  # threading takes longer than this whole room

from chronomux._core.lexer.scl import Failure, Parser
from chronomux._core.lexer.scl_machine import Machine
from chronomux._core.lexer.scl_nodes import SCLNode
from chronomux.lexer.lexer import Lexer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike
    from typing import Any, Literal, TypeAlias, overload

    from chronomux._core.lexer.tokens import LexToken
    from chronomux.errors import SCLSyntaxError
    from chronomux.lexer.scl_files import Readable
    from chronomux.lexer.scl_stream import SCLParser, TokenStream

    Statement: TypeAlias = dict[str, Any]

__all__ = ["SCLLexer"]

DIALECTS = ("scl", "original")
MACHINES: list[Machine] = []  # the one that all lexers share, once there is a lexer


class SCLLexer(Lexer):
    r"""Reads SCL, a language of nested `key=value` statements.

    A text is any number of statements, separated by blanks:

        key=value   key=value(children)   key=(children)   key=value()

    A key is a word of letters, digits and `_` of any script. A value is a word, a
    number (`12`, `-.5`, `+4.1E-7`; a Decimal) or a string in double quotes. Children
    are statements. Around `=` and parentheses blanks may stand: spaces, tabs,
    newlines. `#` at the beginning of a line or after a blank begins a comment, to the
    end of the line. In a string `\n` is a newline, `\t` a tab, and every other
    character after a backslash stands for itself; a string ends on its line.

    Everything else (dotted keys, times, addresses, units without quotes) is an
    error, and nothing is printed: `SCLSyntaxError` says where and why.

    dialect: 'scl', or 'original', where `\n` and `\t` in strings are n and t.
    max_depth: how many parentheses may be open at a time.

    An instance never changes, and any number of threads may use it. Time grows with
    the length of the text and no faster.

    Trees may be deeper than Python's own recursion allows. `parse` and everything that
    nodes have (`==`, `hash`, `repr`, `to_scl`, `to_dict`, pickle, copy) work at any
    depth up to `max_depth`. With dictionaries `repr`, `json.dumps`, `==`, `pickle` and
    `copy.deepcopy` go 100 levels deep; RecursionError tells where they end.
    """

    __slots__ = ("_parser", "_streams")

    cache = False  # the tables are part of the package

    def __init__(self, *, dialect: str = "scl", max_depth: int = 10_000) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"dialect={dialect!r}: use 'scl' or 'original'")
        if max_depth < 0:
            raise ValueError(f"max_depth={max_depth}: use 0 or more")
        self._parser = Parser(machine(), dialect, max_depth)
        self._streams = local()

    def __reduce__(self) -> tuple[object, ...]:
        return made, (self.dialect, self.max_depth)

    def __repr__(self) -> str:
        return f"SCLLexer(dialect={self.dialect!r}, max_depth={self.max_depth})"

    @property
    def dialect(self) -> str:
        return self._parser.dialect

    @property
    def max_depth(self) -> int:
        return self._parser.max_depth

    if TYPE_CHECKING:

        @overload
        def parse(
            self,
            text: str,
            tracking: bool = ...,
            *,
            nodes: Literal[False] = ...,
            recover: Literal[False] = ...,
        ) -> list[Statement]: ...
        @overload
        def parse(
            self,
            text: str,
            tracking: bool = ...,
            *,
            nodes: Literal[True],
            recover: Literal[False] = ...,
        ) -> list[SCLNode]: ...
        @overload
        def parse(
            self,
            text: str,
            tracking: bool = ...,
            *,
            nodes: Literal[False] = ...,
            recover: Literal[True],
        ) -> tuple[list[Statement], list[SCLSyntaxError]]: ...
        @overload
        def parse(
            self,
            text: str,
            tracking: bool = ...,
            *,
            nodes: Literal[True],
            recover: Literal[True],
        ) -> tuple[list[SCLNode], list[SCLSyntaxError]]: ...

    def parse(
        self,
        text: str,
        tracking: bool = False,
        *,
        nodes: bool = False,
        recover: bool = False,
    ) -> Any:
        """The statements of a text, in order.

        Each is a dictionary with 'key' and 'value', and with 'children', a list of the
        same, where there are parentheses behind the value; the children of
        `key=(...)` are its value. Or, with `nodes`, each is an `SCLNode`.

        With `recover`: (statements, errors). Each of the errors has the span of the
        text that was left out because of it; all that these spans do not cover is in
        the statements. Reading goes on at the next statement that no parenthesis
        holds, or that begins a line. tracking changes nothing: nodes have their places.

        Raises SCLSyntaxError, but not with `recover`.
        """
        read = self._parser.nodes if nodes else self._parser.results
        if recover:
            return recovered(self._parser, read, text)
        statements = read(text)
        if isinstance(statements, Failure):
            raise syntax_error(text, statements)
        return statements

    def validate(self, text: str) -> None:
        """SCLSyntaxError if `parse` would raise it; makes no objects else."""
        if not self._parser.is_valid(text):
            self.parse(text)

    def tokens(self, text: str) -> Iterator[LexToken]:
        """The tokens of a text, as `lexer.token()` gives them."""
        stream = token_stream(self._parser)
        stream.input(text)
        return iter(stream)

    def test(self, text: str) -> list[LexToken]:
        """All tokens of a text: to see what the lexer makes of it."""
        return list(self.tokens(text))

    if TYPE_CHECKING:

        @overload
        def parse_file(
            self,
            path: str | PathLike[str],
            *,
            nodes: Literal[False] = ...,
            recover: Literal[False] = ...,
        ) -> list[Statement]: ...
        @overload
        def parse_file(
            self,
            path: str | PathLike[str],
            *,
            nodes: Literal[True],
            recover: Literal[False] = ...,
        ) -> list[SCLNode]: ...
        @overload
        def parse_file(
            self,
            path: str | PathLike[str],
            *,
            nodes: Literal[False] = ...,
            recover: Literal[True],
        ) -> tuple[list[Statement], list[SCLSyntaxError]]: ...
        @overload
        def parse_file(
            self,
            path: str | PathLike[str],
            *,
            nodes: Literal[True],
            recover: Literal[True],
        ) -> tuple[list[SCLNode], list[SCLSyntaxError]]: ...

    def parse_file(
        self,
        path: str | PathLike[str],
        *,
        nodes: bool = False,
        recover: bool = False,
    ) -> Any:
        """As `parse`, of a file in UTF-8; messages begin with file:line:column.

        Raises SCLSyntaxError also where bytes are not UTF-8, and OSError.
        """
        from chronomux.lexer.scl_files import read_text

        text, name = read_text(path), str(path)
        read = self._parser.nodes if nodes else self._parser.results
        if recover:
            return recovered(self._parser, read, text, name)
        statements = read(text)
        if isinstance(statements, Failure):
            raise syntax_error(text, statements, name)
        return statements

    def iter_statements(self, stream: Readable) -> Iterator[Statement]:
        """The statements of an open file, one after the other.

        stream: anything with `read(size)`, of str or of bytes in UTF-8. Keeps no more
        of it than the longest statement and some 64 KiB. Raises SCLSyntaxError behind
        the last statement before the fault.
        """
        from chronomux.lexer.scl_files import iterate

        return iterate(self._parser, stream)

    # Those of a grammar on PLY do more: here there are no states and no methods.
    @property
    def lexer(self) -> TokenStream:  # type: ignore[override]
        """A lexer with `input` and `token` as PLY's: one for each thread."""
        stream: TokenStream | None = getattr(self._streams, "stream", None)
        if stream is None:
            stream = self._streams.stream = token_stream(self._parser)
        return stream

    @property
    def parser(self) -> SCLParser:  # type: ignore[override]
        """A parser with `parse(text, lexer=...)` as PLY's."""
        from chronomux.lexer.scl_stream import SCLParser

        return SCLParser(self)


def machine() -> Machine:
    if not MACHINES:
        from chronomux.lexer._scl_tables import TABLES

        MACHINES.append(Machine(TABLES))  # twice, if threads meet here, does no harm
    return MACHINES[0]


# What most programs never need is loaded when it is: the room is quick to import.


def token_stream(parser: Parser) -> TokenStream:
    from chronomux.lexer.scl_stream import TokenStream

    return TokenStream(parser)


def recovered(
    parser: Parser,
    read: Callable[..., list[Any] | Failure],
    text: str,
    name: str | None = None,
) -> tuple[list[Any], list[SCLSyntaxError]]:
    from chronomux.lexer.scl_errors import Places
    from chronomux.lexer.scl_recovery import recovered

    return recovered(parser, read, Places(text, name=name))


def syntax_error(
    text: str, failure: Failure, name: str | None = None
) -> SCLSyntaxError:
    from chronomux.lexer.scl_errors import Places, syntax_error

    return syntax_error(Places(text, name=name), failure)


def made(dialect: str, max_depth: int) -> SCLLexer:
    return SCLLexer(dialect=dialect, max_depth=max_depth)
