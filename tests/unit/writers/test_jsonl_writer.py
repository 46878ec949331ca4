"""What JSONLWriter writes, JSONLReader reads; a file never ends in half a line."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux import JSONLReader, JSONLWriter, WriterError


def written(items: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    with JSONLWriter(file, **options) as writer:
        for item in items:
            writer.write(item)
    return file.getvalue()


@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text())))
def test_items_come_back_as_they_were(items: list[dict[str, Any]]) -> None:
    assert list(JSONLReader(io.BytesIO(written(items)))) == items


def test_an_item_is_a_line_without_blanks_in_utf_8() -> None:
    assert written([{"a": "ü\n", "b": [1, 2.5]}, {}]) == (
        '{"a":"ü\\n","b":[1,2.5]}\n{}\n'.encode()
    )


@pytest.mark.parametrize(
    "value", [b"bytes", object(), float("nan"), float("inf"), "\ud800", {1j: 1}]
)
def test_what_json_cannot_hold_is_named_and_not_written(value: Any) -> None:
    file = io.BytesIO()
    with JSONLWriter(file) as writer:
        writer.write({"a": 1})
        with pytest.raises(WriterError, match=r"^<BytesIO>: item 1 is not for JSON"):
            writer.write({"a": value})
        writer.write({"a": 3})
    assert file.getvalue() == b'{"a":1}\n{"a":3}\n'
    assert writer.items == 2


def test_default_says_what_to_write_instead() -> None:
    assert written([{"a": b"\x01"}], default=bytes.hex) == b'{"a":"01"}\n'


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(WriterError, match="item 0"):
        written([5])


def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    writer = JSONLWriter(tmp_path / "a.jsonl")
    writer.write({"a": 1})
    writer.close()
    writer.close()
    assert (tmp_path / "a.jsonl").read_bytes() == b'{"a":1}\n'
    with pytest.raises(ValueError, match="closed"):
        writer.write({})


def test_a_callers_file_stays_open() -> None:
    file = io.BytesIO()
    JSONLWriter(file).close()
    assert not file.closed


def test_an_error_in_the_block_leaves_the_lines_before_it(tmp_path: Path) -> None:
    def fail() -> None:
        with JSONLWriter(tmp_path / "a.jsonl") as writer:
            writer.write({"a": 1})
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (tmp_path / "a.jsonl").read_bytes() == b'{"a":1}\n'


def test_a_file_that_is_full_ends_in_a_whole_line(tmp_path: Path) -> None:
    """In a process of its own, whose files may have a million bytes."""
    path = tmp_path / "a.jsonl"
    code = (
        "import sys\nfrom chronomux import JSONLWriter\n"
        "writer = JSONLWriter(sys.argv[1])\n"
        "try:\n"
        "    for number in range(100_000):\n"
        "        writer.write({'number': number, 'text': 'x' * 40})\n"
        "except OSError as error:\n"
        "    assert error.filename == sys.argv[1], error.filename\n"
        "    sys.exit(3)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", code, path],
        preexec_fn=limit,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == 3, done.stderr
    data = path.read_bytes()
    assert 900_000 < os.path.getsize(path) <= 1_000_000
    assert data.endswith(b"}\n")
    numbers = [json.loads(line)["number"] for line in data.splitlines()]
    assert numbers == list(range(len(numbers)))
