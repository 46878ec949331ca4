"""PLY's LALR(1) parser, compiled: the tables drive it, a grammar's methods act."""

cimport cython

from cpython.list cimport PyList_GET_SIZE, PyList_GetSlice
from cpython.ref cimport PyObject

from chronomux._core.lexer.lalr cimport ACCEPT, NO_ACTION, LalrTable
from chronomux._core.lexer.ply_lexer cimport PlyLexer
from chronomux._core.lexer.tokens cimport Symbol, is_symbol, new_symbol

from _thread import get_ident

from chronomux.errors import ParseError

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    int PyList_SetSlice(list items, Py_ssize_t low, Py_ssize_t high, PyObject* new) \
        except -1

cdef enum:
    RECOVERY = 3  # symbols to be shifted after an error until the next is reported
    CIRCLES = 1_000  # beside one a state, which is as many as can lead anywhere


cdef inline int drop(list items, Py_ssize_t count) except -1:
    """Take the last ones off; all if there are fewer: methods may change the stacks."""
    cdef Py_ssize_t size = PyList_GET_SIZE(items)
    return PyList_SetSlice(items, max(size - count, 0), size, NULL)


cdef inline object last_of(list items):
    cdef Py_ssize_t size = PyList_GET_SIZE(items)
    if size == 0:
        raise IndexError("a stack of the parser was emptied; restart() starts it anew")
    return items[size - 1]


cdef inline object value_of(object item):
    if is_symbol(item):
        return (<Symbol> item).value
    return item.value


cdef inline object type_of(object item):
    if is_symbol(item):
        return (<Symbol> item).type
    return item.type


@cython.final
cdef class Production:
    """What a grammar's method gets, as PLY's YaccProduction.

    p[0] is what the method makes; p[1] and on are the values of the symbols that it
    makes it of, p[-1] and down those of the symbols before them.
    slice: those symbols themselves. stack: all symbols of the parse below them.
    lexer: of the parse. parser: the parse.
    """

    def __cinit__(self):
        self.slice, self.stack = [], []

    def __getitem__(self, n):
        if type(n) is slice:
            return [value_of(item) for item in self.slice[n]]
        return value_of(self._at(n))

    def __setitem__(self, n, value):
        cdef object item = self.slice[n]
        if is_symbol(item):
            (<Symbol> item).value = value
        else:
            item.value = value

    cdef object _at(self, Py_ssize_t n):
        """PLY has symbols before the production at negative numbers."""
        cdef list items = self.slice if n >= 0 else self.stack
        cdef Py_ssize_t size = PyList_GET_SIZE(items), index = n if n >= 0 else n + size
        if not 0 <= index < size:
            raise IndexError(f"p[{n}] of a production of {len(self) - 1} symbols")
        return items[index]

    def __len__(self):
        return len(self.slice)

    def lineno(self, n):
        """The line of symbol `n`, 0 if it is not known."""
        return getattr(self.slice[n], "lineno", 0)

    def set_lineno(self, n, lineno):
        """Say the line of symbol `n`."""
        self.slice[n].lineno = lineno

    def linespan(self, n):
        """The first and the last line of symbol `n`, 0 if they are not known."""
        first = self.lineno(n)
        return first, getattr(self.slice[n], "endlineno", first)

    def lexpos(self, n):
        """The offset of symbol `n`, 0 if it is not known."""
        return getattr(self.slice[n], "lexpos", 0)

    def set_lexpos(self, n, lexpos):
        """Say the offset of symbol `n`."""
        self.slice[n].lexpos = lexpos

    def lexspan(self, n):
        """The offsets of the first and the last token of symbol `n`, 0 if unknown."""
        first = self.lexpos(n)
        return first, getattr(self.slice[n], "endlexpos", first)

    def error(self):
        """Reject the production: raises the SyntaxError that starts the recovery."""
        raise SyntaxError


