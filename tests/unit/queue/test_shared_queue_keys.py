"""The key that a queue's items carry: taken when they are put, where they are put."""

from __future__ import annotations

import math
import multiprocessing
import operator

import pytest

from chronomux.queue import Queue
from tests.queues import fill

# Where a feeder is a thread, Python warns of any fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def keys_of(shared, count):
    """(kind of the key column, key) of so many rows."""
    keys = []
    for _ in range(count):
        shared.get(timeout=20)
        decoder = shared._receiver.decoder
        row = decoder.rows - len(decoder) - 1
        keys.append((decoder.key_kind, decoder.key(row)))
    return keys


ITEM = {"t": 5, "in": {"t": 2.5}, "name": "x"}


@pytest.mark.parametrize(
    ("sort_key", "kind", "key"),
    [
        ("t", "int64", 5),
        ("in.t", "double", 2.5),
        (["in", "t"], "double", 2.5),
        (operator.itemgetter("t"), "int64", 5),
        (lambda item: item["t"] + 0.5, "double", 5.5),
        ("name", "object", "x"),
        (lambda item: 2**80, "object", 2**80),
        (lambda item: True, "int64", 1),
    ],
)
def test_the_sort_key_tells_the_key(sort_key, kind, key):
    shared = fill(Queue(sort_key=sort_key), [ITEM], end=False)
    assert keys_of(shared, 1) == [(kind, key)]
    shared.put_many([ITEM, ITEM])
    assert keys_of(shared, 2) == [(kind, key)] * 2


@pytest.mark.parametrize(("item", "kind"), [(7, "int64"), (-0.5, "double")])
def test_a_number_is_its_own_key(item, kind):
    assert keys_of(fill(Queue(), [item], end=False), 1) == [(kind, item)]


def test_none_is_a_key_that_is_missing():
    ((kind, key),) = keys_of(fill(Queue(), [None], end=False), 1)
    assert kind == "double"
    assert math.isnan(key)


def test_the_key_that_is_given_with_an_item_wins():
    shared = Queue(sort_key="t")
    shared.put(ITEM, key=9)
    shared.put_many([ITEM, ITEM], keys=[10, 11])
    assert keys_of(shared, 3) == [("int64", 9), ("int64", 10), ("int64", 11)]


def test_keys_of_several_kinds_do_not_change_the_order_of_items():
    items = [1, 2.5, "text", 2**70, None, 3, 2**60, 0.5, (1, 2)]
    shared = fill(Queue(), items, end=False)
    assert [shared.get() for _ in items] == items


def test_a_sort_key_that_fails_is_for_the_merge_to_tell():
    shared = Queue(sort_key="t")
    shared.put({"no": "time"})
    shared.put_many([{"t": 1}, 5])
    assert [shared.get() for _ in range(3)] == [{"no": "time"}, {"t": 1}, 5]


def test_no_key_is_asked_of_an_empty():
    asked = []
    shared = Queue(sort_key=asked.append)
    shared.put(Queue.Empty)
    shared.put_many([Queue.Empty])
    assert [shared.get(), shared.get()] == [Queue.Empty] * 2
    assert asked == []


def put_item(shared):
    shared.put(ITEM)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("sort_key", "kinds"),
    [
        ("t", {"fork": "int64", "spawn": "int64"}),
        (operator.itemgetter("t"), {"fork": "int64", "spawn": "int64"}),
        (lambda item: item["t"], {"fork": "int64", "spawn": "object"}),
    ],
)
@pytest.mark.forks
def test_the_key_is_taken_in_the_producer_if_the_sort_key_gets_there(
    method, sort_key, kinds
):
    shared = Queue(sort_key=sort_key)
    process = multiprocessing.get_context(method).Process(
        target=put_item, args=(shared,)
    )
    process.start()
    ((kind, key),) = keys_of(shared, 1)
    process.join(20)
    assert kind == kinds[method]
    assert key == (5 if kind == "int64" else ITEM)
