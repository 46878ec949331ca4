"""`Lexer`: the base class for anybody's PLY grammar."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from chronomux._core.lexer.ply_lexer import PlyLexer
    from chronomux._core.lexer.ply_parser import PlyParser
    from chronomux._core.lexer.tokens import LexToken
    from chronomux.lexer.machine import Cache, Machine

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["TOKEN", "Lexer"]

BOUND = "_lexer", "_parser"  # made of the machine; no part of an object's own state


class Lexer:
    """A lexer and a parser for the PLY grammar that stands in a subclass.

    The subclass has what a module for `ply.lex` and `ply.yacc` would have, its rules as
    methods with docstrings. PLY makes tables of it, once for a class; they are kept in
    the user's cache folder, so that the next program needs neither PLY nor its time. A
    compiled driver runs them and calls the methods.

    cache: where tables are kept. True: in $CHRONOMUX_CACHE if that is set, else in
        chronomux in the user's cache folder; a path: there; False: nowhere. None: as
        the attribute `cache` of the class says. A file is bound to the SHA-256 of the
        grammar; one that is damaged is made anew. The first object of a class decides.
        A subclass need not call this constructor.

    GrammarError says what PLY cannot use, with file and line.

    Like PLY:
    - `tokens`, `literals`, `states` (inclusive, exclusive), `precedence` ('left',
      'right', 'nonassoc', `%prec`), `start`, and `reflags`, which is an argument there;
    - `t_NAME` as strings and methods, `t_ignore`, `t_ignore_NAME`, `t_error`, `t_eof`,
      each also for states (`t_STATE_NAME`, `t_ANY_NAME`), and `TOKEN(regex)`;
    - `p_NAME` with several productions each, empty productions, embedded actions
      (`p[-1]`), `p_error`, and productions with `error`;
    - `p[n]`, `p.slice`, `p.stack`, `p.lexer`, `p.parser` with `errok`, `restart`,
      `token`, `statestack` and `symstack`, and `raise SyntaxError` or `p.error()`;
    - `tracking=True` with `lineno`, `linespan`, `lexpos`, `lexspan`, and `set_lineno`
      and `set_lexpos`; `tokenfunc`, and lexers of any kind.

    Unlike PLY:
    - nothing is printed and no file is written beside the code. Without `p_error` a
      text that is not of the grammar is a `ParseError`, without `t_error` a `LexError`;
    - what belongs to a parse is kept with the parse: one object serves many threads if
      its own methods do. `p.parser` and `p.lexer` are those of this parse;
    - SyntaxError from a method never loses the next token, and may come from an empty
      production as well;
    - a recovery from an error that goes in circles, as PLY's does for ever where an
      empty production makes again what was dropped, is a `ParseError`;
    - `debug=True` and bytes are refused. Conflicts are logged as warnings.

    Under `python -OO`, which drops docstrings, the rules are read from the source.
    """

    __slots__ = ()  # SCLLexer, which never changes, has no __dict__; others have theirs

    cache: Cache = True

    def __init__(self, *, cache: Cache | None = None) -> None:
        if not isinstance(cache, (type(None), bool, str, os.PathLike)):
            raise TypeError(f"cache is True, False or a folder, not {cache!r}")
        self._machine_of_class(cache)
        if cache is not None:
            self.__dict__["cache"] = cache

    def _machine_of_class(self, cache: Cache | None = None) -> Machine:
        # Loaded on use: who only reads SCL runs on a machine of its own.
        from chronomux.lexer.machine import machine_of

        return machine_of(type(self), self.cache if cache is None else cache)

    @property
    def lexer(self) -> PlyLexer:
        """This object's lexer: `input(text)`, then `token()` until it gives None."""
        found: PlyLexer | None = self.__dict__.get("_lexer")
        if found is None:
            made = self._machine_of_class().lexer(self)
            found = self.__dict__.setdefault("_lexer", made)
        return found

    @property
    def parser(self) -> PlyParser:
        """This object's parser: `parse(text, lexer=...)` as PLY code calls it."""
        found: PlyParser | None = self.__dict__.get("_parser")
        if found is None:
            made = self._machine_of_class().parser(self)
            found = self.__dict__.setdefault("_parser", made)
        return found

    def parse(self, text: str, tracking: bool = False) -> Any:
        """What the methods make of the text; each call has a lexer of its own.

        That is a clone of `lexer`, so it begins in its state and line. ParseError and
        LexError where the grammar has no methods for errors.
        """
        lexer = self.lexer.clone()
        lexer.input(text)
        return self.parser.parse(None, lexer, False, tracking)

    def test(self, text: str) -> list[LexToken]:
        """The tokens of the text, to look at."""
        lexer = self.lexer.clone()
        lexer.input(text)
        return list(lexer)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles bind the machine of their class anew."""
        return {k: v for k, v in self.__dict__.items() if k not in BOUND}


def TOKEN(regex: str | Callable[..., Any]) -> Callable[[F], F]:
    """Set the expression of a method for tokens, as PLY's decorator of that name.

    regex: the expression, or another method to take it from.
    """

    from chronomux.lexer.docstrings import regex as regex_of

    if not isinstance(regex, str) and not callable(regex):
        raise TypeError(f"TOKEN takes an expression or a method, not {regex!r}")
    text = regex if isinstance(regex, str) else regex_of(regex)

    def decorate(method: F) -> F:
        method.regex = text  # type: ignore[attr-defined]
        return method

    return decorate
