"""Blocks of a pcapng file: sections, each with interfaces and packets of its own.

After the IETF draft "PCAP Next Generation Capture File Format". What is no section, no
interface and no packet is passed over by its length, however long it is.
"""

from cpython.mem cimport PyMem_RawRealloc
from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from chronomux._core.pcap.loads cimport load_u16, load_u32, load_u64
from chronomux._core.pcap.scan cimport (
    BAD_CAPTURED,
    BAD_LENGTH,
    BAD_OPTION,
    BAD_ORDER,
    BAD_TIME,
    BAD_VERSION,
    GOOD,
    NO_INTERFACE,
    NO_MEMORY,
    NO_SECTION,
    RAISE,
    SKIP,
    TOO_LONG,
    TOO_MANY_INTERFACES,
    UNEQUAL_LENGTHS,
    Found,
    Interface,
    Scan,
    fails,
    lacks,
)
from chronomux._core.pcap.ticks cimport clock_of, time_of_ticks

cdef uint32_t SECTION = 0x0A0D0D0AU  # the same in both byte orders
cdef uint32_t ORDER = 0x1A2B3C4DU

cdef enum Kind:
    INTERFACE = 1
    PACKET = 2  # obsolete, but there
    SIMPLE_PACKET = 3
    ENHANCED_PACKET = 6

cdef enum:
    BLOCK_BYTES = 12  # type, length, and the length again at the end
    SECTION_BYTES = 28
    INTERFACE_BYTES = 20
    SIMPLE_BYTES = 16
    PACKET_BYTES = 32
    SIMPLE_HEAD = 12  # bytes before the data
    PACKET_HEAD = 28
    END_OF_OPTIONS = 0
    RESOLUTION = 9
    OFFSET = 14
    MICROSECONDS = 6
    MOST_INTERFACES = 1 << 16  # of one section


cdef size_t scan_sections(
    Scan* scan, const uint8_t* data, size_t size, Found* found, size_t most
) noexcept nogil:
    """Find up to `most` packets; `scan` then tells why it stopped."""
    cdef size_t n = 0
    cdef size_t left, padded
    cdef uint32_t kind, length
    cdef const uint8_t* p
    scan.needed = 0
    while n < most:
        if scan.trailer:
            if not pass_over(scan, data, size):
                break
            continue
        left = size - scan.position
        if left < BLOCK_BYTES:
            # Nothing left to read is no lack.
            lacks(scan, BLOCK_BYTES)
            break
        p = data + scan.position
        kind = load_u32(p, scan.swapped)
        if kind == SECTION:
            if not find_order(scan, p):
                break
        elif not scan.is_begun:
            fails(scan, NO_SECTION, kind)
            break
        length = load_u32(p + 4, scan.swapped)
        if length < BLOCK_BYTES:
            fails(scan, BAD_LENGTH, length)
            break
        # Old writers did not count the padding.
        padded = (<size_t>length + 3) & ~<size_t>3
        if not is_read(kind):
            scan.skip = padded - 4
            scan.skip_begin = scan.base + scan.position
            scan.trailer = length
            continue
        if padded > scan.limit:
            fails(scan, TOO_LONG, length)
            break
        if left < padded:
            lacks(scan, padded)
            break
        if load_u32(p + padded - 4, scan.swapped) != length:
            fails(scan, UNEQUAL_LENGTHS, length)
            break
        if kind == SECTION:
            if not begin_section(scan, p, padded):
                break
        elif kind == INTERFACE:
            if not add_interface(scan, p, padded):
                break
        elif find_packet(scan, p, kind, padded, &found[n]):
            n += 1
        elif scan.status != GOOD:
            break
        scan.position += padded
    return n


cdef inline bint is_read(uint32_t kind) noexcept nogil:
    return (
        kind == ENHANCED_PACKET
        or kind == SIMPLE_PACKET
        or kind == PACKET
        or kind == INTERFACE
        or kind == SECTION
    )


cdef bint pass_over(Scan* scan, const uint8_t* data, size_t size) noexcept nogil:
    """Go on behind a block that is not looked at; False if its end is not there."""
    cdef size_t left = size - scan.position
    cdef size_t step = left if left < scan.skip else scan.skip
    scan.position += step
    scan.skip -= step
    left -= step
    if scan.skip or left < 4:
        return lacks(scan, 1 if scan.skip else 4)
    if load_u32(data + scan.position, scan.swapped) != scan.trailer:
        return fails(scan, UNEQUAL_LENGTHS, scan.trailer)
    scan.position += 4
    scan.trailer = 0
    return True


cdef bint find_order(Scan* scan, const uint8_t* p) noexcept nogil:
    scan.swapped = load_u32(p + 8, False) != ORDER
    if load_u32(p + 8, scan.swapped) != ORDER:
        return fails(scan, BAD_ORDER, load_u32(p + 8, False))
    return True


cdef bint begin_section(Scan* scan, const uint8_t* p, size_t size) noexcept nogil:
    cdef uint16_t major
    if size < SECTION_BYTES:
        return fails(scan, BAD_LENGTH, size)
    major = load_u16(p + 12, scan.swapped)
    if major != 1:
        return fails(
            scan, BAD_VERSION, <uint32_t>major << 16 | load_u16(p + 14, scan.swapped)
        )
    if not scan.is_begun:
        scan.is_begun = True
        scan.last_time = INT64_MIN
    scan.before += scan.count
    scan.count = 0
    return True


