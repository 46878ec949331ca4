"""Layers of packets, and conditions on them."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import pytest

from chronomux import Condition, EventManager, Queue, SortedQueueMultiplexer
from chronomux.event.operators import cidr
from chronomux.readers import Packet
from tests.captures import ETHERNET, RAW, SLL, SLL2

UDP = struct.pack(">HHHH", 53, 4000, 12, 0) + b"data"
TCP = struct.pack(">HHIIHHHH", 80, 5000, 7, 8, 0x6012, 512, 0, 0) + b"\2\4\5\xb4body"
ICMP = b"\x08\x01\0\0"
V4_ADDRESSES = bytes([10, 0, 0, 1, 192, 168, 1, 2])
V6_ADDRESSES = bytes(15) + b"\1" + b"\xfe\x80" + bytes(13) + b"\2"


def ethernet(payload: bytes, kind: int, tags: bytes = b"") -> bytes:
    return (
        bytes.fromhex("ffffffffffff020000000001")
        + tags
        + kind.to_bytes(2, "big")
        + payload
    )


def ipv4(
    payload: bytes, protocol: int, fragment: int = 0, options: bytes = b""
) -> bytes:
    head = struct.pack(
        ">BBHHHBBH",
        0x45 + len(options) // 4,
        0,
        20 + len(options) + len(payload),
        99,
        fragment,
        64,
        protocol,
        0,
    )
    return head + V4_ADDRESSES + options + payload


def ipv6(payload: bytes, following: int) -> bytes:
    return (
        struct.pack(">IHBB", 6 << 28, len(payload), following, 63)
        + V6_ADDRESSES
        + payload
    )


def layers(data: bytes, linktype: int = ETHERNET) -> dict[str, Any]:
    packet = Packet(0, data, linktype=linktype)
    return {name: packet[name] for name in list(packet)[5:]}


def test_udp_in_ipv4_in_ethernet() -> None:
    assert layers(ethernet(ipv4(UDP, 17), 0x0800) + b"padding") == {
        "eth": {"dst": "ff:ff:ff:ff:ff:ff", "src": "02:00:00:00:00:01", "type": 0x0800},
        "ip": {
            "version": 4,
            "src": "10.0.0.1",
            "dst": "192.168.1.2",
            "proto": 17,
            "ttl": 64,
            "len": 32,
            "id": 99,
            "frag_offset": 0,
        },
        "udp": {"srcport": 53, "dstport": 4000, "length": 12, "payload": b"data"},
    }


def test_tcp_in_ipv6_in_two_vlans() -> None:
    tags = b"\x88\xa8\0\5\x81\0\x60\x07"
    found = layers(ethernet(ipv6(TCP, 6), 0x86DD, tags))
    assert found["vlan"] == {"id": 7, "priority": 3, "etype": 0x86DD}
    assert found["ip"] == {
        "version": 6,
        "src": "::1",
        "dst": "fe80::2",
        "ttl": 63,
        "len": 40 + len(TCP),
        "proto": 6,
        "frag_offset": 0,
    }
    assert found["tcp"] == {
        "srcport": 80,
        "dstport": 5000,
        "seq": 7,
        "ack": 8,
        "flags": 0x12,
        "window": 512,
        "payload": b"body",
    }


@pytest.mark.parametrize(
    ("linktype", "head"),
    [
        (RAW, b""),
        (228, b""),
        (0, b"\2\0\0\0"),
        (SLL, struct.pack(">HHH8sH", 4, 1, 6, b"\2\0\0\0\0\1", 0x0800)),
        (SLL2, struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 4, 6, b"\2\0\0\0\0\1")),
    ],
)
def test_links_other_than_ethernet(linktype: int, head: bytes) -> None:
    found = layers(head + ipv4(ICMP, 1, options=b"\1\1\1\0"), linktype)
    assert found["icmp"] == {"type": 8, "code": 1}
    if linktype in (SLL, SLL2):
        assert found["sll"] == {
            "pkttype": 4,
            "src": "02:00:00:00:00:01",
            "etype": 0x0800,
        }


def test_extension_headers_are_passed() -> None:
    hops = bytes([60, 0]) + bytes(6)
    options = bytes([51, 1]) + bytes(14)
    authentication = bytes([44, 1]) + bytes(10)
    fragment = bytes([17, 0, 0, 1]) + bytes(4)
    found = layers(ipv6(hops + options + authentication + fragment + UDP, 0), RAW)
    assert found["ip"]["proto"] == 17
    assert found["udp"]["dstport"] == 4000


def test_a_later_fragment_has_no_ports() -> None:
    assert set(layers(ipv4(UDP, 17, fragment=0x2001), RAW)) == {"ip"}
    fragment = ipv6(bytes([17, 0, 0, 9]) + bytes(4) + UDP, 44)
    assert layers(fragment, RAW)["ip"]["frag_offset"] == 8
    assert set(layers(fragment, RAW)) == {"ip"}


@pytest.mark.parametrize(
    "data",
    [
        ethernet(ipv4(TCP, 6), 0x0800),
        ethernet(ipv6(bytes([6, 0]) + bytes(6) + TCP, 0), 0x86DD, b"\x81\0\0\1"),
    ],
)
def test_a_layer_is_there_once_its_header_is(data: bytes) -> None:
    whole = layers(data)
    seen = [set(layers(data[:size])) for size in range(len(data) + 1)]
    assert seen[0] == set()
    assert seen[-1] == set(whole)
    assert all(a <= b for a, b in itertools.pairwise(seen))


def test_lengths_in_headers_lead_nowhere_else() -> None:
    lying = bytearray(ipv4(UDP, 17))
    lying[2:4] = b"\xff\xff"
    assert layers(bytes(lying), RAW)["udp"]["payload"] == b"data"
    lying[24:26] = b"\0\1"
    assert layers(bytes(lying), RAW)["udp"]["payload"] == b"data"


def test_a_changed_layer_changes_no_packet() -> None:
    packet = Packet(0, ipv4(UDP, 17), linktype=RAW)
    packet["ip"]["src"] = "elsewhere"
    dict(packet)["ip"]["src"] = "elsewhere"
    assert packet["ip"]["src"] == "10.0.0.1"


def test_conditions_ask_for_fields_of_layers() -> None:
    packet = Packet(0, ethernet(ipv4(UDP, 17), 0x0800))
    assert Condition({"udp.dstport": 4000, "ip.src": cidr("10.0.0.0/8")}).matches(
        packet
    )
    assert Condition({"udp": {"srcport": [53, 5353]}, "length": 46}).matches(packet)
    assert not Condition({"tcp.dstport": 4000}).matches(packet)
    assert not Condition({"udp.dstport": 53}).matches(packet)


def test_packets_are_matched_by_the_index_of_rules_too() -> None:
    manager = EventManager()
    for port in (53, 4000, 4001):
        manager.register(print, {"udp.dstport": port})
    packet = Packet(0, ethernet(ipv4(UDP, 17), 0x0800))
    assert manager.match(packet) == [1]


def test_packets_are_merged_by_time_through_queues() -> None:
    first, second = Queue(), Queue()
    with SortedQueueMultiplexer(sort_key="timestamp") as multiplexer:
        for source, times in ((first, (1, 4)), (second, (2, 3))):
            multiplexer.input_queue(source)
            source.put_many([Packet(time, UDP, linktype=RAW) for time in times])
            source.put(Queue.Empty)
        output = multiplexer.output_queue(Queue())
        multiplexer.run()
        got = list(output)
        multiplexer.join(30)
    assert [(type(one), one["timestamp"]) for one in got] == [
        (Packet, time) for time in (1, 2, 3, 4)
    ]
