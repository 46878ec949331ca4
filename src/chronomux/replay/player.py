"""`chronomux.play`: captures played on time to many listeners."""

from __future__ import annotations

import asyncio
import logging
import queue as queues
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chronomux.event import Condition
from chronomux.readers.sources import FileLike
from chronomux.replay.opening import NO_TIME, Capture, Moment
from chronomux.replay.pace import Clock, Lateness, MonotonicClock, Pace
from chronomux.replay.programme import Cue, Programme, as_one
from chronomux.replay.scl import scl_condition
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
PUT_SECONDS = 0.1  # between two looks for commands while a queue is full


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
        self._queues: list[Any] = []
        self._listeners: list[tuple[Condition, Callable[[Any], object]]] = []
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._is_stopped = self._is_left = self._is_playing = False
        self._steps = 0
        self._waits_for: str | None = None
        self._reset()

    def _reset(self) -> None:
        """A new performance: nothing played, and no anchor yet."""
        self._cues: Iterator[Cue] | None = None
        self._head: Cue | None = None
        self._line: int | None = None  # of the head: never goes back
        self._shift = 0  # data time - line: gaps cut out, passes put behind each other
        self._joins = False  # the next item follows at once: a new pass
        self._is_anchored = self._is_empty_pass = False
        self._passes = self._errors = 0
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
        """End the playing; queues get their `Empty`."""
        self._is_stopped = self._is_left = True
        return self

    def to(self, queue: Any) -> Self:
        """Put every item on `queue` too, and `Empty`, the class, after the last."""
        if not hasattr(queue, "put"):
            raise TypeError(f"{queue!r} has no put")
        self._queues.append(queue)
        return self

    def on(
        self,
        condition: Condition | Mapping[str, Any] | str,
        callback: Callable[[Any], object],
    ) -> Self:
        """Call `callback(item)` for each item of which the condition (or SCL) holds.

        One that raises is logged and counted, and the playing goes on.
        """
        if isinstance(condition, str):
            condition = scl_condition(condition)
        elif not isinstance(condition, Condition):
            condition = Condition(condition)
        self._listeners.append((condition, callback))
        return self

    def run(self) -> Self:
        """Play in a thread; `join` waits for its end."""
        if self._thread is None or not self._thread.is_alive():
            self._failure = None
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
        for batch in self.batches(1):
            yield from batch

    def batches(self, most: int = BATCH) -> Iterator[list[Any]]:
        """What is due, as lists of up to `most` items."""
        self._begin()
        try:
            while (found := self._turn(most)) is not None:
                if isinstance(found, int):
                    self._rest(found)
                else:
                    yield found
        except BaseException:
            self._is_left = True  # so that no full queue is waited for
            raise
        finally:
            self._end()

    async def __aiter__(self) -> AsyncIterator[Any]:
        self._begin()
        try:
            while (found := self._turn(1)) is not None:
                if isinstance(found, int):
                    await asyncio.sleep(min(found, SLICE) / 1e9)
                else:
                    yield found[0]
        except BaseException:
            self._is_left = True
            raise
        finally:
            self._end()

    @property
    def stats(self) -> PlayStats:
        """How it goes now; the actual speed is that since the last command."""
        now, pace, line = self._now(), self._pace, self._line
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
            data_time=reached + self._shift if self._is_anchored else None,
            asked_speed=self._speed,
            actual_speed=(reached - pace.line) / passed if passed > 0 else 0.0,
            waits_for=self._waits_for,
            errors=self._errors,
            passes=self._passes,
            is_paused=pace.is_paused,
        )

    def _run(self) -> None:
        try:
            for _ in self.batches():
                pass
        except BaseException as error:
            self._failure = error
            logger.error("playing ended: %s", error)

    def _begin(self) -> None:
        if self._is_playing:
            raise RuntimeError("it is being played already; make another player")
        self._reset()
        self._is_playing = True
        self._is_stopped = self._is_left = False
        self._cues = self._programme.cues()

    def _end(self) -> None:
        self._is_playing = False
        for number, queue in enumerate(self._queues):
            self._put(number, queue, queues.Empty)

    def _turn(self, most: int) -> list[Any] | int | None:
        """Items that are due and were delivered, or ns to wait, or None at the end."""
        while self._commands:
            self._commands.popleft()()
        if self.watch is not None:
            self.watch()
        batch: list[Any] = []
        now = self._now()
        while not self._is_stopped and len(batch) < most:
            if self._head is None and not self._fetch(self._now()):
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
        assert self._line is not None
        return self._pace.due(self._line) - now

    def _fetch(self, now: int) -> bool:
        """Make the next cue the head, in this pass or another; False at the end."""
        assert self._cues is not None
        while (cue := next(self._cues, None)) is None:
            self._passes += 1
            if self._is_empty_pass or self._passes == self._loop:
                self._is_stopped = True  # what was gathered may be handed over first
                return False
            self._cues = self._programme.cues()
            self._joins = self._is_empty_pass = True
        self._is_empty_pass = False
        self._place(cue, now)
        return True

    def _place(self, cue: Cue, now: int) -> None:
        """Where the head stands on the line."""
        self._head = cue
        if cue.time == NO_TIME:
            if self._line is None:
                self._line = self._pace.line
        elif not self._is_anchored:
            self._is_anchored = True
            self._shift, self._line = 0, cue.time
            self._pace = self._pace.anchored(cue.time, now)
        else:
            self._follow(cue.time)

    def _follow(self, time: int) -> None:
        assert self._line is not None
        line = time - self._shift
        if self._joins:
            self._joins = False
            line = self._line
            self._shift = time - line
        elif self._max_gap is not None and line - self._line > self._max_gap:
            line = self._line + self._max_gap
            self._shift = time - line
        self._line = max(self._line, line)

    def _deliver(self) -> Any:
        cue, now = self._head, self._now()
        assert cue is not None
        assert self._line is not None
        if self._steps:
            self._steps -= 1
            self._pace = self._pace.anchored(self._line, now)
        late = max(now - self._pace.due(self._line), 0) if self._pace.denominator else 0
        if late > LAG and not self._catch_up:
            self._pace = self._pace.anchored(self._line, now)
        self._late.add(late)
        self._per_source[cue.source] += 1
        self._head = None
        for number, queue in enumerate(self._queues):
            self._put(number, queue, cue.item)
        if self._listeners:
            self._call(cue.item)
        return cue.item

    def _put(self, number: int, queue: Any, item: Any) -> None:
        """Wait as long as the queue is full, unless it is to be left."""
        self._waits_for = f"queue {number}"
        while True:
            try:
                queue.put(item, timeout=PUT_SECONDS)
                break
            except queues.Full:
                if self._is_left:
                    break
        self._waits_for = None

    def _call(self, item: Any) -> None:
        for condition, callback in self._listeners:
            if not condition.matches(item):
                continue
            name = getattr(callback, "__name__", repr(callback))
            self._waits_for = name
            try:
                callback(item)
            except Exception:
                self._errors += 1
                logger.exception("listener %s raised; the playing goes on", name)
            self._waits_for = None

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
        if not self._pace.denominator and self._line is not None:
            pace = pace._replace(line=self._line)
        self._pace = pace

    def _pause(self) -> None:
        self._change(self._pace.paused(self._now()))

    def _step(self) -> None:
        if not self._pace.is_paused:
            self._pause()
        self._steps += 1

    def _seek(self, moment: Moment) -> None:
        self._cues = self._programme.cues(moment)
        self._head, self._joins, self._is_anchored = None, False, False
        if moment is None:  # as at the beginning
            return
        at = self._programme.moment(moment)
        self._shift, self._line = 0, at
        self._is_anchored = True
        self._pace = self._pace.anchored(at, self._now())
