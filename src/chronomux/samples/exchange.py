"""An instrument on loopback, who commands it, and what goes over the wire.

Two sockets of this process talk by UDP on 127.0.0.1: a commander sends a command every
half second, as SCL, and logs it; the instrument answers a little later, but now and
then not at all. A third socket, of packets, records what passes the loopback interface,
and keeps what is theirs. That takes the right to capture (CAP_NET_RAW; root has it).
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["INSTRUMENT", "Exchange"]

COMMANDER, INSTRUMENT = 40001, 40002  # UDP ports
PERIOD = 0.5  # s between two commands
SILENT = 0.04  # of commands that are not answered
ACTIONS = ("open", "close", "measure")
ALL_PACKETS = 3  # ETH_P_ALL
PCAP_OF_NS = 0xA1B23C4D
ETHERNET = 1
HEADERS = 14 + 20 + 8  # bytes of Ethernet, IPv4 without options, and UDP


class Exchange:
    """The three sockets. OSError if packets may not be captured or a port is used."""

    def __init__(self) -> None:
        with contextlib.ExitStack() as opened:
            self._wire = opened.enter_context(
                socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            )
            self._wire.bind(("lo", ALL_PACKETS))
            self._commander = opened.enter_context(_bound(COMMANDER))
            self._instrument = opened.enter_context(_bound(INSTRUMENT))
            self._sockets = opened.pop_all()
        self._due: list[tuple[float, bytes]] = []  # answers
        self._packets: list[tuple[int, bytes]] = []
        self._log: list[str] = []

    def record(self, duration: float, folder: Path) -> list[Path]:
        """Talk so many seconds; return the packets' file and the log of commands."""
        start = time.monotonic()
        with self._sockets:
            for number in range(int(duration / PERIOD)):
                self._go_on_until(start + number * PERIOD)
                self._command(number)
            self._go_on_until(start + duration)
        packets, log = folder / "instrument.pcap", folder / "commands.scl"
        packets.write_bytes(b"".join(_pcap(self._packets)))
        log.write_text("".join(self._log))
        return [packets, log]

    def _command(self, number: int) -> None:
        said = f"type=command id={number} action={random.choice(ACTIONS)}"
        said += f"(valve={random.randrange(1, 9)} wait={random.randrange(1, 20) / 20})"
        now = time.time_ns()
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9))
        self._log.append(f"{moment}.{now // 1000 % 10**6:06d}Z {said}\n")
        self._commander.sendto(said.encode(), ("127.0.0.1", INSTRUMENT))

    def _go_on_until(self, moment: float) -> None:
        while (now := time.monotonic()) < moment:
            while self._due and self._due[0][0] <= now:
                answer = self._due.pop(0)[1]
                self._instrument.sendto(answer, ("127.0.0.1", COMMANDER))
            ends = [moment, *(due for due, _ in self._due[:1])]
            ready, _, _ = select.select(
                [self._wire, self._instrument], [], [], max(0.0, min(ends) - now)
            )
            for one in ready:
                (self._seen if one is self._wire else self._asked)(one.recv(2048))

    def _asked(self, command: bytes) -> None:
        identity = command.split()[1]
        if random.random() >= SILENT:
            answer = b"type=response %s state=%d" % (identity, random.randrange(4))
            self._due.append((time.monotonic() + random.uniform(0.005, 0.2), answer))
            self._due.sort()

    def _seen(self, packet: bytes) -> None:
        """Loopback shows a packet twice, as sent and as received."""
        ports = {COMMANDER, INSTRUMENT}
        if len(packet) < HEADERS or packet[23] != socket.IPPROTO_UDP:
            return
        if set(struct.unpack_from("!HH", packet, 34)) != ports:
            return
        if not self._packets or self._packets[-1][1] != packet:
            self._packets.append((time.time_ns(), packet))


def _bound(port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", port))
    return one


def _pcap(packets: list[tuple[int, bytes]]) -> Iterator[bytes]:
    yield struct.pack("<IHHIIII", PCAP_OF_NS, 2, 4, 0, 0, 1 << 16, ETHERNET)
    for ns, packet in packets:
        size = len(packet)
        yield struct.pack("<IIII", ns // 10**9, ns % 10**9, size, size) + packet
