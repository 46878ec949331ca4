"""Events to callbacks."""

from libc.stdint cimport int64_t

from chronomux._core.conditions.index cimport ConditionIndex


cdef class Rule:
    cdef readonly int64_t index
    cdef readonly object callback, condition
    cdef readonly dict options
    cdef readonly bint once
    cdef public bint live  # registered; to be called once, and not claimed
    cdef readonly int64_t calls, errors
    cdef bint plain  # the callback is called here and now


cdef class Dispatcher(ConditionIndex):
    cdef object special, failed, predicate_failed
    cdef readonly int64_t events, matches, callbacks, errors

    cdef int _call(
        self, Rule rule, object event, object options, list results
    ) except -1
