"""What the stack of a parser holds: tokens, and what was made of them."""


cdef class Symbol:
    cdef public object type, value
    cdef object _lineno, _lexpos, _endlineno, _endlexpos, _lexer  # None: not set
    cdef dict others  # what else a grammar's methods leave there; None: nothing yet


cdef class LexToken(Symbol):
    pass


cdef inline bint is_symbol(object item) noexcept:
    """Of exactly our types: fields can be taken directly."""
    return type(item) is LexToken or type(item) is Symbol


cdef LexToken new_token(object type, object value, object lineno, Py_ssize_t lexpos)
cdef Symbol new_symbol(object type, object value)
