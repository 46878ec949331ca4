"""CSV in, one chronological CSV out."""

from __future__ import annotations

import bz2
import csv
import gzip
import heapq
import io
import json
import lzma
import random
import subprocess
import sys

import pytest

from chronomux.errors import (
    ChronomuxError,
    DisorderError,
    ReaderError,
    TimestampError,
)
from chronomux.replay import OutputIsInputError, merge_files
from chronomux.samples import captures


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write captures by name into a folder that is the current one."""
    monkeypatch.chdir(tmp_path)

    def write_all(**contents):
        names = [f"{name}.csv" for name in contents]
        for name, content in zip(names, contents.values(), strict=True):
            (tmp_path / name).write_bytes(content)
        return names

    return write_all


def merged(paths, **options):
    out = io.BytesIO()
    options.setdefault("timestamp", "t")
    report = merge_files(paths, out, **options)
    return out.getvalue(), report


def test_lines_stay_as_they_are_and_ties_go_to_the_file_named_first(write):
    names = write(
        a=b't,x\n1,"a, quoted"\n 2 , spaces \n3,\xff\n',
        b=b't,x\n2,"two\nlines"\n3,b3\n4,b4\n',
    )
    names[0:0] = write(c=b"t,x\n3,c3\n")
    out, report = merged(names)
    assert out == (
        b't,x\n1,"a, quoted"\n 2 , spaces \n2,"two\nlines"\n3,c3\n3,\xff\n3,b3\n4,b4\n'
    )
    assert report.records == 7


def test_each_line_keeps_its_own_ending(write):
    names = write(a=b"t,x\r\n1,a\r\n3,a\r\n", b=b"t,x\n2,b\n4,b\n")
    assert merged(names)[0] == b"t,x\r\n1,a\r\n2,b\n3,a\r\n4,b\n"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_last_record_without_an_ending_gets_that_of_its_header(write, ending):
    a = ending.join([b"t,x", b"1,a", b"3,a"])
    b = ending.join([b"t,x", b"2,b", b"4,b", b""])
    rows = [b"t,x", b"1,a", b"2,b", b"3,a", b"4,b", b""]
    assert merged(write(a=a, b=b))[0] == ending.join(rows)


def test_files_without_records_add_nothing_not_even_columns(write):
    names = write(empty=b"", header=b"t,other\n", bare=b"t,y", a=b"t,x\n1,a\n")
    out, report = merged(names)
    assert out == b"t,x\n1,a\n"
    assert [source.records for source in report.sources] == [0, 0, 0, 1]


def test_only_headers_give_a_header_and_only_empty_files_nothing(write):
    assert merged(write(a=b"t,x", b=b"t,x\n"))[0] == b"t,x\n"
    assert merged(write(a=b"", b=b""))[0] == b""


def test_headers_that_read_the_same_are_equal(write):
    names = write(a=b'"t","x"\n1,a\n', b=b"t,x\n0,b\n")
    assert merged(names)[0] == b'"t","x"\n0,b\n1,a\n'


def test_different_headers_become_all_columns_and_the_source(write):
    names = write(
        a=b't,x\n1,"a,b"\n3,a\n', b=b"y,t\n7,2\n8,3\n", c=b'"x",z,t\nc,"1\n2",4\n'
    )
    out, _ = merged(names)
    assert list(csv.reader(io.StringIO(out.decode(), newline=""))) == [
        ["t", "x", "y", "z", "source"],
        ["1", "a,b", "", "", "a.csv"],
        ["2", "", "7", "", "b.csv"],
        ["3", "a", "", "", "a.csv"],
        ["3", "", "8", "", "b.csv"],
        ["4", "c", "", "1\n2", "c.csv"],
    ]


def test_realigned_lines_have_one_ending_and_keep_foreign_bytes(write):
    names = write(a=b"t,x\r\n1,\xe9\xff\r\n", b=b"t,y\n2,\xc3\xa9\n")
    out, _ = merged(names)
    assert out == (b"t,x,y,source\r\n1,\xe9\xff,,a.csv\r\n2,,\xc3\xa9,b.csv\r\n")


def test_a_column_named_twice_is_two_columns(write):
    names = write(a=b"t,x,x\n1,p,q\n", b=b"t,x\n2,r\n")
    assert merged(names)[0] == b"t,x,x,source\n1,p,q,a.csv\n2,r,,b.csv\n"


def test_a_short_record_is_filled_and_a_long_one_refused_when_realigned(write):
    short = write(a=b"t,x,y\n1,p\n", b=b"t,x\n2,r\n")
    assert merged(short)[0] == b"t,x,y,source\n1,p,,a.csv\n2,r,,b.csv\n"
    long = write(a=b"t,x\n0,p\n1,p,surplus\n", b=b"t,y\n2,r\n")
    with pytest.raises(ReaderError, match=r"a\.csv.*3 fields.*surplus"):
        merged(long)


def test_add_source_adds_a_field_to_lines_that_stay(write):
    names = write(a=b't,x\r\n1,"a"\r\n', b=b"t,x\n0,b\n")
    (source := names[1])
    assert merged(names, add_source=True)[0] == (
        b't,x,source\r\n0,b,b.csv\n1,"a",a.csv\r\n'
    )
    out, _ = merged([source], add_source=True, source_column="file, of origin")
    assert out == b't,x,"file, of origin"\n0,b,b.csv\n'


@pytest.mark.parametrize("other", [b"t,source\n2,b\n", b"t,x\n2,b\n"])
def test_a_taken_source_column_is_refused(write, other):
    names = write(a=b"t,source\n1,a\n", b=other)
    with pytest.raises(ReaderError, match=r"a\.csv: has a column 'source' already"):
        merged(names, add_source=True)
    header = merged(names, add_source=True, source_column="file")[0].splitlines()[0]
    assert header.endswith(b",file")


LATE = {
    "a": b't,x\n10,a1\n5,"a\n2"\n7,a3\n12,a4\n',
    "b": b"t,x\n1,b1\n6,b2\n9,b3\n11,b4\n",
}


@pytest.mark.parametrize(
    ("options", "times", "fates"),
    [
        ({"window": "0s", "late": "emit"}, "1 6 9 10 5 7 11 12", (2, 0, 0)),
        ({"window": "3s", "late": "emit"}, "1 6 5 7 9 10 11 12", (1, 0, 1)),
        ({"window": "3s", "late": "drop"}, "1 6 7 9 10 11 12", (0, 1, 1)),
        ({"window": 5 * 10**9}, "1 5 6 7 9 10 11 12", (0, 0, 2)),
        ({"order": "sort"}, "1 5 6 7 9 10 11 12", (0, 0, 2)),
        ({"order": "keep"}, "10 5 7 12 1 6 9 11", (0, 0, 2)),
    ],
)
def test_late_records_are_counted_and_treated_as_asked(write, options, times, fates):
    out, report = merged(write(**LATE), **options)
    rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
    assert " ".join(row[0] for row in rows[1:]) == times
    assert ["5", "a\n2"] in rows or fates[1]
    a, b = report.sources
    assert (a.late, a.first_late, a.largest_step_back) == (2, 3, 5 * 10**9)
    assert (a.emitted, a.dropped, a.repaired) == fates
    assert (b.late, b.first_late, b.largest_step_back) == (0, None, 0)
    assert (a.first, a.last) == (5 * 10**9, 12 * 10**9)
    assert (report.records, report.written) == (8, len(rows) - 1)


def test_the_line_of_the_first_late_record_counts_every_line_of_the_file(write):
    names = write(a=b't,x\n1,"two\nlines"\n\n2,b\n\n\n1,late\n0,later\n')
    report = merged(names, order="keep")[1].sources[0]
    assert (report.late, report.first_late) == (2, 8)
    with pytest.raises(DisorderError, match=r"^a\.csv:8: ") as caught:
        merged(names, order="strict")
    assert (caught.value.input, caught.value.position) == (0, 2)


def test_a_step_back_as_long_as_all_time_is_counted_exactly(write):
    names = write(a=b"t\n9223372036\n-9223372036\n")
    options = {"timestamp_format": "epoch_s", "order": "sort"}
    out, report = merged(names, **options)
    assert out == b"t\n-9223372036\n9223372036\n"
    assert report.sources[0].largest_step_back == 2 * 9223372036 * 10**9


def test_a_sort_of_any_disorder_is_a_stable_sort(write, monkeypatch):
    monkeypatch.setattr("chronomux.replay.merging.spool.RUN_BYTES", 2000)
    monkeypatch.setattr("chronomux.replay.merging.spool.BLOCK_BYTES", 300)
    seed = random.Random(8)
    contents, records = {}, []
    for name in "abc":
        rows = [f"{seed.randrange(200)},{name}{i}\n" for i in range(1000)]
        contents[name] = f"t,x\n{''.join(rows)}".encode()
        records += rows
    out, report = merged(write(**contents), order="sort")
    records.sort(key=lambda row: int(row.split(",")[0]))
    assert out.decode() == "t,x\n" + "".join(records)
    assert report.sources[1].repaired == report.sources[1].late > 500


@pytest.mark.parametrize("order", ["strict", "window", "sort", "keep"])
def test_sorted_files_are_the_same_in_every_order_and_layout(write, order):
    names = write(a=b"t,x\n1,a\n3,a\n", b=b"t,y\n4,b\n5,b\n")
    out, report = merged(names, order=order)
    assert out == b"t,x,y,source\n1,a,,a.csv\n3,a,,a.csv\n4,,b,b.csv\n5,,b,b.csv\n"
    assert (report.order, report.written) == (order, 4)


def test_a_span_does_not_read_what_lies_behind_it(write):
    rows = "".join(f"{number},{'x' * 40}\n" for number in range(100_000))
    names = write(a=f"t,x\n{rows}never,x\n".encode())
    out, report = merged(names, start="10", duration="3s")
    assert [line[:2] for line in out.splitlines()[1:]] == [b"10", b"11", b"12"]
    assert report.sources[0].records < 100_000


def test_records_are_json_lines_by_the_suffix_of_the_output(write, tmp_path):
    names = write(a='t,x\n1,"ä ""q"""\n3\n'.encode(), b=b"t,y\n2,b\n")
    report = merge_files(names, "out.jsonl", timestamp="t")
    assert (tmp_path / "out.jsonl").read_text("utf-8").splitlines() == [
        '{"t":"1","x":"ä \\"q\\"","source":"a.csv"}',
        '{"t":"2","y":"b","source":"b.csv"}',
        '{"t":"3","source":"a.csv"}',
    ]
    assert report.written == 3
    merge_files(names[:1], "one.JSONL", timestamp="t")
    lines = (tmp_path / "one.JSONL").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"t": "1", "x": 'ä "q"'},
        {"t": "3"},
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"t,x\n1,\xff\n", "not UTF-8, which JSON cannot hold"),
        (b"t,x,x\n1,a,b\n", "names a column twice"),
        (b"t,x\n0,a\n1,a,b\n", "a record has 3 fields"),
    ],
)
def test_what_json_cannot_hold_is_refused(write, tmp_path, content, words):
    with pytest.raises(ReaderError, match=words):
        merge_files(write(a=content), "out.jsonl", timestamp="t")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("suffix", "unpack"),
    [
        (".gz", gzip.decompress),
        (".BZ2", bz2.decompress),
        (".xz", lzma.decompress),
        (".zst", None),
    ],
)
def test_the_output_is_compressed_by_its_suffix(write, tmp_path, suffix, unpack):
    if unpack is None:
        zstandard = pytest.importorskip("zstandard")
        unpack = zstandard.ZstdDecompressor().decompressobj().decompress
    rows = "".join(f"{number},x\n" for number in range(50_000))
    names = write(a=f"t,x\n{rows}".encode())
    merge_files(names, f"out.csv{suffix}", timestamp="t")
    packed = (tmp_path / f"out.csv{suffix}").read_bytes()
    assert unpack(packed).decode() == f"t,x\n{rows}"
    merge_files([f"out.csv{suffix}"], f"again.jsonl{suffix}", timestamp="t", most=1)
    again = (tmp_path / f"again.jsonl{suffix}").read_bytes()
    assert len(again) < len(packed)


