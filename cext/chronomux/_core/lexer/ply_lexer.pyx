"""PLY's lexer, compiled: rules, states, and methods of a class."""

cimport cython

from cpython.unicode cimport PyUnicode_READ_CHAR, PyUnicode_Substring

from chronomux._core.lexer.scan cimport NO_MATCH, UNKNOWN, Scan
from chronomux._core.lexer.tokens cimport LexToken, is_symbol, new_token
from chronomux.errors import LexError


@cython.final
cdef class Rule:
    """One kind of token. `runs` are what its expression is, if it is no more."""

    def __cinit__(self, regex, method, type, runs, flags):
        self.regex, self.method, self.type = regex, method, type
        self.flags = flags
        self.scan = None if runs is None else Scan(runs)

    cdef Py_ssize_t end_of(self, str text, Py_ssize_t start) except -2:
        """Where the token ends, NO_MATCH if there is none."""
        cdef Py_ssize_t end
        if self.scan is not None:
            end = self.scan.end_of(text, start)
            if end != UNKNOWN:
                return end
        match = self.matched(text, start)
        return NO_MATCH if match is None else match.end()

    def end_of_token(self, str text not None, Py_ssize_t start):
        """Where the token ends that begins at `start`, -1 if there is none."""
        if not 0 <= start <= len(text):
            raise IndexError(f"offset {start} of a text of {len(text)} characters")
        return self.end_of(text, start)

    cdef object matched(self, str text, Py_ssize_t start):
        if self.match is None:
            self.match = compiled(self.regex, self.flags).match
        return self.match(text, start)


@cython.final
cdef class Master:
    """The expression of several rules, which finds the first that fits."""

    def __cinit__(self, regex, names, rules, flags):
        self.regex, self.flags = regex, flags
        self.names, self.rules = names, tuple(rules)

    cdef object matched(self, str text, Py_ssize_t start):
        if self.match is None:
            pattern = compiled(self.regex, self.flags)
            groups = pattern.groupindex
            self.by_group = [None] * (pattern.groups + 1)
            for name, rule in zip(self.names, self.rules):
                self.by_group[groups[name]] = rule
            self.match = pattern.match
        return self.match(text, start)

    cdef Rule rule_of(self, object match):
        cdef Py_ssize_t group = match.lastindex
        return self.by_group[group]


@cython.final
cdef class LexState:
    """A state of the lexer: its rules, in the order in which they are tried."""

    def __cinit__(self, state, flags):
        cdef int code
        self.name, self.ignored, self.on_error, self.on_end, rules, masters, found = state
        for code in range(128):
            self.is_ignored[code] = chr(code) in self.ignored
        made = [Rule(*rule, flags) for rule in rules]
        self.candidates = [
            None if numbers is None else tuple([made[number] for number in numbers])
            for numbers in found
        ]
        self.masters = []
        for regex, names in masters:
            self.masters.append(Master(regex, names, made[:len(names)], flags))
            del made[:len(names)]

    cdef bint ignores(self, Py_UCS4 character) noexcept:
        if character < 128:
            return self.is_ignored[<int> character]
        return character in self.ignored

    cdef tuple rules_for(self, str text, Py_ssize_t start):
        """Those that the character there may begin; None: the masters know."""
        cdef Py_UCS4 character = PyUnicode_READ_CHAR(text, start)
        return self.candidates[<int> character] if character < 128 else None


@cython.final
cdef class LexRules:
    """The rules of a lexer as one class has them.

    flags: of the expressions. literals: characters that are tokens. states: as
    `chronomux.lexer.plan` has them. tokens: names that the grammar has declared.
    """

    def __cinit__(self, flags, literals, states, tokens):
        self.literals = literals
        self.types = frozenset(tokens) | frozenset(literals)
        self.states = {state[0]: LexState(state, flags) for state in states}


