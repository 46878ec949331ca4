"""The few fields of a packet that people filter by; names are those of Wireshark.

Each step gets what is left of the packet, adds a layer if all of its header is there,
and hands the rest on. Lengths in a header only ever shorten what is left.
"""

import socket

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t

from chronomux._core.pcap.loads cimport net_u16, net_u32

cdef frozenset LAYERS = frozenset(("eth", "vlan", "sll", "ip", "udp", "tcp", "icmp"))

cdef object inet_ntop = socket.inet_ntop
cdef int IPV4 = socket.AF_INET, IPV6 = socket.AF_INET6

cdef enum LinkType:
    NULL_LINK = 0
    ETHERNET = 1
    RAW_BSD = 12
    RAW_OPENBSD = 14
    RAW = 101
    LOOP_LINK = 108
    SLL = 113
    IPV4_LINK = 228
    IPV6_LINK = 229
    SLL2 = 276

cdef enum EtherType:
    TYPE_IPV4 = 0x0800
    TYPE_VLAN = 0x8100
    TYPE_IPV6 = 0x86DD
    TYPE_PROVIDER_VLAN = 0x88A8
    TYPE_OLD_VLAN = 0x9100

cdef enum Protocol:
    HOP_BY_HOP = 0
    ICMP = 1
    TCP = 6
    UDP = 17
    ROUTING = 43
    FRAGMENT = 44
    AUTHENTICATION = 51
    ICMPV6 = 58
    DESTINATION_OPTIONS = 60


# What is left of a packet.
cdef struct Rest:
    const uint8_t* p
    Py_ssize_t size


cdef dict layers_of(bytes data, int linktype):
    """The layers of a packet by name; none of an unknown link."""
    cdef dict layers = {}
    cdef Rest rest = Rest(
        <const uint8_t*>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)
    )
    if linktype == ETHERNET:
        add_ethernet(layers, &rest)
    elif linktype == SLL:
        add_sll(layers, &rest)
    elif linktype == SLL2:
        add_sll2(layers, &rest)
    elif linktype == NULL_LINK or linktype == LOOP_LINK:
        if rest.size >= 4:  # a family, which the version of IP tells as well
            advance(&rest, 4)
            add_ip(layers, &rest)
    elif linktype in (RAW, RAW_BSD, RAW_OPENBSD, IPV4_LINK, IPV6_LINK):
        add_ip(layers, &rest)
    return layers


cdef inline void advance(Rest* rest, Py_ssize_t size) noexcept:
    rest.p += size
    rest.size -= size


cdef inline bytes taken(const Rest* rest, Py_ssize_t size):
    return rest.p[:size]


cdef str hardware(const uint8_t* p, Py_ssize_t size):
    return p[:size].hex(":")


cdef int add_ethernet(dict layers, Rest* rest) except -1:
    cdef uint16_t kind
    if rest.size < 14:
        return 0
    kind = net_u16(rest.p + 12)
    layers["eth"] = {
        "dst": hardware(rest.p, 6),
        "src": hardware(rest.p + 6, 6),
        "type": kind,
    }
    advance(rest, 14)
    return add_typed(layers, rest, kind)


cdef int add_typed(dict layers, Rest* rest, uint16_t kind) except -1:
    """What an EtherType announces, behind any number of VLAN tags."""
    while kind in (TYPE_VLAN, TYPE_PROVIDER_VLAN, TYPE_OLD_VLAN) and rest.size >= 4:
        kind = net_u16(rest.p + 2)
        # The innermost tag is the one that counts.
        layers["vlan"] = {
            "id": net_u16(rest.p) & 0xFFF, "priority": rest.p[0] >> 5, "etype": kind
        }
        advance(rest, 4)
    if kind == TYPE_IPV4 or kind == TYPE_IPV6:
        return add_ip(layers, rest)
    return 0


cdef int add_sll(dict layers, Rest* rest) except -1:
    if rest.size < 16:
        return 0
    add_sll_of(
        layers, net_u16(rest.p), rest.p + 6, net_u16(rest.p + 4), net_u16(rest.p + 14)
    )
    kind = net_u16(rest.p + 14)
    advance(rest, 16)
    return add_typed(layers, rest, kind)


cdef int add_sll2(dict layers, Rest* rest) except -1:
    if rest.size < 20:
        return 0
    add_sll_of(layers, rest.p[10], rest.p + 12, rest.p[11], net_u16(rest.p))
    kind = net_u16(rest.p)
    advance(rest, 20)
    return add_typed(layers, rest, kind)


cdef int add_sll_of(
    dict layers, int direction, const uint8_t* address, int size, uint16_t kind
) except -1:
    layers["sll"] = {
        "pkttype": direction,  # 0 to us, 1 to all, 2 to a group, 3 to others, 4 by us
        "src": hardware(address, min(size, 8)),
        "etype": kind,
    }
    return 0


