"""A queue goes to other processes by every road, and is one object in each."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from chronomux import MultiProcessing
from chronomux.queue import IterableQueue, Queue
from tests.queues import drain, eventually, fill, receive

# Where a feeder is a thread, Python warns of any fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

METHODS = ["fork", "spawn", "forkserver"]


def echo(source, target):
    for item in IterableQueue(source):
        target.put(item)
    target.put(Queue.Empty)


@pytest.mark.parametrize("method", METHODS)
def test_a_queue_travels_to_a_process(method):
    context = multiprocessing.get_context(method)
    source, target = Queue(), Queue()
    process = context.Process(target=echo, args=(source, target))
    process.start()
    items = ["a", {"b": 1}, bytes(100_000)] * 20
    fill(source, items)
    assert drain(target, 30) == items
    process.join(20)
    assert process.exitcode == 0


def put_three(shared, me):
    shared.put_many([(me, number) for number in range(3)])
    return os.getpid()


@pytest.mark.parametrize("method", METHODS)
def test_a_queue_is_an_argument_of_a_pools_tasks(method):
    shared = Queue()
    with multiprocessing.get_context(method).Pool(2) as pool:
        pids = pool.starmap(put_three, [(shared, me) for me in range(10)])
        got = receive(shared, 30, 30)
    assert os.getpid() not in pids
    assert sorted(got) == [(me, number) for me in range(10) for number in range(3)]


def test_a_queue_is_an_argument_of_a_process_pools_tasks():
    shared = Queue()
    pool = MultiProcessing().ProcessPool(2)
    pids = pool.map(put_three, [shared] * 10, range(10))
    assert os.getpid() not in pids
    got = receive(shared, 30, 30)
    assert sorted(got) == [(me, number) for me in range(10) for number in range(3)]


def put_then_end(shared):
    for number in range(2000):
        shared.put(number)
    shared.put(bytes(100_000))


def test_a_process_pools_worker_sends_all_before_it_ends():
    shared = Queue(ring_bytes=1 << 14)
    MultiProcessing().ProcessPool(1).map(put_then_end, [shared])
    assert receive(shared, 2001, 30) == [*range(2000), bytes(100_000)]


def make_a_queue(number):
    made = Queue()
    made.put(number)
    return made


def test_a_pools_task_may_return_a_queue():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        made = pool.map(make_a_queue, [1, 2])
        assert [shared.get(timeout=20) for shared in made] == [1, 2]


@pytest.mark.parametrize("make", [Queue, multiprocessing.Queue])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_queue_travels_through_a_queue(method, make):
    if make is multiprocessing.Queue:
        make = multiprocessing.get_context(method).Queue
    carrier, answers = make(), Queue()
    process = multiprocessing.get_context(method).Process(
        target=answer, args=(carrier, answers)
    )
    process.start()
    try:
        sent = [Queue(), Queue()]
        for number, shared in enumerate(sent):
            shared.put(number)
            carrier.put(shared)
        assert receive(answers, 2, 30) == [0, 1]
        carrier.put([sent[0], sent[0], sent])
        assert receive(answers, 1, 30) == ["all the same"]
    finally:
        carrier.put(None)
        process.join(20)
    assert process.exitcode == 0


def answer(carrier, answers):
    known = [carrier.get(timeout=20) for _ in range(2)]
    answers.put_many([shared.get(timeout=20) for shared in known])
    first, again, both = carrier.get(timeout=20)
    same = first is again is known[0] and both[1] is known[1]
    answers.put("all the same" if same else "others")
    carrier.get(timeout=20)


def test_a_queue_that_comes_back_is_the_one_that_went():
    carrier, shared = Queue(), Queue(3)
    carrier.put(shared)
    assert carrier.get(timeout=20) is shared


def test_queues_that_travel_leave_no_descriptor_behind():
    carrier = Queue()
    shared = [Queue() for _ in range(5)]

    def send_all():
        for sent in shared:
            carrier.put(sent)
            assert carrier.get(timeout=20) is sent

    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc/self/fd")
    send_all()
    before = descriptors()
    for _ in range(5):
        send_all()
    eventually(lambda: descriptors() <= before)


def take_four(shared, results):
    for _ in range(4):
        shared.get(timeout=20)
    results.put("taken")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_bound_holds_for_all_processes_together(method):
    context = multiprocessing.get_context(method)
    shared, results = Queue(5), Queue()
    putters = [
        context.Process(target=fill, args=(shared, range(4), False)) for _ in range(2)
    ]
    for process in putters:
        process.start()
    eventually(shared.full)
    with pytest.raises(Queue.Full):
        shared.put(1, timeout=0.05)
    assert shared.qsize() == 5
    taker = context.Process(target=take_four, args=(shared, results))
    taker.start()
    assert results.get(timeout=30) == "taken"
    for process in [*putters, taker]:
        process.join(20)
        assert process.exitcode == 0
    assert shared.qsize() == 4
    shared.put_nowait(1)
    with pytest.raises(Queue.Full):
        shared.put_nowait(2)
