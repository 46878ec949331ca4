"""What the stack of a parser holds: tokens, and what was made of them."""

cimport cython

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object item, object name, object value) except -1


cdef object given(object symbol, str name, object value):
    """As with PLY, an attribute exists once it is set: hasattr() is asked for it."""
    if value is None:
        raise AttributeError(f"this {type(symbol).__name__} has no {name!r}")
    return value


@cython.freelist(64)  # of tokens as well: they have its size
cdef class Symbol:
    """A symbol on the parser's stack, as PLY's YaccSymbol.

    type: the name of the terminal or nonterminal.
    value: what a method gave it.
    lineno, lexpos: of its first token. endlineno, endlexpos: of its last one. Set if
        the parse tracks positions, or a method sets them; AttributeError before.
    """

    # A __dict__ would be made with each symbol, and cost as much as all the rest.
    def __getattr__(self, name):
        if self.others is None or name not in self.others:
            raise AttributeError(f"this {type(self).__name__} has no {name!r}")
        return self.others[name]

    def __setattr__(self, name, value):
        try:
            PyObject_GenericSetAttr(self, name, value)
        except AttributeError:
            if self.others is None:
                self.others = {}
            self.others[name] = value

    @property
    def lineno(self):
        return given(self, "lineno", self._lineno)

    @lineno.setter
    def lineno(self, value):
        self._lineno = value

    @property
    def lexpos(self):
        return given(self, "lexpos", self._lexpos)

    @lexpos.setter
    def lexpos(self, value):
        self._lexpos = value

    @property
    def endlineno(self):
        return given(self, "endlineno", self._endlineno)

    @endlineno.setter
    def endlineno(self, value):
        self._endlineno = value

    @property
    def endlexpos(self):
        return given(self, "endlexpos", self._endlexpos)

    @endlexpos.setter
    def endlexpos(self, value):
        self._endlexpos = value

    @property
    def lexer(self):
        return given(self, "lexer", self._lexer)

    @lexer.setter
    def lexer(self, value):
        self._lexer = value

    def __str__(self):
        return str(self.type)

    def __repr__(self):
        return str(self)


cdef class LexToken(Symbol):
    """A token, as PLY's LexToken.

    type: the name of the token. value: its text, or what its rule made of that.
    lineno: the lexer's line number before it. lexpos: its offset in the text.
    lexer: the lexer, for tokens of rules that are methods.
    """

    def __str__(self):
        return f"LexToken({self.type},{self.value!r},{self._lineno},{self._lexpos})"


cdef LexToken new_token(object type, object value, object lineno, Py_ssize_t lexpos):
    cdef LexToken token = LexToken.__new__(LexToken)
    token.type, token.value = type, value
    token._lineno, token._lexpos = lineno, lexpos
    return token


cdef Symbol new_symbol(object type, object value):
    cdef Symbol symbol = Symbol.__new__(Symbol)
    symbol.type, symbol.value = type, value
    return symbol