@cython.final
cdef class PlyParser:
    """Parses with the tables of a grammar and the methods of one object.

    What belongs to one parse is in a `Parse`, which methods get as `p.parser`; so one
    parser serves many threads. What PLY code asks of the parser itself (`errok`,
    `restart`, `token`, `statestack`, `symstack`, `state`) it has from the parse that
    runs in the same thread.
    """

    def __cinit__(self, LalrTable table not None, owner):
        self.table, self.owner = table, owner
        self.actions = [
            None if method is None else getattr(owner, method)
            for method in table.methods
        ]
        self.on_error = getattr(owner, "p_error", None)
        self.has_defaults = True
        self.running = {}

    def disable_defaulted_states(self):
        """Ask for the next token always before a production is reduced."""
        self.has_defaults = False

    def parse(
        self, input=None, lexer=None, debug=False, tracking=False, tokenfunc=None
    ):
        """What the methods make of a text, or of the tokens of a lexer.

        input: the text, given to `lexer.input`; None: the lexer has it already.
        lexer: what has `token()` and, for `tracking`, `lineno` and `lexpos`. None: the
            object's own, or a clone of it if there is a text.
        tracking: keep the positions of all symbols, for `linespan` and `lexspan`.
        tokenfunc: called for tokens instead of `lexer.token`.
        debug: not supported.

        ParseError for a text that is not of the grammar, if this has no `p_error`.
        """
        if debug:
            raise ValueError(
                "debug=True is not supported here: ply.yacc.yacc(module=...) makes a "
                "parser of the same class that prints what it does"
            )
        if lexer is None and (tokenfunc is None or input is not None):
            lexer = self.owner.lexer
            if input is not None:
                lexer = lexer.clone()
        if input is not None:
            lexer.input(input)
        cdef Parse parse = Parse.__new__(Parse, self, lexer, tracking)
        parse.token = lexer.token if tokenfunc is None else tokenfunc
        if tokenfunc is None and type(lexer) is PlyLexer:
            parse.ply_lexer = lexer
        thread = get_ident()
        before = self.running.get(thread)
        self.running[thread] = parse
        try:
            return parse.run()
        finally:
            parse.production = None  # they know each other: all would wait for the gc
            if before is None:
                del self.running[thread]
            else:
                self.running[thread] = before

    def __getattr__(self, name):
        parse = self.running.get(get_ident())
        if parse is None or name not in PARSE_ATTRIBUTES:
            raise AttributeError(
                f"{name!r}: a parser has it while it parses"
                if name in PARSE_ATTRIBUTES
                else f"a parser has no {name!r}"
            )
        return getattr(parse, name)


PARSE_ATTRIBUTES = frozenset(
    ("errok", "errorok", "lexer", "restart", "state", "statestack", "symstack", "token")
)