def compiled(regex, flags):
    import re

    return re.compile(regex, flags)


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
        self.lexmodule = owner
        self.methods = {}
        self.lineno = 1
        self.lexstatestack = []
        self.state = rules.states["INITIAL"]

    @property
    def lexstate(self):
        return self.state.name

    @property
    def lexmatch(self):
        cdef Master master
        if self._lexmatch is None and self.matched_text is not None:
            for master in self.matched_in.masters:
                self._lexmatch = master.matched(self.matched_text, self.matched_at)
                if self._lexmatch is not None:
                    break
        return self._lexmatch

    @lexmatch.setter
    def lexmatch(self, value):
        self._lexmatch, self.matched_text = value, None

    def input(self, text):
        """Go on with `text`, from its beginning. `lineno` and the state stay."""
        if not isinstance(text, str):
            raise TypeError(f"a lexer reads text (str), not {text!r}")
        self.lexdata = text if type(text) is str else "".join(tuple(text))
        self.lexpos, self.lexlen = 0, len(text)

    def begin(self, state):
        """Go on in this state. ValueError if the grammar has none of that name."""
        try:
            self.state = self.rules.states[state]
        except KeyError:
            known = ", ".join(self.rules.states)
            raise ValueError(
                f"the lexer has no state {state!r}; it has {known}"
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
        if object is None:
            copy.methods = self.methods
        copy.state = self.state
        copy.lexstatestack = self.lexstatestack.copy()
        copy.lexdata, copy.lexpos, copy.lexlen = self.lexdata, self.lexpos, self.lexlen
        copy.lineno = self.lineno
        copy._lexmatch, copy.matched_text = self._lexmatch, self.matched_text
        copy.matched_at, copy.matched_in = self.matched_at, self.matched_in
        if attributes := vars(self):
            vars(copy).update(attributes)
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
        cdef object token
        if data is None:
            raise RuntimeError("the lexer has no text: give it some with input()")
        length = min(self.lexlen, len(data))
        self.ignoring = self.state
        while True:
            self._leave_ignored_out(data, length)
            if self.lexpos >= length:
                return self._end()
            token = self._next(data)
            if token is not None:
                return token

    cdef object _next(self, str data):
        """A token; None if it is one to leave out."""
        cdef Py_ssize_t start = self.lexpos, end
        cdef tuple rules = self.state.rules_for(data, start)
        cdef Rule rule
        if rules is None:
            return self._by_masters(data, start)
        for rule in rules:
            end = rule.end_of(data, start)
            if end >= 0:
                return self._found(data, start, rule, end)
        return self._not_found(data, start)

    cdef object _by_masters(self, str data, Py_ssize_t start):
        cdef Master master
        for master in self.state.masters:
            match = master.matched(data, start)
            if match is not None:
                return self._found(data, start, master.rule_of(match), match.end())
        return self._not_found(data, start)

    cdef int _leave_ignored_out(self, str data, Py_ssize_t length) except -1:
        if self.lexpos < 0:
            raise self._error("lexpos is before the text", data)
        while self.lexpos < length and self.ignoring.ignores(
            PyUnicode_READ_CHAR(data, self.lexpos)
        ):
            self.lexpos = self.lexpos + 1
        return 0

    cdef object _found(self, str data, Py_ssize_t start, Rule rule, Py_ssize_t end):
        cdef LexToken token
        self.lexpos = end
        if rule.method is None:
            if end == start:
                raise self._error(f"the rule for {rule.type} finds an empty text", data)
            if rule.type is None:
                return None
        cdef str text = PyUnicode_Substring(data, start, end)
        token = new_token(rule.type, text, self.lineno, start)
        if rule.method is None:
            return token
        self._lexmatch = None
        self.matched_text, self.matched_at, self.matched_in = data, start, self.state
        return self._by_method(token, rule.method, data)

    cdef object _by_method(self, LexToken token, str name, str data):
        """What a rule that is a method makes of the token, None for nothing."""
        token._lexer = self
        cdef object made = self._method(name)(token)
        if not (is_symbol(made) or made):
            self.ignoring = self.state
            return None
        if made.type not in self.rules.types:
            raise self._error(f"{name} made a token of unknown type {made.type!r}", data)
        return made

    cdef object _method(self, str name):
        cdef object method = self.methods.get(name)
        if method is None:
            method = self.methods[name] = getattr(self.lexmodule, name)
        return method

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
        cdef str name = self.state.on_error
        cdef object made = self._method(name)(token)
        if self.lexpos == start:
            raise self._error(
                f"{name} goes on at the same {data[start]!r}; "
                "t.lexer.skip(1) would leave it out",
                data,
            )
        return made or None

    cdef object _end(self):
        cdef LexToken token
        if self.state.on_end is not None:
            token = new_token("eof", "", self.lineno, self.lexpos)
            token._lexer = self
            return self._method(self.state.on_end)(token)
        self.lexpos = self.lexpos + 1
        return None

    cdef object _error(self, str message, str data):
        return LexError(message, data[max(self.lexpos, 0):], self.lineno, self.lexpos)
