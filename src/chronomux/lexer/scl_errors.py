"""What is wrong with a text that is not SCL, in words that help."""

from __future__ import annotations

import re

from chronomux.errors import SCLSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chronomux._core.lexer.scl import Failure

__all__ = ["Places", "syntax_error"]

NAMES = {
    "$end": "the end of the text",
    "NUMBER": "a number",
    "STRING": "a string",
    "KEYWORD": "a word",
    "EQUALS": "'='",
    "LPAREN": "'('",
    "RPAREN": "')'",
    "WHITESPACE": "a blank",
}
SHOWN = 60  # characters of a line, and of a word, on either side of the place
SEPARATORS = frozenset(' \t\n\v\f\r="()')
TWO_WORDS = re.compile(r"=[ \t]*([\w.+-]+[ \t]+\w+)\s*\Z")  # a value and one too many


class Places:
    """Lines and columns of offsets in a text, asked for in ascending order.

    first_line, first_column, first_offset: of the text's first character, in a file
    that it is part of. So all of a text's places take one walk through it.
    """

    def __init__(
        self,
        text: str,
        first_line: int = 1,
        first_column: int = 1,
        first_offset: int = 0,
        name: str | None = None,
    ) -> None:
        self.text = text
        self.name = name
        self.start = first_line, first_column
        self.first_offset = first_offset
        self._line = first_line
        self._line_start = 1 - first_column
        self._seen = 0

    def of(self, offset: int) -> tuple[int, int]:
        """(line, column) from 1; earlier offsets than before give those of before."""
        newlines = self.text.count("\n", self._seen, offset)
        if newlines:
            self._line += newlines
            self._line_start = self.text.rindex("\n", self._seen, offset) + 1
        self._seen = max(self._seen, offset)
        return self._line, offset - self._line_start + 1

    def picture(self, offset: int) -> str:
        """The line, or what is near the place in a long one, and a caret."""
        start = max(offset - SHOWN, self._line_start, 0)
        end = self.text.find("\n", offset, offset + SHOWN)
        line = self.text[start : offset + SHOWN if end < 0 else end].rstrip("\r")
        caret = "".join("\t" if c == "\t" else " " for c in line[: offset - start])
        return f"    {line}\n    {caret}^"


def syntax_error(places: Places, failure: Failure) -> SCLSyntaxError:
    line, column = places.of(failure.begin)
    place = f"line {line}, column {column}"
    if places.name is not None:
        place = f"{places.name}:{line}:{column}"
    message = f"{place}: {sentence(places, failure)}\n{places.picture(failure.begin)}"
    opened_at = failure.opened_at
    return SCLSyntaxError(
        message,
        line,
        column,
        failure.begin + places.first_offset,
        places.text[failure.begin : failure.end],
        failure.expected if failure.reason == "token" else (),
        None if opened_at is None else opened_at + places.first_offset,
    )


def sentence(places: Places, failure: Failure) -> str:
    text, begin = places.text, failure.begin
    if failure.reason == "unclosed":
        return (
            "the string that begins with "
            f"{shortened(text[failure.opened_at : begin])} is not closed on its line"
        )
    if failure.reason == "depth":
        return f"more than {failure.depth} parentheses are open: see max_depth"
    found = shortened(text[begin : failure.end])
    if failure.reason == "extreme":
        return f"{found} is beyond all numbers; in quotes it is a string"
    if failure.reason == "token" and failure.begin == failure.end:
        return ended(places, failure)
    hint = advice(text, failure)
    if failure.reason == "stray":
        return f"{found} is no part of the language" + hint
    hint = hint or advice_on_two_words(text, failure)
    return f"found {found}, expected {words(failure.expected)}" + hint


def shortened(found: str) -> str:
    return repr(found if len(found) <= SHOWN else f"{found[:SHOWN]}...")


def ended(places: Places, failure: Failure) -> str:
    if failure.opened_at is None:
        found = f"the text ends, expected {words(failure.expected)}"
        return found + advice_on_two_words(places.text, failure)
    line, column = Places(places.text, *places.start).of(failure.opened_at)
    return (
        f"the text ends, and the parenthesis of line {line}, column {column} is open; "
        f"expected {words(failure.expected)}"
    )


def words(expected: tuple[str, ...]) -> str:
    """A choice, of what there is to write: blanks go without saying beside words."""
    names = [NAMES[name] for name in expected]
    if "KEYWORD" in expected and "NUMBER" not in expected:
        names = ["a key" if name == "a word" else name for name in names]
        names = [name for name in names if name != "a blank"]
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def advice(text: str, failure: Failure) -> str:
    """What to write instead of a thing like 12:30, /tmp or a.b; '' for others."""
    if text[failure.begin] in SEPARATORS:
        return ""
    begin, end = around(text, failure.begin, SEPARATORS)
    if text[:begin].endswith("="):  # a value: also /find?q=1
        begin, end = around(text, failure.begin, SEPARATORS - {"="}, begin)
    elif text[end : end + 1] == "=":
        return keys_advice(text[begin:end])
    thing = text[begin:end]
    if not thing or (failure.reason == "token" and begin == failure.begin):
        return ""  # a word or number like others, only not here
    written = thing.strip("'").replace("\\", "\\\\")
    return f'; in quotes it is a string: "{written}"'


def advice_on_two_words(text: str, failure: Failure) -> str:
    """What to write instead of a value like 5 kg, of which kg looks like a key."""
    if "EQUALS" not in failure.expected:
        return ""
    near = text[max(0, failure.begin - 2 * SHOWN) : failure.begin]
    both = TWO_WORDS.search(near)
    return f'; if it is one value, put it in quotes: "{both[1]}"' if both else ""


def around(
    text: str, offset: int, separators: frozenset[str], least: int = 0
) -> tuple[int, int]:
    """The span between separators that offset is in; empty if it is long."""
    begin = end = offset
    while begin > least and text[begin - 1] not in separators:
        begin -= 1
        if offset - begin > SHOWN:
            return offset, offset
    while end < len(text) and text[end] not in separators:
        end += 1
        if end - offset > SHOWN:
            return offset, offset
    return begin, end


def keys_advice(thing: str) -> str:
    if thing.isidentifier():
        return ""
    outer, _, inner = thing.partition(".")
    if outer.isidentifier() and inner.isidentifier():
        return f"; keys are words, and stand in each other: {outer}=({inner}=...)"
    return "; keys are words, of letters, digits and _"