def test_more_files_merge_than_may_be_open(write):
    contents = {
        f"f{number:03}": b"t,x\n%d,a\n%d,b\n" % (number % 7, number + 9)
        for number in range(200)
    }
    contents["f000"] = gzip.compress(contents["f000"])
    names = write(**contents)
    code = (
        "import resource, sys; from chronomux import merge_files; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80)); "
        "merge_files(sys.argv[1:], timestamp='t')"
    )
    command = [sys.executable, "-c", code, *names]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.stdout == merged(names)[0], done.stderr
    assert len(done.stdout.splitlines()) == 401


def test_several_columns_make_one_time(write):
    names = write(
        a=b"Date,x,Time\n10/3/2004,a,18.00.00\n11/3/2004,a,00.00.00\n",
        b=b"Date,x,Time\n10/3/2004,b,23.59.59\n",
    )
    out, _ = merged(
        names, timestamp=["Date", "Time"], timestamp_format="%d/%m/%Y %H.%M.%S"
    )
    assert [line.split(b",")[1] for line in out.splitlines()] == [
        b"x",
        b"a",
        b"b",
        b"a",
    ]


def test_different_time_formats_meet_in_one_order(write):
    names = write(
        s=b"t\n1700000000.5\n1700000002\n",
        ms=b"t\n1700000001000\n",
        iso=b"t\n2023-11-14T22:13:20+00:00\n2023-11-15T00:13:21.5+02:00\n",
    )
    assert [line[-8:] for line in merged(names)[0].splitlines()[1:]] == [
        b"20+00:00",
        b"000000.5",
        b"00001000",
        b".5+02:00",
        b"00000002",
    ]


