"""From frames in a ring to items."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.decoder cimport Decoder
from chronomux._core.ring cimport Outcome, Ring, gate, record


cdef class Receiver:
    """One process's way out of a ring. All fields are for who is inside the gate."""

    cdef Ring ring
    cdef readonly Decoder decoder  # of `copy`
    cdef gate gate
    cdef uint64_t owner  # the thread inside, 0 for none
    cdef char* copy  # of the frame at the head, or of one that came in parts
    cdef uint64_t room
    cdef uint64_t position  # of that frame in the ring, or NOWHERE
    cdef record found  # its record
    cdef uint64_t head  # as `find` saw it
    cdef Py_ssize_t claimed  # rows before this one are taken, or this process's alone
    cdef uint64_t identity  # of this process, as an assembler
    cdef uint64_t assembled  # bytes of the frame that comes in parts
    cdef bint assembling
    cdef bint only_whole  # for now: leave a frame in parts where it is
    cdef object late_error  # to raise when what was found before it is delivered

    cdef int enter(self) except -1
    cdef void leave(self) noexcept nogil
    # Makes the next row ready. Raises FrameError when there is a damaged one; it is
    # skipped then.
    cdef Outcome find(self) except *
    # The row that was found. CHANGED: another consumer has it, find again.
    cdef bint claim(self, Py_ssize_t most, Py_ssize_t* count) noexcept
    cdef Py_ssize_t own_rows(self) noexcept  # that it took and did not give out yet
    cdef object receive(self)
    cdef list receive_many(self, Py_ssize_t most)

    # For this module only.
    cdef void let_go(self) noexcept nogil
    cdef int raise_error(self, int error) except -1
    cdef bint has_own_rows(self) noexcept
    cdef Outcome fetch(self) noexcept nogil
    cdef Outcome fetch_part(self) noexcept nogil
    cdef Outcome drop_parts(self) noexcept nogil
    cdef int open(self) except -1
    cdef Outcome make_room(self, uint64_t size) noexcept nogil
