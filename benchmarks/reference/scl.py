"""SCL as the proof of concept read it: on PLY's own lexer and parser.

The original grammar written again: blanks are part of the signs beside them, and tokens
elsewhere. Like the original it reads what is right rightly, and stumbles over the
rest; there is nothing here that knows of errors.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ply import lex, yacc


class SCLLexer:
    """`parse(line)` gives the list of statements of one line."""

    tokens = ("WHITESPACE", "NUMBER", "STRING", "KEYWORD", "EQUALS", "LPAREN", "RPAREN")

    t_EQUALS = r"\s*=\s*"
    t_LPAREN = r"\s*\(\s*"
    t_RPAREN = r"\s*\)"
    t_WHITESPACE = r"[ ]+"

    def __init__(self) -> None:
        self.lexer = lex.lex(module=self)
        self.parser = yacc.yacc(module=self, debug=False, write_tables=False)

    def parse(self, line: str) -> Any:
        return self.parser.parse(line, lexer=self.lexer)

    def t_NUMBER(self, t: Any) -> Any:
        r"[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?\b"
        t.value = Decimal(t.value)
        return t

    def t_STRING(self, t: Any) -> Any:
        r'"([^"\\]|\\.)*"'
        if "\\" in t.value:
            t.value = unescaped(t.value)
        t.value = t.value[1:-1]
        return t

    def t_KEYWORD(self, t: Any) -> Any:
        r"\w+"
        return t

    def t_newline(self, t: Any) -> None:
        r"\n+"
        t.lexer.lineno += len(t.value)

    def t_error(self, t: Any) -> None:
        t.lexer.skip(1)

    def p_text(self, p: Any) -> None:
        """text : statements
        | WHITESPACE statements
        | statements WHITESPACE
        | WHITESPACE statements WHITESPACE"""
        p[0] = p[1] if isinstance(p[1], list) else p[2]

    def p_statements(self, p: Any) -> None:
        """statements : statement
        | statements WHITESPACE statement"""
        if len(p) == 2:
            p[0] = [p[1]]
        else:
            p[0] = p[1]
            p[0].append(p[3])

    def p_statement(self, p: Any) -> None:
        """statement : KEYWORD EQUALS value
        | KEYWORD EQUALS value children
        | KEYWORD EQUALS children"""
        p[0] = {"key": p[1], "value": p[3]}
        if len(p) == 5:
            p[0]["children"] = p[4]

    def p_value(self, p: Any) -> None:
        """value : KEYWORD
        | NUMBER
        | STRING"""
        p[0] = p[1]

    def p_children(self, p: Any) -> None:
        "children : LPAREN statements RPAREN"
        p[0] = p[2]

    def p_error(self, p: Any) -> None:
        pass


def unescaped(quoted: str) -> str:
    out, escaped = [], False
    for letter in quoted:
        if escaped or letter != "\\":
            out.append(letter)
            escaped = False
        else:
            escaped = True
    return "".join(out)
