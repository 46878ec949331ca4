"""SCL text to results, over the tables of its grammar.

The loop is that of every LALR parser (Aho, Sethi, Ullman: Compilers, 1986, section
4.7); what a production makes of its symbols is done on the spot, without a Python call.
"""

cimport cython
from cpython.list cimport PyList_GET_SIZE
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_CLEAR, Py_DECREF, Py_INCREF
from libc.stdint cimport int16_t
from libc.string cimport memcpy

from .scl_builders cimport Builder, DictBuilder, NodeBuilder
from .scl_machine cimport (
    ACCEPT,
    BARE_EDGE,
    CHILDREN,
    EMPTY_TEXT,
    ERROR,
    FIRST_STATEMENT,
    GROUP,
    Machine,
    NEXT_STATEMENT,
    NO_CHILDREN,
    PARENT,
    PLAIN,
    Production,
    TEXT,
)
from .scl_scanner cimport (
    END,
    EXTREME,
    KEYWORD,
    LPAREN,
    RPAREN,
    STRAY,
    TERMINALS,
    UNCLOSED,
    WHITESPACE,
    Scan,
    Token,
    scan_of,
)
from .scl_stack cimport Cell, Stack, close_stack, open_stack, widen
from .scl_values cimport Values

from . import scl_machine

cdef tuple KINDS = (*scl_machine.TERMINAL_NAMES, "STRAY", "UNCLOSED", "EXTREME")
cdef enum:
    SHALLOW = 256  # states that need no memory of their own
    LARGE = 1 << 14  # characters; checking as many may well let others run
    LOOKAHEAD = 4  # as many behind a token can still change it: 1e-7 begins with 1


# What checking a text came to. boundary: behind the last blanks, under no parentheses,
# that follow a whole statement and do not touch the end. reached: where the token ends
# that was looked at last.
cdef struct Verdict:
    bint is_valid
    bint lacks_memory
    Py_ssize_t boundary
    Py_ssize_t reached
    Py_ssize_t steps


@cython.final
cdef class Failure:
    """Where and why reading ended.

    reason: 'token' (not one of `expected`), 'stray' (a character that begins no token),
    'unclosed' (a string), 'extreme' (an exponent) or 'depth'. begin, end: what was
    found; opened_at: the quote or the innermost parenthesis that nothing closes, or
    None. boundary: where the outermost statement begins that it is in; `complete` are
    the results of those before, since the start. depth: parentheses open at `begin`.
    """

    cdef readonly str reason
    cdef readonly Py_ssize_t begin, end, boundary, depth
    cdef readonly object opened_at
    cdef readonly tuple expected
    cdef readonly list complete


