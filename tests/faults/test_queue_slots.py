"""A queue knows the processes that put on it: those that died give way to others."""

from __future__ import annotations

import errno
import os

import pytest

from chronomux._core.ring import MOST_PRODUCERS, Ring
from chronomux.queue import Queue, process_life
from chronomux.queue.process_life import has_ended, started
from tests.faults.queue_peers import start


def alive(pid: int, began: int) -> bool:
    return False


def test_places_of_the_dead_are_used_again() -> None:
    shared = Queue()
    ring: Ring = shared._ring
    taken = {ring.attach(pid, 1, alive) for pid in range(1, MOST_PRODUCERS + 1)}
    assert taken == set(range(MOST_PRODUCERS))
    with pytest.raises(OSError, match="put on this queue already") as caught:
        ring.attach(5000, 1, alive)
    assert caught.value.errno == errno.EAGAIN
    dead = {3, 500, 1000}
    reused = [
        ring.attach(6000 + i, 2, lambda pid, began: pid in dead) for i in range(3)
    ]
    assert reused == [2, 499, 999]
    assert len(ring.producers()) == MOST_PRODUCERS


def test_a_process_that_got_the_number_of_a_dead_one_is_another() -> None:
    me = os.getpid()
    ring = Queue()._ring
    assert not has_ended(me, started(me))
    assert has_ended(me, started(me) + 1)
    ring.attach(me, started(me) + 1, has_ended)
    assert ring.attach(me, started(me), has_ended) == 0
    assert ring.producers() == [(me, started(me), 0)]


def test_more_processes_than_places_come_and_go() -> None:
    """All but a few of them without leave."""

    def put_and_go(shared: Queue, number: int) -> None:
        shared.put(number)
        shared.flush()
        if number % 10:
            os._exit(0)

    shared = Queue()
    for pid in range(1, MOST_PRODUCERS - 1):  # processes that cannot be asked
        shared._ring.attach(pid, 1, alive)
    for number in range(40):
        start(put_and_go, shared, number).process.join(20)
        assert shared.get(timeout=5) == number
    assert shared.qsize() == 0


def test_a_zombie_is_dead() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert has_ended(child, started(child))
    os.waitpid(child, 0)
    assert has_ended(child, 0)


def test_a_process_that_may_not_be_looked_at_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another user's, where /proc shows each his own only."""

    def forbidden(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    monkeypatch.setattr(process_life, "_stat", lambda pid: [])
    assert not has_ended(os.getpid(), 12345)
