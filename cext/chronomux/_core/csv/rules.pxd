"""A dialect as the tokeniser needs it."""

# Which fields are numbers: none; those that begin with what is neither a quote nor an
# escape (Python 3.10 to 3.12); those without a quote, if not empty (3.13).
ctypedef enum Numbers:
    NO_NUMBERS
    PLAIN_NUMBERS
    UNQUOTED_NUMBERS


cdef struct Syntax:
    # A byte, or -1 for none.
    int delimiter
    int quote
    int escape
    bint doublequote
    bint skips_space
    bint strict
    bint refuses_nul
    bint has_nulls
    Numbers numbers
    size_t limit


cdef class Rules:
    cdef Syntax syntax
    cdef bint is_plain

    cdef bint fits_the_index(self) noexcept
