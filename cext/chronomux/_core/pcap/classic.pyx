"""Records of a pcap file: a header of the file, and one of 16 or 24 bytes a packet.

After the IETF draft "PCAP Capture File Format"; how versions before 2.4 order the two
lengths is known from libpcap only.
"""

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint16_t, uint32_t

from chronomux._core.pcap.loads cimport load_u16, load_u32
from chronomux._core.pcap.scan cimport (
    BAD_VERSION,
    EXCHANGED,
    IN_ORDER,
    SMALLER_FIRST,
    TOO_LONG,
    Found,
    Lengths,
    Scan,
    fails,
    lacks,
)

cdef enum:
    FILE_HEAD = 24
    HEAD = 16
    MODIFIED_HEAD = 24  # with an interface, a protocol and a type that nobody reads

cdef uint32_t MICRO = 0xA1B2C3D4U, NANO = 0xA1B23C4DU, MODIFIED = 0xA1B2CD34U


cdef bint is_classic(uint32_t magic) noexcept nogil:
    return magic == MICRO or magic == NANO or magic == MODIFIED


cdef bint begin_classic(Scan* scan, const uint8_t* data) noexcept nogil:
    """Read the file's header; False if it cannot be."""
    cdef uint32_t magic
    cdef uint16_t major, minor
    scan.swapped = not is_classic(load_u32(data, False))
    magic = load_u32(data, scan.swapped)
    major = load_u16(data + 4, scan.swapped)
    minor = load_u16(data + 6, scan.swapped)
    if major != 2 and major != 543:  # what DG/UX wrote
        return fails(scan, BAD_VERSION, <uint32_t>major << 16 | minor)
    scan.lengths = lengths_of(major, minor)
    scan.head = MODIFIED_HEAD if magic == MODIFIED else HEAD
    scan.unit = 1 if magic == NANO else 1000
    # The upper half tells of frame check sequences.
    scan.linktype = load_u32(data + 20, scan.swapped) & 0xFFFF
    scan.last_time = INT64_MIN
    scan.position = FILE_HEAD
    return True


cdef Lengths lengths_of(uint16_t major, uint16_t minor) noexcept nogil:
    if major == 543 or minor < 3:
        return EXCHANGED
    return SMALLER_FIRST if minor == 3 else IN_ORDER


cdef size_t scan_classic(
    Scan* scan, const uint8_t* data, size_t size, Found* found, size_t most
) noexcept nogil:
    """Find up to `most` packets; `scan` then tells why it stopped."""
    # Kept apart, they stay in registers.
    cdef bint swapped = scan.swapped
    cdef size_t head = scan.head
    cdef size_t position = scan.position
    cdef int64_t unit = scan.unit
    cdef Lengths lengths = scan.lengths
    cdef size_t n = 0
    cdef uint32_t captured, length
    cdef const uint8_t* p
    scan.needed = 0
    while n < most:
        if size - position < head:
            lacks(scan, head)
            break
        p = data + position
        captured = load_u32(p + 8, swapped)
        length = load_u32(p + 12, swapped)
        if lengths == EXCHANGED or (lengths == SMALLER_FIRST and captured > length):
            captured, length = length, captured
        if captured > scan.limit:
            fails(scan, TOO_LONG, captured)
            break
        if size - position < head + captured:
            lacks(scan, head + captured)
            break
        # Even with a fraction of more than a second this is far below 2**63.
        found[n].time = (
            <int64_t>load_u32(p, swapped) * 1000000000
            + <int64_t>load_u32(p + 4, swapped) * unit
        )
        found[n].begin = position
        found[n].data = position + head
        position += head + captured
        found[n].end = position
        found[n].captured = captured
        found[n].length = length
        found[n].interface = 0
        found[n].linktype = scan.linktype
        n += 1
    scan.position = position
    return n
