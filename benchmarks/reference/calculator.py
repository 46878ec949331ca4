"""The calculator of PLY's documentation, for PLY and for `Lexer` alike."""

from __future__ import annotations

from typing import Any

__all__ = ["CalculatorRules"]


class CalculatorRules:
    """One expression or assignment a text; `trace` keeps what was wrong with it."""

    tokens = ("NAME", "NUMBER")
    literals = "=+-*/()"
    precedence = (("left", "+", "-"), ("left", "*", "/"), ("right", "UMINUS"))

    t_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
    t_ignore = " \t"

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.trace: list[Any] = []

    def t_NUMBER(self, t: Any) -> Any:
        r"\d+"
        t.value = int(t.value)
        return t

    def t_newline(self, t: Any) -> None:
        r"\n+"
        t.lexer.lineno += t.value.count("\n")

    def t_error(self, t: Any) -> None:
        self.trace.append(("illegal", t.value[0], t.lineno, t.lexpos))
        t.lexer.skip(1)

    def p_statement_assign(self, p: Any) -> None:
        'statement : NAME "=" expression'
        self.names[p[1]] = p[3]

    def p_statement_expression(self, p: Any) -> None:
        "statement : expression"
        p[0] = p[1]

    def p_expression_binary(self, p: Any) -> None:
        """expression : expression '+' expression
        | expression '-' expression
        | expression '*' expression
        | expression '/' expression"""
        if p[2] == "+":
            p[0] = p[1] + p[3]
        elif p[2] == "-":
            p[0] = p[1] - p[3]
        elif p[2] == "*":
            p[0] = p[1] * p[3]
        elif p[2] == "/":
            p[0] = p[1] // (p[3] or 1)

    def p_expression_minus(self, p: Any) -> None:
        "expression : '-' expression %prec UMINUS"
        p[0] = -p[2]

    def p_expression_group(self, p: Any) -> None:
        "expression : '(' expression ')'"
        p[0] = p[2]

    def p_expression_number(self, p: Any) -> None:
        "expression : NUMBER"
        p[0] = p[1]

    def p_expression_name(self, p: Any) -> None:
        "expression : NAME"
        p[0] = self.names.get(p[1], 0)

    def p_error(self, p: Any) -> None:
        self.trace.append(("error", p and (p.type, p.value, p.lexpos)))