cdef int add_ip(dict layers, Rest* rest) except -1:
    if rest.size < 1:
        return 0
    if rest.p[0] >> 4 == 4:
        return add_ipv4(layers, rest)
    if rest.p[0] >> 4 == 6:
        return add_ipv6(layers, rest)
    return 0


cdef int add_ipv4(dict layers, Rest* rest) except -1:
    cdef Py_ssize_t head = (rest.p[0] & 15) * 4 if rest.size else 0
    cdef Py_ssize_t length
    cdef uint16_t fragment
    cdef uint8_t protocol
    if head < 20 or rest.size < head:
        return 0
    length = net_u16(rest.p + 2)
    fragment = net_u16(rest.p + 6)
    protocol = rest.p[9]
    layers["ip"] = {
        "version": 4,
        "src": inet_ntop(IPV4, rest.p[12:16]),
        "dst": inet_ntop(IPV4, rest.p[16:20]),
        "proto": protocol,
        "ttl": rest.p[8],
        "len": length,
        "id": net_u16(rest.p + 4),
        "frag_offset": (fragment & 0x1FFF) * 8,
    }
    # Padding of short frames is no payload; 0 is what a card's offloading leaves.
    if head <= length < rest.size:
        rest.size = length
    advance(rest, head)
    return 0 if fragment & 0x1FFF else add_transport(layers, rest, protocol)


cdef int add_ipv6(dict layers, Rest* rest) except -1:
    cdef Py_ssize_t length
    cdef uint8_t protocol
    cdef int offset
    if rest.size < 40:
        return 0
    length = net_u16(rest.p + 4)
    protocol = rest.p[6]
    cdef dict ip = {
        "version": 6,
        "src": inet_ntop(IPV6, rest.p[8:24]),
        "dst": inet_ntop(IPV6, rest.p[24:40]),
        "ttl": rest.p[7],
        "len": length + 40,
    }
    layers["ip"] = ip
    advance(rest, 40)
    if length and length < rest.size:
        rest.size = length
    offset = pass_extensions(rest, &protocol)
    ip["proto"] = protocol
    ip["frag_offset"] = max(offset, 0)
    return 0 if offset else add_transport(layers, rest, protocol)


cdef int pass_extensions(Rest* rest, uint8_t* protocol) noexcept:
    """Go to the transport header; the offset of a fragment, -1 if there is none."""
    cdef Py_ssize_t size
    cdef int offset = 0
    while protocol[0] in (
        HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS
    ):
        if rest.size < 8:
            return -1
        if protocol[0] == FRAGMENT:
            size = 8
            offset = net_u16(rest.p + 2) & 0xFFF8
        elif protocol[0] == AUTHENTICATION:
            size = (rest.p[1] + 2) * 4
        else:
            size = (rest.p[1] + 1) * 8
        if rest.size < size:
            return -1
        protocol[0] = rest.p[0]
        advance(rest, size)
        if offset:
            break
    return offset


cdef int add_transport(dict layers, Rest* rest, uint8_t protocol) except -1:
    if protocol == UDP:
        return add_udp(layers, rest)
    if protocol == TCP:
        return add_tcp(layers, rest)
    if (protocol == ICMP or protocol == ICMPV6) and rest.size >= 4:
        layers["icmp"] = {"type": rest.p[0], "code": rest.p[1]}
    return 0


cdef int add_udp(dict layers, Rest* rest) except -1:
    cdef Py_ssize_t length
    if rest.size < 8:
        return 0
    length = net_u16(rest.p + 4)
    cdef dict udp = {
        "srcport": net_u16(rest.p),
        "dstport": net_u16(rest.p + 2),
        "length": length,
    }
    if 8 <= length < rest.size:
        rest.size = length
    advance(rest, 8)
    udp["payload"] = taken(rest, rest.size)
    layers["udp"] = udp
    return 0


cdef int add_tcp(dict layers, Rest* rest) except -1:
    cdef Py_ssize_t head
    if rest.size < 20:
        return 0
    head = (rest.p[12] >> 4) * 4
    if head < 20:
        return 0
    cdef dict tcp = {
        "srcport": net_u16(rest.p),
        "dstport": net_u16(rest.p + 2),
        "seq": net_u32(rest.p + 4),
        "ack": net_u32(rest.p + 8),
        "flags": net_u16(rest.p + 12) & 0xFFF,
        "window": net_u16(rest.p + 14),
    }
    advance(rest, min(head, rest.size))
    tcp["payload"] = taken(rest, rest.size)
    layers["tcp"] = tcp
    return 0
