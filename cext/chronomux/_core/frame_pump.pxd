"""Rows on their way: from the frames of inputs into the frames of outputs."""

from libc.stdint cimport int64_t, uint64_t

cimport cython
from chronomux._core.fanout cimport STATUS_DONE, STATUS_LOOK, Status
from chronomux._core.frame_builder cimport FrameBuilder, copy_item, copy_row
from chronomux._core.frame_intake cimport FrameIntake
from chronomux._core.frames cimport FINE, HEADER_BYTES, Fault, FrameView, load64
from chronomux._core.intake cimport State
from chronomux._core.outflow cimport Outflow


cdef class FramePump:
    cdef readonly Outflow fanout
    cdef list intakes
    cdef void** table  # the same
    cdef Py_ssize_t count
    cdef Py_ssize_t live  # inputs that have not ended and are not set aside
    cdef Py_ssize_t left  # rows to move in this run
    cdef readonly Py_ssize_t source  # the input whose row was moved last
    cdef readonly Py_ssize_t at
    cdef public bint interrupted

    # Which row is next: for each kind of pump to say.
    # DONE: there is one, it is in a view. Otherwise what is in the way.
    cdef Status find_next(self, int64_t wait) noexcept nogil
    # The next row, and those after it until there must be a LOOK, or something is in
    # the way.
    cdef Status move_rows(self) noexcept nogil
    # Whether the next row of an input is to its taste. LOOK: there is none yet.
    cdef Status receive(self, FrameIntake intake, bint objects) noexcept nogil

    # For the kinds of pump.
    cdef FrameIntake intake(self, Py_ssize_t number)
    cdef void set_state(self, FrameIntake intake, State state) noexcept nogil
    # DONE: its next row is held, or it has ended.
    cdef Status seek(self, FrameIntake intake) noexcept nogil
    # Copies rows from the next of an input to `stop`, and takes them; `stop` becomes
    # where it stopped. LOOK: they went elsewhere, or the open frame had to go first.
    cdef Status carry(
        self, FrameIntake intake, Py_ssize_t* stop
    ) noexcept nogil
    # DONE: to be waited for. Nothing is held back, not even admissions.
    cdef Status rest(self) noexcept nogil
    cdef Status publish(self) noexcept nogil
    cdef Status wait_for(self, FrameIntake intake, int64_t wait) noexcept nogil

    # For this module only.
    cdef Status work(self, int64_t wait, int64_t wait_for_room) noexcept nogil
    cdef Status clear_way(self, int64_t wait) noexcept nogil
    cdef Py_ssize_t fitting(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil
    cdef Status copy(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil


# Bytes of an open frame, its padding included. The caller adds 16 for each further row.
@cython.nonecheck(False)  # which would need the GIL
cdef inline uint64_t frame_bytes(FrameBuilder frame) noexcept nogil:
    return (
        HEADER_BYTES + 16 + frame.used + 16 * frame.rows
        + frame.schema_ends[frame.schemas]
    )


# Takes rows that were copied. LOOK: another consumer was faster, they do not go out.
@cython.nonecheck(False)
cdef inline Status carried(
    FramePump pump, FrameIntake intake, Py_ssize_t rows
) noexcept nogil:
    cdef Status status
    if not (intake.tap.may_take() and intake.tap.take(rows)):
        pump.fanout.frame.drop_rows(pump.fanout.frame.rows - rows)
        status = pump.publish()
        return STATUS_LOOK if status == STATUS_DONE else status
    pump.fanout.room -= rows
    pump.left -= rows
    pump.source = intake.number
    intake.items += rows
    intake.sent += rows
    return STATUS_DONE


# Carries one row, at less cost than `carry` where nothing is in the way.
@cython.nonecheck(False)
cdef inline Status carry_row(FramePump pump, FrameIntake intake) noexcept nogil:
    cdef FrameView* view = &intake.tap.view
    cdef Py_ssize_t row = intake.tap.row, stop = row + 1
    cdef const char* offset = view.offset_column + 8 * row
    cdef Fault fault
    if view.target_serial == pump.fanout.frame.serial and (
        frame_bytes(pump.fanout.frame) + load64(offset + 8) - load64(offset) + 16
        <= <uint64_t>pump.fanout.most_bytes
    ):
        if pump.fanout.keys_go:
            fault = copy_row(pump.fanout.frame, view, row)
        else:
            fault = copy_item(pump.fanout.frame, view, row)
        if fault == FINE:
            return carried(pump, intake, 1)
    return pump.carry(intake, &stop)
