"""Options: forms, names and values."""

from __future__ import annotations

import pytest

from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer


def test_options_come_as_mappings_and_keywords_and_the_later_wins():
    options = SortedQueueMultiplexer(
        {"sort_key": "a", "max_size": 1}, {"sort_key": "b"}, max_size=2
    )._options
    assert (options.sort_key, options.max_size) == ("b", 2)


@pytest.mark.parametrize("sort_key", ["a.b", len, ["a", "b"], None])
def test_the_sort_key_may_come_first(sort_key):
    assert SortedQueueMultiplexer(sort_key)._options.sort_key == sort_key


@pytest.mark.parametrize("kind", [QueueMultiplexer, SortedQueueMultiplexer])
def test_an_unknown_option_is_named_beside_the_valid_ones(kind):
    for call in (lambda: kind(sort_kye="t"), lambda: kind({"sort_kye": "t"})):
        with pytest.raises(TypeError, match=r"'sort_kye'; valid are max_size, .*dead"):
            call()


def test_the_base_class_has_no_sort_key():
    with pytest.raises(TypeError, match="unknown option 'sort_key'"):
        QueueMultiplexer(sort_key="t")
    with pytest.raises(TypeError, match="mappings or keywords"):
        QueueMultiplexer("t")


@pytest.mark.parametrize(
    ("options", "valid"),
    [
        ({"sort_direction": "up"}, "'min', 'max'"),
        ({"sort_direction": None}, "'min', 'max'"),
        ({"on_disorder": "ignore"}, "'emit', 'drop', 'raise'"),
        ({"on_dead_input": "drop"}, "'raise', 'end', 'wait'"),
        ({"idle_timeout": -1}, "seconds or None"),
        ({"idle_timeout": float("nan")}, "seconds or None"),
        ({"sort_key": []}, "at least one name"),
    ],
)
def test_a_value_that_is_no_choice_is_refused(options, valid):
    (name,) = options
    with pytest.raises(ValueError, match=valid) as caught:
        SortedQueueMultiplexer(**options)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"sort_key": 5},
        {"sort_key": [b"a"]},
        {"max_size": "10"},
        {"maxsize_input": 1.5},
        {"maxsize_output": True},
        {"wait_for_n_input_queues": None},
    ],
)
def test_a_value_of_the_wrong_type_is_refused(options):
    (name,) = options
    with pytest.raises(TypeError, match=name):
        SortedQueueMultiplexer(**options)


@pytest.mark.parametrize(
    ("options", "input_size", "output_size"),
    [
        ({}, 0, 0),
        ({"max_size": 5}, 5, 5),
        ({"max_size": 5, "maxsize_input": 3}, 3, 5),
        ({"max_size": 5, "maxsize_output": 0}, 5, 0),
    ],
)
def test_queues_are_made_with_the_bounds_asked_for(options, input_size, output_size):
    multiplexer = QueueMultiplexer(options)
    assert multiplexer.input_queue().maxsize == input_size
    assert multiplexer.output_queue().maxsize == output_size


def test_signatures_and_docstrings_can_be_read():
    for kind in (QueueMultiplexer, SortedQueueMultiplexer):
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                assert member.__doc__, f"{kind.__name__}.{name}"
