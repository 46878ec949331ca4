cdef enum Status:
    # What ended a call, and what the caller has to do about it.
    STATUS_DONE = 0
    STATUS_FULL = 1
    STATUS_PUT_FAILED = 2
    STATUS_PAUSED = 3
    STATUS_SILENT = 4
    STATUS_GET_FAILED = 5
    STATUS_DRY = 6


cdef class Outlet:
    cdef object put_now
    cdef readonly bint open
    cdef readonly Py_ssize_t items


cdef class Fanout:
    cdef list outlets
    cdef readonly object item  # the item on its way to the outlets
    cdef readonly bint busy  # whether there is one
    cdef readonly Py_ssize_t at  # the outlet that comes next
    cdef object error  # what its put raised

    cdef int start(self, object item) noexcept
    cdef Status proceed(self) except *
