"""Row after row of a stream of CSV bytes, as places in bytes: no object is made."""

from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.csv.machine cimport Machine, Outcome
from chronomux._core.csv.rules cimport Rules
from chronomux._core.csv.structure cimport Index
from chronomux._core.csv.window cimport Window


cdef class Records:
    cdef object __weakref__
    cdef object read
    cdef str name
    cdef Rules rules
    cdef Index index
    cdef Machine machine
    cdef Window window
    cdef size_t step  # bytes that are scanned at once
    cdef size_t room  # bytes of a window
    cdef bint is_plain  # the index may be trusted up to its stop
    cdef bint is_final  # nothing follows the window
    cdef size_t position  # in the window: where the next row begins
    cdef size_t row  # of the index: the next one
    cdef size_t first  # of the index: its first field
    # Lines before `counted`, which is a place in the window, and rows since.
    cdef size_t lines
    cdef size_t counted
    cdef size_t rows_since
    cdef bint is_dirty  # a row since may have more than one line
    cdef bint is_next_dirty

    # The row at hand, until the next one is asked for. Field i lies in `bytes` from
    # `begin`, or `gap` behind the end of field i - 1, up to ends[i].
    cdef const uint8_t* bytes
    cdef size_t begin
    cdef size_t row_begin  # in the window
    cdef const uint32_t* ends
    cdef size_t width
    cdef size_t gap
    cdef bint is_ascii
    cdef bint is_exact  # no quotes are left in the bytes; the machine knows the kinds

    cdef bint next(self) except -1
    cdef size_t line_of_row(self) noexcept
    cdef bint next_exact(self) except -1
    cdef size_t usable(self) noexcept
    cdef bint has_outgrown_the_limit(self) noexcept
    cdef int scan_on(self, size_t end) except -1
    cdef bint fill(self) except -1
    cdef int make_room(self, size_t size) except -1
    cdef int slid(self, size_t begin) except -1
    cdef void count_lines(self) noexcept
    cdef object number(self, size_t begin, size_t end)
    cdef int check_numbers(self) except -1
    cdef bint has_numbers(self) except -1
    cdef str words(self, Outcome outcome)
    cdef int fail(self, Outcome outcome) except -1
