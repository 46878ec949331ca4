"""`chronomux.open`: captures of any format as one."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

import chronomux
from chronomux import ReaderError, TimestampError
from chronomux.samples import captures
from tests.captures import (
    interface,
    packet,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,a\n3,b\n3,c\n")
    Path("b.jsonl.gz").write_bytes(gzip.compress(b'{"timestamp": 2}\n{"timestamp": 3}'))
    Path("c.scl").write_bytes(b"2.5 v=x\nv=y\n")
    packets = [pcap_record(b"p", 2, 750_000), pcap_record(b"q", 9)]
    Path("d.pcap").write_bytes(pcap_header() + b"".join(packets))
    Path(".hidden.csv").write_bytes(b"time\n1\n")
    Path("notes.txt").write_bytes(b"nothing to be read\n")
    return tmp_path


def told(items: Any) -> list[Any]:
    """What tells items of the folder apart."""
    return [item.get("v", item.get("data", item.get("timestamp"))) for item in items]


MERGED = ["a", 2 * 10**9, "x", "y", b"p", "b", "c", 3 * 10**9, b"q"]


def test_files_of_all_formats_are_one_stream_ties_in_their_order(folder: Path) -> None:
    names = ["a.csv", "b.jsonl.gz", "c.scl", "d.pcap"]
    with chronomux.open(names) as capture:
        assert capture.formats == ["csv", "jsonl", "scl", "pcap"]
        assert told(capture) == MERGED
        assert told(capture) == MERGED, "every iteration begins anew"
    names = ["b.jsonl.gz", "a.csv"]
    assert told(chronomux.open(names)) == ["a", 2 * 10**9, 3 * 10**9, "b", "c"]


def test_a_folder_stands_for_the_files_that_can_be_read(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    capture = chronomux.open(folder)
    assert [os.path.basename(name) for name in capture.names] == [
        *("a.csv", "b.jsonl.gz", "c.scl", "d.pcap")
    ]
    assert "notes.txt: left out" in caplog.text
    assert told(capture) == MERGED


def test_a_pattern_stands_for_the_files_that_have_it(folder: Path) -> None:
    assert chronomux.open("[ab].*").names == ["a.csv", "b.jsonl.gz"]
    with pytest.raises(ReaderError, match=r"^x\*: no file has such a name"):
        chronomux.open("x*")
    Path("x*").write_bytes(b"time\n1\n")
    assert chronomux.open("x*", format="csv").names == ["x*"]


def test_a_file_that_is_named_must_be_of_a_known_format(folder: Path) -> None:
    with pytest.raises(ReaderError, match=r"^notes.txt: is of no known format"):
        chronomux.open("notes.txt")
    with pytest.raises(FileNotFoundError, match="missing"):
        chronomux.open("missing.csv")
    with pytest.raises(ReaderError, match="same file"):
        chronomux.open(["a.csv", "a.*"])


def test_more_files_than_may_be_open_are_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chronomux.replay.opening.too_many", lambda count: count > 99)
    before = len(os.listdir("/dev/fd"))
    for number in range(300):
        data = b"time\n%d\n%d\n" % (number, 300 + number)
        (tmp_path / f"{number:03}.csv").write_bytes(data)
    items = iter(chronomux.open(tmp_path))
    times = [next(items)["timestamp"]]
    assert len(os.listdir("/dev/fd")) < before + 20
    times += [item["timestamp"] for item in items]
    assert times == [number * 10**9 for number in range(600)]


def test_records_without_a_time_follow_the_one_before_them(folder: Path) -> None:
    Path("late.csv").write_bytes(b"t,v\n1,l\nnever,m\n4,n\n2,o\n5,p\n")
    capture = chronomux.open(["late.csv", "a.csv"])
    with pytest.raises(ReaderError, match=r"^late.csv: nothing in it is called"):
        list(capture)
    Path("a.csv").write_bytes(b"t,v\n1,a\n3,b\n3,c\n")
    capture = chronomux.open(["late.csv", "a.csv"], timestamp="t", on_error="null")
    assert told(capture) == [*"lmabcnop"]


def test_one_file_needs_no_times_to_be_read(folder: Path) -> None:
    Path("plain.csv").write_bytes(b"v\na\nb\n")
    capture = chronomux.open("plain.csv")
    assert told(capture) == ["a", "b"]
    for call in (capture.between, capture.frames):
        with pytest.raises(ReaderError, match="timestamp="):
            call()
    assert capture.info()[0].records == 2


def test_a_stream_is_read_once(folder: Path) -> None:
    with open("a.csv", "rb") as file:
        capture = chronomux.open(file)
        assert told(capture) == ["a", "b", "c"]
        with pytest.raises(ReaderError, match=r"^a.csv: can be read once only"):
            list(capture)
    texts = chronomux.open(io.StringIO("time,v\n1,ü\n"), format="csv")
    assert told(texts) == ["ü"]


def test_the_number_of_items_is_known_after_info(folder: Path) -> None:
    capture = chronomux.open(["a.csv", "d.pcap"])
    assert capture
    with pytest.raises(TypeError, match="info"):
        len(capture)
    capture.info()
    assert len(capture) == 5 == len(list(capture))


def test_a_closed_capture_is_read_no_more(folder: Path) -> None:
    with chronomux.open(["a.csv", "d.pcap"]) as capture:
        items = iter(capture)
        next(items)
    for call in (capture.info, capture.between, lambda: iter(capture)):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_frames_are_those_of_the_reader(folder: Path) -> None:
    (frame,) = chronomux.open("a.csv").frames()
    assert bytes(frame.rows) == b"1,a\n3,b\n3,c\n"
    with pytest.raises(ValueError, match="one file"):
        chronomux.open(["a.csv", "d.pcap"]).frames()


def test_options_reach_the_readers(folder: Path) -> None:
    Path("w.csv").write_bytes(b"when;v\n01/02/2026 00:00;a\n")
    (item,) = chronomux.open(
        "w.csv",
        timestamp="when",
        timestamp_format="%d/%m/%Y %H:%M",
        tz="Europe/Berlin",
        delimiter=";",
    )
    assert item["timestamp"] == 1_769_900_400_000_000_000
    with pytest.raises(TimestampError, match=r"^w.csv:2:"):
        list(chronomux.open("w.csv", timestamp="v", delimiter=";"))
    with pytest.raises(TypeError):
        list(chronomux.open("w.csv", no_such_option=1))


LINES = 12_000


def rows_of(kind: str) -> bytes:
    """Times 0, 0, 10, 10, ... ns, each twice, in a file of some hundred kilobytes."""
    if kind == "jsonl":
        rows = (
            json.dumps({"timestamp": n // 2 * 10, "n": n}) + "\n\n" * (n % 7 == 0)
            for n in range(LINES)
        )
        return "\n".join(rows).encode()
    rows = (f"{n // 2 * 10},{n}" for n in range(LINES))
    return "\r\n".join(["timestamp,n", *rows]).encode("utf-8-sig")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (None, None),
        (500, 560),
        (505, 555),
        (None, 10),
        (59_990, None),
        (59_991, None),
        (-5, 1),
        (40_000, 40_000),
        (50_000, 40_000),
        (2**70, None),
        (None, -(2**70)),
    ],
)
def test_between_gives_what_a_scan_would(
    tmp_path: Path, kind: str, is_packed: bool, start: Any, stop: Any
) -> None:
    data = rows_of(kind)
    path = tmp_path / f"a.{kind}"
    path.write_bytes(gzip.compress(data) if is_packed else data)
    capture = chronomux.open(path, timestamp_format="epoch_ns")
    least, most = -1 if start is None else start, 10**9 if stop is None else stop
    expected = [n for n in range(LINES) if least <= n // 2 * 10 < most]
    assert [int(item["n"]) for item in capture.between(start, stop)] == expected
    assert [int(item["n"]) for item in capture.between(start, stop)] == expected


def test_between_reads_no_more_than_it_gives(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"time,v\n" + b"".join(b"%d,x\n" % n for n in range(200_000)))
    capture = chronomux.open(path)
    capture.info()
    looked = capture.position
    (item,) = capture.between("199000", "199001")
    assert item["time"] == "199000"
    assert capture.position - looked < 1 << 17, "only the header is read by the readers"


def test_between_asks_again_when_the_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"time\n1\n2\n")
    capture = chronomux.open(path)
    assert len(list(capture.between("2"))) == 1
    path.write_bytes(b"time\n3\n4\n1\n5\n")
    assert [item["time"] for item in capture.between("2")] == ["3", "4", "5"]


@pytest.mark.parametrize(
    "data",
    [
        b"time,v\n3,a\n1,b\n2,c\n",
        b'time,v\n1,"\n9,x"\n2,b\n3,c\n',
        b"time,v\n1,a\n\n2,b\n3,c\n",
        b"time,v\r1,a\r2,b\r3,c\r",
    ],
)
def test_between_is_right_in_files_that_cannot_be_halved(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chronomux.replay.bisection.SCANNED_BYTES", 1)
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    found = [item["time"] for item in chronomux.open(path).between("2", "4")]
    assert sorted(found) == ["2", "3"]


def test_between_of_several_is_merged_and_relative_to_the_first(folder: Path) -> None:
    capture = chronomux.open(["a.csv", "b.jsonl.gz", "c.scl", "d.pcap"])
    found = told(capture.between("+1s", "+2s"))
    assert found == [2 * 10**9, "x", b"p"]
    assert told(capture.between("1970-01-01T00:00:03Z", 9 * 10**9)) == [
        *("b", "c", 3 * 10**9)
    ]


def test_an_error_behind_a_place_says_where_it_counts_from(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = b"".join(b"%d,x\n" % n for n in range(50_000))
    path.write_bytes(b"time,v\n" + rows + b"50000,\xff\n")
    with pytest.raises(ReaderError, match=r"a.csv, from byte \d+:\d+:7: byte 0xff"):
        list(chronomux.open(path).between("49999"))


def test_packets_without_any_time_come_first(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    blocks = [section(), interface(), simple_packet(b"s"), packet(b"p", 5)]
    path.write_bytes(b"".join(blocks))
    (tmp_path / "b.csv").write_bytes(b"time\n0.000001\n")
    items = list(chronomux.open([path, tmp_path / "b.csv"]))
    assert [item["timestamp"] for item in items] == [None, 1000, 5000]


def test_the_shipped_samples_are_one_stream() -> None:
    times = [item["timestamp"] for item in chronomux.open(captures())]
    assert len(times) == 3840 + 240 + 468
    assert times == sorted(times)
