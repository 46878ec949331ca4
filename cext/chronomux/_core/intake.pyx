"""What a sorted merge knows of one input."""

cimport cython
from chronomux._core.tap cimport Tap


@cython.final
cdef class Intake:
    """One input: a `get_now()` that raises Empty rather than wait; state and counts."""

    def __cinit__(self, get_now, Tap tap=None):
        self.get_now = get_now
        self.tap = tap
        self.state = HUNGRY

    def carry_on(self, before):
        """Count on from what the intake of another pump has counted."""
        self.items = before.items
        self.sent = before.sent
        self.dropped = before.dropped
        self.disorder = before.disorder
        self.first_disorder = before.first_disorder
        self.largest_step_back = before.largest_step_back

    @property
    def ended(self):
        return self.state == ENDED

    @property
    def aside(self):
        return self.state == ASIDE

    cdef int count_disorder(self) except -1:
        """The item received last is late."""
        self.disorder += 1
        if self.first_disorder is None:
            self.first_disorder = self.items - 1
        return 0

    cdef int measure_step_back(self, object low, object high) except -1:
        """Keep the distance between two keys if it is the largest."""
        largest = self.largest_step_back
        try:
            step = high - low
            if step == step and (largest is None or step > largest):
                self.largest_step_back = step
        except Exception:
            pass  # keys of this type have no distance
        return 0