def test_a_zone_is_given_to_times_that_name_none(write):
    names = write(a=b"t\n2024-06-01 14:00:00\n", b=b"t\n2024-06-01T13:00:00Z\n")
    assert merged(names)[0].splitlines()[1].endswith(b"Z")
    berlin = merged(names, tz="Europe/Berlin")[0]
    assert berlin.splitlines()[1].endswith(b"14:00:00")


def test_row_names_are_kept(write):
    names = write(a=b't,x\n"1",1,a\n"2",3,a\n', b=b't,x\n"1",2,b\n')
    out, _ = merged(names, row_names=True)
    assert out == b't,x\n"1",1,a\n"1",2,b\n"2",3,a\n'


def test_row_names_that_are_not_announced_are_refused(write):
    names = write(a=b't,x\n"1",2024-01-01,a\n', b=b"t,x\n1,comma at the end,\n")
    with pytest.raises(ReaderError, match=r"a\.csv:2: 3 fields .*--row-names"):
        merged(names)
    assert merged(names[1:])[1].records == 1


def test_row_names_have_an_unnamed_column_when_headers_differ(write):
    names = write(a=b't,x\n"1",1,a\n', b=b't,y\n"1",2,b\n')
    out, _ = merged(names, row_names=True)
    assert out == b",t,x,y,source\n1,1,a,,a.csv\n1,2,,b,b.csv\n"


