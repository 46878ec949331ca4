"""PLY's LALR(1) parser, compiled: the tables drive it, a grammar's methods act."""

from chronomux._core.lexer.lalr cimport LalrTable
from chronomux._core.lexer.ply_lexer cimport PlyLexer
from chronomux._core.lexer.tokens cimport Symbol


cdef class Production:
    cdef readonly list slice  # the symbol that is made, then those it is made of
    cdef readonly list stack  # of the parse, below them
    cdef public object lexer, parser

    cdef object _at(self, Py_ssize_t n)


cdef class PlyParser:
    cdef readonly LalrTable table
    cdef list actions      # a method a production
    cdef object owner      # whose methods they are
    cdef object on_error
    cdef bint has_defaults
    cdef dict running      # the Parse of each thread, by its number
    cdef dict __dict__


cdef class Parse:
    cdef PlyParser parser
    cdef LalrTable table
    cdef Production production
    cdef readonly list statestack, symstack
    cdef readonly object lexer, token
    cdef PlyLexer ply_lexer  # the lexer, if it is one: its tokens come without a call
    cdef readonly int state
    cdef public bint errorok
    cdef bint is_tracking
    cdef list ahead        # tokens to read before the lexer's next one
    cdef object lookahead  # None: not asked for yet
    cdef object last_type
    cdef int last_number   # of the terminal `last_type`, or -1
    cdef Py_ssize_t lowest  # states on the stack at the least since the last shift,
    cdef int circles        # and how often an error was rolled back without going below
    cdef int errorcount    # symbols to shift until errors are reported again
    cdef dict __dict__     # what the methods of a grammar leave here

    cdef object run(self)
    cdef int _terminal(self) except -2
    cdef int _action(self) except? -32768
    cdef int _shift(self, int state) except -1
    cdef int _reduce(self, int number) except -1
    cdef int _goto(self, Symbol made, int number) except -1
    cdef int _track(self, Symbol made, list symbols) except -1
    cdef int _rejected(self, Symbol made, list symbols) except -1
    cdef bint _error(self) except -1
    cdef bint _reported(self) except -1
    cdef int _back_to(self, object lookahead) except -1
    cdef int _replace_by_error(self) except -1
    cdef int _roll_back(self) except -1
    cdef int _look_for_circles(self) except -1
    cdef object _parse_error(self)
