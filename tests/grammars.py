"""PLY grammars as plain classes: what `Lexer` and PLY itself are compared on.

What their methods see is kept in `trace`, so that equal traces are equal parses. An
object for PLY gets `lexer` and `parser` as attributes, as PLY's documentation has it.
"""

from __future__ import annotations

from typing import Any

from ply import lex, yacc

from benchmarks.reference.calculator import CalculatorRules

__all__ = ["CalculatorRules", "Oracle", "ProgramRules", "seen"]


class ProgramRules:
    """A small language with everything that PLY offers; `mode` is how errors go on."""

    tokens = ("NAME", "NUMBER", "STRING", "LE", "IF")
    literals = ("=", "+", "-", "^", "<", ";", "(", ")", "{", "}", "!", ",")
    states = (("comment", "exclusive"), ("shout", "inclusive"))
    precedence = (
        ["nonassoc", "<", "LE"],
        ["left", "+", "-"],
        ["right", "^"],
        ["right", "UMINUS"],
    )
    start = "program"

    t_LE = r"<="
    t_STRING = r'"(?:\\.|[^"\\\n])*"'
    t_ignore = " \t"
    t_comment_ignore = "#"
    t_ignore_REMARK = r"//.*"
    t_shout_NAME = r"[A-Z]+!"

    def __init__(self, mode: str = "record") -> None:
        self.mode = mode
        self.trace: list[Any] = []

    def t_ANY_newline(self, t: Any) -> None:
        r"\n"
        t.lexer.lineno += 1

    def t_COMMENT(self, t: Any) -> None:
        r"/\*"
        t.lexer.push_state("comment")

    def t_comment_END(self, t: Any) -> None:
        r"\*/"
        self.trace.append(("comment", t.lexer.lexmatch.group(), t.lexer.lexstate))
        t.lexer.pop_state()

    def t_comment_text(self, t: Any) -> None:
        r"[^*\n]+|\*"

    def t_SHOUT(self, t: Any) -> None:
        r"@"
        t.lexer.begin("INITIAL" if t.lexer.current_state() == "shout" else "shout")

    def t_NUMBER(self, t: Any) -> Any:
        r"(?P<whole>\d+)(\.(?P<part>\d*))?"
        t.value = t.lexer.lexmatch.group("whole", "part")
        return t

    def t_NAME(self, t: Any) -> Any:
        r"[^\W\d]\w*"
        if t.value == "if":
            t.type = "IF"
        return t

    def t_error(self, t: Any) -> Any:
        self.trace.append(("illegal", t.value, t.lineno, t.lexpos))
        t.lexer.skip(1)
        if t.value[0] == "$":  # an error method may make a token as well
            t.type, t.value = "NAME", "dollar"
            return t
        return None

    def t_comment_error(self, t: Any) -> None:
        self.trace.append(("illegal in comment", t.value))
        t.lexer.skip(1)

    def t_comment_eof(self, t: Any) -> None:
        self.trace.append(("open comment", t.lineno, t.lexpos))

    def made(self, p: Any, what: str) -> None:
        """Keep all that the production says of itself."""
        symbols = range(len(p))
        self.trace.append(
            (
                what,
                p[1:],
                [symbol.type for symbol in p.slice],
                [(p.lineno(n), p.lexpos(n)) for n in symbols],
                [(p.linespan(n), p.lexspan(n)) for n in symbols],
                [symbol.type for symbol in p.stack],
                list(p.parser.statestack),
            )
        )
        p[0] = (what, *p[1:])

    def p_program(self, p: Any) -> None:
        "program : statements"
        self.made(p, "program")

    def p_statements(self, p: Any) -> None:
        """statements : statements statement
        | empty"""
        self.made(p, "statements")

    def p_empty(self, p: Any) -> None:
        "empty :"
        self.made(p, "empty")

    def p_statement(self, p: Any) -> None:
        """statement : expression ';'
        | NAME '=' expression ';'
        | IF opened block"""
        self.made(p, "statement")
        p.set_lineno(0, p.lineno(1))

    def p_statement_error(self, p: Any) -> None:
        "statement : error ';'"
        self.trace.append(("skipped", seen(p[1])))
        self.made(p, "skipped")

    def p_opened(self, p: Any) -> None:
        "opened :"
        self.trace.append(("after", p[-1]))  # an action inside a production
        p[0] = p[-1]

    def p_block(self, p: Any) -> None:
        """block : '{' statements '}'
        | '{' error '}'"""
        self.made(p, "block")

    def p_expression(self, p: Any) -> None:
        """expression : expression '+' expression
        | expression '-' expression
        | expression '^' expression
        | expression '<' expression
        | expression LE expression
        | '-' expression %prec UMINUS
        | '(' expression ')'
        | '(' error ')'
        | NAME
        | NUMBER
        | STRING"""
        self.made(p, "expression")

    def p_expression_rejected(self, p: Any) -> None:
        """expression : NAME '!'
        | NUMBER '!' NAME"""
        self.made(p, "rejected")
        if len(p) == 3:
            raise SyntaxError
        p.error()

    def p_expression_call(self, p: Any) -> None:
        "expression : NAME '(' arguments ')'"
        self.made(p, "call")

    def p_arguments(self, p: Any) -> None:
        """arguments : empty
        | expression
        | arguments ',' expression"""
        self.made(p, "arguments")

    def p_error(self, p: Any) -> Any:
        self.trace.append(("error", seen(p)))
        parser: Any = self.parser  # type: ignore[attr-defined]
        if p is None or self.mode == "record":
            return None
        if self.mode == "restart":
            parser.restart()
            return None
        if self.mode == "skip":
            parser.errok()
            return None
        token = parser.token()  # panic: all up to a semicolon is left out
        while token is not None and token.type != ";":
            token = parser.token()
        parser.errok()
        return token


def seen(token: Any) -> Any:
    """What there is to see of a token or symbol, or of none."""
    if token is None or isinstance(token, (str, tuple)):
        return token
    return (
        token.type,
        seen(token.value),
        getattr(token, "lineno", 0),
        getattr(token, "lexpos", 0),
    )


class Oracle:
    """PLY itself, with an object of one of the classes above."""

    def __init__(self, rules: Any) -> None:
        silent = yacc.NullLogger()
        self.rules = rules
        rules.parser = yacc.yacc(
            module=rules, write_tables=False, debug=False, errorlog=silent
        )
        # Without optimize PLY takes rules of one name in two classes for a mistake;
        # without a name for its table it writes none.
        rules.lexer = lex.lex(module=rules, optimize=True, lextab="", errorlog=silent)

    def lexer(self) -> Any:
        lexer = self.rules.lexer.clone()
        lexer.lexstatestack = []  # clones of PLY's share it
        return lexer

    def test(self, text: str) -> list[Any]:
        lexer = self.lexer()
        lexer.input(text)
        return list(lexer)

    def parse(self, text: str, tracking: bool = False) -> Any:
        return self.rules.parser.parse(text, lexer=self.lexer(), tracking=tracking)