@cython.final
cdef class Parser:
    """Reads str; start and stop (None: the end) are offsets in it, as in a slice.

    dialect: 'scl', or 'original' where `\\n` and `\\t` in strings are n and t.
    max_depth: how many parentheses may be open at a time. May be used by many threads.
    """

    cdef readonly Py_ssize_t max_depth
    cdef readonly str dialect
    cdef Machine _machine
    cdef Values _values
    cdef Builder _results
    cdef Builder _nodes

    def __cinit__(
        self, Machine machine not None, str dialect not None, Py_ssize_t max_depth
    ):
        self._machine = machine
        self.dialect = dialect
        self.max_depth = max_depth
        self._values = Values(dialect != "original")
        self._results = DictBuilder()
        self._nodes = NodeBuilder(dialect)

    def results(self, str text not None, Py_ssize_t start=0, stop=None):
        """A list of dictionaries, or a Failure."""
        return self.built(self._results, text, start, bounded(text, start, stop))

    def nodes(self, str text not None, Py_ssize_t start=0, stop=None):
        """A list of nodes, or a Failure."""
        return self.built(self._nodes, text, start, bounded(text, start, stop))

    def is_valid(self, str text not None):
        """Whether results() would give a list; makes no objects."""
        return self.checked(text, 0).is_valid

    def steps(self, str text not None):
        """How many characters and table entries reading takes: the measure of work."""
        return self.checked(text, 0).steps

    def boundary(self, str text not None, Py_ssize_t start=0):
        """(offset, fails): up to where whole statements stand, whatever follows.

        fails: what stands behind `offset` fails, whatever follows.
        """
        cdef Verdict verdict = self.checked(text, start)
        fails = not verdict.is_valid and verdict.reached + LOOKAHEAD <= len(text)
        return verdict.boundary, fails

    def tokens(self, str text not None, Py_ssize_t start, Py_ssize_t most):
        """Up to `most` tokens from `start`: (kind, value, begin, place, end).

        The last of a text is '$end'. Kinds of no language are 'STRAY', 'UNCLOSED' and
        'EXTREME'.
        """
        cdef Scan scan = scan_of(text, start, bounded(text, start, None))
        cdef Token token
        cdef PyObject* value
        cdef list found = []
        while len(found) < most:
            scan.next_token(&scan, &token)
            value = self._values.of(text, &scan, &token)
            found.append(
                (KINDS[token.kind], <object>value, token.begin, token.place, token.end)
            )
            Py_DECREF(<object>value)
            if token.kind == END:
                break
        return found

    # ---- Results

    cdef object built(
        self, Builder builder, str text, Py_ssize_t start, Py_ssize_t stop
    ):
        cdef Scan scan = scan_of(text, start, stop)
        cdef Token token
        cdef Stack stack
        open_stack(&stack, start)
        try:
            if self.drive(builder, text, &scan, &token, &stack):
                return <object>stack.cells[1].value
            return self.failure(text, &scan, &token, &stack)
        finally:
            close_stack(&stack)

    cdef bint drive(
        self, Builder builder, str text, Scan* scan, Token* token, Stack* stack
    ) except -1:
        """Whether all of the text was read; the token is else the one that failed."""
        cdef const int16_t* actions = self._machine.actions
        cdef int16_t action = ERROR
        while True:
            scan.next_token(scan, token)
            if <int>token.kind >= TERMINALS:
                return False
            while True:
                action = actions[
                    <Py_ssize_t>stack.cells[stack.top].state * TERMINALS + token.kind
                ]
                if action >= 0:
                    break
                self.reduce(builder, text, stack, &self._machine.productions[-action])
            if action == ACCEPT:
                return True
            if action == ERROR or not self.shift(text, scan, token, stack, action):
                return False

    cdef bint shift(
        self,
        str text,
        const Scan* scan,
        const Token* token,
        Stack* stack,
        int16_t state,
    ) except -1:
        """False if that is too deep."""
        cdef PyObject* value = NULL
        widen(stack)
        if token.kind <= KEYWORD:
            value = self._values.of(text, scan, token)
        elif token.kind == LPAREN:
            if stack.depth == self.max_depth:
                return False
            stack.depth += 1
        elif token.kind == RPAREN:
            stack.depth -= 1
        elif token.kind == WHITESPACE and stack.depth == 0:
            note_boundary(stack, token.end)
        stack.top += 1
        stack.cells[stack.top] = Cell(
            value, token.place, token.end, state, token.kind
        )
        return True

    cdef int reduce(
        self, Builder builder, str text, Stack* stack, const Production* rule
    ) except -1:
        cdef Cell* first
        if rule.size == 0:
            widen(stack)
        first = &stack.cells[stack.top - rule.size + 1]
        make(builder, text, rule, first, stack.cells[stack.top].end)
        stack.top += 1 - rule.size
        first.state = self._machine.gotos[
            (first - 1).state * self._machine.heads + rule.head
        ]
        return 0

    # ---- What went wrong

    cdef Failure failure(
        self, str text, Scan* scan, Token* token, const Stack* stack
    ):
        cdef Failure failure = Failure.__new__(Failure)
        cdef bint is_depth = token.kind == LPAREN and stack.depth == self.max_depth
        failure.expected = self.expected(text, token, stack)
        failure.boundary = stack.boundary
        failure.depth = stack.depth
        failure.complete = []
        if stack.complete:
            failure.complete = (<list>stack.cells[2].value)[:stack.complete]
        failure.reason = "token"
        if token.kind == UNCLOSED:
            failure.reason = "unclosed"
            failure.opened_at = token.begin
            token.place = token.end
        elif token.kind == STRAY:
            failure.reason = "stray"
        elif token.kind == EXTREME:
            failure.reason = "extreme"
        elif is_depth and "LPAREN" in failure.expected:
            failure.reason = "depth"
        elif token.kind == WHITESPACE:  # what follows the blanks is of interest
            scan.next_token(scan, token)
        if token.kind == END:
            token.place = token.end
            if stack.depth:
                failure.opened_at = innermost(text, stack.boundary, token.begin)
        failure.begin = token.place
        failure.end = token.end
        return failure

    cdef tuple expected(self, str text, const Token* token, const Stack* stack):
        """What could stand in the place of this token.

        The token may have made the parser reduce before it failed. So the way to it is
        gone once more, from the boundary, where the parser is as at the beginning.
        """
        cdef Scan scan = scan_of(text, stack.boundary, token.begin)
        cdef Token before
        cdef list states = [0]
        if token.begin == stack.boundary:
            states = [stack.cells[i].state for i in range(stack.top + 1)]
        while scan.position < scan.size:
            scan.next_token(&scan, &before)
            self._machine.advance(states, before.kind)
        return self._machine.expected(states)

    # ---- Checks

    cdef Verdict checked(self, str text, Py_ssize_t start):
        cdef Scan scan = scan_of(text, start, bounded(text, start, None))
        cdef Verdict verdict
        if scan.size - start < LARGE:
            verdict = check(self._machine, &scan, self.max_depth)
        else:
            with nogil:
                verdict = check(self._machine, &scan, self.max_depth)
        if verdict.lacks_memory:
            raise MemoryError
        return verdict


