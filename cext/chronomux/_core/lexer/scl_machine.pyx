"""LALR tables, checked once: what they say is then followed blindly."""

cimport cython
from cpython.mem cimport PyMem_Calloc, PyMem_Free

from .scl_scanner cimport TERMINALS

TERMINAL_NAMES = (
    "$end",
    "NUMBER",
    "STRING",
    "KEYWORD",
    "EQUALS",
    "LPAREN",
    "RPAREN",
    "WHITESPACE",
)
ROLES = {
    "p_text": TEXT,
    "p_empty_text": EMPTY_TEXT,
    "p_blank_edge": BLANK_EDGE,
    "p_bare_edge": BARE_EDGE,
    "p_first_statement": FIRST_STATEMENT,
    "p_next_statement": NEXT_STATEMENT,
    "p_plain": PLAIN,
    "p_parent": PARENT,
    "p_group": GROUP,
    "p_keyword": VALUE,
    "p_number": VALUE,
    "p_string": VALUE,
    "p_children": CHILDREN,
    "p_no_children": NO_CHILDREN,
}
SIZES = {
    TEXT: 3,
    EMPTY_TEXT: 1,
    BLANK_EDGE: 1,
    BARE_EDGE: 0,
    FIRST_STATEMENT: 1,
    NEXT_STATEMENT: 3,
    PLAIN: 3,
    PARENT: 4,
    GROUP: 3,
    VALUE: 1,
    CHILDREN: 3,
    NO_CHILDREN: 2,
}


@cython.final
cdef class Machine:
    """Driven by `chronomux.lexer.tables.Tables` of SCL's grammar, which it copies.

    ValueError if they are of a grammar that this driver does not know.
    """

    def __cinit__(self, tables):
        columns = [column_of(name, tables.terminals) for name in TERMINAL_NAMES]
        self.states = len(tables.action)
        self.heads = len(tables.nonterminals)
        rules = len(tables.productions)
        self.actions = <int16_t*>PyMem_Calloc(self.states * TERMINALS, sizeof(int16_t))
        self.gotos = <int16_t*>PyMem_Calloc(self.states * self.heads, sizeof(int16_t))
        self.productions = <Production*>PyMem_Calloc(rules, sizeof(Production))
        if not self.actions or not self.gotos or not self.productions:
            raise MemoryError
        for number, (head, symbols, method) in enumerate(tables.productions):
            if number:  # rule 0 is never reduced by
                self.add_rule(
                    number, method, tables.nonterminals.index(head), len(symbols)
                )
        for state, (row, always) in enumerate(zip(tables.action, tables.default)):
            for i, column in enumerate(columns):
                self.actions[state * TERMINALS + i] = always or row[column]
        for state, row in enumerate(tables.goto):
            for i, target in enumerate(row):
                self.gotos[state * self.heads + i] = target

    def __dealloc__(self):
        PyMem_Free(self.actions)
        PyMem_Free(self.gotos)
        PyMem_Free(self.productions)

    cdef int add_rule(
        self, Py_ssize_t number, str method, int16_t head, int16_t size
    ) except -1:
        if method not in ROLES or SIZES[ROLES[method]] != size:
            raise ValueError(f"nobody knows what {method} makes of {size} symbols")
        self.productions[number] = Production(ROLES[method], head, size)
        return 0

    cdef tuple expected(self, list states):
        """The names of the terminals that could follow on top of these states."""
        return tuple(
            [TERMINAL_NAMES[i] for i in range(TERMINALS) if self.allows(states, i)]
        )

    cdef bint allows(self, list states, int terminal) except -1:
        return self.advance(states[:], terminal) != ERROR

    cdef int16_t advance(self, list states, int terminal) except? -1:
        """Go on with a terminal; returns the last action."""
        cdef int16_t action
        cdef Production rule
        cdef Py_ssize_t state
        while True:
            state = states[len(states) - 1]
            action = self.actions[state * TERMINALS + terminal]
            if action >= 0:
                states.append(action)
                return action
            rule = self.productions[-action]
            del states[len(states) - rule.size:]
            state = states[len(states) - 1]
            states.append(self.gotos[state * self.heads + rule.head])


cdef object column_of(str name, tuple terminals):
    if name not in terminals:
        raise ValueError(f"these tables do not know {name}")
    return terminals.index(name)
