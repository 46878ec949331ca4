"""The exact machine: csv.reader's own states, over bytes."""

from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.csv.rules cimport Syntax

ctypedef enum State:
    START_RECORD
    START_FIELD
    ESCAPED_CHAR
    IN_FIELD
    IN_QUOTED_FIELD
    ESCAPE_IN_QUOTED_FIELD
    QUOTE_IN_QUOTED_FIELD
    EAT_LINE_END
    AFTER_ESCAPED_LINE_END
    SKIP_LINE  # after an error, up to the end of its line

ctypedef enum Outcome:
    MORE  # the row goes on behind the bytes there are
    ROW
    NUMBERS_IN_LINE  # the row goes on behind its line, if what should be is a number
    FIELD_TOO_LONG
    TEXT_BEHIND_QUOTE
    NUL_IN_LINE
    END_IN_ROW

ctypedef enum Kind:
    TEXT
    NUMBER
    NULL_FIELD


# The row begun: its fields' content, one behind the other, without quotes and escapes.
cdef class Machine:
    cdef Syntax rules
    cdef State state
    cdef bint is_in_line  # bytes of a line were read, and not its end
    cdef uint8_t* text
    cdef uint32_t* ends
    cdef uint8_t* kinds
    cdef size_t length
    cdef size_t fields
    cdef size_t checked  # fields of lines before
    cdef size_t room
    cdef size_t begin  # of the field begun
    cdef size_t characters  # in the field begun
    cdef bint is_plain  # the field begun is a number by PLAIN_NUMBERS
    cdef bint is_unquoted
    cdef bint is_open_at_end

    cdef void start(self) noexcept
    cdef int make_room(self, size_t bytes) except -1
    cdef Outcome feed(
        self, const uint8_t* data, size_t* position, size_t end, bint is_last
    ) except *
    cdef Outcome finish(self) noexcept
    cdef Outcome run(
        self, const uint8_t* data, size_t* position, size_t end, bint is_last
    ) noexcept
    cdef Outcome end_line(self, Outcome outcome) noexcept
    cdef Outcome step(self, int c) noexcept
    cdef Outcome step_at_start(self, int c, bint ends_line) noexcept
    cdef Outcome step_behind_quote(self, int c, bint ends_line) noexcept
    cdef Outcome end_row(self, int c) noexcept
    cdef Outcome add(self, int c) noexcept
    cdef Outcome fail(self, Outcome outcome) noexcept
    cdef Kind kind(self) noexcept
    cdef void save(self) noexcept
