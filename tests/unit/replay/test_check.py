"""`chronomux.check`: what is wrong with files, and where."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chronomux
from chronomux.errors import ReaderError, SCLSyntaxError
from chronomux.replay import Report
from chronomux.replay.checks.expectations import expected
from chronomux.replay.checks.lane import MOST, Lane
from tests.captures import pcap_header, pcap_record

SECOND = 10**9
PAIRS = "kind=ask => kind=reply within 2s same n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,a\n1,a\n3,b\n2,c\n20,d\n")
    Path("ok.csv").write_bytes(b"time,v\n1,a\n2,a\n3,b\n")
    return tmp_path


def write_lines(name: str, *rows: Any) -> None:
    texts = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    Path(name).write_text("\n".join(texts) + "\n")


def found(report: Report) -> list[tuple[str, str, int | None]]:
    return [(one.kind, one.source, one.record) for one in report.findings]


def test_each_finding_has_its_place() -> None:
    report = chronomux.check("a.csv", "ok.csv", max_gap="5s")
    wanted = [("gap", "a.csv", 5), ("disorder", "a.csv", 4), ("duplicate", "a.csv", 2)]
    assert found(report) == wanted
    assert report.findings[0].time == 20 * SECOND
    assert "17 s" in report.findings[0].text
    assert not report.ok
    assert report.is_complete


def test_what_is_clean_has_no_findings() -> None:
    report = chronomux.check("ok.csv", max_gap="1s", window=0)
    assert report.ok
    assert str(report).endswith("\n\nno findings")
    assert report.sources[0].longest_gap == SECOND


def test_a_record_late_by_no_more_than_the_window_is_no_finding() -> None:
    assert chronomux.check("a.csv", window="1s").counts["disorder"] == 0
    assert chronomux.check("a.csv", window="0.9s").counts["disorder"] == 1
    assert chronomux.check("a.csv", window="1s").sources[0].late == 1


def test_values_or_bytes_of_equal_records_are_the_same() -> None:
    with_rules = chronomux.check("a.csv", rules={"all": {}})
    assert found(with_rules) == found(chronomux.check("a.csv"))
    assert with_rules.rules[0].matches == 5
    twice = [pcap_record(b"p", 1), pcap_record(b"p", 1), pcap_record(b"q", 1)]
    Path("b.pcap").write_bytes(pcap_header() + b"".join(twice))
    for rules in None, {"all": {}}:
        report = chronomux.check("b.pcap", rules=rules)
        assert found(report) == [("duplicate", "b.pcap", 2)]


def test_reading_goes_on_behind_a_line_that_is_none() -> None:
    write_lines("b.jsonl", {"time": 1}, "nope", "[]", {"time": "x"}, {"time": 2})
    Path("c.scl").write_text("1970-01-01T00:00:01Z a=b\n=\n1970-01-01T00:00:02Z a=c\n")
    for rules in None, {"all": {}}:
        report = chronomux.check("b.jsonl", "c.scl", rules=rules)
        assert [source.records for source in report.sources] == [3, 2]
        texts = [one.text for one in report.findings if one.kind == "unreadable"]
        starts = ["b.jsonl:2: ", "b.jsonl:3: ", "b.jsonl:4: ", "c.scl:2:1: "]
        assert all(t.startswith(s) for t, s in zip(texts, starts, strict=True)), texts
        assert [source.unreadable for source in report.sources] == [3, 1]
        assert report.is_complete


@pytest.mark.parametrize("rules", [None, {"all": {}}])
def test_a_file_that_cannot_be_read_on_ends_there_and_others_are_read(
    rules: Any,
) -> None:
    whole = pcap_header() + pcap_record(b"p", 1) + pcap_record(b"q", 2)
    Path("cut.pcap").write_bytes(whole[:-1])
    report = chronomux.check("cut.pcap", "ok.csv", rules=rules)
    assert [source.records for source in report.sources] == [1, 3]
    assert not report.is_complete
    (finding,) = report.findings
    assert finding.kind == "unreadable"
    assert finding.text.startswith("cut.pcap@")
    assert finding.text.endswith("nothing behind it was read")


def test_damage_in_compressed_data_is_a_finding() -> None:
    lines = "".join(f"{n},{random.Random(n).random()}\n" for n in range(9000))
    data = gzip.compress(b"time,v\n" + lines.encode())
    Path("d.csv.gz").write_bytes(data[: len(data) // 2])
    (source,) = chronomux.check("d.csv.gz").sources
    assert source.error
    assert source.records > 0


def test_rules_count_what_they_match_and_those_that_match_nothing_are_found() -> None:
    Path("r.scl").write_text(
        "rule=seen(when=(v=a))\nrule=early(when=(v=zz))\n", encoding="utf-8"
    )
    report = chronomux.check("ok.csv", rules="r.scl")
    assert {rule.name: rule.matches for rule in report.rules} == {"seen": 2, "early": 0}
    assert found(report) == [("rule", "", None)]


def test_commands_and_responses_of_several_files_are_paired_in_order_of_time() -> None:
    asks = [{"time": t, "kind": "ask", "n": t} for t in (1, 2, 3)]
    replies = [{"time": t + 1, "kind": "reply", "n": n} for t, n in ((1, 1), (4, 3))]
    write_lines("asks.jsonl", *asks)
    write_lines("replies.jsonl", *replies, {"time": 9, "kind": "reply", "n": 1})
    report = chronomux.check("replies.jsonl", "asks.jsonl", expect=PAIRS)
    assert found(report) == [
        ("missing", "asks.jsonl", 2),
        ("unasked", "replies.jsonl", 3),
    ]
    (check,) = report.expectations
    assert (check.asked, check.answered, check.missing, check.unasked) == (3, 2, 1, 1)


def test_records_late_within_the_window_are_paired_all_the_same() -> None:
    ask, reply = {"time": 1, "kind": "ask", "n": 1}, {"kind": "reply", "n": 1}
    write_lines("late.jsonl", {"time": 1.5, **reply}, ask)
    late = chronomux.check("late.jsonl", expect=[PAIRS], window="1s")
    assert late.ok
    kinds = {one.kind for one in chronomux.check("late.jsonl", expect=PAIRS).findings}
    assert kinds == {"disorder", "unasked", "missing"}


def test_disorder_in_one_file_leaves_the_pairs_of_others_as_they_are() -> None:
    def pair(t: int) -> list[Any]:
        return [
            {"time": t, "kind": "ask", "n": t},
            {"time": t, "kind": "reply", "n": t},
        ]

    write_lines("good.jsonl", *(row for t in range(1, 50) for row in pair(t)))
    wild = [{"time": 10**9, "kind": "reply", "n": 0}, *pair(20), *pair(10)]
    write_lines("wild.jsonl", *wild)
    report = chronomux.check("wild.jsonl", "good.jsonl", expect=PAIRS)
    assert {one.source for one in report.findings} == {"wild.jsonl"}
    assert report.expectations[0].answered == 51
    assert report.counts["unasked"] == 1
    assert report.counts["missing"] == 0


def test_findings_are_bounded_and_counted_all_the_same() -> None:
    lines = "".join(f"{n}\n" for n in range(5000, 0, -1))
    Path("back.csv").write_text("time\n" + lines)
    report = chronomux.check("back.csv", most=7)
    assert len(report.findings) == 7
    assert (report.total, report.left_out) == (4999, 4992)
    assert "and 4992 more" in str(report)


def test_a_time_of_more_records_than_are_remembered_says_so() -> None:
    Path("one.csv").write_text("time,v\n" + "".join(f"1,{n}\n" for n in range(5000)))
    report = chronomux.check("one.csv")
    assert report.sources[0].uncompared == 5000 - 4096
    assert "UNCOMPARED" in str(report)


def test_wild_spans_have_lanes_of_bounded_size() -> None:
    times = [0, *range(1_795_418_239, 1_795_418_239 + 4000)]
    Path("wild.csv").write_text("time\n" + "".join(f"{t}\n" for t in times))
    (source,) = chronomux.check("wild.csv").sources
    assert len(source.lane) <= MOST
    assert source.lane[0] == (0, 1)
    assert source.lane_width < 60 * SECOND


def test_a_report_is_json() -> None:
    report = chronomux.check("a.csv", expect=PAIRS, rules={"r": {}})
    made = json.loads(json.dumps(report.to_dict()))
    assert made["counts"]["disorder"] == 1
    assert made["ok"] is False
    assert made["findings"][0]["source"] == "a.csv"


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("a=b", 4, "no =>"),
        ("a=b => c=d", 11, "within"),
        ("a=b => c=d within 2x", 19, "duration"),
        ("a=b => c=d within -1s", 19, "before its command"),
        ("=> c=d within 1s", 1, "COMMAND says nothing"),
        ("a=b => within 1s", 7, "RESPONSE says nothing"),
        ("a=b => c=foo() within 2s", 10, "no operator"),
        ("a=b => c within 2s", 9, "expected"),
        ("a=b => c=d within 2s same", 26, "within"),
    ],
)
def test_what_is_no_expectation_is_refused_with_its_place(
    text: str, column: int, says: str
) -> None:
    with pytest.raises(SCLSyntaxError, match=says) as raised:
        expected(text)
    assert (raised.value.line, raised.value.column) == (1, column)


def test_strings_in_expectations_may_say_anything() -> None:
    one = expected('a="=> within 1s" => b="x\\" => " within 250 ms same a.b')
    assert dict(one.command) == {"a": "=> within 1s"}
    assert dict(one.response) == {"b": 'x" => '}
    assert (one.within, one.same) == (250_000_000, "a.b")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_gap": -1}, ValueError),
        ({"max_gap": 1.5}, TypeError),
        ({"window": "5 x"}, ValueError),
        ({"most": -1}, ValueError),
        ({"expect": [5]}, TypeError),
        ({"rules": "missing.scl"}, OSError),
        ({"rules": {"r": 5}}, TypeError),
        ({"format": "nope"}, ValueError),
    ],
)
def test_what_is_wrong_is_refused(options: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        chronomux.check("a.csv", **options)


def test_wrong_rules_are_refused_with_file_and_place() -> None:
    Path("r.scl").write_text("rule=seen(when=(v=foo()))")
    with pytest.raises(SCLSyntaxError, match=r"^r.scl: line 1, column 19"):
        chronomux.check("a.csv", rules="r.scl")


def test_no_times_are_no_finding_but_are_refused_where_they_are_needed() -> None:
    write_lines("none.jsonl", {"v": 1}, {"v": 1})
    report = chronomux.check("none.jsonl")
    assert (report.ok, report.sources[0].untimed) == (True, 2)
    with pytest.raises(ReaderError, match="timestamp"):
        chronomux.check("none.jsonl", expect=PAIRS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.lists(
        st.lists(st.integers(-(2**61), 2**61) | st.integers(0, 10**10), min_size=1),
        min_size=1,
        max_size=4,
    ),
    spread=st.integers(0, 3000),
)
def test_stretches_are_the_shortest_of_which_there_are_few_enough(
    blocks: list[list[int]], spread: int
) -> None:
    lane, seen = Lane(), []
    for block in [*blocks, [place * 10**9 for place in range(spread + 1)]]:
        lane.add(np.array(block, np.int64))
        seen += block
    shift = 20
    while len({time >> shift for time in seen}) > MOST:
        shift += 1
    counts = Counter(time >> shift << shift for time in seen)
    assert (lane.width, lane.pairs) == (1 << shift, tuple(sorted(counts.items())))
