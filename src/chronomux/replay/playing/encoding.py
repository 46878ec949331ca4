"""Records that are played, as bytes to be sent away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chronomux.errors import WriterError
from chronomux.readers import Packet
from chronomux.replay.catenation import in_json, plain_packet
from chronomux.writers.jsonl_writer import json_encoder

__all__ = ["Encoding"]


class Encoding:
    """JSON of records; packets have the five keys of every packet, and with `layers`
    those of their layers.
    """

    def __init__(self, layers: bool) -> None:
        self._encode = json_encoder(in_json)
        self._shaped: Callable[[Packet], Any] = dict if layers else plain_packet
        self._count = 0

    def json(self, item: Any) -> bytes:
        """On one line, without its end; WriterError for what JSON cannot hold."""
        shaped = self._shaped(item) if isinstance(item, Packet) else item
        try:
            data = self._encode(shaped).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise WriterError(
                f"record {self._count} that was played is not for JSON: {error}"
            ) from error
        self._count += 1
        return data

    def datagram(self, item: Any) -> bytes | None:
        """The payload of a packet's UDP or TCP, None if it has none; else JSON."""
        if not isinstance(item, Packet):
            return self.json(item)
        if "udp" in item:
            payload: bytes = item["udp"]["payload"]
            return payload
        return item.get("tcp", {}).get("payload") or None
