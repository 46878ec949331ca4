"""PLY's lexer, compiled: rules, states, and methods of a class."""

from chronomux._core.lexer.scan cimport Scan
from chronomux._core.lexer.tokens cimport LexToken


cdef class Rule:
    cdef str regex
    cdef int flags
    cdef Scan scan           # None: the expression is more than runs
    cdef readonly str method  # name; None for a rule that is a string
    cdef readonly object type  # of the token; None: it is left out
    cdef object match        # of the expression, compiled when it is asked for

    cdef Py_ssize_t end_of(self, str text, Py_ssize_t start) except -2
    cdef object matched(self, str text, Py_ssize_t start)


cdef class Master:
    cdef str regex
    cdef int flags
    cdef tuple names, rules
    cdef object match
    cdef list by_group

    cdef object matched(self, str text, Py_ssize_t start)
    cdef Rule rule_of(self, object match)


cdef class LexState:
    cdef readonly str name, on_error, on_end
    cdef str ignored
    cdef bint is_ignored[128]
    cdef list masters
    cdef list candidates  # tuples of Rule by character, or None

    cdef bint ignores(self, Py_UCS4 character) noexcept
    cdef tuple rules_for(self, str text, Py_ssize_t start)


cdef class LexRules:
    cdef frozenset types  # that a method may give a token
    cdef str literals
    cdef dict states      # LexState by name


cdef class PlyLexer:
    cdef LexRules rules
    cdef LexState state
    cdef LexState ignoring  # whose characters are left out: PLY lags behind at times
    cdef dict methods       # of lexmodule, by name
    cdef object _lexmatch   # None: made when it is asked for, of:
    cdef str matched_text
    cdef Py_ssize_t matched_at
    cdef LexState matched_in
    cdef public object lexmodule, lineno, lexstatestack
    cdef public Py_ssize_t lexpos, lexlen
    cdef public str lexdata
    cdef dict __dict__      # what the methods of a grammar leave here

    cpdef object token(self)
    cdef int _leave_ignored_out(self, str data, Py_ssize_t length) except -1
    cdef object _next(self, str data)
    cdef object _by_masters(self, str data, Py_ssize_t start)
    cdef object _found(self, str data, Py_ssize_t start, Rule rule, Py_ssize_t end)
    cdef object _by_method(self, LexToken token, str name, str data)
    cdef object _method(self, str name)
    cdef object _not_found(self, str data, Py_ssize_t start)
    cdef object _by_error_method(self, str data, Py_ssize_t start)
    cdef object _end(self)
    cdef object _error(self, str message, str data)
