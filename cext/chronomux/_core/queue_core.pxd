"""put and get of a queue over a ring."""

from libc.stdint cimport int64_t, uint64_t

from chronomux._core.receiver cimport Receiver
from chronomux._core.ring cimport Ring
from chronomux._core.sender cimport Sender

# How an item that is put without a key gets one.
cpdef enum KeyMode:
    NO_KEYS = 0  # not at all: the multiplexer makes it from the item
    ITEM_KEYS = 1  # it is its own
    FUNCTION_KEYS = 2  # by a function

cdef object NO_KEY  # of an item that is put, or came, with none of its own
cdef object NO_ITEM  # what is there when there is none

# On clock_ns; 0 for at once.
cdef int64_t deadline_of(bint block, object timeout) except -1


cdef class QueueCore:
    """What `chronomux.Queue` inherits."""

    cdef object __weakref__
    cdef readonly Ring _ring
    cdef Sender sender  # None before this process's first put
    cdef Receiver receiver  # None before its first get
    cdef bint closed
    cdef bint bounded
    cdef KeyMode key_mode
    cdef object key_function
    cdef int64_t next_burial  # on clock_ns

    cdef Sender put_side(self)
    cdef Receiver get_side(self)
    cdef int make_sender(self, int64_t deadline) except -1
    # Inside the sender's gate, which it leaves to wait. `Full` at the deadline.
    cdef int wait_for_room(self, Sender sender, int64_t deadline) except -1
    cdef int bury_consumers(self) except -1

    # For this module only.
    cdef list with_keys(self, list items)
    cdef int put_chunk(
        self, Sender sender, list chunk, int64_t deadline, bint paired
    ) except -1
    cdef Py_ssize_t put_entries(
        self, Sender sender, list chunk, Py_ssize_t done, int64_t deadline, bint pairs
    ) except -1
    cdef object key_from(self, item)
    cdef int add(self, Sender sender, object item, object key) except -1
    cdef object take(self, Receiver receiver)
    cdef int take_many(
        self, Receiver receiver, Py_ssize_t most, list items
    ) except -1
    cdef int wait_for_items(
        self, Py_ssize_t most, list items, int64_t deadline
    ) except -1
    cdef bint has_items(self) except -1
    cdef uint64_t count_items(self) except? 0
