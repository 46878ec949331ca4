"""What consumers have in their hands, so that none of it dies with them."""

from libc.stdint cimport uint64_t

from chronomux._core.ring cimport Ring, Source, claim, record


cdef class Claim:
    """A consumer's own; for who is inside its receiver's gate."""

    cdef Ring ring
    cdef claim* entry  # NULL when there were too many consumers: nothing is claimed

    # Whether a call may take what is there on top of what it took already.
    cdef bint goes_on(self, const Source* source, uint64_t head) noexcept nogil
    cdef bint take(
        self, const Source* source, uint64_t head, uint64_t rows, const record* of
    ) noexcept nogil
    cdef void settle(self) noexcept nogil

    # For this module only.
    cdef int enter(self, uint64_t me, object gone) except -1
    cdef void count(self, uint64_t used) noexcept nogil
    cdef bint may_enter(self, uint64_t owner, uint64_t me, object gone) except -1


cdef bint has_claims(Ring ring) noexcept nogil  # those of the dead may be among them
cdef uint64_t orphan_rows(Ring ring) noexcept nogil
