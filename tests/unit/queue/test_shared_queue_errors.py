"""Items that cannot be sent or read, and items that use the queue they are put on."""

from __future__ import annotations

import queue
import threading

import pytest

from chronomux.queue import Queue
from tests.queues import fill


class Unsendable:
    def __reduce__(self):
        raise ZeroDivisionError("cannot be sent")


class Unreadable:
    def __reduce__(self):
        return int, ("no number",)


@pytest.mark.parametrize("item", [Unsendable(), [Unsendable()], {"a": Unsendable()}])
def test_an_item_that_cannot_be_sent_leaves_the_queue_as_it_was(item):
    shared = Queue(5)
    shared.put(1)
    with pytest.raises(ZeroDivisionError, match="cannot be sent"):
        shared.put(item)
    assert shared.qsize() == 1
    with pytest.raises(ZeroDivisionError):
        shared.put_many([2, item, 3])
    fill(shared, [4, 5, 6], end=False)
    assert shared.full()
    assert [shared.get() for _ in range(5)] == [1, 2, 4, 5, 6]


def test_what_put_many_drew_before_its_iterable_raised_is_put():
    def numbers():
        yield from range(300)
        raise KeyError("no more")

    shared = Queue()
    with pytest.raises(KeyError):
        shared.put_many(numbers())
    assert [shared.get() for _ in range(300)] == list(range(300))
    with pytest.raises(ValueError, match="shorter"):
        shared.put_many(range(3), keys=[1, 2])
    assert [shared.get(), shared.get()] == [0, 1]
    assert shared.empty()


def test_put_many_has_put_what_fitted_when_it_raises_full():
    bounded = Queue(3)
    with pytest.raises(queue.Full):
        bounded.put_many(range(5), timeout=0.01)
    assert [bounded.get() for _ in range(3)] == [0, 1, 2]
    assert bounded.empty()


def test_an_item_that_cannot_be_read_is_raised_by_its_own_get():
    shared = Queue()
    shared.put_many([1, Unreadable(), 2])
    assert shared.get() == 1
    with pytest.raises(ValueError, match="no number"):
        shared.get()
    assert shared.get() == 2
    assert shared.qsize() == 0


@pytest.mark.parametrize("delay", [0, 0.1])
def test_get_many_gives_the_items_around_one_that_cannot_be_read(delay):
    shared = Queue()
    timer = threading.Timer(delay, shared.put_many, [[1, Unreadable(), 2]])
    timer.start()  # with a delay, get_many has waited for the first
    if not delay:
        timer.join()
        shared.flush()
    assert shared.get_many(timeout=20) == [1]
    timer.join()
    assert not shared.empty()
    with pytest.raises(ValueError, match="no number"):
        shared.get_many(timeout=20)
    assert shared.get_many(timeout=20) == [2]
    assert shared.empty()


# ---- Used by its own items


class UsedByItsItem:
    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        self.call()
        return int, ()


@pytest.mark.parametrize("call", ["put", "put_many", "flush", "close"])
def test_a_queue_used_by_an_item_that_is_put_raises(call):
    shared = Queue()
    arguments = [] if call in ("flush", "close") else [[1]]
    with pytest.raises(RuntimeError, match="encodes"):
        shared.put(UsedByItsItem(lambda: getattr(shared, call)(*arguments)))
    if call != "close":
        shared.put(2)
        assert shared.get(timeout=5) == 2


used_while_read: list[Queue] = []


def read_again():
    return used_while_read[0].get(timeout=1)


class ReadsAgain:
    def __reduce__(self):
        return read_again, ()


def test_a_queue_used_by_an_item_that_is_read_raises():
    shared = Queue()
    used_while_read[:] = [shared]
    shared.put_many([ReadsAgain(), 2])
    shared.flush()
    with pytest.raises(RuntimeError, match="decodes"):
        shared.get()
    assert shared.get() == 2
