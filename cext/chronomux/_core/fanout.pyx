"""A copy of every item to every output."""

from queue import Full

cimport cython
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE

DONE = STATUS_DONE
FULL = STATUS_FULL
PUT_FAILED = STATUS_PUT_FAILED


@cython.final
cdef class Outlet:
    """One output: a `put_now(item)` that raises Full rather than wait.

    keyed: `put_now(item, key)` takes the key by which the item was merged. items: what
    went to it before.
    """

    def __cinit__(self, put_now, bint keyed=False, Py_ssize_t items=0):
        self.put_now = put_now
        self.keyed = keyed
        self.items = items
        self.open = True


@cython.final
cdef class Fanout:
    """Sends items to outlets, in their order, and remembers how far it came.

    `send` and `resume` return DONE, or FULL or PUT_FAILED for the outlet number `at`.
    The caller then waits or closes the outlet, and resumes.
    """

    def __cinit__(self):
        self.outlets = []

    def add(self, put_now, keyed=False, items=0):
        """A new outlet; the item on its way and all later ones go to it as well."""
        outlet = Outlet(put_now, keyed, items)
        self.outlets.append(outlet)
        return outlet

    def close(self, Py_ssize_t number):
        """Send nothing more to an outlet."""
        (<Outlet?>self.outlets[number]).open = False

    def take_error(self):
        """What the put of outlet `at` raised; it is kept no longer."""
        error, self.error = self.error, None
        return error

    def send(self, item):
        """Start to send an item. The item before must have gone out."""
        self.start(item, None)
        return self.resume()

    def resume(self):
        """Go on with the item on its way, if there is one."""
        try:
            if self.busy:
                self.proceed()
        except Exception as error:
            return self.failed(error)
        return STATUS_DONE

    def passed(self):
        """Outlet `at` has taken the item by other means."""
        (<Outlet>self.outlets[self.at]).items += 1
        self.at += 1

    cdef int proceed(self) except -1:
        """Go on with the item on its way. Raises what the put of outlet `at` does."""
        cdef Outlet outlet
        while self.at < PyList_GET_SIZE(self.outlets):
            outlet = <Outlet>PyList_GET_ITEM(self.outlets, self.at)
            if outlet.open:
                if outlet.keyed:
                    outlet.put_now(self.item, self.key)
                else:
                    outlet.put_now(self.item)
                outlet.items += 1
            self.at += 1
        self.busy = False
        self.item = self.key = None
        return 0

    cdef Status failed(self, object error) except *:
        """What it means that a put raised."""
        if isinstance(error, Full):
            return STATUS_FULL
        self.error = error
        return STATUS_PUT_FAILED
