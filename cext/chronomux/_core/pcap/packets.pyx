"""All packets of a capture, a window at a time.

Nothing is made for a packet until it is found; a window is the bytes that were read,
behind the beginning of a record that the window before did not have all of.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_RawFree
from libc.stdint cimport INT64_MIN, UINT32_MAX, int64_t, uint8_t, uint32_t, uint64_t

from chronomux._core.pcap.classic cimport begin_classic, is_classic, scan_classic
from chronomux._core.pcap.loads cimport load_u32
from chronomux._core.pcap.packet cimport Packet
from chronomux._core.pcap.scan cimport (
    BAD_CAPTURED,
    BAD_LENGTH,
    BAD_OPTION,
    BAD_ORDER,
    BAD_TIME,
    BAD_VERSION,
    GOOD,
    KEEP,
    NO_INTERFACE,
    NO_MEMORY,
    NO_SECTION,
    RAISE,
    SKIP,
    TOO_LONG,
    TOO_MANY_INTERFACES,
    UNEQUAL_LENGTHS,
    Found,
)
from chronomux._core.pcap.sections cimport SECTION, scan_sections
from chronomux.errors import PcapError, TimestampError

cdef enum:
    MOST = 4096  # packets of a batch
    FIRST_BYTES = 24  # the shortest file has as many
    LARGEST_LIMIT = 1 << 30  # places in a window are 32 bits

cdef dict POLICIES = {"raise": RAISE, "skip": SKIP, "null": KEEP}
cdef dict COMPLAINTS = {
    BAD_ORDER: "0x{0:08x} is no byte order mark of a section",
    BAD_VERSION: "version {1}.{2} is not known",
    NO_SECTION: "a block of type 0x{0:x} stands before any section",
    BAD_LENGTH: "a block cannot be {0} bytes long",
    UNEQUAL_LENGTHS: "the length {0} of a block is not repeated at its end",
    TOO_LONG: "a record of {0} bytes is longer than packet_size_limit",
    BAD_OPTION: "option {0} of an interface cannot be read",
    BAD_CAPTURED: "{0} captured bytes do not fit into their block",
    NO_INTERFACE: "interface {0} is not described",
    TOO_MANY_INTERFACES: "a section has more than {0} interfaces",
}
cdef array.array INT64 = array.array("q")


@cython.final
cdef class Packets:
    """Reads batches of packets: as they are asked for, and once only.

    `read`, set before that, gives the next bytes, b"" at the end. Errors come after all
    packets before them: PcapError with `name` and the offset.
    on_error: 'raise' TimestampError for a time outside int64, 'skip' such packets, or
    'null' (None; in frames -2**63).
    """

    def __cinit__(self, *args, **options):
        self.found = <Found*>PyMem_Malloc(MOST * sizeof(Found))
        if self.found is NULL:
            raise MemoryError

    def __init__(
        self, str name not None, on_error="raise", packet_size_limit=1 << 24
    ):
        if on_error not in POLICIES:
            raise ValueError(f"on_error={on_error!r}: use 'raise', 'skip' or 'null'")
        if not 0 < packet_size_limit <= LARGEST_LIMIT:
            raise ValueError(
                f"packet_size_limit={packet_size_limit!r}: use 1 to {LARGEST_LIMIT}"
            )
        self.name = name
        self.window = b""
        self.scan.policy = POLICIES[on_error]
        self.scan.limit = packet_size_limit
        self.scan.needed = FIRST_BYTES

    def __dealloc__(self):
        PyMem_Free(self.found)
        PyMem_RawFree(self.scan.interfaces)

    @property
    def untimed(self):
        """Packets that have no time of their own, so far."""
        return self.scan.untimed

    @property
    def bad_times(self):
        """Packets whose times are outside int64, so far."""
        return self.scan.bad_times

    @property
    def first_bad(self):
        """The offset of the first of them."""
        return self.scan.first_bad

    @property
    def interfaces(self):
        """Interfaces described so far; a pcap file has one and does not say so."""
        if not self.is_sections:
            return int(self.is_begun)
        return self.scan.before + self.scan.count

    def next_packets(self):
        """The next packets; an empty list at the end."""
        self.advance()
        return self.at_hand()

    cdef list at_hand(self):
        """The packets found last."""
        cdef size_t i
        cdef list packets = []
        for i in range(self.count):
            packets.append(self.packet(&self.found[i]))
        return packets

    def next_pairs(self):
        """(time, data) of the next packets; an empty list at the end."""
        cdef size_t count = self.advance()
        cdef const char* bytes = PyBytes_AS_STRING(self.window)
        cdef const Found* found
        cdef list pairs = []
        cdef size_t i
        for i in range(count):
            found = &self.found[i]
            data = PyBytes_FromStringAndSize(bytes + found.data, found.captured)
            pairs.append((None if found.time == INT64_MIN else found.time, data))
        return pairs

    def next_frame(self):
        """(keys, offsets, rows) of the next records as they stand in the file, or None.
        """
        cdef size_t count = self.advance()
        cdef array.array keys, offsets
        cdef int64_t* place
        cdef size_t i
        cdef bint is_whole = True
        if not count:
            return None
        keys = array.clone(INT64, count, False)
        offsets = array.clone(INT64, count + 1, False)
        place = <int64_t*>offsets.data.as_longlongs
        place[0] = self.found[0].begin
        for i in range(count):
            keys.data.as_longlongs[i] = self.found[i].time
            is_whole = is_whole and place[i] == self.found[i].begin
            place[i + 1] = self.found[i].end
        if is_whole:
            return keys, offsets, self.window
        place[0] = 0
        for i in range(count):
            place[i + 1] = place[i] + (self.found[i].end - self.found[i].begin)
        return keys, offsets, self.joined(count)

    cdef bytes joined(self, size_t count):
        """The records at hand without what stands between them."""
        cdef const char* data = PyBytes_AS_STRING(self.window)
        cdef list records = []
        cdef size_t i
        for i in range(count):
            records.append(data[self.found[i].begin:self.found[i].end])
        return b"".join(records)

    cdef Packet packet(self, const Found* found):
        cdef Packet packet = Packet.__new__(Packet)
        packet.timestamp = None if found.time == INT64_MIN else found.time
        packet.data = PyBytes_FromStringAndSize(
            PyBytes_AS_STRING(self.window) + found.data, found.captured
        )
        packet.length = found.length
        packet.interface = found.interface
        packet.linktype = found.linktype
        return packet

    cdef size_t advance(self) except? 0:
        """Find the next packets, one of them at least; 0 only at the end."""
        cdef const uint8_t* data
        cdef size_t size, count
        self.count = 0
        while not self.is_ended:
            if self.scan.status != GOOD:
                raise self.failure()
            if not self.is_begun:
                self.begin()
            data = <const uint8_t*>PyBytes_AS_STRING(self.window)
            size = PyBytes_GET_SIZE(self.window)
            with nogil:
                if self.is_sections:
                    count = scan_sections(&self.scan, data, size, self.found, MOST)
                else:
                    count = scan_classic(&self.scan, data, size, self.found, MOST)
            if count:
                self.count = count
                return count
            if self.scan.status == GOOD and not self.fill():
                self.is_ended = True
        return 0

    cdef int begin(self) except -1:
        """Look at the first bytes: which of the formats they are."""
        cdef const uint8_t* data
        cdef uint32_t magic
        self.is_begun = True
        if not self.fill():
            raise PcapError(
                f"{self.name}@0: is empty, and so no capture; give a pcap or pcapng "
                "file"
            )
        data = <const uint8_t*>PyBytes_AS_STRING(self.window)
        magic = load_u32(data, False)
        self.is_sections = magic == SECTION
        if self.is_sections:
            return 0
        if not (is_classic(magic) or is_classic(load_u32(data, True))):
            raise PcapError(
                f"{self.name}@0: begins with {self.window[:4].hex(' ')}, as no pcap or "
                "pcapng file does; is it a capture?"
            )
        if not begin_classic(&self.scan, data):
            raise self.failure()
        return 0

    cdef size_t left(self) noexcept:
        return PyBytes_GET_SIZE(self.window) - self.scan.position

    cdef bint fill(self) except -1:
        """Move the window on, until it has all that is needed; False at the end."""
        cdef size_t needed = self.scan.needed
        cdef size_t size = self.left()
        cdef list blocks = [self.window[self.scan.position:]] if size else []
        self.scan.base += self.scan.position
        self.scan.position = 0
        while size < needed:
            block = self.read()
            if not block:
                break
            blocks.append(block)
            size += len(block)
        self.window = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        if size > UINT32_MAX:
            raise BufferError(f"{self.name}: {size} bytes came at once")
        if size >= needed:
            return True
        if size or self.scan.trailer:
            self.is_ended = True
            raise self.cut()
        return False

    cdef object cut(self):
        cdef uint64_t begin = self.scan.base
        if self.scan.trailer:
            begin = self.scan.skip_begin
            what = "a block"
        else:
            what = f"a record of {self.scan.needed} bytes or more"
        end = self.scan.base + self.left()
        return PcapError(
            f"{self.name}@{begin}: the file ends at {end}, within {what} that begins "
            "here; everything before it was read"
        )

    cdef object failure(self):
        """The error for the record at hand; the end comes after it."""
        cdef uint64_t value = self.scan.value
        where = f"{self.name}@{self.scan.base + self.scan.position}"
        self.is_ended = True
        if self.scan.status == NO_MEMORY:
            return MemoryError()
        if self.scan.status == BAD_TIME:
            return TimestampError(
                f"{where}: a time of {value} ticks is outside the years 1677 to 2262; "
                "use on_error='skip' or 'null' to go on"
            )
        text = COMPLAINTS[self.scan.status].format(value, value >> 16, value & 0xFFFF)
        return PcapError(f"{where}: {text}; everything before it was read")
