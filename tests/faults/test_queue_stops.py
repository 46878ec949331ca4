"""A process that is stopped delays the others at most; it spoils nothing."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.faults.queue_peers import Shooting, large, small

KINDS: dict[str, dict[str, Any]] = {
    "small items": {"make": small},
    "items beyond the ring": {"make": large, "ring_bytes": 1 << 16},
    "small ring": {"make": small, "ring_bytes": 1 << 12},
    "bounded": {"make": small, "maxsize": 5},
}


def stops(seed: int, count: int, **options: Any) -> None:
    with Shooting(seed, **options) as shooting:
        for every in (1, 7):
            shooting.producer(every)
            shooting.consumer(every)
        for _ in range(count):
            shooting.assert_progress()
            victims = shooting.random.sample(shooting.living(), 2)
            for peer in victims:
                shooting.pause()
                peer.signal(signal.SIGSTOP)
            time.sleep(0.02)
            for peer in victims:
                peer.signal(signal.SIGCONT)
            shooting.assert_progress()
        shooting.finish()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_delays_and_spoils_nothing(kind: str) -> None:
    stops(len(kind), 5, **KINDS[kind])


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_500_stops_delay_and_spoil_nothing(kind: str, seed: int) -> None:
    stops(seed, 13, **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_the_others_go_on_when_one_is_killed_that_was_stopped(kind: str) -> None:
    """Among the many instants of the stop are those when it holds a lock."""
    with Shooting(3, **KINDS[kind]) as shooting:
        shooting.producer()
        shooting.consumer()
        for i in range(6):
            victim = shooting.producer() if i % 2 else shooting.consumer()
            shooting.assert_progress()
            victim.signal(signal.SIGSTOP)
            time.sleep(0.01)
            shooting.shoot(victim)
            shooting.assert_progress()
        shooting.finish()