@cython.final
cdef class Parse:
    """One run of a parser; other attributes may be set, and are gone after it.

    statestack, symstack: states and symbols, the latest last. state: where the method
        was called. errorok: whether an error would be reported.
    lexer, token: what gives the tokens.
    """

    def __cinit__(self, PlyParser parser not None, lexer, bint tracking):
        self.parser, self.table = parser, parser.table
        self.lexer, self.is_tracking = lexer, tracking
        self.statestack, self.symstack = [0], [new_symbol("$end", None)]
        self.ahead = []
        self.errorok = True
        self.last_number = -1
        self.production = Production.__new__(Production)
        self.production.stack = self.symstack
        self.production.lexer, self.production.parser = lexer, self

    def errok(self):
        """Leave the recovery: the next error will be reported."""
        self.errorok = True

    def restart(self):
        """Forget all that was read."""
        self.statestack[:] = [0]
        self.symstack[:] = [new_symbol("$end", None)]

    def __getattr__(self, name):
        return getattr(self.parser, name)

    cdef object run(self):
        cdef int action
        self.lowest = PY_SSIZE_T_MAX
        while True:
            action = self._action()
            if action == ACCEPT:
                return getattr(last_of(self.symstack), "value", None)
            if action > 0:
                self._shift(action)
            elif action < 0:
                self._reduce(-action)
            elif not self._error():
                return None

    cdef int _action(self) except? -32768:
        cdef int action = self.table.default_[self.state], terminal
        if action != 0 and self.parser.has_defaults:
            return action
        terminal = self._terminal()
        return NO_ACTION if terminal < 0 else self.table.action_at(self.state, terminal)

    cdef int _terminal(self) except -2:
        """The number of the next token's type, -1 if the grammar has no such type."""
        cdef object lookahead = self.lookahead, type
        if lookahead is None or not (is_symbol(lookahead) or lookahead):
            if PyList_GET_SIZE(self.ahead):
                lookahead = self.ahead.pop()
            elif self.ply_lexer is not None:
                lookahead = self.ply_lexer.token()
            else:
                lookahead = self.token()
            if not (is_symbol(lookahead) or lookahead):
                lookahead = new_symbol("$end", None)
            self.lookahead = lookahead
        type = type_of(lookahead)
        if type is not self.last_type:
            self.last_type = type
            self.last_number = self.table.numbers.get(type, -1)
        return self.last_number

    cdef int _shift(self, int state) except -1:
        self.statestack.append(state)
        self.state = state
        self.symstack.append(self.lookahead)
        self.lookahead = None
        self.lowest, self.circles = PY_SSIZE_T_MAX, 0
        if self.errorcount:
            self.errorcount = self.errorcount - 1
        return 0

    cdef int _reduce(self, int number) except -1:
        cdef Py_ssize_t length = self.table.length[number]
        cdef Py_ssize_t size = PyList_GET_SIZE(self.symstack)
        cdef Symbol made = new_symbol(
            self.table.nonterminals[self.table.head[number]], None
        )
        cdef list symbols
        if length >= size:
            raise IndexError(f"production {number} takes more symbols than there are")
        symbols = PyList_GetSlice(self.symstack, size - length - 1, size)
        symbols[0] = made
        if self.is_tracking:
            self._track(made, symbols)
        self.production.slice = symbols
        drop(self.symstack, length)
        try:
            self.parser.actions[number](self.production)
        except SyntaxError:
            return self._rejected(made, symbols)
        drop(self.statestack, length)
        return self._goto(made, number)

    cdef int _goto(self, Symbol made, int number) except -1:
        cdef int state = last_of(self.statestack), target = -1
        if 0 <= state < self.table.state_count:
            target = self.table.goto_at(state, self.table.head[number])
        if target < 0:
            raise IndexError(f"state {state} does not know {made.type}")
        self.symstack.append(made)
        self.statestack.append(target)
        self.state = target
        return 0

    cdef int _track(self, Symbol made, list symbols) except -1:
        """The span of what is made; an empty one stands where the lexer is."""
        cdef object first, last
        if PyList_GET_SIZE(symbols) == 1:
            made._lineno, made._lexpos = self.lexer.lineno, self.lexer.lexpos
            return 0
        first, last = symbols[1], last_of(symbols)
        made._lineno, made._lexpos = first.lineno, first.lexpos
        made._endlineno = getattr(last, "endlineno", last.lineno)
        made._endlexpos = getattr(last, "endlexpos", last.lexpos)
        return 0

    cdef int _rejected(self, Symbol made, list symbols) except -1:
        """A method raised SyntaxError: go on as if its last symbol were an error."""
        cdef Py_ssize_t length = PyList_GET_SIZE(symbols) - 1
        if self.lookahead is not None:
            self.ahead.append(self.lookahead)
        if length:
            self.symstack.extend(PyList_GetSlice(symbols, 1, length))
            drop(self.statestack, 1)
        made.type = made.value = "error"
        self._look_for_circles()
        self._back_to(made)
        self.errorcount = RECOVERY
        self.errorok = False
        return 0

    cdef int _back_to(self, object lookahead) except -1:
        """Go on with what is on the stacks."""
        cdef int state = last_of(self.statestack)
        if not 0 <= state < self.table.state_count:
            raise IndexError(f"the grammar has no state {state}")
        self.state = state
        self.lookahead = lookahead
        return 0

    cdef bint _error(self) except -1:
        """No action for the next token. False: give up."""
        cdef object type
        if self.errorcount == 0 or self.errorok:
            if self._reported():
                return True
        else:
            self.errorcount = RECOVERY
        type = type_of(self.lookahead)
        if type == "$end":
            return False
        if PyList_GET_SIZE(self.statestack) <= 1:
            # All was rolled back: leave the token out, and what was to come before it.
            self.state, self.lookahead = 0, None
            self.ahead.clear()
        elif type != "error":
            self._replace_by_error()
        else:
            self._roll_back()
        return True

    cdef bint _reported(self) except -1:
        """Whether the grammar's method wants to go on without the usual recovery."""
        cdef object token = self.lookahead, following
        self.errorcount = RECOVERY
        self.errorok = False
        if self.parser.on_error is None:
            raise self._parse_error()
        if type_of(token) == "$end":
            token = None
        elif not hasattr(token, "lexer"):
            token.lexer = self.lexer
        following = self.parser.on_error(token)
        if self.errorok:
            self._back_to(following)
        return self.errorok

    cdef int _replace_by_error(self) except -1:
        """The token waits behind an error symbol, or is left out after one."""
        cdef object top = last_of(self.symstack), token = self.lookahead
        cdef Symbol error
        if type_of(top) == "error":
            if self.is_tracking:
                top.endlineno = getattr(token, "lineno", getattr(top, "lineno", None))
                top.endlexpos = getattr(token, "lexpos", getattr(top, "lexpos", None))
            self.lookahead = None
            return 0
        error = new_symbol("error", token)
        error._lineno = error._endlineno = getattr(token, "lineno", None)
        error._lexpos = error._endlexpos = getattr(token, "lexpos", None)
        self.ahead.append(token)
        self.lookahead = error
        return 0

    cdef int _roll_back(self) except -1:
        """Nothing goes on with an error here: look for a place before."""
        cdef object dropped = self.symstack.pop()
        if self.is_tracking:
            self.lookahead.lineno = dropped.lineno
            self.lookahead.lexpos = dropped.lexpos
        drop(self.statestack, 1)
        self._look_for_circles()
        return self._back_to(self.lookahead)

    cdef int _look_for_circles(self) except -1:
        """Nothing was shifted: go on only while the stack gets shorter in the end."""
        cdef Py_ssize_t size = PyList_GET_SIZE(self.statestack)
        if size < self.lowest:
            self.lowest, self.circles = size, 0
            return 0
        self.circles = self.circles + 1
        if self.circles > CIRCLES + self.table.state_count:
            raise ParseError(
                "the recovery from an error goes in circles: what it drops an empty "
                f"production makes again, in state {last_of(self.statestack)}",
                "error", (), None, None,
            )
        return 0

    cdef object _parse_error(self):
        cdef object token = self.lookahead
        cdef tuple expected = self.table.expected(self.state)
        line, offset = getattr(token, "lineno", None), getattr(token, "lexpos", None)
        found = type_of(token)
        if found == "$end":
            message = "the text ends too early"
        else:
            message = f"line {line}, offset {offset}: unexpected {found}"
            message += f" {value_of(token)!r}"
        message += f"; expected {' or '.join(expected)}"
        return ParseError(message, found, expected, line, offset)
