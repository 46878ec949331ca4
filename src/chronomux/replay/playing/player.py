"""`chronomux.play`: captures played on time to many listeners."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chronomux.event import Condition
from chronomux.readers.sources import FileLike
from chronomux.replay.opening import Capture, Moment
from chronomux.replay.playing.audience import Audience
from chronomux.replay.playing.line import Line
from chronomux.replay.playing.pace import Clock, Lateness, MonotonicClock, Pace
from chronomux.replay.playing.programme import Cue, Programme, as_one
from chronomux.replay.span import as_duration

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PlayStats", "Player", "Precision", "play"]

logger = logging.getLogger("chronomux")

Precision = Literal["sleep", "spin", "batch"]

SLICE = 20_000_000  # ns between two looks for commands and signals
SPIN = 200_000  # ns before an item is due at which the sleep ends
QUANTUM = 200_000  # ns that are slept over at a time with 'batch'
LAG = 10_000_000  # ns behind at which catch_up=False gives up
BATCH = 1024  # items, between two looks for commands


class PlayStats(NamedTuple):
    """How the playing goes. Lateness is in ns; `data_time` in ns since 1970."""

    events: int
    per_source: dict[str, int]
    late_p50: int
    late_p99: int
    late_max: int
    data_time: int | None
    asked_speed: float
    actual_speed: float
    waits_for: str | None
    errors: int
    passes: int
    is_paused: bool


def play(
    *captures: Capture | FileLike,
    speed: float = 1.0,
    start: Moment = None,
    end: Moment = None,
    loop: int = 1,
    max_gap: str | int | None = None,
    where: str | None = None,
    exclude: str | None = None,
    offsets: Mapping[str, str | int] | None = None,
    precision: Precision = "sleep",
    catch_up: bool = True,
) -> Player:
    """Play captures, paths or opened ones, as one stream at the pace of its times.

    speed: 2.0 is twice as fast as recorded, math.inf as fast as it goes.
    start, end: as in `Capture.between`, of the times as recorded.
    loop: so many passes, 0 for ever; a pass begins when the one before has ended.
    max_gap: a longer silence is shortened to it: text like '0.5s', or int ns.
    where, exclude: conditions in SCL, see `scl_condition`.
    offsets: source name -> how much later its items come, text or int ns.
    precision: 'sleep' to the moment, 'spin' for the last 200 us, or 'batch' to wake at
        most every 200 us and deliver what is due.
    catch_up: what is overdue comes at once; with False the schedule is put off instead.

    Items without a time, and those older than one before, come as soon as they can.
    Raises what `chronomux.open` raises, and ValueError for wrong options.
    """
    programme = Programme(as_one(captures), start, end, where, exclude, offsets)
    return Player(
        programme,
        speed=speed,
        loop=loop,
        max_gap=None if max_gap is None else as_duration(max_gap),
        precision=precision,
        catch_up=catch_up,
    )


class Player:
    """Plays a programme: for `for`, `async for`, queues and callbacks.

    Commands may come from any thread, and are obeyed before the next item. Whoever
    iterates is the one who plays; `run()` plays in a thread. One slow listener slows
    all of them together, and `stats` names it.
    """

    def __init__(
        self,
        programme: Programme,
        *,
        speed: float = 1.0,
        loop: int = 1,
        max_gap: int | None = None,
        precision: Precision = "sleep",
        catch_up: bool = True,
        clock: Clock | None = None,
        watch: Callable[[], object] | None = None,
    ) -> None:
        if precision not in ("sleep", "spin", "batch"):
            raise ValueError(f"precision {precision!r} is not 'sleep', 'spin', 'batch'")
        if isinstance(loop, bool) or not isinstance(loop, int) or loop < 0:
            raise ValueError(f"loop {loop!r} is no number of passes; 0 is for ever")
        if max_gap is not None and max_gap < 0:
            raise ValueError(f"max_gap {max_gap} ns is below 0")
        self.watch = watch
        self._programme = programme
        self._loop, self._max_gap = loop, max_gap
        self._precision, self._catch_up = precision, catch_up
        self._clock = clock or MonotonicClock()
        self._pace = Pace(0, self._clock.now()).with_speed(speed, self._clock.now())
        self._speed = speed
        self._commands: deque[Callable[[], None]] = deque()
        self._audience = Audience()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._is_stopped = self._is_playing = False
        self._steps = 0
        self._reset()

    def _reset(self) -> None:
        """A new performance: nothing played, and no anchor yet."""
        self._cues: Iterator[Cue] | None = None
        self._head: Cue | None = None
        self._line = Line(self._max_gap)
        self._is_empty_pass = False
        self._passes = 0
        self._error: Exception | None = None  # to be raised behind what was gathered
        self._per_source: Counter[str] = Counter()
        self._late = Lateness()

    @property
    def speed(self) -> float:
        """How fast it is to go: 1.0 is as recorded; may be set at any time."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        Pace(0, 0).with_speed(speed, 0)  # refuses what is no speed here, not there
        self._speed = speed
        self._commands.append(
            lambda: self._change(self._pace.with_speed(speed, self._now()))
        )

    def pause(self) -> Self:
        """Stand still from now on; before the playing, begin so."""
        self._commands.append(self._pause)
        return self

    def resume(self) -> Self:
        """Go on where it stands."""
        self._commands.append(lambda: self._change(self._pace.resumed(self._now())))
        return self

    def step(self) -> Self:
        """Play one more item at once, and stand still."""
        self._commands.append(self._step)
        return self

    def seek(self, moment: Moment) -> Self:
        """Go on at that time of the data, see `Capture.between`; None is the beginning.

        The time shown by `stats` jumps there; an item after it keeps its distance.
        """
        self._commands.append(lambda: self._seek(moment))
        return self

    def stop(self) -> Self:
        """End the playing; queues get their `Empty`, but for one that stays full."""
        self._is_stopped = True
        self._audience.is_left = True
        return self

    def to(self, queue: Any) -> Self:
        """Put every item on `queue` too, and `Empty`, the class, after the last."""
        self._audience.add_queue(queue)
        return self

    def on(
        self,
        condition: Condition | Mapping[str, Any] | str,
        callback: Callable[[Any], object],
    ) -> Self:
        """Call `callback(item)` for each item of which the condition (or SCL) holds.

        Fields of CSV are texts there. A callback that raises is logged and counted, and
        the playing goes on.
        """
        self._audience.add_listener(condition, callback)
        return self

    def run(self) -> Self:
        """Play in a thread; `join` waits for its end."""
        if self._thread is None or not self._thread.is_alive():
            self._failure = None
            self._open()
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of `run`, and raise what ended it, if it was an error."""
        if self._thread is not None:
            self._thread.join(timeout)
        if self._failure is not None:
            raise self._failure

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.batches(1))

    def batches(self, most: int = BATCH) -> Iterator[list[Any]]:
        """What is due, as lists of up to `most` items."""
        self._open()
        return self._batches(most)

    def __aiter__(self) -> AsyncIterator[Any]:
        """The items, for `async for`; the loop sleeps, whatever `precision` says.

        A queue that is full and a callback hold the loop up.
        """
        self._open()
        return self._items()

    def _batches(self, most: int) -> Iterator[list[Any]]:
        with self._playing():
            while (found := self._turn(most)) is not None:
                if isinstance(found, int):
                    self._rest(found)
                else:
                    yield found

    async def _items(self) -> AsyncIterator[Any]:
        with self._playing():
            while (found := self._turn(1)) is not None:
                if isinstance(found, int):
                    await asyncio.sleep(min(found, SLICE) / 1e9)
                else:
                    yield found[0]

    @property
    def stats(self) -> PlayStats:
        """How it goes now; the actual speed is that since the last command."""
        now, pace, line = self._now(), self._pace, self._line.at
        passed = now - pace.since
        reached = pace.line if line is None else max(min(line, pace.at(now)), pace.line)
        if not pace.denominator and line is not None:
            reached = line
        return PlayStats(
            events=sum(self._per_source.copy().values()),
            per_source=dict(self._per_source.copy()),
            late_p50=self._late.percentile(50),
            late_p99=self._late.percentile(99),
            late_max=self._late.most,
            data_time=self._line.data_time(reached),
            asked_speed=self._speed,
            actual_speed=(reached - pace.line) / passed if passed > 0 else 0.0,
            waits_for=self._audience.waits_for,
            errors=self._audience.errors,
            passes=self._passes,
            is_paused=pace.is_paused,
        )

    def _run(self) -> None:
        try:
            for _ in self._batches(BATCH):
                pass
        except BaseException as error:
            self._failure = error
            logger.error("playing ended: %s", error)

    def _open(self) -> None:
        """Whoever starts a playing may stop it from now on."""
        self._is_stopped = self._audience.is_left = False

    @contextmanager
    def _playing(self) -> Iterator[None]:
        if self._is_playing:
            raise RuntimeError("it is being played already; make another player")
        self._reset()
        self._audience.errors = 0
        self._is_playing = True
        try:
            self._cues = self._programme.cues()
            yield
        except BaseException:
            self._audience.is_left = True  # so that no full queue is waited for
            raise
        finally:
            self._is_playing = False
            self._audience.end()

    def _turn(self, most: int) -> list[Any] | int | None:
        """Items that are due and were delivered, or ns to wait, or None at the end."""
        while self._commands:
            self._commands.popleft()()
        if self.watch is not None:
            self.watch()
        batch: list[Any] = []
        now = self._now()
        while not self._is_stopped and len(batch) < most:
            if self._head is None and not self._fetched(bool(batch)):
                return batch or None
            wait = self._wait(now)
            if wait > 0 and not batch:
                now = self._now()  # the first look at an item may have taken long
                wait = self._wait(now)
            if wait > 0:
                return batch or wait
            batch.append(self._deliver())
        return batch or None

    def _wait(self, now: int) -> int:
        """ns until the head is due; a step is due at once, and all else not now."""
        if self._steps:
            return 0
        if self._pace.is_paused:
            return SLICE
        assert self._line.at is not None
        return self._pace.due(self._line.at) - now

    def _fetched(self, is_late: bool) -> bool:
        """Whether there is a head. What is raised behind items waits for its turn."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        try:
            return self._fetch(self._now())
        except Exception as error:
            if not is_late:
                raise
            self._error = error
            return False

    def _fetch(self, now: int) -> bool:
        """Make the next cue the head, in this pass or another; False at the end."""
        assert self._cues is not None
        while (cue := next(self._cues, None)) is None:
            self._passes += 1
            if self._is_empty_pass or self._passes == self._loop:
                self._is_stopped = True  # what was gathered may be handed over first
                return False
            self._cues = self._programme.cues()
            self._line.joins = self._is_empty_pass = True
        self._is_empty_pass = False
        self._head = cue
        if self._line.place(cue.time, self._pace.line):
            self._pace = self._pace.anchored(cue.time, now)
        return True

    def _deliver(self) -> Any:
        cue, now, place = self._head, self._now(), self._line.at
        assert cue is not None
        assert place is not None
        if self._steps:
            self._steps -= 1
            self._pace = self._pace.anchored(place, now)
        late = max(now - self._pace.due(place), 0) if self._pace.denominator else 0
        if late > LAG and not self._catch_up:
            self._pace = self._pace.anchored(place, now)
        self._late.add(late)
        self._per_source[cue.source] += 1
        self._head = None
        self._audience.tell(cue.item)
        return cue.item

    def _rest(self, wait: int) -> None:
        """Sleep, but not so long that a signal or a command would wait."""
        if self._precision == "batch":
            wait += QUANTUM
        elif self._precision == "spin" and not self._pace.is_paused:
            if wait <= SPIN:
                end = self._now() + wait
                while self._now() < end:
                    pass
                return
            wait -= SPIN
        self._clock.sleep(min(wait, SLICE))

    def _now(self) -> int:
        return self._clock.now()

    def _change(self, pace: Pace) -> None:
        """A new pace; at no limit of speed the line stands where the last item was."""
        if not self._pace.denominator and self._line.at is not None:
            pace = pace._replace(line=self._line.at)
        self._pace = pace

    def _pause(self) -> None:
        self._change(self._pace.paused(self._now()))

    def _step(self) -> None:
        if not self._pace.is_paused:
            self._pause()
        self._steps += 1

    def _seek(self, moment: Moment) -> None:
        self._cues, self._head = self._programme.cues(moment), None
        self._line.begin_again()
        if moment is not None:
            at = self._programme.moment(moment)
            self._line.go_to(at)
            self._pace = self._pace.anchored(at, self._now())
