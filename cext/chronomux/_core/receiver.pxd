"""From frames in a ring to items."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.claims cimport Claim
from chronomux._core.decoder cimport Decoder
from chronomux._core.frame_memory cimport FrameMemory
from chronomux._core.ring cimport Outcome, Ring, Source, gate, record


cdef class Receiver:
    """One process's way out of a ring. All fields are for who is inside the gate."""

    cdef Ring ring
    cdef Claim hands
    cdef readonly Decoder decoder  # of `copy`
    cdef gate gate
    cdef FrameMemory memory  # of the copy of the frame at the head
    cdef char* copy
    cdef uint64_t bytes  # of it
    cdef Source source
    cdef uint64_t position  # of that frame in the ring, or NOWHERE
    cdef record found  # its record
    cdef uint64_t head  # as `find` saw it
    cdef uint64_t large_bytes  # of a large frame whose last row was taken; or 0
    cdef Py_ssize_t claimed  # rows before this one are taken
    cdef object late_error  # to raise when what was found before it is delivered

    cdef int enter(self) except -1
    cdef void leave(self) noexcept nogil
    # Makes the next row ready. Raises FrameError when there is a damaged one; it is
    # skipped then.
    cdef Outcome find(self) except *
    cdef bint goes_on(self) noexcept nogil  # whether this call may take what was found
    cdef void settle(self) noexcept nogil  # what was taken is delivered
    # The row that was found. CHANGED: another consumer has it, find again.
    cdef bint claim(self, Py_ssize_t most, Py_ssize_t* count) noexcept
    cdef Py_ssize_t own_rows(self) noexcept  # that it took and did not give out yet
    cdef object receive(self)
    cdef list receive_many(self, Py_ssize_t most)

    # For this module only.
    cdef int raise_error(self, int error) except -1
    cdef bint has_own_rows(self) noexcept
    cdef bint take(self, Py_ssize_t count) noexcept nogil
    cdef bint is_at_orphan(self) noexcept nogil
    cdef bint change_source(self) noexcept nogil
    cdef Outcome fetch(self) noexcept nogil
    cdef Outcome fetch_next(self) noexcept nogil
    cdef Outcome fetch_large(self) noexcept nogil
    cdef int open(self) except -1
    cdef Outcome make_room(self, uint64_t size) noexcept nogil
