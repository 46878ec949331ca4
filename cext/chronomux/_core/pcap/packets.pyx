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
from libc.stdint cimport (
    INT64_MAX,
    INT64_MIN,
    UINT32_MAX,
    int64_t,
    uint8_t,
    uint32_t,
    uint64_t,
)

from chronomux._core.pcap.classic cimport begin_classic, is_classic, scan_classic
from chronomux._core.pcap.loads cimport load_u32
from chronomux._core.pcap.packet cimport Packet
from chronomux._core.pcap.put cimport (
    BLOCKS,
    RECORD_HEAD,
    RECORDS,
    Form,
    put_packet,
    put_size,
)
from chronomux._core.pcap.scan cimport (
    BAD_CAPTURED,
    BAD_LENGTH,
    BAD_OPTION,
    BAD_ORDER,
    BAD_TIME,
    BAD_VERSION,
    GOOD,
    IN_ORDER,
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

cdef int64_t PCAP_END = (<int64_t>1 << 32) * 1000000000  # ns: seconds have 32 bits
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
        self.latest = INT64_MIN
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
        return self.frame() if self.advance() else None

    cdef tuple frame(self):
        cdef array.array keys = array.clone(INT64, self.count, False)
        cdef array.array offsets = array.clone(INT64, self.count + 1, False)
        cdef int64_t* place = <int64_t*>offsets.data.as_longlongs
        cdef size_t i
        cdef bint is_whole = True
        place[0] = self.found[0].begin
        for i in range(self.count):
            keys.data.as_longlongs[i] = self.found[i].time
            is_whole = is_whole and place[i] == self.found[i].begin
            place[i + 1] = self.found[i].end
        if is_whole:
            return keys, offsets, self.window
        place[0] = 0
        for i in range(self.count):
            place[i + 1] = place[i] + (self.found[i].end - self.found[i].begin)
        return keys, offsets, self.joined(self.count)

    def find(self):
        """Find the next packets, for `at_hand` and `records`; 0 at the end."""
        return self.advance()

    def at_hand(self):
        """The packets found last; to be asked for before their `records`."""
        cdef list packets = []
        cdef size_t i
        for i in range(self.count):
            packets.append(self.packet(&self.found[i]))
        return packets

    def place(self, size_t i):
        """The offset in the file of one of the packets found last."""
        if i >= self.count:
            raise IndexError(f"there is no packet {i} at hand")
        return self.scan.base + self.found[i].begin

    def records(
        self, describe, bint in_blocks, int64_t offset=0, bytes wanted=None
    ):
        """(keys, offsets, rows) of the packets found last, to be written; for once.

        `in_blocks`: as blocks of a pcapng file, else as records of a pcap file; both
        have their times in ns. The keys are these times, `offset` ns later than those
        that were read. A packet without a time has that of its predecessor; before the
        first time it is written with 0, and -2**63 for a key. A packet whose byte in
        `wanted` is 0 has a key, and a row without bytes.

        describe(interface, linktype) gives the number of an interface in blocks; it is
        called for each anew whenever another interface has a packet.

        Raises TimestampError for a time that the format cannot hold.
        """
        cdef array.array keys, offsets
        if wanted is not None and len(wanted) != <Py_ssize_t>self.count:
            raise ValueError(f"{self.count} packets are at hand")
        if offset == INT64_MIN:
            raise OverflowError("no time can be moved that far")
        self.number_interfaces(describe)
        if not (in_blocks or offset) and wanted is None and self.stands_so():
            return self.frame()
        self.move_times(offset, INT64_MAX if in_blocks else PCAP_END - 1)
        keys = array.clone(INT64, self.count, False)
        offsets = array.clone(INT64, self.count + 1, False)
        rows = self.put(
            BLOCKS if in_blocks else RECORDS,
            <int64_t*>keys.data.as_longlongs,
            <int64_t*>offsets.data.as_longlongs,
            wanted,
        )
        return keys, offsets, rows

    cdef bint stands_so(self) noexcept:
        """Whether records stand in the file as they would be written."""
        return (
            not self.is_sections
            and not self.scan.swapped
            and self.scan.unit == 1
            and self.scan.head == RECORD_HEAD
            and self.scan.lengths == IN_ORDER
        )

    cdef int number_interfaces(self, object describe) except -1:
        cdef uint32_t known = UINT32_MAX, number = 0
        cdef Found* found
        cdef size_t i
        for i in range(self.count):
            found = &self.found[i]
            if found.interface != known:
                number = describe(found.interface, found.linktype)
                known = found.interface
            found.interface = number
        return 0

    cdef int move_times(self, int64_t offset, int64_t last) except -1:
        """Add the offset to all times, and give those that are missing."""
        # No sum of what lies between them is outside int64.
        cdef int64_t least = -min(offset, 0)
        cdef int64_t most = last - max(offset, 0)
        cdef Found* found
        cdef size_t i
        for i in range(self.count):
            found = &self.found[i]
            if found.time == INT64_MIN:
                found.time = self.latest
                continue
            if not least <= found.time <= most:
                raise self.misfit(i, found.time, offset, last)
            found.time += offset
            self.latest = found.time
        return 0

    cdef object misfit(self, size_t i, int64_t time, object offset, object last):
        where = f"{self.name}@{self.place(i)}: a time of {time + offset} ns"
        if time + offset < 0:
            return TimestampError(f"{where} is before 1970, and no capture can hold it")
        until = "2106; write pcapng" if last < INT64_MAX else "2262"
        return TimestampError(f"{where} is not before {until}")

    cdef bytes put(
        self, Form form, int64_t* keys, int64_t* offsets, bytes wanted
    ):
        cdef const uint8_t* window = <const uint8_t*>PyBytes_AS_STRING(self.window)
        cdef const char* chosen = NULL
        cdef size_t i
        cdef uint8_t* out
        if wanted is not None:
            chosen = PyBytes_AS_STRING(wanted)
        offsets[0] = 0
        for i in range(self.count):
            keys[i] = self.found[i].time
            offsets[i + 1] = offsets[i]
            if chosen is NULL or chosen[i]:
                offsets[i + 1] += put_size(form, &self.found[i])
        rows = PyBytes_FromStringAndSize(NULL, offsets[self.count])
        out = <uint8_t*>PyBytes_AS_STRING(rows)
        with nogil:
            for i in range(self.count):
                if offsets[i] < offsets[i + 1]:
                    put_packet(
                        form, out + offsets[i], &self.found[i],
                        window + self.found[i].data,
                    )
        return rows

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
