"""What consumers have in their hands, so that none of it dies with them."""

from libc.stdint cimport uint32_t, uint64_t

from chronomux._core.ring cimport Ring, Source, claim, record


cdef class Claim:
    """A consumer's own; for who is inside its receiver's gate."""

    cdef uint32_t pid

    cdef Ring ring
    cdef claim* entry  # NULL when there were too many consumers: nothing is claimed

    # Whether what is there follows what was claimed, or nothing was.
    cdef bint goes_on(self, uint64_t head) noexcept nogil
    cdef bint is_of_the_dead(self) noexcept nogil
    cdef bint take(
        self, const Source* source, uint64_t head, uint64_t rows, const record* of
    ) noexcept nogil
    cdef void settle(self) noexcept nogil

    # For this module only.
    cdef int enter(self, uint64_t me, object gone) except -1
    cdef void count(self, uint64_t used) noexcept nogil
    cdef bint may_enter(self, uint64_t owner, object gone) except -1


# For a producer that has the lock and no room: what a stopped consumer has in its hands
# is spared no longer.
cdef void pass_stopped(Ring ring) noexcept nogil
cdef bint has_claims(Ring ring) noexcept nogil  # those of the dead may be among them
cdef uint64_t orphan_rows(Ring ring) noexcept nogil
