"""SCL's tokens, and its parser, in the way that PLY offers them."""

from __future__ import annotations

from chronomux._core.lexer.scl import Failure
from chronomux._core.lexer.tokens import LexToken
from chronomux.lexer.scl_errors import Places, syntax_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from chronomux._core.lexer.scl import Parser
    from chronomux.lexer.scl import SCLLexer

__all__ = ["SCLParser", "TokenStream"]

BLOCK = 64  # tokens read at a time
FAULTS = frozenset({"STRAY", "UNCLOSED", "EXTREME"})


class TokenStream:
    """Tokens of one text at a time, for one thread at a time: `input`, then `token`.

    A token's type is KEYWORD, NUMBER, STRING, EQUALS, LPAREN, RPAREN or WHITESPACE;
    blanks beside a sign are part of its value, and separate tokens elsewhere. Its
    lexpos is the offset of its first character and its lineno the line of that.

    lexdata, lexpos, lineno: the text, and how far it is read.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self.input("")

    def input(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"SCL is read from str, not from {type(text).__name__}")
        self.lexdata = text
        self.lexpos = 0
        self._block: list[tuple[str, Any, int, int, int]] = []
        self._places = Places(text)

    @property
    def lineno(self) -> int:
        return self._places.of(self.lexpos)[0]

    def token(self) -> LexToken | None:
        """The next token; None at the end. SCLSyntaxError for what begins none.

        After an error the next call goes on behind it.
        """
        if not self._block:
            self._block = self._parser.tokens(self.lexdata, self.lexpos, BLOCK)[::-1]
        kind, value, begin, _, end = self._block.pop()
        if kind == "$end":
            return None
        line = self._places.of(begin)[0]
        self.lexpos = end
        if kind in FAULTS:
            failure = self._parser.results(self.lexdata, begin, end)
            assert isinstance(failure, Failure)
            raise syntax_error(self._places, failure)
        token = LexToken()
        token.type = kind
        token.value = value
        token.lineno = line
        token.lexpos = begin
        return token

    def skip(self, n: int) -> None:
        """Leave out the next n characters."""
        self.lexpos = min(self.lexpos + n, len(self.lexdata))
        self._block = []

    def clone(self) -> TokenStream:
        """Another one, of the same text, as far as this one is."""
        twin = TokenStream(self._parser)
        twin.input(self.lexdata)
        twin.lexpos = self.lexpos
        return twin

    def rest(self) -> Any:
        """The statements in what is not read yet, which is read then."""
        start, self.lexpos = self.lexpos, len(self.lexdata)
        self._block = []
        statements = self._parser.results(self.lexdata, start)
        if isinstance(statements, Failure):
            raise syntax_error(self._places, statements)
        return statements

    def __iter__(self) -> Iterator[LexToken]:
        return self

    def __next__(self) -> LexToken:
        token = self.token()
        if token is None:
            raise StopIteration
        return token


class SCLParser:
    """`SCLLexer.parser`: statements from a text or from what a lexer has left."""

    def __init__(self, owner: SCLLexer) -> None:
        self._owner = owner

    def parse(
        self,
        input: str | None = None,
        lexer: TokenStream | None = None,
        debug: bool = False,
        tracking: bool = False,
    ) -> Any:
        """As `SCLLexer.parse`, of `input`, else of what `lexer` has not read yet.

        lexer: None for that of this thread. debug and tracking change nothing: errors
        and nodes have their places. TypeError for a lexer of another language.
        """
        stream = self._owner.lexer if lexer is None else lexer
        if not isinstance(stream, TokenStream):
            raise TypeError(
                f"lexer={lexer!r} does not read SCL: use SCLLexer().lexer, or None"
            )
        if input is not None:
            stream.input(input)
        return stream.rest()
