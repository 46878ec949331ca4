"""Expectations against an oracle that looks at every command for every event."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux import EventManager
from chronomux.event import ExpectationStats

Event = dict[str, Any]
KINDS = ("ask", "reply", "both", "other")
events = st.lists(
    st.builds(
        lambda kind, t, n: {"kind": kind, "timestamp": t, "n": n},
        st.sampled_from(KINDS),
        st.one_of(st.integers(0, 12), st.none()),
        st.sampled_from([1, True, "1", None, 2.0]),
    ),
    max_size=30,
)


class Oracle:
    """A list of commands, in the order of their coming."""

    def __init__(self, within: int, same: bool, most: int) -> None:
        self.within, self.same, self.most = within, same, most
        self.waiting: list[tuple[int, Event]] = []  # with the number of its coming
        self.missing: list[int] = []
        self.unasked: list[Event] = []
        self.asked = self.answered = self.given_up = self.untimed = 0

    def oldest_first(self) -> list[tuple[int, Event]]:
        return sorted(self.waiting, key=lambda one: (one[1]["timestamp"], one[0]))

    def fits(self, command: Event, reply: Event) -> bool:
        a, b = command["n"], reply["n"]
        same = a is not None and a == b and isinstance(a, bool) == isinstance(b, bool)
        wait = reply["timestamp"] - command["timestamp"]
        return 0 <= wait <= self.within and (same or not self.same)

    def take(self, event: Event) -> None:
        now, kind = event["timestamp"], event["kind"]
        if now is None:
            self.untimed += kind != "other"
            return
        for one in self.oldest_first():
            if one[1]["timestamp"] + self.within < now:
                self.waiting.remove(one)
                self.missing.append(one[0])
        if kind in ("reply", "both"):
            found = [one for one in self.oldest_first() if self.fits(one[1], event)]
            if found:
                self.waiting.remove(found[0])
                self.answered += 1
            else:
                self.unasked.append(event)
        if kind in ("ask", "both"):
            self.waiting.append((self.asked, event))
            self.asked += 1
            if len(self.waiting) > self.most:
                self.waiting.remove(self.oldest_first()[0])
                self.given_up += 1

    def finish(self) -> None:
        self.missing += [number for number, _ in self.oldest_first()]
        self.waiting = []


@given(events, st.integers(0, 6), st.booleans(), st.sampled_from([1, 3, 100]))
def test_commands_and_responses_are_paired_as_by_the_oracle(
    events: list[Event], within: int, same: bool, most: int
) -> None:
    manager, oracle = EventManager(), Oracle(within, same, most)
    missing: list[Event] = []
    unasked: list[Event] = []
    expectation = manager.expect(
        {"kind": ["ask", "both"]},
        {"kind": ["reply", "both"]},
        within,
        "n" if same else None,
        missing.append,
        on_unasked=unasked.append,
        per_second=1,
        most=most,
    )
    commands = [e for e in events if e["kind"] in ("ask", "both")]
    commands = [e for e in commands if e["timestamp"] is not None]
    for event in events:
        manager.trigger(event)
        oracle.take(event)
        numbers = [next(i for i, c in enumerate(commands) if c is m) for m in missing]
        assert numbers == oracle.missing, events
    assert expectation.stats.waiting == len(oracle.waiting)
    manager.finish()
    oracle.finish()
    assert [id(e) for e in unasked] == [id(e) for e in oracle.unasked]
    assert astuple(expectation.stats) == astuple(
        ExpectationStats(
            oracle.asked,
            oracle.answered,
            len(oracle.missing),
            0,
            oracle.given_up,
            len(oracle.unasked),
            oracle.untimed,
        )
    )
