from chronomux._core.tap cimport Tap

cdef enum State:
    HUNGRY  # the merge cannot go on without its next item
    HELD  # its next item waits in the heap
    ASIDE  # silent for too long: the merge goes on without it
    ENDED


cdef class Intake:
    cdef object get_now
    cdef Tap tap  # that knows keys of its items, or None
    cdef State state
    cdef bint late  # whether the item it holds in the heap is
    cdef readonly Py_ssize_t items  # received
    cdef readonly Py_ssize_t sent  # started on their way to the outputs
    cdef readonly Py_ssize_t dropped
    cdef readonly Py_ssize_t disorder
    cdef readonly object first_disorder  # position, from 0
    cdef readonly object largest_step_back  # in the keys' unit

    cdef int count_disorder(self) except -1
    cdef int measure_step_back(self, object low, object high) except -1
