"""SCL from files and streams."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from chronomux import SCLLexer, SCLSyntaxError
from chronomux.lexer import scl_files
from tests.scl_lines import lines

TEXT = "# rules\nrule=one(\n  when=(type=command)\n)\nrule=zwölf\n"


def test_file_is_one_text(tmp_path: Path) -> None:
    file = tmp_path / "rules.scl"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert SCLLexer().parse_file(file) == SCLLexer().parse(TEXT)
    assert SCLLexer().parse_file(str(file), nodes=True)[1].value == "zwölf"


def test_error_in_a_file_names_it(tmp_path: Path) -> None:
    file = tmp_path / "rules.scl"
    file.write_text("a=1\nb=%\n")
    with pytest.raises(SCLSyntaxError, match=rf"{file}:2:3: '%' is no part"):
        SCLLexer().parse_file(file)
    statements, [error] = SCLLexer().parse_file(file, recover=True)
    assert str(error).startswith(f"{file}:2:3: ")
    assert len(statements) == 1


@pytest.mark.parametrize(
    ("data", "offset", "place"),
    [
        (b"a=1\nb=\xff", 6, (2, 3)),
        (b"\xef\xbb\xbfa=\xc3(", 5, (1, 3)),
        ("é=".encode() + b"\xe2\x82", 3, (1, 3)),
    ],
)
def test_bytes_that_are_not_utf8_have_an_offset(
    tmp_path: Path, data: bytes, offset: int, place: tuple[int, int]
) -> None:
    file = tmp_path / "rules.scl"
    file.write_bytes(data)
    for read in (
        lambda: SCLLexer().parse_file(file),
        lambda: list(SCLLexer().iter_statements(io.BytesIO(data))),
    ):
        with pytest.raises(
            SCLSyntaxError, match=f"at offset {offset} is not UTF-8"
        ) as e:
            read()
        assert (e.value.offset, (e.value.line, e.value.column)) == (offset, place)


class Pieces:
    """Gives what it has a few at a time, and remembers how much was asked for."""

    def __init__(self, data: Any, most: int) -> None:
        self.file = io.StringIO(data) if isinstance(data, str) else io.BytesIO(data)
        self.most = most
        self.asked = 0

    def read(self, size: int) -> Any:
        self.asked = max(self.asked, size)
        return self.file.read(min(size, self.most))


@pytest.mark.parametrize("most", [1, 2, 7, 1000])
def test_statements_of_a_stream_are_those_of_its_text(most: int) -> None:
    for text in lines(40, seed=4):
        expected = SCLLexer().parse(text)
        for data in (text, text.encode()):
            assert list(SCLLexer().iter_statements(Pieces(data, most))) == expected, (
                text
            )


@pytest.mark.parametrize("most", [1, 5, 1000])
@pytest.mark.parametrize(
    "fault", ["%", "b", 'b="x', "b=(c=1", "b=1)", "b=1e+", "b==1", "b=1("]
)
def test_error_in_a_stream_comes_behind_the_statements_before_it(
    most: int, fault: str
) -> None:
    text = f"a=1 # one\n a=2\na=3 {fault}"
    read = SCLLexer().iter_statements(Pieces(text, most))
    assert [next(read)["key"] for _ in range(3)] == ["a", "a", "a"]
    with pytest.raises(SCLSyntaxError) as caught:
        next(read)
    with pytest.raises(SCLSyntaxError) as expected:
        SCLLexer().parse(text)
    for name in ("line", "column", "offset", "found", "expected", "opened_at"):
        assert getattr(caught.value, name) == getattr(expected.value, name), name


def test_an_error_is_found_while_the_stream_goes_on() -> None:
    class Endless:
        reads = 0

        def read(self, size: int) -> str:
            self.reads += 1
            return "a=1 " if self.reads < 5 else "% "

    stream = Endless()
    with pytest.raises(SCLSyntaxError):
        list(SCLLexer().iter_statements(stream))
    assert stream.reads < 10


def test_memory_does_not_grow_with_the_stream() -> None:
    stream = Pieces("key=value(a=1 b=2)\n" * 50_000, 1 << 30)
    assert sum(1 for _ in SCLLexer().iter_statements(stream)) == 50_000
    assert stream.asked == scl_files.PIECE


def test_a_statement_longer_than_a_piece_is_read() -> None:
    text = f'a="{"x" * 300_000}" b=1'
    found = list(SCLLexer().iter_statements(io.StringIO(text)))
    assert found == SCLLexer().parse(text)
