"""`Lexer` as its users know it: tokens, parses, positions, errors, threads."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chronomux.errors import GrammarError, LexError, ParseError
from chronomux.lexer import TOKEN, Lexer
from tests.grammars import CalculatorRules, ProgramRules, seen


class Calculator(CalculatorRules, Lexer):
    cache = False


class Program(ProgramRules, Lexer):
    cache = False


class Strict(Lexer):
    """Without methods for errors; lists of numbers."""

    cache = False
    tokens = ("NUMBER",)
    literals = ","
    t_ignore = " "

    def t_NUMBER(self, t: Any) -> Any:
        r"[0-9]+"
        t.value = int(t.value)
        return t

    def p_list(self, p: Any) -> None:
        """list : NUMBER
        | list ',' NUMBER"""
        p[0] = [*p[1], p[3]] if len(p) > 2 else [p[1]]


def test_precedence_decides_as_declared() -> None:
    calculator = Calculator()
    assert calculator.parse("2 + 3 * 4 - -5 * (1 + 1)") == 24
    assert calculator.parse("10 - 4 - 3") == 3


def test_methods_keep_what_they_like_in_their_object() -> None:
    calculator = Calculator()
    assert calculator.parse("x = 6 * 7") is None
    assert calculator.names == {"x": 42}
    assert calculator.parse("x - 2") == 40


def test_tokens_come_as_plys() -> None:
    lexer = Calculator().lexer
    lexer.input("x =\n10")
    tokens = list(iter(lexer.token, None))
    assert [str(token) for token in tokens] == [
        "LexToken(NAME,'x',1,0)",
        "LexToken(=,'=',1,2)",
        "LexToken(NUMBER,10,2,4)",
    ]
    assert lexer.token() is None


def test_parser_takes_the_lexer_that_it_is_given() -> None:
    calculator = Calculator()
    lexer = calculator.lexer
    assert calculator.parser.parse("1\n+ 2", lexer=lexer) == 3
    assert lexer.lineno == 2  # goes on counting, as PLY's does
    lexer.input("4 * 5")
    assert calculator.parser.parse(lexer=lexer) == 20


def test_parser_without_a_lexer_takes_its_objects_own() -> None:
    calculator = Calculator()
    assert calculator.parser.parse("7 - 2") == 5
    assert calculator.lexer.lexdata is None
    calculator.lexer.input("8 - 2")
    assert calculator.parser.parse() == 6


def test_tokens_may_come_from_a_function_or_from_other_lexers() -> None:
    class Token:
        def __init__(self, kind: str, value: int) -> None:
            self.type, self.value = kind, value

    tokens = [Token("NUMBER", 1), Token(",", 0), Token("NUMBER", 2)]
    waiting = iter(tokens)
    parser = Strict().parser
    assert parser.parse(tokenfunc=lambda: next(waiting, None)) == [1, 2]


def test_positions_are_kept_when_asked_for() -> None:
    program = Program()
    program.parse("a =\n 1 +\n2;", tracking=True)
    (spans,) = [event[4] for event in program.trace if event[1:2] == (["a", "="],)] or [
        event[4]
        for event in program.trace
        if event[0] == "statement" and event[2][1] == "NAME"
    ]
    assert spans[3] == ((2, 3), (5, 9))  # 1 + 2


def test_text_that_is_not_of_the_grammar_raises_where_nothing_handles_it() -> None:
    with pytest.raises(ParseError) as caught:
        Strict().parse("1, 2 3")
    error = caught.value
    assert (error.found, error.expected) == ("NUMBER", ("$end", ","))
    assert (error.line, error.offset) == (1, 5)
    assert "line 1, offset 5: unexpected NUMBER 3; expected" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.expected) == (str(error), error.expected)


def test_text_that_ends_too_early_raises_where_nothing_handles_it() -> None:
    with pytest.raises(ParseError, match="ends too early; expected NUMBER") as caught:
        Strict().parse("1,")
    assert (caught.value.found, caught.value.offset) == ("$end", None)


def test_illegal_character_raises_where_nothing_handles_it() -> None:
    with pytest.raises(LexError, match=r"line 1, offset 2: .* 'x'") as caught:
        Strict().parse("1 x")
    assert caught.value.text == "x"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_error_method_must_go_on() -> None:
    class Stuck(Strict):
        def t_error(self, t: Any) -> None:
            pass

    with pytest.raises(LexError, match=r"t_error goes on at the same '\?'"):
        Stuck().test("?")


def test_method_must_make_a_known_token() -> None:
    class Unknown(Strict):
        def t_WORD(self, t: Any) -> Any:
            r"[a-z]+"
            return t

    with pytest.raises(LexError, match="t_WORD made a token of unknown type 'WORD'"):
        Unknown().test("abc")


def test_rejected_production_does_not_lose_the_next_token() -> None:
    class Rejecting(Strict):
        def p_start(self, p: Any) -> None:
            """start : bad list
            | error list"""
            p[0] = p[2]

        def p_bad(self, p: Any) -> None:
            "bad : ','"
            raise SyntaxError

        start = "start"

    # After ',' only one token can follow, so it has not been asked for yet.
    assert Rejecting().parse(", 1, 2") == [1, 2]


def test_rejected_empty_production_leaves_the_stacks_even() -> None:
    class Rejecting(Strict):
        def p_start(self, p: Any) -> None:
            """start : ',' empty list ','
            | ',' error list"""
            p[0] = p[3]

        def p_empty(self, p: Any) -> None:
            "empty :"
            raise SyntaxError

        start = "start"

    assert Rejecting().parse(", 1, 2") == [1, 2]


class Circles(Lexer):
    """Where b is missing, an error drops what `nothing` made, and it is made again."""

    cache = False
    tokens = ("A", "B")
    t_A = "a"
    t_B = "b"

    def p_pair(self, p: Any) -> None:
        "pair : A nothing B"
        p[0] = "pair"

    def p_nothing(self, p: Any) -> None:
        "nothing :"

    def p_error(self, t: Any) -> None:
        self.seen = t.type


def test_recovery_that_goes_in_circles_is_an_error() -> None:
    rules = Circles()
    assert rules.parse("ab") == "pair"
    with pytest.raises(ParseError, match="goes in circles"):
        rules.parse("aa")
    assert rules.seen == "A"
    assert rules.parse("ab") == "pair"


def test_one_object_serves_many_threads() -> None:
    strict = Strict()
    texts = [", ".join(map(str, range(n, n + 50))) for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(strict.parse, texts))
    assert results == [list(range(n, n + 50)) for n in range(200)]


def test_recovery_in_one_thread_is_not_anothers() -> None:
    program = Program("panic")
    texts = ["a = ) 1; b;" if n % 2 else "a = 1; b;" for n in range(100)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(program.parse, texts))
    for text, result in zip(texts, results, strict=True):
        assert result == Program("panic").parse(text), text


def test_methods_may_parse_with_their_own_object() -> None:
    class Nested(Strict):
        t_TEXT = r"\[[^\]]*\]"
        tokens = ("NUMBER", "TEXT")
        start = "all"

        def p_all(self, p: Any) -> None:
            """all : list
            | TEXT"""
            p[0] = p[1] if isinstance(p[1], list) else [self.parse(p[1][1:-1])]

    assert Nested().parse("[1, 2]") == [[1, 2]]


def test_parser_has_no_stacks_while_it_does_not_parse() -> None:
    parser = Strict().parser
    with pytest.raises(AttributeError, match="while it parses"):
        parser.symstack  # noqa: B018
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        parser.nonsense  # noqa: B018


def test_attributes_of_a_parse_end_with_it() -> None:
    class Counting(Strict):
        def p_list(self, p: Any) -> None:
            """list : NUMBER
            | list ',' NUMBER"""
            p.parser.count = getattr(p.parser, "count", 0) + 1
            p[0] = p.parser.count

    counting = Counting()
    assert [counting.parse("1, 2, 3"), counting.parse("1")] == [3, 1]


def test_lexer_may_be_given_attributes_which_clones_inherit() -> None:
    lexer = Strict().lexer
    lexer.depth = 3
    assert lexer.clone().depth == 3


def test_symbols_take_any_attribute() -> None:
    (token,) = Strict().test("1")
    token.seen = True
    assert (token.seen, hasattr(token, "unseen")) == (True, False)


def test_copies_and_pickles_work_like_the_object() -> None:
    calculator = Calculator()
    calculator.parse("x = 5")
    for other in copy.copy(calculator), pickle.loads(pickle.dumps(calculator)):
        assert other.parse("x + 1") == 6
        assert other.lexer.lexmodule is other


def test_subclass_has_its_own_grammar() -> None:
    class Negative(Strict):
        def t_NUMBER(self, t: Any) -> Any:
            r"-?[0-9]+"
            t.value = int(t.value)
            return t

    assert Strict().parse("1") == [1]
    assert Negative().parse("-1") == [-1]
    with pytest.raises(LexError):
        Strict().parse("-1")


def test_expression_may_be_set_by_a_decorator() -> None:
    digit = "[0-9]"

    class Decorated(Strict):
        @TOKEN(digit + "+")
        def t_NUMBER(self, t: Any) -> Any:
            t.value = int(t.value)
            return t

        def t_remark(self, t: Any) -> None:
            pass

        t_remark = TOKEN(r"\#.*")(t_remark)

    assert Decorated().parse("12, 3 # remark") == [12, 3]


def test_states_change_the_rules() -> None:
    program = Program()
    tokens = program.test("a /* b\n * c */ @HEY! d@ d")
    assert [seen(token) for token in tokens] == [
        ("NAME", "a", 1, 0),
        ("NAME", "HEY!", 2, 16),
        ("NAME", "d", 2, 21),
        ("NAME", "d", 2, 24),
    ]
    with pytest.raises(ValueError, match="no state 'other'; it has INITIAL, comment"):
        program.lexer.begin("other")


def test_debug_output_is_refused() -> None:
    with pytest.raises(ValueError, match="debug=True is not supported"):
        Strict().parser.parse("1", debug=True)


def test_text_is_text() -> None:
    with pytest.raises(TypeError, match="reads text"):
        Strict().parse(b"1")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="give it some with input"):
        Strict().lexer.token()


def test_lexer_without_productions_has_no_parser() -> None:
    class Words(Lexer):
        cache = False
        tokens = ("WORD",)
        t_WORD = r"\w+"
        t_ignore = " "

    assert [token.value for token in Words().test("ab 1 ä")] == ["ab", "1", "ä"]
    with pytest.raises(GrammarError, match="has no rules p_"):
        Words().parser  # noqa: B018


def test_position_before_the_text_is_an_error() -> None:
    lexer = Strict().lexer
    lexer.input("1")
    lexer.lexpos = -3
    with pytest.raises(LexError, match="before the text"):
        lexer.token()


@pytest.mark.parametrize("depth", [100_000])
def test_depth_is_bounded_by_memory_alone(depth: int) -> None:
    assert Calculator().parse("(" * depth + "1" + ")" * depth) == 1
