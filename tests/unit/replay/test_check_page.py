"""The page of a check: whole, of its own, and safe from what files are called."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chronomux
from chronomux.replay.checks.axis import axis_of
from chronomux.replay.checks.lanes import ZOOMS
from chronomux.replay.checks.markup import element, text
from chronomux.replay.checks.report import Finding, Report, SourceCheck

EMPTY = {"input", "meta"}
LOADS = {"src", "href", "srcset", "action", "xlink:href", "data"}


class Page(HTMLParser):
    """Elements with what is in them; asserts that each is closed where it must be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, tag: str) -> list[str]:
        return [data for name, data in self.texts if name == tag]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,a\n1,a\n3,b\n2,c\n20,d\nx,e\n")
    Path("b.jsonl").write_text('{"time": 1, "kind": "ask", "n": 1}\n')
    Path("none.jsonl").write_text("")
    return chronomux.check("a.csv", "b.jsonl", rules={"never": {"v": 9}}, max_gap="5s")


def test_a_lane_a_source_marked_and_in_words(report: Report) -> None:
    page = Page(report.to_html("chronomux check 'a b.csv'"))
    assert len(page.of("figure")) == len(page.of("svg")) == 2
    ids = {attributes.get("id") for _, attributes in page.elements}
    for svg in page.of("svg"):
        assert svg["role"] == "img"
        assert set((svg["aria-labelledby"] or "").split()) <= ids
    assert [bool(rect["class"] == "gap") for rect in page.of("rect")] == [True]
    assert set(page.said("text")) >= {"G", "D", "2"}
    assert any("gaps: 1, out of order: 1" in words for words in page.said("desc"))
    assert page.said("code") == ["chronomux check 'a b.csv'"]


def test_tables_have_all_that_the_report_has(report: Report) -> None:
    page = Page(report.to_html())
    assert page.said("caption")[:2] == ["Sources", "Rules"]
    cells = page.said("td")
    for finding in report.findings:
        assert finding.text in cells
    assert all(head["scope"] == "col" for head in page.of("th"))


def test_a_page_loads_and_runs_nothing(report: Report) -> None:
    html = report.to_html("x")
    page = Page(html)
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe"}
    for _, attributes in page.elements:
        assert not LOADS & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg><h1>x</h1>",
    "a&lt;b&amp;",
    "nul\0 esc\x1b[31m",
    "bad\udcff",
    "]]> -->",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_texts_stay_text(name: str) -> None:
    plain = Page(page_about("harmless"))
    hostile = Page(page_about(name))
    tags = [tag for tag, _ in plain.elements]
    assert [tag for tag, _ in hostile.elements] == tags
    names = [sorted(attributes) for _, attributes in plain.elements]
    assert [sorted(attributes) for _, attributes in hostile.elements] == names
    page_about(name).encode("utf-8")
    if name.isprintable():
        assert name in hostile.said("figcaption")[0]


def page_about(name: str) -> str:
    source = SourceCheck(
        name, name, 5, 0, 9, gaps=1, lane=((0, 3), (8, 2)), lane_width=1
    )
    kinds = ("gap", "disorder", "duplicate", "missing", "unasked", "unreadable")
    findings = tuple(Finding(kind, name, name, 1, 8) for kind in kinds)
    counts = dict.fromkeys(kinds, 1)
    return Report((source,), findings=findings, counts=counts).to_html(name)


@given(st.text())
def test_text_is_read_back_as_it_was(value: str) -> None:
    page = Page(element("p", text(value), title=value))
    shown = "".join(page.said("p"))
    if value.isprintable():
        assert shown == value
        assert page.of("p") == [{"title": value}]


def test_a_report_of_nothing_is_a_page_too(report: Report) -> None:
    Page(Report(()).to_html())
    Page(chronomux.check("none.jsonl", timestamp="time").to_html())


def test_an_axis_is_broken_where_nothing_was_recorded_for_ages() -> None:
    today = 1_795_418_239 * 10**9
    second = 10**9
    now = [(today, today + second), (today + 3 * second, today + 4 * second)]
    axis = axis_of([(0, 10**6), *now], 1000)
    assert len(axis.segments) == 2
    assert axis.left_out == today - 10**6
    assert axis.x(today + 4 * 10**9) - axis.x(today) > 800
    assert axis.x(today // 2) == axis.x(today)


moments = st.integers(-(2**63), 2**63)


@given(
    st.lists(st.tuples(moments, st.integers(1, 2**40)), min_size=1, max_size=20),
    st.lists(moments, max_size=10),
)
def test_an_axis_keeps_the_order_of_moments_and_its_width(
    stretches: list[tuple[int, int]], times: list[int]
) -> None:
    axis = axis_of([(begin, begin + width) for begin, width in stretches], 1000)
    places = [axis.x(time) for time in sorted(times)]
    assert places == sorted(places)
    assert all(-1e-6 <= place <= 1000 + 1e-6 for place in places)
    edges = [edge for one in axis.segments for edge in (one.left, one.right)]
    assert edges == sorted(edges)


def test_lanes_can_be_made_larger_by_a_choice_and_scrolled_by_keys(
    report: Report,
) -> None:
    page = Page(report.to_html())
    choices = [one for one in page.of("input") if one["name"] == "zoom"]
    assert [one["type"] for one in choices] == ["radio"] * len(ZOOMS)
    assert [one["id"] for one in choices if "checked" in one] == ["zoom1"]
    for one in choices:
        assert f"main:has(#{one['id']}:checked) svg {{ width: " in report.to_html()
    regions = [one.get("aria-label") or "" for one in page.of("div")]
    assert sum(name.startswith("Lane of ") for name in regions) == 2
