r"""SCL as a PLY grammar: what the language is, and what the tables are made from.

    python -m chronomux.lexer.generate      after a change writes the tables anew

PLY can run it as it stands, with the actions below; `SCLLexer` runs its tables with a
scanner of its own, and the tests hold one to the other. Nothing else imports it.

    text        any number of statements, separated by blanks
    statement   key=value    key=value(children)    key=(children)
    key         a word: letters, digits and _ of any script
    value       a word, a number or a string
    children    statements, or nothing

Of a number and a word that begin at the same place the longer one stands: `12` is a
number, `12_a` a word. Blanks are spaces, tabs, newlines and the like, and comments: `#`
at the beginning of a line or after a blank, to the end of the line. Around `=` and in
front of and behind parentheses blanks may stand, but need not. A string ends on the
line it begins on; `\n` in it is a newline, `\t` a tab, and every other character after
a backslash stands for itself.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NoReturn

__all__ = ["SCLGrammar"]

ESCAPES = {"n": "\n", "t": "\t"}
# A comment must reach the end of its line: else the regex would look for less.
BLANK = r"(?:[\t-\r\ ]|(?:^|(?<=[\t-\r\ ]))\#[^\n]*(?!.))"


class SCLGrammar:
    """Rules for `ply.lex.lex(module=...)` and `ply.yacc.yacc(module=...)`.

    Each method for productions has one of them, so that its name is one as well.
    """

    tokens = ("NUMBER", "STRING", "KEYWORD", "EQUALS", "LPAREN", "RPAREN", "WHITESPACE")
    start = "text"
    reflags = re.UNICODE | re.VERBOSE

    # PLY tries methods first, then the longest expression: blanks after the signs.
    t_EQUALS = rf"{BLANK}*={BLANK}*"
    t_LPAREN = rf"{BLANK}*\({BLANK}*"
    t_RPAREN = rf"{BLANK}*\)"
    t_WHITESPACE = rf"{BLANK}+"
    t_KEYWORD = r"\w+"

    def t_NUMBER(self, t: Any) -> Any:
        r"""[+-](?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?
        |\d*\.\d+(?:[eE][+-]?\d+)?
        |\d+[eE][+-]\d+
        |\d+(?:[eE]\d+)?(?!\w)"""
        t.value = Decimal(t.value)
        return t

    def t_STRING(self, t: Any) -> Any:
        r""" "(?:[^"\\\n]|\\.)*" """
        t.value = re.sub(
            r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), t.value[1:-1]
        )
        return t

    def t_error(self, t: Any) -> NoReturn:
        raise ValueError(f"no token begins with {t.value[:20]!r}")

    def p_text(self, p: Any) -> None:
        "text : edge statements edge"
        p[0] = p[2]

    def p_empty_text(self, p: Any) -> None:
        "text : edge"
        p[0] = []

    def p_blank_edge(self, p: Any) -> None:
        "edge : WHITESPACE"

    def p_bare_edge(self, p: Any) -> None:
        "edge :"

    def p_first_statement(self, p: Any) -> None:
        "statements : statement"
        p[0] = [p[1]]

    def p_next_statement(self, p: Any) -> None:
        "statements : statements WHITESPACE statement"
        p[1].append(p[3])
        p[0] = p[1]

    def p_plain(self, p: Any) -> None:
        "statement : KEYWORD EQUALS value"
        p[0] = {"key": p[1], "value": p[3]}

    def p_parent(self, p: Any) -> None:
        "statement : KEYWORD EQUALS value children"
        p[0] = {"key": p[1], "value": p[3], "children": p[4]}

    def p_group(self, p: Any) -> None:
        "statement : KEYWORD EQUALS children"
        p[0] = {"key": p[1], "value": p[3]}

    def p_keyword(self, p: Any) -> None:
        "value : KEYWORD"
        p[0] = p[1]

    def p_number(self, p: Any) -> None:
        "value : NUMBER"
        p[0] = p[1]

    def p_string(self, p: Any) -> None:
        "value : STRING"
        p[0] = p[1]

    def p_children(self, p: Any) -> None:
        "children : LPAREN statements RPAREN"
        p[0] = p[2]

    def p_no_children(self, p: Any) -> None:
        "children : LPAREN RPAREN"
        p[0] = []

    def p_error(self, p: Any) -> NoReturn:
        raise ValueError(f"unexpected {p.value!r}" if p else "unexpected end")
