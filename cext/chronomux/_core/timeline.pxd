"""Batches of records of many sources, merged in rounds and copied in order."""

from chronomux._core.rounds cimport Batch, Round


cdef class Timeline:
    cdef Py_ssize_t count  # of sources
    cdef Round round
    cdef list tails  # bytes added to each record of a source, before its line ending
    cdef bint has_tails
    cdef int release(self, Batch* batch) except -1
    cdef int hold(self, Batch* batch, int number, object values) except -1
