"""The way into a Sender or a Receiver, for one thread of the process at a time."""

from chronomux._core.ring cimport gate, gate_is_mine, gate_lock, gate_try


cdef inline int enter_gate(gate* way, str fault) except -1:
    """Wait without the GIL. RuntimeError for the thread that is inside: the code of an
    item on its way has used the queue."""
    if gate_try(way):
        if gate_is_mine(way):
            raise RuntimeError(fault)
        with nogil:
            gate_lock(way)
    return 0
