cimport cython


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
    STATUS_LOOK = 10  # at inputs again: never ends a call


@cython.final
cdef class Outlet:
    cdef object put_now
    cdef bint keyed
    cdef readonly bint open
    cdef readonly Py_ssize_t items


@cython.final
cdef class Fanout:
    cdef list outlets
    cdef readonly object item  # the item on its way to the outlets
    cdef readonly object key  # its sort key, for outlets that are keyed
    cdef readonly bint busy  # whether there is one
    cdef readonly Py_ssize_t at  # the outlet that comes next
    cdef object error  # what its put raised

    cdef inline int start(self, object item, object key) noexcept:
        self.item = item
        self.key = key
        self.busy = True
        self.at = 0
        return 0

    cdef int proceed(self) except -1
    cdef Status failed(self, object error) except *
