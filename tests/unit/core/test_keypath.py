"""KeyPath: from an item to its key."""

from __future__ import annotations

from collections import OrderedDict, UserDict, defaultdict, namedtuple
from types import SimpleNamespace

import pytest

from chronomux._core.keypath import KeyPath

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("names", "item", "key"),
    [
        ("a", {"a": 1}, 1),
        ("a.b.c", {"a": {"b": {"c": 1}}}, 1),
        ("a.b", SimpleNamespace(a=SimpleNamespace(b=1)), 1),
        ("a.b", {"a": SimpleNamespace(b=1)}, 1),
        ("a.b", SimpleNamespace(a={"b": 1}), 1),
        ("a.1.b", {"a": [0, {"b": 1}]}, 1),
        ("-1", (0, 1), 1),
        ("x", Point(1, 2), 1),
        ("1", Point(1, 2), 2),
        ("a", UserDict(a=1), 1),
        ("a", OrderedDict(a=1), 1),
        ("real", 3 + 4j, 3.0),
        ("upper", "abc", "ABC"),
        ("a", {"a": lambda: 1}, 1),
        ("a.b", {"a": lambda: {"b": lambda: 1}}, 1),
    ],
)
def test_a_step_is_an_item_or_an_attribute_and_is_called_if_it_can_be(names, item, key):
    assert KeyPath(*names.split("."))(item) == key


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"a": 1},
        {"a": None},
        {"a": []},
        {"a": {"c": 1}},
        None,
        1,
        "text",
        (),
        object(),
    ],
)
def test_what_is_not_there_is_none(item):
    assert KeyPath("a", "b")(item) is None


def test_a_plain_dict_has_keys_only():
    assert KeyPath("values")({}) is None
    assert KeyPath("clear")({"a": 1}) is None


def test_a_defaultdict_does_not_grow():
    item = defaultdict(int)
    assert KeyPath("a")(item) is None
    assert not item


def test_a_place_beyond_a_sequence_is_missing():
    assert KeyPath("3")([1, 2, 3]) is None
    assert KeyPath("-4")([1, 2, 3]) is None
    assert KeyPath(2)([1, 2, 3]) == 3


def test_a_name_with_a_dot_can_be_given_in_a_list():
    assert KeyPath("a.b")({"a.b": 1}) == 1


def test_errors_of_properties_and_calls_pass_through():
    class Broken:
        @property
        def stamp(self):
            raise RuntimeError("no clock")

    with pytest.raises(RuntimeError, match="no clock"):
        KeyPath("stamp")(Broken())
    with pytest.raises(ZeroDivisionError):
        KeyPath("a")({"a": lambda: 1 / 0})


def test_a_path_is_made_of_names():
    with pytest.raises(ValueError, match="at least one"):
        KeyPath()
    for name in (None, 1.5, b"a", True):
        with pytest.raises(TypeError, match="made of names"):
            KeyPath(name)


def test_its_repr_and_its_pickle_make_it_again():
    import copy

    path = copy.copy(KeyPath("a", 0))
    assert repr(path) == "KeyPath('a', 0)"
    assert path({"a": [7]}) == 7
