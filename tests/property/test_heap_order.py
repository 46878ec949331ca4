"""MergeHeap against a stable sort, over every kind of key, checked after each step."""

from __future__ import annotations

import functools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.heap import MergeHeap
from tests.reference import rank

near_2_53 = st.integers(2**53 - 3, 2**53 + 3)
numbers = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    near_2_53,
    near_2_53.map(float),
    st.integers(2**63 - 2, 2**63 + 2),
    st.integers(-(2**63) - 2, -(2**63) + 2),
    st.just(2**80),
    st.floats(),
    st.none(),
)
exotic = st.one_of(
    numbers,
    st.fractions(-5, 5, max_denominator=4),
    st.decimals(-5, 5, places=1),
    st.just(Decimal("NaN")),
)


def exact_rank(key: Any) -> tuple[int, Fraction]:
    if isinstance(key, Decimal) and not key.is_nan():
        key = Fraction(key)
    return rank(key)


def order(keys: list[Any], reverse: bool) -> list[int]:
    return sorted(range(len(keys)), key=lambda i: exact_rank(keys[i]), reverse=reverse)


def drain(heap: MergeHeap) -> list[int]:
    inputs = []
    while heap:
        inputs.append(heap.pop()[1])
        heap._check()
    return inputs


@given(st.lists(exotic, max_size=40), st.booleans(), st.randoms())
def test_pops_in_the_order_of_a_stable_sort(keys, reverse, random):
    heap = MergeHeap(reverse=reverse)
    inputs = list(range(len(keys)))
    random.shuffle(inputs)
    for i in inputs:
        heap.push(keys[i], i, object())
        heap._check()
    assert drain(heap) == order(keys, reverse)


@given(
    st.lists(numbers, min_size=1, max_size=12),
    st.lists(numbers, max_size=40),
    st.booleans(),
)
def test_replace_equals_pop_and_push(start, more, reverse):
    heap = MergeHeap(reverse=reverse)
    model = dict(enumerate(start))
    for i, key in model.items():
        heap.push(key, i, (i, key))
    for key in more:
        top = order_of_model(model, reverse)
        assert heap.peek()[1:] == (top, heap.peek()[2])
        model[top] = key
        heap.replace(key, top, (top, key))
        heap._check()
    assert len(heap) == len(start)
    assert drain(heap) == order([model[i] for i in range(len(start))], reverse)


def order_of_model(model: dict[int, Any], reverse: bool) -> int:
    return order([model[i] for i in range(len(model))], reverse)[0]


@functools.total_ordering
class Brittle:
    """Compares well until its fuse has burnt."""

    fuse = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __lt__(self, other: Any) -> bool:
        Brittle.fuse -= 1
        if Brittle.fuse < 0:
            raise ArithmeticError("burnt")
        return self.value < other.value


steps = st.lists(
    st.tuples(st.sampled_from(["push", "replace", "pop"]), st.integers(0, 9)),
    max_size=40,
)


@given(steps, st.integers(0, 60), st.booleans())
def test_a_comparison_that_raises_leaves_the_heap_as_it_was(steps, fuse, reverse):
    heap = MergeHeap(reverse=reverse)
    Brittle.fuse = 10**6
    used = 10**6 - fuse
    inside: dict[int, Brittle] = {}
    for number, (step, value) in enumerate(steps):
        key, before = Brittle(value), dict(inside)
        if step != "push" and not heap:
            continue
        Brittle.fuse = 10**6 - used
        try:
            if step == "push":
                heap.push(key, number, key)
                inside[number] = key
            else:
                top = heap.peek()[1]
                if step == "pop":
                    assert heap.pop() == (inside[top], top, inside[top])
                else:
                    heap.replace(key, number, key)
                    inside[number] = key
                del inside[top]
            used = 10**6 - Brittle.fuse
        except ArithmeticError:
            assert inside == before
            used = 0
        Brittle.fuse = 10**6
        heap._check()
    Brittle.fuse = 10**6
    expected = sorted(inside, key=lambda i: (-1 if reverse else 1) * inside[i].value)
    values = [inside[i].value for i in expected]
    assert [inside[i].value for i in drain(heap)] == values


@pytest.mark.parametrize("reverse", [False, True])
def test_every_pair_of_awkward_numbers_compares_exactly(reverse):
    keys = [None, math.nan, -math.inf, -(2**80), -(2.0**63), -(2**63), -(2**63) - 1]
    keys += [-1.5, -0.0, 0, False, 5e-324, Fraction(1, 3), True, 1.0, 2**53, 2**53 + 1]
    keys += [float(2**53), 2**53 + 2.0, Decimal(2**53 + 1), 2**63 - 1, 2**63, 2.0**63]
    keys += [2**80, 2.0**80, math.inf]
    for left in keys:
        for right in keys:
            heap = MergeHeap(reverse=reverse)
            heap.push(left, 0, None)
            heap.push(right, 1, None)
            got = [heap.pop()[1], heap.pop()[1]]
            assert got == order([left, right], reverse), (left, right)
