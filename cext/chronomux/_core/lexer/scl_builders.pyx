"""Statements as dictionaries or as nodes: a class for each."""

cimport cython
from cpython.dict cimport PyDict_SetItem
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from .scl_nodes cimport SCLNode
from .scl_scanner cimport KEYWORD, NUMBER, STRING, TokenKind

cdef str KEY = "key"
cdef str VALUE = "value"
cdef str CHILDREN = "children"


cdef class Builder:
    cdef PyObject* statement(
        self, str text, const Cell* key, const Cell* value, const Cell* children
    ) except NULL:
        raise NotImplementedError

    cdef PyObject* siblings(self, PyObject* statements) except NULL:
        """Children, from a list of statements that nobody else holds."""
        raise NotImplementedError


@cython.final
cdef class DictBuilder(Builder):
    """The results of `SCLLexer.parse(text)`."""

    cdef PyObject* statement(
        self, str text, const Cell* key, const Cell* value, const Cell* children
    ) except NULL:
        cdef dict result = {}
        PyDict_SetItem(result, KEY, <object>key.value)
        PyDict_SetItem(result, VALUE, <object>value.value)
        if children is not NULL:
            PyDict_SetItem(result, CHILDREN, <object>children.value)
        Py_INCREF(result)
        return <PyObject*>result

    cdef PyObject* siblings(self, PyObject* statements) except NULL:
        Py_INCREF(<object>statements)
        return statements


@cython.final
cdef class NodeBuilder(Builder):
    """The nodes of `SCLLexer.parse(text, nodes=True)`."""

    def __cinit__(self, str dialect):
        self._dialect = dialect

    cdef PyObject* statement(
        self, str text, const Cell* key, const Cell* value, const Cell* children
    ) except NULL:
        cdef SCLNode node = SCLNode.__new__(SCLNode)
        node.key = <str>key.value
        node.kind = name_of(value.kind)
        node.source = text
        node.dialect = self._dialect
        if value.kind == TokenKind.LPAREN:
            node.children = <tuple>value.value
        else:
            node.value = <object>value.value
        if children is not NULL:
            node.children = <tuple>children.value
        node._begin = key.begin
        node._key_end = key.end
        node._value_begin = value.begin
        node._value_end = value.end
        node._end = value.end if children is NULL else children.end
        Py_INCREF(node)
        return <PyObject*>node

    cdef PyObject* siblings(self, PyObject* statements) except NULL:
        cdef tuple children = tuple(<list>statements)
        Py_INCREF(children)
        return <PyObject*>children


cdef str name_of(TokenKind kind):
    if kind == KEYWORD:
        return "keyword"
    if kind == NUMBER:
        return "number"
    return "string" if kind == STRING else "group"
