"""The lexer as an object: PLY's ways of calling it, threads, travel, tables."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from chronomux import Lexer, SCLLexer, SCLSyntaxError
from chronomux._core.lexer.scl_machine import Machine
from chronomux.lexer import generate
from chronomux.lexer._scl_tables import TABLES
from chronomux.lexer.building import build_tables
from chronomux.lexer.grammar import Grammar
from tests.scl_lines import lines


def test_tokens_come_one_at_a_time_as_with_ply() -> None:
    lexer = SCLLexer().lexer
    lexer.input("key = 1\n( a=b )")
    found = []
    while token := lexer.token():
        found.append((token.type, token.value, token.lineno, token.lexpos))
    assert found == [
        ("KEYWORD", "key", 1, 0),
        ("EQUALS", " = ", 1, 3),
        ("NUMBER", 1, 1, 6),
        ("LPAREN", "\n( ", 1, 7),
        ("KEYWORD", "a", 2, 10),
        ("EQUALS", "=", 2, 11),
        ("KEYWORD", "b", 2, 12),
        ("RPAREN", " )", 2, 13),
    ]
    assert lexer.token() is None


def test_tokens_cover_the_text() -> None:
    for text in lines(100, seed=5):
        starts = [token.lexpos for token in SCLLexer().tokens(text)]
        assert starts == sorted(set(starts))
        assert starts[:1] == [0] * bool(text)


def test_an_illegal_token_raises_once_and_the_next_follows() -> None:
    lexer = SCLLexer().lexer
    lexer.input('a % "x')
    assert [lexer.token().type for _ in range(2)] == ["KEYWORD", "WHITESPACE"]
    with pytest.raises(SCLSyntaxError) as caught:
        lexer.token()
    assert (caught.value.found, caught.value.offset) == ("%", 2)
    assert lexer.token().type == "WHITESPACE"
    with pytest.raises(SCLSyntaxError, match="not closed"):
        lexer.token()
    assert lexer.token() is None


def test_skip_and_clone_go_on_from_where_the_lexer_is() -> None:
    lexer = SCLLexer().lexer
    lexer.input("a=1\nb=2")
    lexer.token()
    twin = lexer.clone()
    lexer.skip(3)
    assert (lexer.token().value, lexer.lineno) == ("b", 2)
    assert twin.token().type == "EQUALS"


def test_parser_reads_a_text_or_what_its_lexer_has_left() -> None:
    scl = SCLLexer()
    expected = [{"key": "b", "value": "c"}]
    assert scl.parser.parse("b=c") == expected
    assert scl.parser.parse("b=c", lexer=scl.lexer) == expected
    assert (
        scl.parser.parse("b=c", lexer=scl.lexer, debug=True, tracking=True) == expected
    )
    scl.lexer.input("a=1 b=c")
    for _ in range(4):
        scl.lexer.token()
    assert scl.parser.parse(lexer=scl.lexer) == expected
    assert scl.lexer.token() is None
    with pytest.raises(TypeError, match="does not read SCL"):
        scl.parser.parse("a=1", lexer=object())


def test_test_gives_all_tokens() -> None:
    assert [token.value for token in SCLLexer().test("a=x")] == ["a", "=", "x"]


def test_one_instance_serves_many_threads() -> None:
    scl = SCLLexer()
    texts = lines(100, seed=6)
    alone = [(scl.parse(text), token_values(scl, text)) for text in texts]

    def read(number: int) -> bool:
        text = texts[number % 100]
        return (scl.parse(text), token_values(scl, text)) == alone[number % 100]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(800)))


def token_values(scl: SCLLexer, text: str) -> list[object]:
    scl.lexer.input(text)
    return [token.value for token in scl.lexer]


def test_lexers_travel_and_never_change() -> None:
    scl = SCLLexer(dialect="original", max_depth=3)
    for other in (pickle.loads(pickle.dumps(scl)), copy.deepcopy(scl)):
        assert repr(other) == repr(scl) == "SCLLexer(dialect='original', max_depth=3)"
    with pytest.raises(AttributeError):
        scl.max_depth = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="use 'scl' or 'original'"):
        SCLLexer(dialect="other")


def test_errors_travel() -> None:
    with pytest.raises(SCLSyntaxError) as caught:
        SCLLexer().parse("a=(b=1")
    again = pickle.loads(pickle.dumps(caught.value))
    assert vars(again) == vars(caught.value)
    assert str(again) == str(caught.value)
    assert isinstance(again, ValueError)


def test_tables_are_those_of_the_grammar() -> None:
    assert generate.FILE.read_text("utf-8") == generate.source(), (
        "the grammar was changed: python -m chronomux.lexer.generate"
    )
    assert TABLES.conflicts == ()


def test_tables_of_another_grammar_are_refused() -> None:
    class Other:
        tokens = ("NUMBER",)
        t_NUMBER = r"\d+"

        def p_number(self, p: object) -> None:
            "value : NUMBER"

    with pytest.raises(ValueError, match="do not know STRING"):
        Machine(build_tables(Grammar(Other)))


def loaded_by(code: str, *options: str) -> set[str]:
    """Modules that code loads beside those of Python's own start."""
    report = f"import sys; before = set(sys.modules)\n{code}\n"
    report += "print(*set(sys.modules) - before)"
    command = [sys.executable, *options, "-W", "error", "-c", report]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_room_is_quick_to_import() -> None:
    """Five milliseconds are few: fewer than some of Python's own modules take."""
    loaded = loaded_by("import chronomux.lexer")
    assert not loaded & {"collections", "functools", "re", "threading", "typing"}
    assert len(loaded) <= 20, loaded
    assert {name for name in loaded if name.startswith("chronomux.lexer.")} == {
        "chronomux.lexer.lexer",
        "chronomux.lexer.scl",
        "chronomux.lexer.scl_writer",
    }


def test_scl_is_read_without_what_runs_other_grammars() -> None:
    loaded = loaded_by("from chronomux import SCLLexer; SCLLexer().parse('a=1')")
    assert not loaded & {
        "threading",
        "chronomux.lexer.machine",
        "chronomux._core.lexer.ply_parser",
    }


def test_it_is_a_lexer_that_keeps_nothing_in_a_cache() -> None:
    scl = SCLLexer()
    assert isinstance(scl, Lexer)
    assert scl.cache is False
    assert scl.parse("a=1", True) == scl.parse("a=1")
    with pytest.raises(AttributeError):
        scl.other = 1  # type: ignore[attr-defined]


def test_optimised_python_reads_scl_without_ply() -> None:
    code = (
        "import sys; from chronomux import SCLLexer\n"
        "assert_ = SCLLexer().parse('a=x(b=1)')[0]['children'][0]['key'] == 'b'\n"
        "sys.exit(not assert_ or 'ply' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-OO", "-W", "error", "-c", code], timeout=60
    )
    assert done.returncode == 0
