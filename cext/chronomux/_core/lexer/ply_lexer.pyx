"""PLY's lexer, compiled: master expressions, states, and methods of a class."""

cimport cython

from cpython.unicode cimport PyUnicode_READ_CHAR, PyUnicode_Substring

from chronomux._core.lexer.tokens cimport LexToken, new_token
from chronomux.errors import LexError


@cython.final
cdef class Master:
    """An expression that finds several tokens, and by group what each comes to."""

    def __cinit__(self, match, groups, owner):
        self.match = match
        size = max([group for group, _, _ in groups]) + 1
        self.methods, self.types = [None] * size, [None] * size
        for group, method, token in groups:
            self.methods[group] = None if method is None else getattr(owner, method)
            self.types[group] = token


@cython.final
cdef class LexState:
    """A state of the lexer, with the methods of one object."""

    def __cinit__(self, name, ignored, on_error, on_end, masters, owner):
        cdef int code
        self.name, self.ignored = name, ignored
        for code in range(128):
            self.is_ignored[code] = chr(code) in ignored
        self.on_error = None if on_error is None else getattr(owner, on_error)
        self.on_end = None if on_end is None else getattr(owner, on_end)
        self.masters = [Master(match, groups, owner) for match, groups in masters]

    cdef bint ignores(self, Py_UCS4 character) noexcept:
        if character < 128:
            return self.is_ignored[<int> character]
        return character in self.ignored


@cython.final
cdef class LexRules:
    """The rules of a lexer as one class has them: `Tables.scanning`, compiled.

    tokens: names that the grammar has declared.
    """

    def __cinit__(self, scanning, tokens):
        import re

        flags, self.literals, states = scanning
        self.types = frozenset(tokens) | frozenset(self.literals)
        self.states = [
            (name, ignored, error, end, [
                (re.compile(regex, flags).match, groups) for regex, groups in masters
            ])
            for name, ignored, error, end, masters in states
        ]

    cdef dict bound(self, object owner):
        return {state[0]: LexState(*state, owner) for state in self.states}


