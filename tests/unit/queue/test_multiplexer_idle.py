"""An idle multiplexer costs next to nothing: CPU time, not wall time."""

from __future__ import annotations

import sys
import time
from queue import Queue

import pytest

from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import KINDS, fill, maker

SECONDS = 2.0
SHARE = 0.01


def waiting_for_two(make):
    multiplexer = QueueMultiplexer()
    for _ in range(2):
        multiplexer.input_queue(make())
    multiplexer.output_queue(Queue())
    return multiplexer


def waiting_for_one(make):
    multiplexer = SortedQueueMultiplexer()
    multiplexer.input_queue(make())
    multiplexer.input_queue(fill(Queue(), [1]))
    multiplexer.output_queue(Queue())
    return multiplexer


def waiting_for_room(make):
    multiplexer = SortedQueueMultiplexer()
    multiplexer.input_queue(fill(Queue(), range(9)))
    output = Queue(2) if make.__name__ == "SimpleQueue" else make(2)
    multiplexer.output_queue(output)
    return multiplexer


def with_silence_set_aside(make):
    multiplexer = SortedQueueMultiplexer(idle_timeout=0.01)
    for _ in range(2):
        multiplexer.input_queue(make())
    multiplexer.output_queue(Queue())
    return multiplexer


def shares_of(idle):
    """The share of a core that each merging thread uses, and the process for each."""
    clocks = {
        kind: time.pthread_getcpuclockid(multiplexer._thread.ident)
        for kind, multiplexer in idle.items()
    }
    whole = time.process_time()
    before = {kind: time.clock_gettime(clock) for kind, clock in clocks.items()}
    time.sleep(SECONDS)
    shares = {
        kind: (time.clock_gettime(clock) - before[kind]) / SECONDS
        for kind, clock in clocks.items()
    }
    # The waiting threads of some ports are in this one.
    shares["process"] = (time.process_time() - whole) / SECONDS / len(idle)
    return shares


@pytest.mark.skipif(sys.platform == "darwin", reason="threads have no CPU clock")
@pytest.mark.parametrize(
    "wait", [waiting_for_two, waiting_for_one, waiting_for_room, with_silence_set_aside]
)
def test_an_idle_multiplexer_uses_under_one_percent_of_a_core(wait, manager):
    idle = {kind: wait(maker(kind, manager)).run() for kind in KINDS}
    try:
        time.sleep(0.3)
        shares = shares_of(idle)
        for _ in range(5):  # a busy machine makes waking up dearer, at times
            if max(shares.values()) < SHARE:
                break
            again = shares_of(idle)
            shares = {kind: min(share, again[kind]) for kind, share in shares.items()}
    finally:
        for multiplexer in idle.values():
            multiplexer.stop()
    greedy = {kind: f"{share:.2%}" for kind, share in shares.items() if share >= SHARE}
    assert not greedy, "of a core"


class DeadQueue(Queue):
    """Has nothing at once, and raises when it is waited for."""

    def get(self, block=True, timeout=None):
        if block:
            raise ConnectionResetError("gone")
        return super().get(block, timeout)


@pytest.mark.skipif(sys.platform == "darwin", reason="threads have no CPU clock")
def test_waiting_for_dead_inputs_to_come_back_costs_as_little():
    idle = {}
    for kind in (QueueMultiplexer, SortedQueueMultiplexer):
        for inputs in (1, 2):
            multiplexer = kind(on_dead_input="wait")
            for _ in range(inputs):
                multiplexer.input_queue(DeadQueue())
            multiplexer.output_queue(Queue())
            idle[f"{kind.__name__}, {inputs}"] = multiplexer.run()
    try:
        time.sleep(0.3)
        shares = shares_of(idle)
    finally:
        for multiplexer in idle.values():
            multiplexer.stop()
    assert max(shares.values()) < 2 * SHARE, shares
