"""Which reader reads a file."""

from __future__ import annotations

import gzip
import io
import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import chronomux
from chronomux import ChronomuxError, CSVReader, ReaderError
from chronomux.replay import formats
from chronomux.replay.formats import UnknownFormatError, format_named, format_of
from tests.captures import (
    BIG,
    LITTLE,
    MODIFIED,
    NANO,
    pcap_header,
    pcap_record,
    section,
)


@pytest.mark.parametrize("order", [LITTLE, BIG])
def test_packets_are_known_by_content_whatever_the_name(order: str) -> None:
    for magic in (NANO, MODIFIED):
        assert format_of("a.csv", pcap_header(order, magic)).name == "pcap"
    assert format_of("a.csv", section(order)).name == "pcapng"


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.csv", b"", "csv"),
        ("A.CSV.GZ", b"t\n", "csv"),
        ("a.tsv.zst", b"", "tsv"),
        ("a.jsonl.xz", b"", "jsonl"),
        ("a.ndjson", b"", "jsonl"),
        ("a.scl.bz2", b"", "scl"),
        ("a.pcap", b"", "pcap"),
        ("a.csv", b'{"t": 1}', "csv"),
        ("<stdin>", b'\xef\xbb\xbf\n {"t": 1}', "jsonl"),
    ],
)
def test_others_are_known_by_their_suffix(name: str, head: bytes, format: str) -> None:
    assert format_of(name, head).name == format


@pytest.mark.parametrize("head", [b"", b"t,v\n", b"\n\r\r\n    text"])
def test_what_nothing_knows_is_an_error_that_says_what_to_do(head: bytes) -> None:
    with pytest.raises(UnknownFormatError, match=r"^<stdin>: .*--input-format"):
        format_of("<stdin>", head)


class Halves(CSVReader):
    """What another package may add: fields apart by '/'."""

    suffixes = (".halves",)

    def __init__(self, file: Any, **options: Any) -> None:
        super().__init__(file, delimiter="/", timestamp="t", **options)

    @staticmethod
    def recognises(head: bytes) -> bool:
        return head.startswith(b"t/")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two entry points, one of them broken; gives the names of those looked at."""
    looked_at: list[str] = []
    entries = [
        EntryPoint("halves", f"{__name__}:Halves", formats.GROUP),
        EntryPoint("broken", "chronomux.no_such_module:x", formats.GROUP),
    ]

    def found(group: str) -> list[EntryPoint]:
        looked_at.append(group)
        return entries

    monkeypatch.setattr(formats, "entry_points", found)
    return looked_at


@pytest.mark.parametrize(("name", "head"), [("a.halves.gz", b""), ("a", b"t/v\n")])
def test_what_is_installed_is_asked_last(
    installed: list[str], caplog: pytest.LogCaptureFixture, name: str, head: bytes
) -> None:
    format_of("a.csv", head)
    assert installed == []
    with caplog.at_level(logging.WARNING, "chronomux"):
        assert format_of(name, head).name == "halves"
    assert "format broken cannot be loaded" in caplog.text


def test_what_is_installed_reads_as_the_others_do(
    installed: list[str], tmp_path: Any
) -> None:
    path = tmp_path / "a.halves"
    path.write_bytes(b"t/v\n1/a\n2/b\n")
    (tmp_path / "b.csv").write_bytes(b"time,v\n1.5,c\n")
    capture = chronomux.open([path, tmp_path / "b.csv"])
    assert [item["v"] for item in capture] == ["a", "c", "b"]
    assert [info.records for info in capture.info()] == [2, 1]


def test_a_format_may_be_asked_for_by_its_name(installed: list[str]) -> None:
    assert format_named("halves").make is Halves
    with pytest.raises(ChronomuxError, match="cannot be loaded"):
        format_named("broken")
    with pytest.raises(ValueError, match=r"'nope' is none of pcap.*halves"):
        format_named("nope")


def test_content_is_looked_at_through_compression() -> None:
    data = gzip.compress(pcap_header() + pcap_record(b"abc", 7))
    (packet,) = chronomux.open(io.BytesIO(data))
    assert packet["timestamp"] == 7 * 10**9
    with pytest.raises(ReaderError, match="no known format"):
        chronomux.open(io.BytesIO(gzip.compress(b"a,b\n")))