def test_an_unreadable_time_ends_the_merge_is_left_out_or_stays(write):
    names = write(a=b"t,x\n1,a\nnever,a\n3,a\n", b=b"t,x\n2,b\n")
    with pytest.raises(TimestampError, match=r"a\.csv:3"):
        merged(names)
    out, report = merged(names, on_error="skip")
    assert out == b"t,x\n1,a\n2,b\n3,a\n"
    assert (report.sources[0].untimed, report.sources[0].untimed_lines) == (1, [3])
    out, report = merged(names, on_error="null")
    assert out == b"t,x\n1,a\nnever,a\n2,b\n3,a\n"
    assert (report.sources[0].untimed, report.sources[0].late) == (1, 0)


def test_a_missing_column_names_the_file_and_what_it_has(write):
    names = write(a=b"t,x\n1,a\n", b=b"time,x\n1,a\n")
    with pytest.raises(ReaderError, match=r"b\.csv.*'t'.*time.*x"):
        merged(names)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_captures_are_read_by_content(write, pack):
    names = write(a=pack(b"t,x\n1,a\n3,a\n"), b=b"t,x\n2,b\n")
    assert merged(names)[0] == b"t,x\n1,a\n2,b\n3,a\n"


def test_zstd_captures_are_read(write):
    zstandard = pytest.importorskip("zstandard")
    names = write(a=zstandard.compress(b"t,x\n1,a\n"), b=b"t,x\n0,b\n")
    assert merged(names)[0] == b"t,x\n0,b\n1,a\n"


def test_fields_of_any_length_are_copied(write):
    long = b"x" * 300_000
    names = write(a=b"t,x\n1," + long + b"\n3," + long + b"\n", b=b"t,x\n2,b\n")
    assert merged(names)[0] == b"t,x\n1,%b\n2,b\n3,%b\n" % (long, long)


def test_fields_too_long_for_csv_are_an_error_when_realigned(write):
    names = write(a=b"t,x\n1," + b"x" * 300_000 + b"\n", b=b"t,y\n2,b\n")
    with pytest.raises(ReaderError, match=r"a\.csv: field larger than field limit"):
        merged(names)


