"""A copy of every item to every output."""

from queue import Full

cimport cython

NO_KEY = object()
DONE = STATUS_DONE
FULL = STATUS_FULL
PUT_FAILED = STATUS_PUT_FAILED


@cython.final
cdef class Outlet:
    """One output: a `put_now(item)` that raises Full rather than wait.

    keyed: `put_now(item, key)` takes the key by which the item was merged.
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
        """A new outlet; the item on its way and all later ones go to it as well.

        items: what went to it before.
        """
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
        self.start(item, NO_KEY)
        return self.proceed()

    def resume(self):
        """Go on with the item on its way."""
        return self.proceed()

    def passed(self):
        """Outlet `at` has taken the item by other means."""
        (<Outlet>self.outlets[self.at]).items += 1
        self.at += 1

    cdef int start(self, object item, object key) noexcept:
        self.item = item
        self.key = key
        self.busy = True
        self.at = 0
        return 0

    cdef Status proceed(self) except *:
        cdef Outlet outlet
        while self.busy and self.at < len(self.outlets):
            outlet = <Outlet>self.outlets[self.at]
            if outlet.open:
                try:
                    if outlet.keyed:
                        outlet.put_now(self.item, self.key)
                    else:
                        outlet.put_now(self.item)
                except Full:
                    return STATUS_FULL
                except Exception as error:
                    self.error = error
                    return STATUS_PUT_FAILED
                outlet.items += 1
            self.at += 1
        self.busy = False
        self.item = self.key = None
        return STATUS_DONE
