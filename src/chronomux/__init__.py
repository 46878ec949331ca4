"""chronomux puts time-stamped captures and live streams into chronological order.

Names are imported on first use, so `import chronomux` stays light.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes longer than all the rest of this import
    from typing import Any

    from chronomux.errors import (
        ChronomuxError,
        DeadInputError,
        DisorderError,
        GrammarError,
        LexError,
        ParseError,
        PcapError,
        ReaderError,
        RemoteError,
        SCLSyntaxError,
        SortKeyError,
        TimestampError,
        WorkerDiedError,
        WriterError,
    )
    from chronomux.event import (
        Condition,
        EventManager,
    )
    from chronomux.lexer import (
        Lexer,
        SCLLexer,
    )
    from chronomux.queue import (
        IterableQueue,
        Queue,
        QueueMultiplexer,
        SortedQueueMultiplexer,
        merge,
        merge_order,
    )
    from chronomux.readers import (
        CSVReader,
        FileReader,
        JSONLReader,
        PcapReader,
    )
    from chronomux.replay import (
        Capture,
        SCLReader,
        check,
        merge_files,
        open,
        play,
    )
    from chronomux.util import (
        MultiProcessing,
    )
    from chronomux.writers import (
        JSONLWriter,
        PcapWriter,
    )

__all__ = [
    "CSVError",
    "CSVReader",
    "Capture",
    "ChronomuxError",
    "Condition",
    "DeadInputError",
    "DisorderError",
    "EventManager",
    "FileReader",
    "GrammarError",
    "IterableQueue",
    "JSONLReader",
    "JSONLWriter",
    "LexError",
    "Lexer",
    "MultiProcessing",
    "ParseError",
    "PcapError",
    "PcapReader",
    "PcapWriter",
    "Queue",
    "QueueMultiplexer",
    "ReaderError",
    "RemoteError",
    "SCLLexer",
    "SCLReader",
    "SCLSyntaxError",
    "SortKeyError",
    "SortedQueueMultiplexer",
    "TimestampError",
    "WorkerDiedError",
    "WriterError",
    "__version__",
    "check",
    "merge",
    "merge_files",
    "merge_order",
    "open",
    "play",
]

_NAMES = {
    "chronomux.errors": (
        "CSVError",
        "ChronomuxError",
        "DeadInputError",
        "DisorderError",
        "GrammarError",
        "LexError",
        "ParseError",
        "PcapError",
        "ReaderError",
        "RemoteError",
        "SCLSyntaxError",
        "SortKeyError",
        "TimestampError",
        "WorkerDiedError",
        "WriterError",
    ),
    "chronomux.event": (
        "Condition",
        "EventManager",
    ),
    "chronomux.lexer": ("Lexer", "SCLLexer"),
    "chronomux.queue": (
        "IterableQueue",
        "Queue",
        "QueueMultiplexer",
        "SortedQueueMultiplexer",
        "merge",
        "merge_order",
    ),
    "chronomux.readers": (
        "CSVReader",
        "FileReader",
        "JSONLReader",
        "PcapReader",
    ),
    "chronomux.replay": (
        "Capture",
        "SCLReader",
        "check",
        "merge_files",
        "open",
        "play",
    ),
    "chronomux.util": ("MultiProcessing",),
    "chronomux.writers": ("JSONLWriter", "PcapWriter"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    import importlib

    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
