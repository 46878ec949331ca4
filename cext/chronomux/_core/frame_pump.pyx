# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""Rows on their way from the frames of inputs into those of outputs.

As the pump of objects it moves items from inputs to outputs and says what stopped it;
but it copies rows as bytes, without the GIL, and waits by itself for a while. A row is
taken from its queue when it has been copied, and claimed until its copy is sent: who
takes over from a merge that was killed finds it. Which row is next is for FrameMerge
and FrameRounds to say.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t, uint64_t

from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_DRY,
    STATUS_FULL,
    STATUS_GET_FAILED,
    STATUS_LOOK,
    STATUS_NO_MEMORY,
    STATUS_OBJECTS,
    STATUS_PAUSED,
    STATUS_SILENT,
    Status,
)
from chronomux._core.frame_intake cimport FrameIntake
from chronomux._core.frames cimport (
    FINE,
    FULL,
    NO_MEMORY,
    OTHER_KEYS,
    Fault,
    load64,
)
from chronomux._core.intake cimport ASIDE, ENDED, HELD, HUNGRY, State
from chronomux._core.outflow cimport Outflow
from chronomux._core.ring cimport clock_ns
from chronomux._core.tap cimport BROKEN, LAST, NO_ROWS, OBJECTS, Sight, Tap

OBJECTS_CAME = STATUS_OBJECTS

cdef enum:
    ROWS_A_RUN = 1 << 14  # between two returns, where signals are seen


