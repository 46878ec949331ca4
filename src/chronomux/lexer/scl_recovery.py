"""Reading on behind what is wrong: what was left out is told, and no more is lost."""

from __future__ import annotations

from chronomux._core.lexer.scl import Failure
from chronomux.lexer.scl_errors import Places, syntax_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from chronomux._core.lexer.scl import Parser
    from chronomux.errors import SCLSyntaxError

__all__ = ["recovered"]


def recovered(
    parser: Parser, read: Callable[..., list[Any] | Failure], places: Places
) -> tuple[list[Any], list[SCLSyntaxError]]:
    """(statements, errors), each with the span of what was left out because of it.

    A parenthesis that is never closed would swallow the rest of the text. Once one is
    met, the text is read in pieces, each up to a line that begins with a statement, so
    that no part of it is read more than a few times.
    """
    text = places.text
    statements: list[Any] = []
    errors: list[SCLSyntaxError] = []
    position, in_pieces = 0, False
    while position < len(text):
        stop = next_line(parser, text, position) if in_pieces else len(text)
        found = read(text, position, stop)
        if not isinstance(found, Failure):
            statements += found
            position = stop
            continue
        statements += found.complete
        never_closed = found.begin == stop and found.depth > 0
        if never_closed and not in_pieces:
            in_pieces = True
            # Its error stands at the end of the text, and those to come before that.
            error = syntax_error(Places(text, name=places.name), found)
            position = next_line(parser, text, found.boundary)
        else:
            error = syntax_error(places, found)
            position = resumption(parser, text, found, stop)
        error.span = found.boundary, position
        errors.append(error)
    return statements, errors


def next_line(parser: Parser, text: str, begin: int) -> int:
    """Where behind `begin` the next line begins with a statement, or the text ends."""
    for offset, _ in keys(parser, text, begin, 0):
        if offset > begin and text[offset - 1] == "\n":
            return offset
    return len(text)


def resumption(parser: Parser, text: str, failure: Failure, stop: int) -> int:
    """Where the next statement begins that a parser could know for one, or stop."""
    for offset, depth in keys(parser, text, failure.begin, failure.depth):
        if offset >= stop:
            break
        before = text[offset - 1 : offset]
        if before == "\n" or (depth == 0 and before.isspace()):
            return offset
    return stop


def keys(
    parser: Parser, text: str, begin: int, depth: int
) -> Iterator[tuple[int, int]]:
    """(offset, depth) of each word before a `=`, and how many parentheses are open."""
    word, most = -1, 8
    while True:
        block = parser.tokens(text, begin, most)
        for kind, _, start, _, end in block:
            if kind == "EQUALS" and word >= 0:
                yield word, depth
            word = start if kind == "KEYWORD" else -1
            if kind == "LPAREN":
                depth += 1
            elif kind == "RPAREN" and depth:
                depth -= 1
            elif kind == "$end":
                return
            begin = end
        most = min(2 * most, 256)
