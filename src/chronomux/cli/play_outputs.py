"""Where `chronomux play` sends records: JSON lines on stdout, or datagrams."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chronomux.cli.messages import say

if TYPE_CHECKING:
    from typing_extensions import Self

    from chronomux.replay.playing.encoding import Encoding

__all__ = ["Datagrams", "JSONLines", "PlayOutput", "address"]


class PlayOutput:
    """Takes records when they are due, for `with`.

    `waits_for` names it while it takes some; `has_lost` says whether it could not take
    all that it should have. On a terminal it writes within `around()`.
    """

    name = ""
    is_terminal = False

    def __init__(self) -> None:
        self.around: Callable[[], AbstractContextManager[object]] = nullcontext
        self.waits_for: str | None = None
        self.has_lost = False

    def send(self, items: Sequence[Any]) -> None:
        """Hand records over; returns when all are."""
        self.waits_for = self.name
        with self.around():
            self._send(items)
        self.waits_for = None

    def _send(self, items: Sequence[Any]) -> None:
        raise NotImplementedError

    def say_unsent(self) -> None:
        """On stderr, what was not sent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


class JSONLines(PlayOutput):
    """A line a record on stdout, at once."""

    name = "stdout"

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), "stdout")
        self._encoding, self._file = encoding, sys.stdout.buffer
        self.is_terminal = sys.stdout.isatty()

    def _send(self, items: Sequence[Any]) -> None:
        try:
            for item in items:
                self._file.write(self._encoding.json(item) + b"\n")
        finally:
            self._file.flush()


class Datagrams(PlayOutput):
    """A datagram a record: the payload of a packet, JSON of all else."""

    def __init__(
        self, encoding: Encoding, place: tuple[str, int], is_remote_fine: bool
    ) -> None:
        super().__init__()
        family, self._place = _resolved(*place)
        if not is_remote_fine:
            _refuse_remote(place[0], self._place[0])
        self.name = f"{place[0]}:{place[1]}"
        self._encoding = encoding
        self._without, self._too_long = 0, 0
        # Not connected: that nobody listens there is nobody's error.
        self._socket = socket.socket(family, socket.SOCK_DGRAM)

    def _send(self, items: Sequence[Any]) -> None:
        for item in items:
            data = self._encoding.datagram(item)
            if data is None:
                self._without += 1
            else:
                self._send_one(data)

    def _send_one(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._place)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise OSError(error.errno, error.strerror, self.name) from error
            self._too_long += 1
            self.has_lost = True

    def say_unsent(self) -> None:
        if self._without:
            say(f"not sent: {self._without} packets without a payload of UDP or TCP")
        if self._too_long:
            say(f"not sent: {self._too_long} records too long for a datagram")

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def address(text: str) -> tuple[str, int]:
    """'localhost:9000' or '[::1]:9000' -> host and port."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 127.0.0.1:9000")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _resolved(host: str, port: int) -> tuple[int, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        raise ValueError(f"--udp {host}:{port}: {error.strerror}") from error
    return found[0][0], found[0][4]


def _refuse_remote(host: str, number: str) -> None:
    if not ipaddress.ip_address(number.partition("%")[0]).is_loopback:
        raise ValueError(
            f"--udp {host}: is not this machine; if that is meant, add --allow-remote"
        )
