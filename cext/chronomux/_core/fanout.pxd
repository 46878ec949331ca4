cdef enum Status:
    # What ended a call, and what the caller has to do about it.
    STATUS_DONE = 0
    STATUS_FULL = 1
    STATUS_PUT_FAILED = 2
    STATUS_PAUSED = 3
    STATUS_SILENT = 4
    STATUS_GET_FAILED = 5
    STATUS_DRY = 6
    # Of frames only.
    STATUS_OBJECTS = 7
    STATUS_DISORDER = 8
    STATUS_NO_MEMORY = 9
    STATUS_DAMAGED = 10


cdef class Outlet:
    cdef object put_now
    cdef bint keyed
    cdef readonly bint open
    cdef readonly Py_ssize_t items


cdef class Fanout:
    cdef list outlets
    cdef readonly object item  # the item on its way to the outlets
    cdef readonly object key  # its key, or NO_KEY
    cdef readonly bint busy  # whether there is one
    cdef readonly Py_ssize_t at  # the outlet that comes next
    cdef object error  # what its put raised

    cdef int start(self, object item, object key) noexcept
    cdef Status proceed(self) except *
