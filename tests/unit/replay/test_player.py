"""Captures are played on time: on a clock that the test turns."""

from __future__ import annotations

import asyncio
import math
import queue
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chronomux
from chronomux.replay.opening import NO_TIME
from chronomux.replay.playing.pace import Lateness, Pace
from chronomux.replay.playing.player import Player
from chronomux.replay.playing.programme import Cue, Programme, as_one
from tests.captures import pcap_header, pcap_record

MS = 10**6
SECOND = 10**9


class TurnedClock:
    """Stands still but for sleeps, for `spend`, and for `tick` at every look."""

    def __init__(self, tick: int = 0) -> None:
        self.time = 5 * SECOND
        self.sleeps = 0
        self.tick = tick

    def now(self) -> int:
        self.time += self.tick
        return self.time

    def sleep(self, ns: int) -> None:
        assert ns > 0
        self.sleeps += 1
        self.time += ns


class Listed:
    """A programme of given times; items tell their place among them."""

    def __init__(self, times: list[int]) -> None:
        self.times = times

    def moment(self, moment: int) -> int:
        return moment

    def cues(self, start: int | None = None) -> Iterator[Cue]:
        for place, time in enumerate(self.times):
            if start is None or time >= start:
                yield Cue(time, "listed", place)


def player_of(times: list[int], clock: TurnedClock, **options: Any) -> Player:
    programme: Any = Listed(times)
    return Player(programme, clock=clock, **options)


def moments(times: list[int], **options: Any) -> list[tuple[int, int]]:
    """(item, ns after the first) of all that is played."""
    clock = TurnedClock()
    played = [(item, clock.time) for item in player_of(times, clock, **options)]
    return [(item, time - played[0][1]) for item, time in played]


def slow_schedule(
    times: list[int], speed: float, loop: int, max_gap: int | None
) -> list[tuple[int, int]]:
    """Steps, added one by one: right because nothing but the definition is in it."""
    place, found = Fraction(0), []
    for _ in range(loop):
        latest = times[0]
        for item, time in enumerate(times):
            step = max(0, time - latest)
            latest = max(latest, time)
            place += step if max_gap is None else min(step, max_gap)
            found.append((item, math.ceil(place / Fraction(speed))))
    return found


@given(
    st.lists(st.integers(-(2 * 10**8), 2 * 10**8), min_size=1, max_size=6),
    st.sampled_from([0.25, 0.3, 1.0, 1.5, 7.0, 1000.0]),
    st.integers(1, 3),
    st.sampled_from([None, 0, 5 * MS, 90 * MS]),
)
def test_schedule_is_that_of_a_slow_oracle(times, speed, loop, max_gap):
    options = {"speed": speed, "loop": loop, "max_gap": max_gap}
    assert moments(times, **options) == slow_schedule(times, **options)


