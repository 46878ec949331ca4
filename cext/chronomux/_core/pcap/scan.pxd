"""What is found in a capture, and how far the search has come."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from chronomux._core.pcap.ticks cimport Clock


cdef enum Status:
    GOOD
    BAD_ORDER
    BAD_VERSION
    NO_SECTION
    BAD_LENGTH
    UNEQUAL_LENGTHS
    TOO_LONG
    BAD_OPTION
    BAD_CAPTURED
    NO_INTERFACE
    TOO_MANY_INTERFACES
    BAD_TIME
    NO_MEMORY


# What becomes of a packet whose time is outside int64.
cdef enum Policy:
    RAISE
    SKIP
    KEEP  # with INT64_MIN for its time


# Of captures of old, which field comes first.
cdef enum Lengths:
    IN_ORDER
    SMALLER_FIRST  # either
    EXCHANGED


# All places count from the window's first byte.
cdef struct Found:
    int64_t time  # ns since 1970; INT64_MIN if there is none
    uint32_t begin  # of the record, and its end
    uint32_t end
    uint32_t data
    uint32_t captured
    uint32_t length  # on the wire
    uint32_t interface  # counted through all sections
    uint16_t linktype


cdef struct Interface:
    Clock clock
    uint32_t snaplen
    uint16_t linktype


cdef struct Scan:
    size_t limit  # bytes of a record that are held at most
    Policy policy
    Status status
    uint64_t value  # what the status complains of
    bint swapped  # the file's byte order is not this machine's
    uint64_t base  # where in the file the window begins
    size_t position  # of the next record in the window
    size_t needed  # bytes from there on, as far as it is known
    int64_t last_time  # INT64_MIN before the first
    uint64_t untimed
    uint64_t bad_times
    uint64_t first_bad  # where in the file

    # pcap
    size_t head  # bytes before the data of a packet
    int64_t unit  # ns of a fraction's 1
    Lengths lengths
    uint16_t linktype

    # pcapng
    bint is_begun
    Interface* interfaces  # of this section
    uint32_t count
    uint32_t room
    uint32_t before  # interfaces of the sections before
    uint64_t skip  # bytes to go of a block that is not looked at
    uint64_t skip_begin  # where in the file it begins
    uint32_t trailer  # the length that stands behind them; 0 if none is due


cdef inline bint fails(Scan* scan, Status status, uint64_t value) noexcept nogil:
    """Note what is wrong with the record at `position`; False."""
    scan.status = status
    scan.value = value
    return False


cdef inline bint lacks(Scan* scan, size_t needed) noexcept nogil:
    """Note how many bytes the record at `position` needs; False."""
    scan.needed = needed
    return False
