"""What the order policies make of late records, against a loop over single records."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux.errors import DisorderError
from chronomux.replay.merging.capture import NO_TIME
from chronomux.replay.merging.order import Window, as_found, strict
from chronomux.replay.merging.pieces import chosen, joined, keys_of
from chronomux.replay.merging.spool import Spool
from chronomux.replay.reports import SourceReport
from chronomux.types import Frame

S = 10**9


class Record(NamedTuple):
    time: int
    row: bytes


class Recorded:
    """A capture that holds records already, in frames of the given sizes."""

    mark = ":"

    def __init__(self, records: list[Record], sizes: list[int]) -> None:
        self.name, self.number = "made.csv", 3
        self.report = SourceReport(self.name)
        self._records, self._sizes = records, sizes
        self._begin = self._end = 0

    def frames(self) -> Any:
        turn = 0
        while self._end < len(self._records):
            self._begin = self._end
            self._end += self._sizes[turn % len(self._sizes)]
            turn += 1
            part = self._records[self._begin : self._end]
            times = array("q", [record.time for record in part])
            # Not from 0 on, as in a frame that is a view of a larger buffer.
            sizes = [7, *(len(record.row) for record in part)]
            rows = b"before\n" + b"".join(record.row for record in part)
            offsets = array("q", accumulate(sizes))
            frame = Frame(times, offsets, memoryview(rows))
            yield frame, np.frombuffer(times, np.int64)

    def line(self, record: int) -> int:
        return 2 + self._begin + record


def records_of(times: list[int]) -> list[Record]:
    return [
        Record(time, f"{time},{number}{'.' * (abs(time) % 5)}\n".encode())
        for number, time in enumerate(times)
    ]


def rows_of(pieces: Any) -> list[bytes]:
    rows, last = [], NO_TIME
    for piece in pieces:
        keys = keys_of(piece).tolist()
        assert keys
        assert [last, *keys] == sorted([last, *keys]), "keys fall"
        last = keys[-1]
        offsets = piece.frame.offsets
        rows += [
            bytes(piece.frame.rows[offsets[i] : offsets[i + 1]])
            for i in range(piece.start, piece.stop)
        ]
    return rows


class Expected(NamedTuple):
    rows: list[bytes]
    late: int
    unfit: list[int]


def through_window(
    records: list[Record], width: int, room_bytes: int, late: str
) -> Expected:
    """Record by record, as the docstring of Window has it."""
    latest, at_room = NO_TIME, [NO_TIME]
    position = count = 0
    placed, unfit = [], []
    for number, (time, row) in enumerate(records):
        while len(at_room) <= position // room_bytes:
            at_room.append(latest)
        position += len(row)
        key = latest if time == NO_TIME else time
        count += key < latest
        # at_room[i]: the latest when room i began.
        bound = max(latest - width, at_room[-2] if len(at_room) > 1 else NO_TIME)
        if key < min(bound, latest):
            unfit.append(number)
            key = bound
        if number not in unfit or late == "emit":
            placed.append((key, number, row))
        latest = max(latest, key)
    return Expected([row for _, _, row in sorted(placed)], count, unfit)


times = st.lists(st.integers(0, 40) | st.just(NO_TIME), max_size=40)
frame_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=3)


@given(
    times,
    frame_sizes,
    st.integers(0, 30),
    st.sampled_from([1, 7, 30, 90, 10_000]),
    st.sampled_from(["drop", "emit"]),
)
def test_the_window_is_that_of_a_loop_however_frames_are_cut(
    given_times, sizes, width, room_bytes, late
):
    records = records_of(given_times)
    capture = Recorded(records, sizes)
    rows = rows_of(Window(capture, width, late, room_bytes))
    expected = through_window(records, width, room_bytes, late)
    report = capture.report
    assert rows == expected.rows
    assert report.late == expected.late
    assert report.records == len(records)
    counted = (report.dropped, report.emitted)
    unfit = len(expected.unfit)
    assert counted == ((unfit, 0) if late == "drop" else (0, unfit))


@given(times, frame_sizes, st.integers(0, 30), st.sampled_from([7, 90, 10_000]))
def test_what_the_window_does_not_reach_is_an_error_with_its_line(
    given_times, sizes, width, room_bytes
):
    records = records_of(given_times)
    expected = through_window(records, width, room_bytes, "emit")
    pieces = Window(Recorded(records, sizes), width, "raise", room_bytes)
    if not expected.unfit:
        assert rows_of(pieces) == expected.rows
        return
    with pytest.raises(DisorderError) as caught:
        rows_of(pieces)
    first = expected.unfit[0]
    assert str(caught.value).startswith(f"made.csv:{first + 2}: time 1970-01-01T")
    assert (caught.value.input, caught.value.position) == (3, first)


def test_the_window_holds_two_rooms_at_most_whatever_the_times():
    records = records_of([5] * 3000)
    size = len(records[0].row)
    capture = Recorded(records, [10])
    window = Window(capture, 10 * S, "raise", 50 * size)
    held = [sum(piece.stop - piece.start for piece in window._pending) for _ in window]
    assert max(held) <= 110


@given(times, frame_sizes)
def test_strict_names_the_first_late_record(given_times, sizes):
    records = records_of(given_times)
    known = [time for time in given_times if time != NO_TIME]
    capture = Recorded(records, sizes)
    if known == sorted(known):
        assert rows_of(strict(capture)) == [record.row for record in records]
        return
    latest, first = NO_TIME, None
    for number, time in enumerate(given_times):
        if time != NO_TIME and time < latest and first is None:
            first = number
        latest = max(latest, time)
    with pytest.raises(DisorderError) as caught:
        rows_of(strict(capture))
    assert caught.value.position == first
    assert str(caught.value).startswith(f"made.csv:{first + 2}: ")


@given(times, frame_sizes, st.integers(1, 400), st.integers(1, 100))
def test_runs_on_disk_hold_every_record_in_order(
    given_times, sizes, run_bytes, block_bytes
):
    from chronomux.replay.merging import spool as module

    records = records_of(given_times)
    with pytest.MonkeyPatch.context() as patch, Spool() as spool:
        patch.setattr(module, "RUN_BYTES", run_bytes)
        patch.setattr(module, "BLOCK_BYTES", block_bytes)
        runs = spool.runs(as_found(Recorded(records, sizes)))
        keyed = []
        for number, run in enumerate(runs):
            rows = rows_of(run.pieces())
            keys = np.concatenate([keys_of(piece) for piece in run.pieces()])
            keyed += [(key, number, row) for key, row in zip(keys, rows, strict=True)]
    keyed.sort(key=lambda item: item[:2])
    latest, expected = NO_TIME, []
    for time, row in records:
        latest = max(latest, time)
        expected.append((latest if time == NO_TIME else time, row))
    expected.sort(key=lambda item: item[0])
    assert [row for _, _, row in keyed] == [row for _, row in expected]
    if given_times == sorted(given_times):
        assert len(runs) <= 1


def test_all_is_reported_as_found():
    capture = Recorded(records_of([5, 9, NO_TIME, 3, 8, 12]), [4])
    assert len(rows_of_any(as_found(capture))) == 6
    report = capture.report
    assert (report.late, report.first_late, report.largest_step_back) == (2, 5, 6)
    assert (report.first, report.last, report.records) == (3, 12, 6)


def rows_of_any(pieces: Any) -> list[bytes]:
    return [
        row
        for piece in pieces
        for row in rows_of(
            [
                joined([piece])._replace(
                    keys=np.zeros(piece.stop - piece.start, np.int64)
                )
            ]
        )
    ]


@pytest.mark.parametrize("order", [[-1], [2], [0, 5]])
def test_records_that_are_not_there_are_refused(order):
    piece = next(as_found(Recorded(records_of([1, 2]), [2])))
    with pytest.raises((ValueError, IndexError)):
        chosen(piece, np.array(order, np.int64))
