"""Processes that put on a queue or get from it are killed at any instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.queue_peers import Shooting, large, small

SHOTS = 5
KINDS: dict[str, dict[str, Any]] = {
    "small items": {"make": small},
    "large items": {"make": large},
    "items beyond the ring": {"make": large, "ring_bytes": 1 << 16},
    "small ring": {"make": small, "ring_bytes": 1 << 12},
    "bounded": {"make": small, "maxsize": 5},
    "bounded, beyond the ring": {"make": large, "maxsize": 5, "ring_bytes": 1 << 16},
}


def a_producer_of_two(seed: int, shots: int, **options: Any) -> None:
    with Shooting(seed, **options) as shooting:
        shooting.consumer(most=1 + seed % 2 * 15)
        shooting.producer(every=1 + seed % 3)
        for _ in range(shots):
            victim = shooting.producer(every=1 + shooting.random.randrange(20))
            shooting.assert_progress()
            shooting.pause()
            shooting.shoot(victim)
            shooting.assert_progress()
        shooting.finish()


def all_producers(seed: int, shots: int, **options: Any) -> None:
    with Shooting(seed, **options) as shooting:
        shooting.consumer(most=1 + seed % 2 * 15)
        for _ in range(0, shots, 2):
            victims = [shooting.producer(), shooting.producer(every=8)]
            shooting.assert_progress()
            shooting.pause()
            shooting.shoot(*victims)
        shooting.producer()
        shooting.assert_progress()
        shooting.finish()


def a_consumer_of_two(seed: int, shots: int, **options: Any) -> None:
    with Shooting(seed, **options) as shooting:
        shooting.producer(every=1 + seed % 3 * 10)
        shooting.producer()
        shooting.consumer()
        for _ in range(shots):
            victim = shooting.consumer(most=shooting.random.choice([1, 16]))
            shooting.assert_progress()
            shooting.pause()
            shooting.shoot(victim)
            shooting.assert_progress()
        shooting.finish()


def anyone(seed: int, shots: int, **options: Any) -> None:
    """Producers and consumers by turns, also before they have begun."""
    with Shooting(seed, **options) as shooting:
        shooting.producer()
        shooting.consumer()
        for _ in range(shots):
            start = shooting.random.choice([shooting.producer, shooting.consumer])
            victim = start(1 + shooting.random.randrange(16))
            shooting.pause(0.03)
            shooting.shoot(victim)
            shooting.assert_progress()
        shooting.finish()


SCENES = [a_producer_of_two, all_producers, a_consumer_of_two, anyone]
Scene = Callable[..., None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_others_go_on_and_nothing_is_lost(scene: Scene, kind: str) -> None:
    scene(len(kind), SHOTS, **KINDS[kind])


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_others_go_on_after_any_of_1000_kills(
    scene: Scene, kind: str, seed: int
) -> None:
    scene(100 + seed, 9, **KINDS[kind])
