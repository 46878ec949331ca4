"""PLY's lexer, compiled: master expressions, states, and methods of a class."""


cdef class LexState:
    cdef readonly str name
    cdef str ignored
    cdef bint is_ignored[128]
    cdef object on_error, on_end
    cdef list masters  # Master

    cdef bint ignores(self, Py_UCS4 character) noexcept


cdef class Master:
    cdef object match
    cdef list methods, types  # by number of the group


cdef class LexRules:
    cdef frozenset types  # that a method may give a token
    cdef str literals
    cdef list states

    cdef dict bound(self, object owner)


cdef class PlyLexer:
    cdef LexRules rules
    cdef dict states        # LexState by name
    cdef LexState state
    cdef LexState ignoring  # whose characters are left out: PLY lags behind at times
    cdef public object lexmodule, lexmatch, lineno, lexstatestack
    cdef public Py_ssize_t lexpos, lexlen
    cdef public str lexdata
    cdef dict __dict__      # what the methods of a grammar leave here

    cpdef object token(self)
    cdef int _leave_ignored_out(self, str data, Py_ssize_t length) except -1
    cdef object _found(self, str data, Py_ssize_t start, Master master, object match)
    cdef object _by_method(self, object token, object method)
    cdef object _not_found(self, str data, Py_ssize_t start)
    cdef object _by_error_method(self, str data, Py_ssize_t start)
    cdef object _end(self)
    cdef object _error(self, str message, str data)
