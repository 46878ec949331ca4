"""Memory for windows: parts of huge pages, used again and again."""

from libc.stdint cimport uint8_t


# Memory for so many bytes, or NULL if that is no size for a slot, or there is none.
# Both need the GIL.
cdef uint8_t* take_slot(size_t size) noexcept
cdef void give_slot(uint8_t* memory) noexcept
