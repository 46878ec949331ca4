"""Packets of a capture as another capture has them, in frames.

They are found in windows that stay in a cache, and put into memory that is used again
and again: fresh memory for each frame took longer than all the rest.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport INT64_MAX, INT64_MIN, UINT32_MAX, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from chronomux._core.csv.window cimport Window
from chronomux._core.pcap.packets cimport Packets
from chronomux._core.pcap.put cimport BLOCKS, RECORDS, put_packet, put_size
from chronomux._core.pcap.scan cimport Found

from chronomux.errors import ReaderError, TimestampError

cdef enum:
    MOST = 8192  # packets of a frame

cdef int64_t PCAP_LAST = (<int64_t>1 << 32) * 1000000000 - 1  # ns: seconds are 32 bits
cdef array.array INT64 = array.array("q")


@cython.final
cdef class Copies:
    """Frames of the packets that `packets` finds, once only.

    A record is a block of a pcapng file (`in_blocks`), or a record of a pcap file; both
    have their times in ns, `offset` ns later than they were read, and these are the
    keys. A packet without a time has that of its predecessor; before the first time it
    is written with 0, and its key is -2**63. A frame has about `room` bytes.

    number_of(interface, linktype) gives the number of an interface in blocks; it is
    called whenever a packet is of another one than that before it. choose(packets),
    unless it is None, gives a byte for each packet, 0 for those whose records are to
    have no bytes.

    Errors come after all packets before them: those of `packets`, and TimestampError
    for a time that the format cannot hold.
    """

    def __cinit__(self, *args, **options):
        self.keys = <int64_t*>PyMem_Malloc((3 * MOST + 1) * sizeof(int64_t))
        if self.keys is NULL:
            raise MemoryError
        self.offsets = self.keys + MOST
        self.places = self.offsets + MOST + 1

    def __init__(
        self,
        Packets packets not None,
        number_of,
        bint in_blocks,
        int64_t offset=0,
        size_t room=1 << 19,
        choose=None,
    ):
        if offset == INT64_MIN:
            raise OverflowError("no time can be moved that far")
        self.packets = packets
        self.number_of = number_of
        self.form = BLOCKS if in_blocks else RECORDS
        self.offset = offset
        self.room = room
        self.choose = choose
        self.latest = INT64_MIN

    def __dealloc__(self):
        PyMem_Free(self.keys)

    def next_frame(self):
        """(keys, offsets, rows) of the next packets, or None."""
        cdef array.array keys, offsets
        cdef Window rows = None
        cdef bint has_room = True
        self.count = 0
        self.offsets[0] = 0
        while has_room and self.find():
            if rows is None:
                rows = self.window_for()
            self.put(rows)
            has_room = self.taken == self.packets.count
        if rows is None:
            return None
        keys = array.clone(INT64, self.count, False)
        offsets = array.clone(INT64, self.count + 1, False)
        memcpy(keys.data.as_longlongs, self.keys, self.count * sizeof(int64_t))
        memcpy(
            offsets.data.as_longlongs, self.offsets, (self.count + 1) * sizeof(int64_t)
        )
        return keys, offsets, memoryview(rows)

    def place(self, size_t i):
        """The offset in the file at which a record of the latest frame begins."""
        if i >= self.count:
            raise IndexError(f"there is no packet {i} at hand")
        return self.places[i]

    cdef bint find(self) except -1:
        """Have packets at hand; False at the end, and before an error."""
        if self.taken < self.packets.count:
            return True
        if self.error is not None:
            if self.count:
                return False
            error, self.error = self.error, None
            raise error
        try:
            self.taken = 0
            if not self.packets.advance():
                return False
            if self.choose is not None:
                self.chosen = self.choose(self.packets.at_hand())
                if len(self.chosen) != <Py_ssize_t>self.packets.count:
                    raise ValueError("choose() must give a byte for each packet")
            self.number_interfaces()
            self.move_times()
        except ReaderError as error:
            self.packets.count = 0
            if not self.count:
                raise
            self.error = error
            return False
        return True

    cdef int number_interfaces(self) except -1:
        cdef uint32_t known = UINT32_MAX, number = 0
        cdef Found* found
        cdef size_t i
        for i in range(self.packets.count):
            found = &self.packets.found[i]
            if found.interface != known:
                number = self.number_of(found.interface, found.linktype)
                known = found.interface
            found.interface = number
        return 0

    cdef int move_times(self) except -1:
        """Add the offset to all times, and give those that are missing."""
        # No sum of what lies between these is outside int64.
        cdef int64_t last = INT64_MAX if self.form == BLOCKS else PCAP_LAST
        cdef int64_t least = -min(self.offset, 0)
        cdef int64_t most = last - max(self.offset, 0)
        cdef Found* found
        cdef size_t i
        for i in range(self.packets.count):
            found = &self.packets.found[i]
            if found.time == INT64_MIN:
                found.time = self.latest
                continue
            if not least <= found.time <= most:
                place = self.packets.scan.base + found.begin
                raise self.misfit(found.time, last, place)
            found.time += self.offset
            self.latest = found.time
        return 0

    cdef object misfit(self, int64_t time, int64_t last, object place):
        ns = time + <object>self.offset
        where = f"{self.packets.name}@{place}: a time of {ns} ns"
        if ns < 0:
            return TimestampError(f"{where} is before 1970, and no capture can hold it")
        if last == INT64_MAX:
            return TimestampError(f"{where} is not before 2262, and none can hold it")
        return TimestampError(f"{where} is not before 2106; write pcapng")

    cdef Window window_for(self):
        """Memory for the next packet, and others if it is no large one."""
        cdef size_t size = put_size(self.form, &self.packets.found[self.taken])
        return Window(max(self.room, size))

    cdef int put(self, Window rows) except -1:
        """Put the packets at hand into the frame, as far as there is room."""
        cdef const uint8_t* window = <const uint8_t*>PyBytes_AS_STRING(
            self.packets.window
        )
        cdef const char* chosen = NULL
        cdef const Found* found
        cdef size_t size = rows.size, taken = self.taken, count = self.count, more
        if self.choose is not None:
            chosen = PyBytes_AS_STRING(self.chosen)
        with nogil:
            while taken < self.packets.count and count < MOST:
                found = &self.packets.found[taken]
                more = put_size(self.form, found)
                if chosen is not NULL and not chosen[taken]:
                    more = 0
                if size + more > rows.room:
                    break
                if more:
                    put_packet(
                        self.form, rows.data + size, found, window + found.data
                    )
                size += more
                self.keys[count] = found.time
                self.places[count] = self.packets.scan.base + found.begin
                count += 1
                self.offsets[count] = size
                taken += 1
        rows.grow(size - rows.size)
        self.taken, self.count = taken, count
        return 0
