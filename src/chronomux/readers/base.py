"""What all readers share: one pass over a file, onto a queue, in a thread or not."""

from __future__ import annotations

import codecs
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chronomux.readers.delivery import Direct, deliver
from chronomux.readers.sources import (
    FileLike,
    Source,
    follow_source,
    name_of,
    open_source,
)
from chronomux.types import Frame, QueueLike

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Reader"]

logger = logging.getLogger("chronomux")

Row = TypeVar("Row")

_CLOSE_WAIT = 2.0  # s that close() waits for its thread, which may be blocked in a read


class Reader(ABC, Generic[Row]):
    """One pass over a file, as rows (`reader`, `start`, `run`) or as `frames()`.

    A subclass gives `_rows` and `frames`, and starts itself last in `__init__`.
    """

    _row_type: type  # a wrapper that is this type would change nothing

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None,
        wrapper: Callable[[Row], Any],
        *,
        encoding: str,
        errors: str,
        follow: bool = False,
    ) -> None:
        codecs.lookup(encoding)
        codecs.lookup_error(errors)
        self.filename = filename
        self.wrapper = wrapper
        self.encoding = encoding
        self.errors = errors
        self.follow = follow
        self.exception: BaseException | None = None
        self._queue = queue
        self._queue_lock = threading.Lock()
        self._source: Source | None = None
        self._use = ""
        self._reader: Generator[Row, None, None] | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._stopping = threading.Event()  # what follows a file waits for this one

    @property
    def name(self) -> str:
        """What messages call the file."""
        return name_of(self.filename)

    @property
    def queue(self) -> Any:
        """Where items go; without one, a `multiprocessing.Queue` made on first use."""
        # The thread of run() and its caller may both be the first to ask.
        with self._queue_lock:
            if self._queue is None:
                import multiprocessing

                self._queue = multiprocessing.Queue()
            return self._queue

    @property
    def reader(self) -> Iterator[Row]:
        """The rows still to come, without `wrapper`; always the same iterator.

        The file is opened when the first row is asked for, and closed after the last.
        """
        return self._begun_reader()

    def __iter__(self) -> Iterator[Any]:
        """The rows still to come, each through `wrapper`: what `start` would put."""
        if self.wrapper is self._row_type:
            return self.reader
        return map(self.wrapper, self.reader)

    def start(self) -> None:
        """Put every wrapped row on the queue, then `queue.Empty`, and return.

        `Empty` is put whatever happens; then what ended the reading early is raised:
        OSError for the file, ReaderError for its content, or what `wrapper` raised.
        """
        items = iter(self)
        try:
            deliver(items, self.queue, self._closing, self._direct)
        finally:  # not left to the garbage collector
            self._begun_reader().close()
            if self._use == "rows" and self._source is not None:
                self._source.close()

    def run(self) -> Self:
        """`start()` in a thread; a second call changes nothing. Returns self."""
        if self._thread is None:
            thread = threading.Thread(
                target=self._run_thread, name=f"reader of {self.name}", daemon=True
            )
            self._thread = thread
            thread.start()
        return self

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread, at most `timeout` s, and raise what ended it early."""
        if self._thread is not None:
            self._thread.join(timeout)
        if self.exception is not None:
            raise self.exception

    @property
    def is_running(self) -> bool:
        """Whether the thread of `run()` is still reading or waiting for room."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """End `follow` where the file ends now; all rows up to there are delivered.

        A reader that does not follow ends by itself: nothing changes for it.
        """
        self._stopping.set()

    def close(self) -> None:
        """Stop reading, put `Empty` if a thread was reading, and close the file.

        A thread that waits for a full queue gives up after a second. A caller's own
        file object stays open. Closing twice does nothing.
        """
        self._closing.set()
        self._stopping.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_WAIT)
            if thread.is_alive():
                # Closing a file under a read could make it read another file.
                logger.warning("%s: still blocked in a read; left behind", self.name)
                return
        if self._source is not None:
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """The records as batches of raw bytes with their times; see `Frame`."""

    @abstractmethod
    def _rows(self, source: Source) -> Iterator[Row]: ...

    def _direct(self) -> Direct | None:
        """What puts all rows on the queue faster than one by one, if anything does."""
        return None

    def _begun_reader(self) -> Generator[Row, None, None]:
        if self._reader is None:
            self._reader = self._read_rows()
        return self._reader

    def _read_rows(self) -> Generator[Row, None, None]:
        source = self._begin("rows")
        try:
            yield from self._rows(source)
        finally:
            source.close()

    def _begin(self, use: str) -> Source:
        """The source, for the one pass that a reader makes."""
        if self._use not in ("", use):
            raise ValueError(
                f"{self.name}: is being read as {self._use}; "
                f"make another reader to read it as {use}"
            )
        source = self._open()
        self._use = use
        return source

    def _open(self) -> Source:
        if self._closing.is_set():
            raise ValueError(f"{self.name}: this reader is closed")
        if self._source is None:
            self._source = self._opened()
        return self._source

    def _opened(self) -> Source:
        if self.follow:
            return follow_source(
                self.filename, self.encoding, self.errors, self._stopping
            )
        return open_source(self.filename, self.encoding, self.errors)

    def _run_thread(self) -> None:
        try:
            self.start()
        except BaseException as error:
            self.exception = error
            logger.error("%s: reading ended early: %r", self.name, error)