cdef bint add_interface(Scan* scan, const uint8_t* p, size_t size) noexcept nogil:
    cdef Interface* interface
    cdef uint8_t resolution = MICROSECONDS
    cdef int64_t offset = 0
    if size < INTERFACE_BYTES:
        return fails(scan, BAD_LENGTH, size)
    if scan.count == MOST_INTERFACES:
        return fails(scan, TOO_MANY_INTERFACES, MOST_INTERFACES)
    if not read_options(scan, p + 16, p + size - 4, &resolution, &offset):
        return False
    if scan.count == scan.room and not grow(scan):
        return fails(scan, NO_MEMORY, 0)
    interface = &scan.interfaces[scan.count]
    interface.linktype = load_u16(p + 8, scan.swapped)
    interface.snaplen = load_u32(p + 12, scan.swapped)
    interface.clock = clock_of(resolution, offset)
    scan.count += 1
    return True


cdef bint grow(Scan* scan) noexcept nogil:
    cdef uint32_t room = 2 * scan.room if scan.room else 4
    grown = <Interface*>PyMem_RawRealloc(scan.interfaces, room * sizeof(Interface))
    if grown is NULL:
        return False
    scan.interfaces = grown
    scan.room = room
    return True


cdef bint read_options(
    Scan* scan,
    const uint8_t* p,
    const uint8_t* end,
    uint8_t* resolution,
    int64_t* offset,
) noexcept nogil:
    """The two options that times depend on; False if they cannot be read."""
    cdef uint16_t code, size
    while end - p >= 4:
        code = load_u16(p, scan.swapped)
        size = load_u16(p + 2, scan.swapped)
        p += 4
        if code == END_OF_OPTIONS:
            return True
        if size > end - p:
            return fails(scan, BAD_OPTION, code)
        if code == RESOLUTION:
            if size != 1:
                return fails(scan, BAD_OPTION, code)
            resolution[0] = p[0]
        elif code == OFFSET:
            if size != 8:
                return fails(scan, BAD_OPTION, code)
            offset[0] = <int64_t>load_u64(p, scan.swapped)
        # The padding of the last option may be missing.
        p += min((<Py_ssize_t>size + 3) & ~3, end - p)
    return True


cdef inline bint find_packet(
    Scan* scan, const uint8_t* p, uint32_t kind, size_t size, Found* found
) noexcept nogil:
    """Note the packet of a block; False if there is none, or it cannot be read."""
    cdef Interface* interface
    cdef uint32_t number
    cdef uint64_t ticks
    if kind == SIMPLE_PACKET:
        return find_simple(scan, p, size, found)
    if size < PACKET_BYTES:
        return fails(scan, BAD_LENGTH, size)
    if kind == ENHANCED_PACKET:
        number = load_u32(p + 8, scan.swapped)
    else:  # behind it, a count of packets that were dropped
        number = load_u16(p + 8, scan.swapped)
    if number >= scan.count:
        return fails(scan, NO_INTERFACE, number)
    found.captured = load_u32(p + 20, scan.swapped)
    if found.captured > size - PACKET_BYTES:
        return fails(scan, BAD_CAPTURED, found.captured)
    found.length = load_u32(p + 24, scan.swapped)
    interface = &scan.interfaces[number]
    ticks = <uint64_t>load_u32(p + 12, scan.swapped) << 32
    ticks |= load_u32(p + 16, scan.swapped)
    if not time_of_ticks(&interface.clock, ticks, &found.time):
        if not stays(scan, ticks):
            return False
        found.time = INT64_MIN
    scan.last_time = found.time
    place(scan, found, PACKET_HEAD, size)
    found.interface = scan.before + number
    found.linktype = interface.linktype
    return True


cdef bint find_simple(
    Scan* scan, const uint8_t* p, size_t size, Found* found
) noexcept nogil:
    """A packet without a time: that of its predecessor keeps it behind that."""
    cdef uint32_t snaplen
    if size < SIMPLE_BYTES:
        return fails(scan, BAD_LENGTH, size)
    if not scan.count:
        return fails(scan, NO_INTERFACE, 0)
    snaplen = scan.interfaces[0].snaplen
    found.length = load_u32(p + 8, scan.swapped)
    found.captured = found.length
    if snaplen and snaplen < found.captured:
        found.captured = snaplen
    if found.captured > size - SIMPLE_BYTES:
        return fails(scan, BAD_CAPTURED, found.captured)
    found.time = scan.last_time
    scan.untimed += 1
    place(scan, found, SIMPLE_HEAD, size)
    found.interface = scan.before
    found.linktype = scan.interfaces[0].linktype
    return True


cdef inline void place(
    Scan* scan, Found* found, size_t head, size_t size
) noexcept nogil:
    found.begin = scan.position
    found.data = scan.position + head
    found.end = scan.position + size


cdef bint stays(Scan* scan, uint64_t ticks) noexcept nogil:
    """Count a packet whose time is outside int64; whether it is to be given."""
    if scan.policy == RAISE:
        return fails(scan, BAD_TIME, ticks)
    if not scan.bad_times:
        scan.first_bad = scan.base + scan.position
    scan.bad_times += 1
    return scan.policy != SKIP
