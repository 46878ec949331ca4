"""What a parser keeps of the symbols it has met."""

from libc.stdint cimport int16_t
from cpython.object cimport PyObject
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport Py_XDECREF

from .scl_scanner cimport TokenKind


# A symbol: the state it led to, its value (owned; NULL for signs and blanks) and its
# place in the text. kind: of a value, that of its token; of children, LPAREN.
cdef struct Cell:
    PyObject* value
    Py_ssize_t begin
    Py_ssize_t end
    int16_t state
    TokenKind kind


# depth: how many parentheses are open. boundary: where the statement begins, under
# none, that is being read. complete: how many statements stand before it.
cdef struct Stack:
    Cell* cells
    Py_ssize_t top
    Py_ssize_t room
    Py_ssize_t depth
    Py_ssize_t boundary
    Py_ssize_t complete


cdef inline int open_stack(Stack* stack, Py_ssize_t begin) except -1:
    stack.room = 64
    stack.cells = <Cell*>PyMem_Malloc(stack.room * sizeof(Cell))
    if stack.cells is NULL:
        raise MemoryError
    stack.top = stack.depth = stack.complete = 0
    stack.boundary = begin
    stack.cells[0] = Cell(NULL, begin, begin, 0, TokenKind.END)
    return 0


cdef inline void close_stack(Stack* stack) noexcept:
    cdef Py_ssize_t i
    for i in range(stack.top + 1):
        Py_XDECREF(stack.cells[i].value)
    PyMem_Free(stack.cells)


# Room for one more cell.
cdef inline int widen(Stack* stack) except -1:
    cdef Cell* wider
    if stack.top + 1 < stack.room:
        return 0
    wider = <Cell*>PyMem_Realloc(stack.cells, 2 * stack.room * sizeof(Cell))
    if wider is NULL:
        raise MemoryError
    stack.cells = wider
    stack.room *= 2
    return 0
