# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""The hot loop of the multiplexer by turns, over frames."""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_DRY,
    STATUS_LOOK,
    STATUS_SILENT,
    Status,
)
from chronomux._core.frame_intake cimport FrameIntake
from chronomux._core.frame_pump cimport FramePump, carry_row
from chronomux._core.intake cimport ENDED, HELD, HUNGRY
from chronomux._core.ring cimport bell, bell_want, sleep_ns

cdef extern from "chronomux/_core/any_bell.h" nogil:
    const int MOST_BELLS

    struct bell_set:
        int count
        bell* bells[128]
        uint32_t calls[128]

    int bells_wait(const bell_set* set, int64_t ns) noexcept

cdef enum:
    FIRST_PAUSE = 1_000_000  # ns
    LAST_PAUSE = 48_000_000


@cython.final
cdef class FrameRounds(FramePump):
    """Moves one row of each input that has one, in their order, without its key.

    An input is waited for, and then any of them, only when a whole round had nothing;
    SILENT: nothing came. `turn` and `moved` say where in its round it stands.
    """

    def __cinit__(self):
        self.fanout.keys_go = False
        self.pause = FIRST_PAUSE

    def run(self, double seconds, double seconds_for_room):
        """As FramePump.run. What this process itself has put, an input has."""
        for intake in self.intakes:
            (<FrameIntake>intake).tap.flush()
        return FramePump.run(self, seconds, seconds_for_room)

    # ---- Whose turn it is

    cdef Status find_next(self, int64_t wait) noexcept nogil:
        cdef Status status = self.find_turn()
        if status != STATUS_SILENT:
            return status
        status = self.rest()
        if status == STATUS_DONE:
            status = self.await_any(wait) if wait > 0 else STATUS_SILENT
        return status

    cdef Status find_turn(self) noexcept nogil:
        """DONE: the input whose turn it is holds a row. SILENT: a whole round had none;
        the next one begins."""
        cdef Status status
        while True:
            while self.turn < self.count:
                status = self.ask(<FrameIntake>self.table[self.turn])
                if status != STATUS_SILENT:
                    return status
                self.turn += 1
            self.turn = 0
            if self.live == 0:
                return STATUS_DRY
            if not self.moved:
                return STATUS_SILENT
            self.moved = False

    cdef Status ask(self, FrameIntake intake) noexcept nogil:
        """DONE: it holds a row. SILENT: its turn is over."""
        cdef Status status = STATUS_DONE
        if intake.state == HUNGRY:
            status = self.seek(intake)
            if status == STATUS_DONE and intake.state == ENDED:
                self.moved = True
            if status != STATUS_DONE and status != STATUS_SILENT:
                self.at = self.turn
                return status
        return STATUS_DONE if intake.state == HELD else STATUS_SILENT

    cdef Status move_rows(self) noexcept nogil:
        cdef Status status = STATUS_DONE
        while status == STATUS_DONE and self.left > 0 and self.fanout.room > 0:
            status = self.move_next(<FrameIntake>self.table[self.turn])
            if status == STATUS_DONE and not self.next_is_held():
                status = STATUS_LOOK
        return status

    cdef inline Status move_next(self, FrameIntake intake) noexcept nogil:
        """Move a row of the input whose turn it is; all there are, if it is the last
        input."""
        cdef Py_ssize_t row = intake.tap.row, stop = row + 1
        cdef Status status
        if self.live == 1:
            stop = min(intake.tap.limit, row + min(self.fanout.room, self.left))
        if stop == row + 1:
            status = carry_row(self, intake)
        else:
            status = self.carry(intake, &stop)
        if status == STATUS_LOOK or intake.tap.row == intake.tap.limit:
            self.set_state(intake, HUNGRY)
        if status == STATUS_DONE:
            self.moved = True
            self.turn += 1
        return status

    cdef inline bint next_is_held(self) noexcept nogil:
        """Go on to the next input that takes part. Whether it holds a row already."""
        while True:
            while self.turn < self.count:
                if (<FrameIntake>self.table[self.turn]).state == HELD:
                    return True
                if (<FrameIntake>self.table[self.turn]).state == HUNGRY:
                    return False
                self.turn += 1
            if not self.moved:
                return False
            self.turn = 0
            self.moved = False

    # ---- Until one has a row

    cdef Status await_any(self, int64_t wait) noexcept nogil:
        """Wait until an input may have a row, and look again."""
        cdef bell_set all
        cdef Status status
        if self.live == 1:
            return self.await_last(wait)
        if not want_all(self, &all):
            wait = min(self.pause, wait)  # as the others do not wake it
        status = self.find_turn()
        if status != STATUS_SILENT:
            return status
        if not bells_wait(&all, wait):
            wait = min(self.pause, wait)
            sleep_ns(wait)
        self.pause = min(2 * self.pause, <int64_t>LAST_PAUSE)
        status = self.find_turn()
        if status != STATUS_SILENT:
            self.pause = FIRST_PAUSE
        return status

    cdef Status await_last(self, int64_t wait) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.count):
            if (<FrameIntake>self.table[i]).state == HUNGRY:
                self.wait_for(<FrameIntake>self.table[i], wait)
        return self.find_turn()


cdef bint want_all(FrameRounds rounds, bell_set* all) noexcept nogil:
    """Want the bells of all inputs. Whether these are not too many to wait for."""
    cdef Py_ssize_t i
    all.count = 0
    for i in range(rounds.count):
        if (<FrameIntake>rounds.table[i]).state == HUNGRY:
            if all.count == MOST_BELLS:
                return False
            all.bells[all.count] = bell_of(<FrameIntake>rounds.table[i])
            all.calls[all.count] = bell_want(all.bells[all.count])
            all.count += 1
    return True


cdef inline bell* bell_of(FrameIntake intake) noexcept nogil:
    return &intake.tap.queue._ring.shared.items
