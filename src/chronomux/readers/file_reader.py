"""Lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chronomux.errors import ReaderError
from chronomux.readers.base import Reader
from chronomux.readers.sources import FileLike, Source
from chronomux.readers.text import TextDecoder, text_lines
from chronomux.types import Frame, QueueLike

__all__ = ["FileReader"]


class FileReader(Reader[str]):
    """Puts the lines of a text file on a queue, then `queue.Empty`.

    A line keeps its ending as it stands in the file: '\\n', '\\r\\n', '\\r', or none
    in the last line. A byte order mark is dropped.

    `filename` is a path, '-' for standard input, or a file object, of bytes or of text;
    gzip, bzip2, xz and Zstandard data are known by their content. `queue` is anything
    with `put`; None makes a `multiprocessing.Queue` on first use. `wrapper` is called
    with each line and gives the item to put. `start=True` calls `start()` at once.

    `follow=True` reads on as the file at a path grows, whole lines only, until `stop`;
    a file that was replaced or cut is noticed, logged and read on from its start.

    Damage raises ReaderError: undecodable bytes with file:line:column, compressed data
    that ends early with file@offset. All lines before the damage are delivered.
    """

    _row_type = str

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None = None,
        wrapper: Callable[[str], Any] = str,
        start: bool = False,
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        follow: bool = False,
    ) -> None:
        super().__init__(
            filename, queue, wrapper, encoding=encoding, errors=errors, follow=follow
        )
        if start:
            self.start()

    def frames(self) -> Iterator[Frame]:
        """Lines have no times: raises ReaderError."""
        raise ReaderError(
            f"{self.name}: lines of text have no timestamps to make frames of; "
            "read it with CSVReader(..., timestamp=...)"
        )

    def _rows(self, source: Source) -> Iterator[str]:
        decoder = TextDecoder(source.name, source.encoding, source.errors)
        return text_lines(source.read, decoder)