cdef class FramePump:
    """Moves rows of inputs into an Outflow. Its parts are used as those of Pump.

    `run` may also return OBJECTS_CAME: the row of input `at` is one for objects. Then,
    and at any time, the engine of objects can go on where this one stands.
    """

    def __cinit__(self, *arguments, **options):
        self.fanout = Outflow()
        self.intakes = []
        self.source = -1

    def __dealloc__(self):
        PyMem_RawFree(self.table)

    def add(self, Tap tap not None):
        """A new input."""
        cdef FrameIntake intake = FrameIntake(tap, self.count)
        table = <void**>PyMem_RawRealloc(
            self.table, (self.count + 1) * sizeof(void*)
        )
        if table == NULL:
            raise MemoryError
        self.table = table
        self.table[self.count] = <void*>intake
        self.intakes.append(intake)
        self.count += 1
        self.live += 1
        return intake

    def end(self, Py_ssize_t number):
        """Nothing more will come from an input."""
        self.set_state(self.intake(number), ENDED)

    def set_aside(self, Py_ssize_t number):
        """Go on without an input until it is fed again."""
        self.set_state(self.intake(number), ASIDE)

    def feed(self, Py_ssize_t number, item=None):
        """Let an input that was set aside take part again."""
        if self.intake(number).state == ASIDE:
            self.set_state(self.intake(number), HUNGRY)

    def take_error(self):
        """What the queue of input `at` has wrong; told once."""
        try:
            self.intake(self.at).tap.raise_error()
        except Exception as error:
            return error

    def run(self, double seconds, double seconds_for_room):
        """Move items until one must be waited for longer than `seconds`, or room in an
        output for longer than `seconds_for_room`."""
        cdef int64_t wait = <int64_t>(seconds * 1e9)
        cdef int64_t wait_for_room = <int64_t>(seconds_for_room * 1e9)
        cdef Status status, sent
        with nogil:
            status = self.work(wait, wait_for_room)
            sent = self.publish()
        self.fanout.start_feeders()
        if sent != STATUS_DONE:  # what came before it comes again
            status = sent
        if status == STATUS_NO_MEMORY:
            raise MemoryError("no memory for a frame")
        return status

    cdef FrameIntake intake(self, Py_ssize_t number):
        return <FrameIntake>self.intakes[number]

    cdef void set_state(self, FrameIntake intake, State state) noexcept nogil:
        self.live += (state == HUNGRY or state == HELD) - (
            intake.state == HUNGRY or intake.state == HELD
        )
        intake.state = state

    # ---- Which row is next

    cdef Status find_next(self, int64_t wait) noexcept nogil:
        return STATUS_DRY

    cdef Status move_rows(self) noexcept nogil:
        return STATUS_DRY

    cdef Status receive(self, FrameIntake intake, bint objects) noexcept nogil:
        return STATUS_DONE

    # ---- Until something is in the way

    cdef Status work(self, int64_t wait, int64_t wait_for_room) noexcept nogil:
        cdef Status status = self.publish()
        self.left = ROWS_A_RUN
        while status == STATUS_DONE and self.left > 0:
            status = self.find_next(wait)
            if status != STATUS_DONE:
                return status
            # After the look: what was registered before an item's put sees the item.
            if self.interrupted or self.fanout.unfed:
                return STATUS_PAUSED
            if self.fanout.room <= 0:
                status = self.clear_way(wait_for_room)
            else:
                status = self.move_rows()
                if status == STATUS_LOOK:
                    status = STATUS_DONE
        return status if status != STATUS_DONE else STATUS_PAUSED

    cdef Status publish(self) noexcept nogil:
        """Send the open frame: what is in it needs no claim any more."""
        cdef Status status = self.fanout.publish()
        cdef Py_ssize_t i
        if status == STATUS_DONE:
            for i in range(self.count):
                (<FrameIntake>self.table[i]).tap.settle()
        return status

    cdef Status rest(self) noexcept nogil:
        cdef Status status = self.publish()
        if status != STATUS_DONE:
            return status
        self.fanout.release()
        if self.interrupted or self.fanout.unfed:
            return STATUS_PAUSED
        return STATUS_DONE

    cdef Status wait_for(self, FrameIntake intake, int64_t wait) noexcept nogil:
        cdef int64_t began = clock_ns()
        cdef Sight sight = intake.tap.wait(wait)
        intake.waited_ns += clock_ns() - began
        return STATUS_SILENT if sight == NO_ROWS else STATUS_DONE

    cdef Status clear_way(self, int64_t wait) noexcept nogil:
        """Wait until every output has room. FULL: one has none after that."""
        cdef Status status = self.fanout.make_room()
        if status == STATUS_FULL:
            self.fanout.release()
            status = self.fanout.wait(wait)
        return status

    # ---- Rows of an input

    cdef Status seek(self, FrameIntake intake) noexcept nogil:
        cdef Sight sight
        cdef Status status
        while True:
            sight = intake.tap.look()
            if sight == NO_ROWS:
                return STATUS_SILENT
            if sight == BROKEN:
                return STATUS_GET_FAILED
            if sight == LAST:
                if intake.tap.take(1):
                    self.set_state(intake, ENDED)
                    return STATUS_DONE
                continue
            status = self.receive(intake, sight == OBJECTS)
            if status == STATUS_DONE:
                self.set_state(intake, HELD)
            if status != STATUS_LOOK:
                return status

    cdef Status carry(
        self, FrameIntake intake, Py_ssize_t* stop
    ) noexcept nogil:
        cdef Py_ssize_t row = intake.tap.row
        cdef Status status
        stop[0] = self.fitting(intake, row, stop[0])
        if stop[0] == row:
            status = self.publish()
            return STATUS_LOOK if status == STATUS_DONE else status
        status = self.copy(intake, row, stop[0])
        if status != STATUS_DONE:
            return status
        return carried(self, intake, stop[0] - row)

    cdef inline Py_ssize_t fitting(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        """Where the rows end that the open frame has bytes left for. A large row gets a
        frame of its own."""
        cdef const char* offsets = intake.tap.view.offset_column
        cdef uint64_t begin = load64(offsets + 8 * row)
        cdef uint64_t size = frame_bytes(self.fanout.frame)
        cdef uint64_t most = self.fanout.most_bytes
        if intake.tap.view.target_serial != self.fanout.frame.serial:
            size += intake.tap.view.schema_bytes  # which may be new to it
        while size + load64(offsets + 8 * stop) - begin + 16 * (stop - row) > most:
            if stop - row == 1:
                return row if self.fanout.frame.rows else stop
            stop -= (stop - row) // 2
        return stop

    cdef inline Status copy(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        cdef Status status
        cdef Fault fault = self.fanout.add(&intake.tap.view, row, stop)
        if fault == FINE:
            return STATUS_DONE
        if (fault == OTHER_KEYS or fault == FULL) and self.fanout.frame.rows:
            status = self.publish()
            if status != STATUS_DONE:
                return status
            fault = self.fanout.add(&intake.tap.view, row, stop)
        if fault == FINE:
            return STATUS_DONE
        if fault == NO_MEMORY:
            return STATUS_NO_MEMORY
        intake.tap.fault = fault
        self.at = intake.number
        return STATUS_GET_FAILED
