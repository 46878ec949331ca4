"""Waits that signals interrupt."""

from __future__ import annotations

import signal
import threading

from chronomux.util import MultiProcessing
from chronomux.util.bell import Bell


class Alarm(Exception):
    pass


def test_a_ring_wakes_one_wait_before_or_after_it() -> None:
    bell = Bell()
    assert not bell.wait(0.01)
    bell.ring()
    bell.ring()
    assert bell.wait(0)
    assert not bell.wait(0)
    threading.Timer(0.05, bell.ring).start()
    assert bell.wait(20)


def test_an_exception_of_a_signal_handler_is_never_replaced_by_another() -> None:
    """Alarms hit the wait at its every step; a Condition raises RuntimeError here."""

    def raise_alarm(*_: object) -> None:
        raise Alarm

    pool = MultiProcessing().ThreadPool(1)
    over = threading.Event()
    result = pool.apipe(over.wait, 60)
    before = signal.signal(signal.SIGALRM, raise_alarm)
    alarms = 0
    try:
        for attempt in range(2000):
            try:
                signal.setitimer(signal.ITIMER_REAL, (1 + attempt % 200) / 1e6)
                result.wait(0.001)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Alarm:
                alarms += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        over.set()
    assert alarms > 100
    assert result.get() is True
    pool.terminate()