@cython.final
cdef class PlyLexer:
    """Makes tokens of a text, as ply.lex does.

    lexdata: the text. lexpos: offset of what comes next. lineno: of the line it is on;
        the rules of the grammar must count lines, as with PLY.
    lexmatch: the match of the rule that is a method. lexmodule: the object whose
        methods are called. lexstate: name of the state. Other attributes may be set.

    One object serves one text at a time; `clone()` gives another.
    """

    def __cinit__(self, LexRules rules not None, owner):
        self.rules = rules
        self.states = rules.bound(owner)
        self.lexmodule = owner
        self.lineno = 1
        self.lexstatestack = []
        self.state = self.states["INITIAL"]

    @property
    def lexstate(self):
        return self.state.name

    def input(self, text):
        """Go on with `text`, from its beginning. `lineno` and the state stay."""
        if not isinstance(text, str):
            raise TypeError(f"a lexer reads text (str), not {text!r}")
        self.lexdata = text if type(text) is str else "".join(tuple(text))
        self.lexpos, self.lexlen = 0, len(text)

    def begin(self, state):
        """Go on in this state. ValueError if the grammar has none of that name."""
        try:
            self.state = self.states[state]
        except KeyError:
            raise ValueError(
                f"the lexer has no state {state!r}; it has {', '.join(self.states)}"
            ) from None

    def push_state(self, state):
        """Go on in this state until `pop_state()`."""
        self.lexstatestack.append(self.lexstate)
        self.begin(state)

    def pop_state(self):
        """Go back to the state before `push_state()`. IndexError without one."""
        self.begin(self.lexstatestack.pop())

    def current_state(self):
        """The name of the state, as `lexstate`."""
        return self.lexstate

    def skip(self, n):
        """Leave out `n` characters."""
        self.lexpos += n

    def clone(self, object=None):
        """Another lexer at the same place, with the methods of another object if given.

        Attributes that were set are copied, not their contents.
        """
        owner = self.lexmodule if object is None else object
        cdef PlyLexer copy = PlyLexer.__new__(PlyLexer, self.rules, owner)
        copy.begin(self.lexstate)
        copy.lexstatestack = self.lexstatestack.copy()
        copy.lexdata, copy.lexpos, copy.lexlen = self.lexdata, self.lexpos, self.lexlen
        copy.lineno, copy.lexmatch = self.lineno, self.lexmatch
        vars(copy).update(vars(self))
        return copy

    def __iter__(self):
        return self

    def __next__(self):
        token = self.token()
        if token is None:
            raise StopIteration
        return token

    def next(self):
        """As next(lexer)."""
        return self.__next__()

    cpdef object token(self):
        """The next token, or None at the end of the text.

        LexError where no rule fits, unless the grammar has a method `t_error`.
        """
        cdef str data = self.lexdata
        cdef Py_ssize_t length
        cdef Master master
        cdef object match, token
        if data is None:
            raise RuntimeError("the lexer has no text: give it some with input()")
        length = min(self.lexlen, len(data))
        self.ignoring = self.state
        while True:
            self._leave_ignored_out(data, length)
            if self.lexpos >= length:
                return self._end()
            for master in self.state.masters:
                match = master.match(data, self.lexpos)
                if match is not None:
                    token = self._found(data, self.lexpos, master, match)
                    break
            else:
                token = self._not_found(data, self.lexpos)
            if token is not None:
                return token

    cdef int _leave_ignored_out(self, str data, Py_ssize_t length) except -1:
        if self.lexpos < 0:
            raise self._error("lexpos is before the text", data)
        while self.lexpos < length and self.ignoring.ignores(
            PyUnicode_READ_CHAR(data, self.lexpos)
        ):
            self.lexpos = self.lexpos + 1
        return 0

    cdef object _found(self, str data, Py_ssize_t start, Master master, object match):
        """The token; None if it is one to leave out."""
        cdef Py_ssize_t end = match.end()
        cdef Py_ssize_t group = match.lastindex
        cdef object method = master.methods[group], type = master.types[group]
        cdef LexToken token
        self.lexpos = end
        if method is None:
            if end == start:
                raise self._error(f"the rule for {type} finds an empty text", data)
            if type is None:
                return None
        cdef str text = PyUnicode_Substring(data, start, end)
        token = new_token(type, text, self.lineno, start)
        if method is None:
            return token
        token._lexer = self
        self.lexmatch = match
        return self._by_method(token, method)

    cdef object _by_method(self, object token, object method):
        """What a rule that is a method makes of the token, None for nothing."""
        cdef object made = method(token)
        if not made:
            self.ignoring = self.state
            return None
        if made.type not in self.rules.types:
            raise self._error(
                f"{method.__name__} made a token of the unknown type {made.type!r}",
                self.lexdata,
            )
        return made

    cdef object _not_found(self, str data, Py_ssize_t start):
        """A literal, or else what the method for errors makes of it."""
        cdef Py_UCS4 character = PyUnicode_READ_CHAR(data, start)
        if character in self.rules.literals:
            self.lexpos = start + 1
            return new_token(chr(character), chr(character), self.lineno, start)
        if self.state.on_error is None:
            raise self._error(
                f"no rule of the lexer fits {chr(character)!r}; a method t_error could "
                "leave it out",
                data,
            )
        return self._by_error_method(data, start)

    cdef object _by_error_method(self, str data, Py_ssize_t start):
        cdef LexToken token = new_token("error", data[start:], self.lineno, start)
        token._lexer = self
        cdef object method = self.state.on_error, made = method(token)
        if self.lexpos == start:
            raise self._error(
                f"{method.__name__} goes on at the same {data[start]!r}; "
                "t.lexer.skip(1) would leave it out",
                data,
            )
        return made or None

    cdef object _end(self):
        cdef LexToken token
        if self.state.on_end is not None:
            token = new_token("eof", "", self.lineno, self.lexpos)
            token._lexer = self
            return self.state.on_end(token)
        self.lexpos = self.lexpos + 1
        return None

    cdef object _error(self, str message, str data):
        return LexError(message, data[max(self.lexpos, 0):], self.lineno, self.lexpos)