def test_speed_below_1_holds_in_every_pass_of_a_loop():
    played = moments([0, 100 * MS], speed=0.5, loop=3)
    assert [time // MS for _, time in played] == [0, 200, 200, 400, 400, 600]


def test_loop_for_ever_ends_when_there_is_nothing_to_play():
    assert moments([0], loop=2) == [(0, 0), (0, 0)]
    assert list(player_of([], TurnedClock(), loop=0)) == []


def csv_file(path: Path, *times: float) -> str:
    rows = "".join(f"{time},{path.stem}\n" for time in times)
    path.write_text(f"timestamp,name\n{rows}")
    return str(path)


def played_files(*paths: Any, **options: Any) -> list[tuple[str, int]]:
    """(name, ms after the first) of all items of files."""
    clock = TurnedClock()
    start = clock.time
    player = Player(Programme(as_one(paths), **options), clock=clock)
    return [(item["name"], (clock.time - start) // MS) for item in player]


def test_second_file_is_not_anchored_anew(tmp_path):
    first = csv_file(tmp_path / "a.csv", 10, 11)
    second = csv_file(tmp_path / "b.csv", 14, 15)
    expected = [("a", 0), ("a", 1000), ("b", 4000), ("b", 5000)]
    assert played_files(first, second) == expected
    with chronomux.open(second) as opened:
        assert played_files(first, opened) == expected


def test_ties_keep_the_order_of_files_and_of_records(tmp_path):
    first = csv_file(tmp_path / "b.csv", 10, 10, 11)
    second = csv_file(tmp_path / "a.csv", 10, 11, 11)
    names = [name for name, _ in played_files(first, second)]
    assert names == ["b", "b", "a", "b", "a", "a"]


def test_sparse_source_does_not_starve_the_others(tmp_path):
    sparse = csv_file(tmp_path / "sparse.csv", 10, 1000)
    dense = csv_file(tmp_path / "dense.csv", *range(10, 20))
    played = played_files(sparse, dense)
    assert [time for name, time in played if name == "dense"] == [
        1000 * second for second in range(10)
    ]
    assert played[-1] == ("sparse", 990_000)


def test_offset_moves_one_source_and_where_chooses(tmp_path):
    first = csv_file(tmp_path / "a.csv", 10, 11)
    second = csv_file(tmp_path / "b.csv", 10, 12)
    moved = played_files(first, second, offsets={second: "1.5s"})
    assert moved == [("a", 0), ("a", 1000), ("b", 1500), ("b", 3500)]
    assert played_files(first, second, where="name=b") == [("b", 0), ("b", 2000)]
    with pytest.raises(ValueError, match=r"no source .c[.]csv"):
        played_files(first, offsets={"c.csv": 1})


def test_catching_up_costs_nothing_extra():
    clock = TurnedClock()
    player = player_of([place * 10 * MS for place in range(300)], clock)
    played = iter(player)
    assert next(played) == 0
    clock.time += 2 * SECOND
    sleeps = clock.sleeps
    assert [next(played) for _ in range(200)] == list(range(1, 201))
    assert clock.sleeps == sleeps
    begun = clock.time
    assert next(played) == 201
    assert clock.time == begun + 10 * MS  # back on the schedule that it had
    assert player.stats.late_max == 1990 * MS


def test_without_catching_up_the_schedule_is_put_off():
    clock = TurnedClock()
    player = player_of([0, 100 * MS, 200 * MS], clock, catch_up=False)
    played = iter(player)
    next(played)
    clock.time += 2 * SECOND
    next(played)
    begun = clock.time
    next(played)
    assert clock.time - begun == 100 * MS


def test_what_is_due_comes_in_one_batch():
    clock = TurnedClock()
    batches = player_of([0, 0, 10, 20, 5 * MS], clock, precision="batch").batches()
    assert [len(batch) for batch in batches] == [2, 2, 1]


def test_spinning_hits_the_moment_within_a_tick():
    clock = TurnedClock(tick=100)
    player = player_of([0, 7 * MS, 14 * MS], clock, precision="spin")
    assert list(player) == [0, 1, 2]
    assert player.stats.late_max < 2000


def test_pause_stands_still_and_resume_goes_on_there():
    clock = TurnedClock()
    player = player_of([0, 100 * MS, 200 * MS], clock)
    played = iter(player)
    next(played)
    begun = clock.time

    def watch() -> None:
        if clock.time - begun >= 3 * SECOND:
            player.watch = None
            assert player.stats.is_paused
            player.resume()

    player.watch = watch
    player.pause()
    assert next(played) == 1
    waited = clock.time - begun
    assert 3 * SECOND + 80 * MS <= waited <= 3 * SECOND + 120 * MS


def test_step_plays_one_item_at_once_and_stands_still():
    clock = TurnedClock()
    player = player_of([0, SECOND, 2 * SECOND], clock).pause().step().step()
    played = player.batches()
    begun = clock.time
    assert next(played) == [0, 1]
    assert clock.time == begun
    assert player.stats.is_paused
    player.stop()
    assert list(played) == []


def test_change_of_speed_holds_from_then_on():
    clock = TurnedClock()
    player = player_of([0, 100 * MS, 200 * MS, 300 * MS], clock)
    played = iter(player)
    next(played)
    next(played)
    begun = clock.time
    player.speed = 4
    next(played)
    assert clock.time - begun == 25 * MS
    player.speed = math.inf
    next(played)
    assert clock.time - begun == 25 * MS
    with pytest.raises(ValueError, match="above 0"):
        player.speed = 0


def test_seek_goes_there_and_back():
    clock = TurnedClock()
    player = player_of([0, SECOND, 9 * SECOND], clock)
    played = iter(player)
    next(played)
    player.seek(8 * SECOND)
    begun = clock.time
    assert next(played) == 2
    assert clock.time - begun == SECOND
    player.seek(0)
    assert next(played) == 0
    assert clock.time - begun == SECOND


def test_items_without_a_time_come_at_once():
    assert moments([NO_TIME, SECOND, NO_TIME, 2 * SECOND]) == [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, SECOND),
    ]


def test_queues_and_callbacks_hear_everything_and_empty_comes_last():
    heard: list[int] = []
    found: queue.Queue[Any] = queue.Queue()
    player = player_of([0, MS, 2 * MS], TurnedClock()).to(found)
    player.on({}, heard.append)
    assert list(player) == [0, 1, 2]
    assert heard == [0, 1, 2]
    assert [found.get_nowait() for _ in range(4)] == [0, 1, 2, queue.Empty]


def test_listener_that_raises_is_logged_and_the_others_go_on(tmp_path, caplog):
    path = csv_file(tmp_path / "a.csv", 1, 1, 1)
    heard: list[Any] = []

    def broken(item: Any) -> None:
        raise RuntimeError("it broke")

    player = chronomux.play(path).on("name=a", broken).on("name=a", heard.append)
    player.run().join(30)
    assert len(heard) == 3
    assert player.stats.errors == 3
    assert "listener broken raised" in caplog.text


def test_stalled_listener_is_named_and_the_lag_is_caught_up():
    clock = TurnedClock()
    seen: list[Any] = []
    player = player_of([0, 100 * MS, 5 * SECOND], clock)

    class Stalling:
        def put(self, item: Any, timeout: float) -> None:
            seen.append(player.stats.waits_for)
            clock.time += 2 * SECOND if item == 0 else 0

    begun = clock.time
    list(player.to(Stalling()))
    assert set(seen) == {"queue 0"}
    assert clock.time - begun == 5 * SECOND
    assert player.stats.late_max == 1900 * MS


def test_stop_does_not_wait_for_a_full_queue(tmp_path):
    path = csv_file(tmp_path / "a.csv", 1, 1, 1)
    full: queue.Queue[Any] = queue.Queue(1)
    player = chronomux.play(path).to(full).run()
    first = full.get(timeout=30)
    assert first["name"] == "a"
    player.stop().join(30)
    assert player._thread is not None
    assert not player._thread.is_alive()


def test_stop_right_after_run_is_not_lost(tmp_path):
    path = csv_file(tmp_path / "a.csv", 1, 3_000)
    player = chronomux.play(path)
    for _ in range(20):
        player.run().stop().join(30)
        assert player.stats.events < 2


def test_full_queue_that_is_left_is_told_of(tmp_path, caplog):
    path = csv_file(tmp_path / "a.csv", 1, 1)
    full: queue.Queue[Any] = queue.Queue(1)
    player = chronomux.play(path).to(full).run()
    while player.stats.waits_for is None or not full.full():
        sleep(0.005)
    player.stop().join(30)
    assert "queue 0 stayed full, and has no Empty" in caplog.text


def test_what_came_before_an_error_is_handed_over_first():
    class Broken(Listed):
        def cues(self, start: int | None = None) -> Iterator[Cue]:
            yield from super().cues(start)
            raise OSError("gone")

    found: queue.Queue[Any] = queue.Queue()
    programme: Any = Broken([0, 0, 0])
    batches = Player(programme, clock=TurnedClock()).to(found).batches()
    assert next(batches) == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(batches)
    assert list(found.queue) == [0, 1, 2, queue.Empty]


def test_async_for_plays_too(tmp_path):
    path = csv_file(tmp_path / "a.csv", 1, 1.02)

    async def names() -> list[str]:
        return [item["name"] async for item in chronomux.play(path)]

    assert asyncio.run(names()) == ["a", "a"]


def test_truncated_file_ends_the_playing_with_its_name(tmp_path):
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap_header() + (pcap_record(b"1234", 1, 0) * 2)[:-2])
    player = chronomux.play(path, speed=math.inf).run()
    with pytest.raises(chronomux.ChronomuxError, match=r"cut\.pcap"):
        player.join(30)
    assert player.stats.events == 1


def test_stats_tell_of_events_and_speed():
    clock = TurnedClock()
    player = player_of([SECOND, 3 * SECOND], clock, speed=2.0)
    assert player.stats.data_time is None
    list(player)
    stats = player.stats
    assert (stats.events, stats.per_source, stats.passes) == (2, {"listed": 2}, 1)
    assert stats.data_time == 3 * SECOND
    assert stats.actual_speed == stats.asked_speed == 2.0
    assert stats.late_p99 == 0


@pytest.mark.parametrize(
    "options", [{"speed": 0}, {"speed": math.nan}, {"loop": -1}, {"precision": "best"}]
)
def test_wrong_options_are_refused(options, tmp_path):
    with pytest.raises(ValueError, match=r"is|must"):
        chronomux.play(csv_file(tmp_path / "a.csv", 1), **options)
    with pytest.raises(ValueError, match="nothing to play"):
        chronomux.play()


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_percentile_of_lateness_is_right_within_an_eighth(values):
    late = Lateness()
    for value in values:
        late.add(value)
    for percent in (50, 99, 100):
        rank = math.ceil(len(values) * percent / 100)
        exact = sorted(values)[rank - 1]
        assert exact <= late.percentile(percent) <= exact * 9 / 8


@given(st.sampled_from([0.1, 1.0, 3.0, math.inf]), st.lists(st.integers(1, 10**12)))
def test_pace_never_goes_back_whatever_is_commanded(speed, steps):
    commands: list[Callable[[Pace, int], Pace]] = [
        lambda pace, now: pace.with_speed(speed, now),
        Pace.paused,
        Pace.resumed,
    ]
    pace, now, place = Pace(0, 0), 0, 0
    for step in steps:
        now += step
        pace = commands[step % 3](pace, now)
        assert pace.at(now) >= place
        place = pace.at(now)
