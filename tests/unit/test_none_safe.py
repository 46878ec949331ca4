"""None and wrong types for every parameter of every public callable.

A wrong argument raises a plain Python exception that says something; it never ends the
process, hangs, or is taken along to fail later.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Any

import pytest

import chronomux
from chronomux import (
    Capture,
    Condition,
    CSVReader,
    EventManager,
    FileReader,
    IterableQueue,
    JSONLReader,
    JSONLWriter,
    Lexer,
    MultiProcessing,
    PcapReader,
    PcapWriter,
    Queue,
    QueueMultiplexer,
    SCLLexer,
    SCLReader,
    SortedQueueMultiplexer,
    merge,
    merge_files,
    merge_order,
)
from chronomux.lexer import TOKEN
from tests.captures import pcap_header, pcap_record

THINGS: list[Any] = [
    None,
    5,
    -1,
    2.5,
    float("nan"),
    1j,
    "x",
    b"x",
    [],
    [None],
    (),
    {},
    {1: 2},
    object(),
    lambda: None,
]
PLAIN = (
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    OverflowError,
    OSError,
    chronomux.ChronomuxError,
)


def nothing_works(name: str, call: Callable[[Any], Any], *fine: type) -> Any:
    """A case: every thing must be refused but those of the types that are fine."""
    return pytest.param(call, fine, id=name)


def merged(*iterables: Any, **options: Any) -> list[Any]:
    return list(merge(*iterables, **options))


def rows(kind: Any, option: str, value: Any) -> list[Any]:
    return list(kind("two.csv", **{option: value}).reader)


def to_file(option: str, value: Any) -> Any:
    return merge_files(["two.csv"], "out.csv", **{"timestamp": "t", option: value})


def one_thread() -> Any:
    return MultiProcessing().ThreadPool(1)


def filled_queue() -> Queue:
    shared = Queue(1)
    shared.put(1)
    return shared


def got_in_time(timeout: Any) -> Any:
    """Waits for nothing where the timeout is one."""
    shared = filled_queue() if timeout is None else Queue()
    with suppress(Queue.Empty):
        return shared.get(timeout=0.01 if timeout in (2.5, 5) else timeout)


def put_in_time(timeout: Any) -> Any:
    shared = Queue() if timeout is None else filled_queue()
    with suppress(Queue.Full):
        shared.put(1, timeout=0.01 if timeout in (2.5, 5) else timeout)


def managed(name: str, *given: Any) -> Any:
    manager = EventManager()
    manager.register(print, {"t": 1})
    return getattr(manager, name)(*given)


class Numbers(Lexer):
    cache = False
    tokens = ("NUMBER",)
    t_NUMBER = r"\d+"

    def p_numbers(self, p: Any) -> None:
        """numbers : NUMBER
        | numbers NUMBER"""
        p[0] = p[1]


def begun(x: Any) -> None:
    Numbers().lexer.begin(x)


def decorated(x: Any) -> Any:
    return TOKEN(x)(begun)


NONE = type(None)
FUNCTION = type(lambda: None)
CASES = [
    nothing_works("check", lambda x: chronomux.check(x)),
    nothing_works(
        "check max_gap", lambda x: chronomux.check("two.csv", max_gap=x), NONE, int
    ),
    nothing_works(
        "check expect",
        lambda x: chronomux.check("two.csv", timestamp="t", expect=x),
        list,
        tuple,
        dict,
    ),
    nothing_works("expect", lambda x: managed("expect", x, {}, 1), dict),
    nothing_works("merge", lambda x: merged(x, [0]), list, tuple, dict, str, bytes),
    nothing_works("merge, second", lambda x: merged([0], x), list, tuple, dict, bytes),
    nothing_works("merge, key", lambda x: merged([1, 2], [2], key=x), NONE),
    nothing_works("merge, lazy key", lambda x: merged(iter([1]), [2], key=x), NONE),
    nothing_works("merge_order", merge_order, bytes),
    nothing_works("merge_order, second", lambda x: merge_order(b"ab", x), bytes),
    nothing_works("Queue", Queue, int),
    nothing_works("Queue, ring_bytes", lambda x: Queue(ring_bytes=x)),
    nothing_works(
        "Queue, sort_key",
        lambda x: Queue(sort_key=x),
        *(NONE, str, bytes, dict, type(lambda: None)),
    ),
    nothing_works("Queue.get, timeout", got_in_time, NONE, int, float),
    nothing_works("Queue.put, timeout", put_in_time, NONE, int, float),
    nothing_works("Queue.get_many", lambda x: filled_queue().get_many(x), int),
    nothing_works(
        "Queue.put_many", lambda x: Queue().put_many(x), list, tuple, dict, str, bytes
    ),
    nothing_works(
        "Queue.put_many, keys",
        lambda x: Queue().put_many([1], keys=x),
        *(NONE, list, dict, str, bytes),
    ),
    nothing_works("IterableQueue", lambda x: next(IterableQueue(x))),
    nothing_works("QueueMultiplexer", QueueMultiplexer, dict),
    nothing_works(
        "input_queue", lambda x: QueueMultiplexer().input_queue(x), NONE, dict
    ),
    nothing_works("output_queue", lambda x: QueueMultiplexer().output_queue(x), NONE),
    *(
        nothing_works(name, lambda x, name=name: QueueMultiplexer(**{name: x}), int)
        for name in (
            "max_size",
            "wait_for_n_input_queues",
            "wait_for_n_output_queues",
        )
    ),
    *(
        nothing_works(
            name, lambda x, name=name: QueueMultiplexer(**{name: x}), int, NONE
        )
        for name in ("maxsize_input", "maxsize_output")
    ),
    *(
        nothing_works(name, lambda x, name=name: SortedQueueMultiplexer(**{name: x}))
        for name in ("on_dead_input", "on_disorder", "sort_direction")
    ),
    nothing_works(
        "idle_timeout",
        lambda x: SortedQueueMultiplexer(idle_timeout=x if x != -1 else "x"),
        NONE,
        int,
        float,
    ),
    nothing_works(
        "SortedQueueMultiplexer, sort_key",
        lambda x: SortedQueueMultiplexer(sort_key=x),
        *(NONE, str, bytes, dict, type(lambda: None)),
    ),
    *(
        case
        for kind in (FileReader, CSVReader)
        for case in (
            nothing_works(kind.__name__, lambda x, kind=kind: list(kind(x))),
            nothing_works(
                f"{kind.__name__}, queue",
                lambda x, kind=kind: kind("two.csv", x, start=True),
                NONE,
            ),
            *(
                nothing_works(f"{kind.__name__}, {name}", partial(rows, kind, name))
                for name in ("encoding", "errors")
            ),
            nothing_works(
                f"{kind.__name__}, wrapper",
                lambda x, kind=kind: list(kind("two.csv", wrapper=x)),
            ),
        )
    ),
    nothing_works("JSONLReader", lambda x: list(JSONLReader(x))),
    nothing_works(
        "JSONLReader, queue", lambda x: JSONLReader("one.jsonl", x, start=True), NONE
    ),
    *(
        nothing_works(
            f"JSONLReader, {name}",
            lambda x, name=name: list(JSONLReader("one.jsonl", **{name: x})),
            *fine,
        )
        for name, fine in {
            "wrapper": (),
            "timestamp": (NONE,),
            "timestamp_format": (),
            "tz": (NONE,),
            "on_error": (),
            "encoding": (),
            "errors": (),
        }.items()
    ),
    nothing_works("SCLReader", lambda x: list(SCLReader(x))),
    nothing_works(
        "SCLReader, queue", lambda x: SCLReader("one.scl", x, start=True), NONE
    ),
    *(
        nothing_works(
            f"SCLReader, {name}",
            lambda x, name=name: list(SCLReader("one.scl", **{name: x})),
            *fine,
        )
        for name, fine in {
            "wrapper": (),
            "timestamp_format": (),
            "tz": (NONE,),
            "on_error": (),
            "encoding": (),
            "errors": (),
        }.items()
    ),
    nothing_works("PcapReader", lambda x: list(PcapReader(x))),
    nothing_works(
        "PcapReader, queue", lambda x: PcapReader("one.pcap", x, start=True), NONE
    ),
    nothing_works(
        "PcapReader, wrapper", lambda x: list(PcapReader("one.pcap", wrapper=x)), NONE
    ),
    *(
        nothing_works(
            f"PcapReader, {name}",
            lambda x, name=name: list(PcapReader("one.pcap", **{name: x})),
            *fine,
        )
        for name, fine in {
            "rows": (),
            "on_error": (),
            "packet_size_limit": (int,),
        }.items()
    ),
    nothing_works("JSONLWriter", lambda x: JSONLWriter(x).close(), str, bytes),
    nothing_works(
        "JSONLWriter, default",
        lambda x: JSONLWriter(BytesIO(), default=x),
        *(NONE, FUNCTION),
    ),
    nothing_works("JSONLWriter.write", lambda x: JSONLWriter(BytesIO()).write(x), dict),
    nothing_works("PcapWriter", lambda x: PcapWriter(x).close(), str, bytes),
    nothing_works("PcapWriter, format", lambda x: PcapWriter(BytesIO(), format=x)),
    nothing_works("PcapWriter.write", lambda x: PcapWriter(BytesIO()).write(x)),
    *(
        nothing_works(
            f"PcapWriter.write, {name}",
            lambda x, name=name: PcapWriter(BytesIO()).write(
                {"timestamp": 1, "data": b"", name: x}
            ),
            *fine,
        )
        for name, fine in {
            "timestamp": (int,),
            "data": (bytes,),
            "length": (int,),
            "linktype": (int,),
            "interface": (object,),
        }.items()
    ),
    nothing_works(
        "fieldnames",
        partial(rows, CSVReader, "fieldnames"),
        *(NONE, str, bytes, list, tuple, dict),
    ),
    nothing_works(
        "timestamp", partial(rows, CSVReader, "timestamp"), NONE, list, tuple, dict
    ),
    nothing_works("timestamp_format", partial(rows, CSVReader, "timestamp_format")),
    nothing_works("tz", partial(rows, CSVReader, "tz"), NONE),
    nothing_works("on_error", partial(rows, CSVReader, "on_error")),
    nothing_works("delimiter", partial(rows, CSVReader, "delimiter"), str),
    nothing_works("quoting", partial(rows, CSVReader, "quoting"), int),
    nothing_works(
        "merge_files",
        lambda x: merge_files(x, "out.csv", timestamp="t"),
        *(list, tuple, dict),
    ),
    nothing_works("open", lambda x: list(chronomux.open(x)), list, tuple, dict),
    *(
        nothing_works(
            f"open, {name}",
            lambda x, name=name: list(chronomux.open("one.jsonl", **{name: x})),
            *fine,
        )
        for name, fine in {
            "format": (NONE,),
            "timestamp": (NONE,),
            "timestamp_format": (NONE,),
            "tz": (NONE,),
            "on_error": (NONE,),
            "encoding": (),
        }.items()
    ),
    nothing_works("play", lambda x: list(chronomux.play(x, speed=inf))),
    *(
        nothing_works(
            f"play, {name}",
            lambda x, name=name: list(
                chronomux.play("one.scl", **{"speed": inf, name: x})
            ),
            *fine,
        )
        for name, fine in {
            "speed": (int, float),
            "start": (NONE, int),
            "loop": (int,),
            "max_gap": (NONE, int),
            "where": (NONE, str, list, tuple, dict),
            "offsets": (NONE, dict, list, tuple),
            "precision": (),
        }.items()
    ),
    nothing_works("Capture", Capture, list, tuple, dict),
    nothing_works(
        "Capture, between",
        lambda x: list(chronomux.open("one.scl").between(x)),
        *(NONE, int),
    ),
    nothing_works(
        "Capture, info", lambda x: chronomux.open("one.scl").info(x), NONE, FUNCTION
    ),
    nothing_works(
        "merge_files, path", lambda x: merge_files([x], "out.csv", timestamp="t")
    ),
    nothing_works(
        "merge_files, output", lambda x: merge_files(["two.csv"], x, timestamp="t"), str
    ),
    nothing_works("merge_files, timestamp", partial(to_file, "timestamp"), dict),
    nothing_works("merge_files, format", partial(to_file, "timestamp_format")),
    nothing_works("merge_files, tz", partial(to_file, "tz"), NONE),
    nothing_works("merge_files, on_error", partial(to_file, "on_error")),
    nothing_works("merge_files, order", partial(to_file, "order")),
    nothing_works("merge_files, window", partial(to_file, "window"), int),
    nothing_works("merge_files, late", partial(to_file, "late")),
    nothing_works("merge_files, start", partial(to_file, "start"), NONE),
    nothing_works("merge_files, duration", partial(to_file, "duration"), NONE),
    nothing_works(
        "merge_files, offsets", partial(to_file, "offsets"), NONE, dict, list, tuple
    ),
    nothing_works("merge_files, most", partial(to_file, "most"), NONE, int),
    nothing_works(
        "merge_files, progress", partial(to_file, "progress"), NONE, type(lambda: None)
    ),
    nothing_works("Condition", lambda x: Condition(x) if x != {} else x, NONE, dict),
    nothing_works("Condition, key", lambda x: Condition({x: 1}), str),
    nothing_works("Condition, &", lambda x: Condition(a=1) & x),
    nothing_works("EventManager", EventManager, NONE, dict),  # has get()
    nothing_works("EventManager, pool", lambda x: EventManager(async_pool=x), NONE),
    nothing_works(
        "EventManager, on_error", lambda x: EventManager(on_error=x), NONE, FUNCTION
    ),
    nothing_works("register", lambda x: managed("register", x, {}), FUNCTION),
    nothing_works("register, condition", lambda x: managed("register", x, x), dict),
    nothing_works(
        "register, options", lambda x: managed("register", print, {}, x), NONE, dict
    ),
    nothing_works("unregister", lambda x: managed("unregister", x)),
    nothing_works("unregister_index", lambda x: managed("unregister_index", x)),
    nothing_works("rule_stats", lambda x: managed("rule_stats", x)),
    nothing_works("trigger", lambda x: managed("trigger", x), dict),
    nothing_works("match", lambda x: managed("match", x), dict),
    nothing_works("match_rows", lambda x: managed("match_rows", x), dict),
    nothing_works("SCLLexer", lambda x: SCLLexer(dialect=x)),
    nothing_works("SCLLexer, max_depth", lambda x: SCLLexer(max_depth=x), int),
    *(
        nothing_works(name, lambda x, name=name: getattr(SCLLexer(), name)(x), *fine)
        for name, fine in {
            "parse": (),
            "validate": (),
            "tokens": (str,),
            "parse_file": (),
            "test": (str,),
        }.items()
    ),
    nothing_works("iter_statements", lambda x: list(SCLLexer().iter_statements(x))),
    nothing_works("lexer.input", lambda x: SCLLexer().lexer.input(x), str),
    nothing_works("parser.parse", lambda x: SCLLexer().parser.parse(x), NONE),
    nothing_works(
        "parser.parse, lexer", lambda x: SCLLexer().parser.parse("", x), NONE
    ),
    nothing_works(
        "MultiProcessing", lambda x: MultiProcessing(exit_timeout=x), NONE, int, float
    ),
    nothing_works("Lexer", lambda x: Numbers(cache=x), NONE, str),
    nothing_works("Lexer, parse", lambda x: Numbers().parse(x)),
    nothing_works("Lexer, test", lambda x: Numbers().test(x) or None),
    nothing_works("Lexer, input", lambda x: Numbers().lexer.input(x), str),
    nothing_works("Lexer, begin", begun),
    nothing_works("Lexer, skip", lambda x: Numbers().lexer.skip(x), int),
    nothing_works(
        "parser", lambda x: Numbers().parser.parse("1" if x is None else x), NONE
    ),
    nothing_works("parser, lexer", lambda x: Numbers().parser.parse("1", x), NONE),
    nothing_works(
        "parser, tokenfunc", lambda x: Numbers().parser.parse("1", tokenfunc=x), NONE
    ),
    nothing_works("TOKEN", decorated, str, FUNCTION),
    nothing_works("ThreadPool", lambda x: MultiProcessing().ThreadPool(x), NONE, int),
    nothing_works("ProcessPool", lambda x: MultiProcessing().ProcessPool(x), NONE, int),
    nothing_works("map", lambda x: one_thread().map(x, [1])),
    nothing_works("amap", lambda x: one_thread().amap(x, [1]).get(60)),
    nothing_works("imap", lambda x: list(one_thread().imap(x, [1]))),
    nothing_works(
        "map over",
        lambda x: one_thread().map(abs, x),
        *(bytes, list, tuple, dict),
    ),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two.csv").write_text("t,v\n1,2\n3,4\n")
    (tmp_path / "one.jsonl").write_text('{"t": 1}\n')
    (tmp_path / "one.scl").write_text("1 t=1\n")
    (tmp_path / "one.pcap").write_bytes(pcap_header() + pcap_record(b"abc"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(MultiProcessing(), "exit_timeout", 30.0)  # is put back


@pytest.mark.parametrize(("call", "fine"), CASES)
def test_a_wrong_argument_raises_a_plain_exception(
    call: Callable[[Any], Any], fine: tuple[type, ...]
) -> None:
    for thing in THINGS:
        raised = None
        try:
            got = call(thing)
        except PLAIN as error:
            raised = error
        if raised is None:
            assert isinstance(thing, fine), f"{thing!r} was taken, and gave {got!r}"
        else:
            assert str(raised), f"{thing!r}: {type(raised).__name__} without a word"


class Undecided:
    def __bool__(self) -> bool:
        raise ZeroDivisionError("neither true nor false")


@pytest.mark.parametrize(
    "call",
    [
        lambda x: merged([1], [2], reverse=x),
        lambda x: merged(iter([1]), [2], reverse=x),
        lambda x: merge_order(b"ab", reverse=x),
        lambda x: merge_order(b"ab", check=x),
    ],
)
def test_a_switch_that_is_neither_on_nor_off_raises(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        call(Undecided())


def test_every_public_callable_is_swept() -> None:
    swept = {str(case.id).split(",")[0] for case in CASES}
    errors = {name for name in chronomux.__all__ if name.endswith("Error")}
    for name in {*chronomux.__all__} - errors - {"__version__"}:
        assert name in swept, f"{name} is public, and no case passes it wrong types"