def test_stdin_is_a_capture_once(write):
    names = write(a=b"t,x\n1,a\n")
    code = (
        "from chronomux.replay import merge_files; "
        "merge_files(['-', 'a.csv'], timestamp='t', add_source=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=b"t,x\n0,b\n",
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b"t,x,source\n0,b,-\n1,a,a.csv\n", done.stderr
    with pytest.raises(ChronomuxError, match="once"):
        merged(["-", *names, "-"])


def test_the_output_appears_only_when_complete(write, tmp_path):
    names = write(a=b"t,x\n1,a\nnever,a\n", b=b"t,x\n2,b\n")
    with pytest.raises(TimestampError):
        merge_files(names, "out.csv", timestamp="t")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv"]
    merge_files(names, "out.csv", timestamp="t", on_error="skip")
    assert (tmp_path / "out.csv").read_bytes() == b"t,x\n1,a\n2,b\n"


def test_an_input_is_no_output(write, tmp_path):
    names = write(a=b"t,x\n1,a\n", b=b"t,x\n2,b\n")
    with pytest.raises(OutputIsInputError, match=r"b\.csv"):
        merge_files(names, tmp_path / "b.csv", timestamp="t")
    assert (tmp_path / "b.csv").read_bytes() == b"t,x\n2,b\n"


def test_progress_ends_at_the_size_of_the_files(write, tmp_path):
    names = write(a=b"t,x\n1,a\n3,a\n", b=gzip.compress(b"t,x\n2,b\n"))
    done = []
    merged(names, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == sum((tmp_path / name).stat().st_size for name in names)


def test_the_result_is_a_stable_merge_of_any_sizes(write):
    seed = random.Random(7)
    contents = {}
    for name in "abcde":
        times = sorted(seed.randrange(500) for _ in range(seed.randrange(2000)))
        rows = "".join(f"{time},{name}{i}\n" for i, time in enumerate(times))
        contents[name] = f"t,x\n{rows}".encode()
    names = write(**contents)
    lines = [content.splitlines(keepends=True)[1:] for content in contents.values()]
    expected = heapq.merge(*lines, key=lambda line: int(line.split(b",")[0]))
    assert merged(names)[0] == b"t,x\n" + b"".join(expected)


def test_the_shipped_captures_merge_into_one_of_all_columns():
    out, report = merged(captures(".csv"), timestamp="time")
    rows = list(csv.DictReader(io.StringIO(out.decode(), newline="")))
    assert len(rows) == report.records > 3000
    assert {row["source"] for row in rows} == {str(path) for path in captures(".csv")}
    assert all(source.late == source.untimed == 0 for source in report.sources)
    for path in captures(".csv"):
        mine = [row for row in rows if row["source"] == str(path)]
        with path.open(newline="") as file:
            theirs = list(csv.DictReader(file))
        assert [{k: row[k] for k in theirs[0]} for row in mine] == theirs


def test_the_occupancy_files_merge_into_20560_rows_in_time_order(conformance):
    names = ("datatest.txt", "datatest2.txt", "datatraining.txt")
    paths = [conformance / "uci" / name for name in names]
    out, report = merged(paths, timestamp="date", row_names=True)
    rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
    times = [row[1] for row in rows[1:]]
    assert len(times) == report.records == 20_560
    assert times == sorted(times)
    assert sorted(out.splitlines()[1:]) == sorted(
        line for path in paths for line in path.read_bytes().splitlines()[1:]
    )


AIR = {
    "timestamp": ["Date", "Time"],
    "timestamp_format": "%d/%m/%Y %H.%M.%S",
}


def test_air_quality_reports_its_two_dirty_lines(conformance):
    path = conformance / "uci" / "AirQualityUCI.csv"
    with pytest.raises(TimestampError, match=r"AirQualityUCI\.csv:4889:"):
        merged([path], **AIR)
    report = merged([path], on_error="skip", **AIR)[1].sources[0]
    assert (report.records, report.untimed) == (9355, 2)
    assert report.untimed_lines == [4889, 7716]


@pytest.mark.parametrize("end", [b'2,"cut', b'2,"cut\n', b'2,"cut ""\n\n'])
def test_a_file_that_ends_within_quotes_is_refused(write, end):
    names = write(a=b't,x\n1,"a\na"\n' + end, b=b't,x\n2,"ends ""so"""')
    with pytest.raises(ReaderError, match=r"a\.csv:4: the file ends within a quoted"):
        merged(names)
    assert merged(names[1:])[0] == b't,x\n2,"ends ""so"""\n'