cdef Py_ssize_t bounded(str text, Py_ssize_t start, stop) except -1:
    cdef Py_ssize_t end = len(text) if stop is None else stop
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"{start}:{end} is not inside of {len(text)} characters")
    return end


cdef void note_boundary(Stack* stack, Py_ssize_t offset) noexcept:
    """Called for blanks that separate statements, or stand at the edge of the text."""
    cdef PyObject* statements = stack.cells[stack.top].value
    stack.boundary = offset
    if statements is not NULL:
        stack.complete = PyList_GET_SIZE(<object>statements)


cdef int make(
    Builder builder, str text, const Production* rule, Cell* first, Py_ssize_t end
) except -1:
    """Put what the production makes of its symbols in the place of the first."""
    cdef list statements
    if rule.role == PLAIN or rule.role == GROUP:
        replace(first, builder.statement(text, first, first + 2, NULL))
        Py_CLEAR((first + 2).value)
    elif rule.role == PARENT:
        replace(first, builder.statement(text, first, first + 2, first + 3))
        Py_CLEAR((first + 2).value)
        Py_CLEAR((first + 3).value)
    elif rule.role == FIRST_STATEMENT:
        statements = [<object>first.value]
        Py_INCREF(statements)
        replace(first, <PyObject*>statements)
    elif rule.role == NEXT_STATEMENT:
        (<list>first.value).append(<object>(first + 2).value)
        Py_CLEAR((first + 2).value)
    elif rule.role == CHILDREN:
        replace(first, builder.siblings((first + 1).value))
        Py_CLEAR((first + 1).value)
    elif rule.role == NO_CHILDREN:
        statements = []
        replace(first, builder.siblings(<PyObject*>statements))
    elif rule.role == TEXT:
        replace(first, (first + 1).value)
        (first + 1).value = NULL
    elif rule.role == EMPTY_TEXT:
        statements = []
        Py_INCREF(statements)
        replace(first, <PyObject*>statements)
    elif rule.role == BARE_EDGE:
        first.value = NULL
        first.begin = end
    first.end = end
    return 0


cdef inline void replace(Cell* cell, PyObject* value) noexcept:
    """Steals the reference."""
    cdef PyObject* old = cell.value
    cell.value = value
    if old is not NULL:
        Py_DECREF(<object>old)


cdef object innermost(str text, Py_ssize_t begin, Py_ssize_t end):
    """Where the last parenthesis stands that is not closed, in text without errors."""
    cdef Scan scan = scan_of(text, begin, end)
    cdef Token token
    cdef list places = []
    token.kind = WHITESPACE
    while token.kind != END:
        scan.next_token(&scan, &token)
        if token.kind == LPAREN:
            places.append(token.place)
        elif token.kind == RPAREN:
            places.pop()
    return places.pop()


cdef Verdict check(Machine machine, Scan* scan, Py_ssize_t max_depth) noexcept nogil:
    """Go through the text as `Parser.drive`, with nothing but the states."""
    cdef Verdict verdict = Verdict(False, False, scan.position, 0, 0)
    cdef const int16_t* actions = machine.actions
    cdef const Production* rule
    cdef Py_ssize_t room = SHALLOW, top = 0, depth = 0
    cdef int16_t[SHALLOW] shallow
    cdef int16_t* states = shallow
    cdef int16_t* wider
    cdef int16_t action = ERROR
    cdef Token token
    states[0] = 0
    while True:
        scan.next_token(scan, &token)
        if <int>token.kind >= TERMINALS:
            break
        while True:
            verdict.steps = verdict.steps + 1
            action = actions[<Py_ssize_t>states[top] * TERMINALS + token.kind]
            if action >= 0:
                break
            rule = &machine.productions[-action]
            top = top + 1 - rule.size
            states[top] = machine.gotos[states[top - 1] * machine.heads + rule.head]
        if action == ACCEPT or action == ERROR:
            verdict.is_valid = action == ACCEPT
            break
        if token.kind == LPAREN:
            if depth == max_depth:
                break
            depth = depth + 1
        elif token.kind == RPAREN:
            depth = depth - 1
        elif token.kind == WHITESPACE and depth == 0 and token.end < scan.size:
            verdict.boundary = token.end
        top = top + 1
        states[top] = action
        if top + 3 > room:  # a shift and a rule without symbols may follow
            wider = <int16_t*>PyMem_RawMalloc(2 * room * sizeof(int16_t))
            if wider is NULL:
                verdict.lacks_memory = True
                break
            memcpy(wider, states, room * sizeof(int16_t))
            if states is not shallow:
                PyMem_RawFree(states)
            states = wider
            room = 2 * room
    verdict.reached = token.end
    verdict.steps = verdict.steps + scan.looked
    if states is not shallow:
        PyMem_RawFree(states)
    return verdict
