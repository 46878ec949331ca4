"""The index of many conditions."""

from libc.stdint cimport int32_t, uint32_t

from chronomux._core.conditions.postings cimport Posting
from chronomux._core.conditions.rulebook cimport Rule, RuleBook
from chronomux._core.conditions.table cimport Table
from chronomux._core.conditions.walk cimport Walk


cdef class ConditionIndex(RuleBook):
    cdef uint32_t event  # number of the latest, for stamps
    cdef Walk spare      # not in use now
    cdef int32_t* leads  # symbols of the event that pairs begin with
    cdef Py_ssize_t leads_room

    cdef Walk _walk(self)
    cdef list _find(self, object event, object on_error, bint payloads)
    cdef list _find_row(self, Table table, Py_ssize_t row, object on_error)
    cdef bint _is_asked(self, Walk walk) noexcept
    cdef int _collect(self, Walk walk) except -1
    cdef Py_ssize_t _stamp(self, Walk walk) except -1
    cdef int _scan(self, const Posting* posting, Walk walk) except -1
    cdef bint _verified(self, const Rule* rule, bint grouped) noexcept nogil
    cdef list _answer(self, Walk walk, object event, object on_error, bint payloads)
