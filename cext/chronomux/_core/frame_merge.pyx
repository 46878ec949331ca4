# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""The hot loop of the sorted multiplexer over frames.

Keys are compared where they lie in their frames, as players of a tree of losers.
"""

cimport cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t

from chronomux._core.fanout cimport (
    STATUS_DISORDER,
    STATUS_DONE,
    STATUS_DRY,
    STATUS_LOOK,
    STATUS_OBJECTS,
    STATUS_SILENT,
    Status,
)
from chronomux._core.frame_intake cimport FrameIntake, python_key
from chronomux._core.frame_pump cimport FramePump, carry_row
from chronomux._core.frames cimport INT64_KEYS, double_key, int_key
from chronomux._core.intake cimport ASIDE, HELD, HUNGRY, State
from chronomux._core.loser_tree cimport (
    INPUT_BITS,
    Player,
    absent,
    beats,
    input_of,
    is_absent,
    play_all,
    replay,
    runner_up,
)
from chronomux._core.ordinal cimport Exact, exact_of_float, exact_of_int
from chronomux._core.ring cimport bell_want
from chronomux._core.tap cimport Tap

from chronomux.errors import DisorderError

cdef enum:
    LOW_BITS = (1 << 11) - 1

cdef dict ON_DISORDER = {"emit": EMIT, "drop": DROP, "raise": RAISE}


@cython.final
cdef class FrameMerge(FramePump):
    """Moves the row with the least key of all that are next in their inputs.

    It waits for inputs that owe a row, and raises DisorderError.
    """

    def __cinit__(self, *, bint reverse=False, on_disorder="emit"):
        self.reverse = reverse
        self.on_disorder = ON_DISORDER[on_disorder]

    def __dealloc__(self):
        PyMem_RawFree(self.tree)

    def add(self, Tap tap not None):
        """A new input; the merge cannot go on before it has given its first item."""
        cdef Py_ssize_t count = self.count + 1
        tree = <Player*>PyMem_RawRealloc(self.tree, 2 * count * sizeof(Player))
        if tree == NULL:
            raise MemoryError
        self.tree = tree
        intake = FramePump.add(self, tap)
        self.hungry_count += 1
        self.stale = True
        return intake

    def feed(self, Py_ssize_t number, item=None):
        """Its tap has rows: let an input that was set aside take part again."""
        cdef FrameIntake intake = self.intake(number)
        cdef Status status
        if intake.state != ASIDE:
            return
        with nogil:
            status = self.seek(intake)
        if status == STATUS_DISORDER:
            self.at = number
            raise self.verdict()
        if status not in (STATUS_DONE, STATUS_SILENT):
            self.set_state(intake, HUNGRY)  # `run` will tell

    def run(self, double seconds, double seconds_for_room):
        """As FramePump.run."""
        status = FramePump.run(self, seconds, seconds_for_room)
        if status == STATUS_DISORDER:
            raise self.verdict()
        return status

    @property
    def hungry(self):
        """Numbers of the inputs that the merge cannot go on without."""
        return [i for i in range(self.count) if self.intake(i).state == HUNGRY]

    @property
    def mark_key(self):
        """The greatest key that went out, or None."""
        return python_key(self.mark_bits) if self.marked else None

    @property
    def mark_input(self):
        """The number of the input that it came from."""
        return input_of(self.mark)

    cdef object verdict(self):
        cdef FrameIntake intake = self.intake(self.at)
        position = intake.items - 1
        return DisorderError(
            f"input {self.at}, item {position}: key {python_key(self.late_key)!r} is "
            f"below {self.mark_key!r}, which has gone out; "
            "use on_disorder='emit' or 'drop' to go on",
            self.at,
            position,
        )

    # ---- Inputs that owe a row

    cdef Status find_next(self, int64_t wait) noexcept nogil:
        cdef Status status
        if self.condemned:
            return STATUS_DISORDER
        while self.hungry_count:
            status = self.feed_hungry(wait)
            if status != STATUS_DONE:
                return status
        if self.stale:
            self.build_tree()
        if self.count == 0 or is_absent(self.winner):
            return STATUS_DRY
        return STATUS_DONE

    cdef Status feed_hungry(self, int64_t wait) noexcept nogil:
        """Find the next row of every input that owes one; wait for the first of them.
        SILENT when it has none after that."""
        cdef Py_ssize_t silent = -1
        cdef Status status = self.find_hungry(&silent)
        if status != STATUS_DONE or silent < 0:
            return status
        status = self.rest()
        if status != STATUS_DONE:
            return status
        self.at = silent
        return self.await_hungry(silent, wait) if wait > 0 else STATUS_SILENT

    cdef Status find_hungry(self, Py_ssize_t* silent) noexcept nogil:
        cdef Py_ssize_t i
        cdef Status status
        for i in range(self.count):
            if (<FrameIntake>self.table[i]).state == HUNGRY:
                status = self.seek(<FrameIntake>self.table[i])
                if status == STATUS_SILENT:
                    silent[0] = i if silent[0] < 0 else silent[0]
                elif status != STATUS_DONE:
                    self.at = i
                    return status
        return STATUS_DONE

    cdef Status await_hungry(self, Py_ssize_t silent, int64_t wait) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(silent + 1, self.count):
            if (<FrameIntake>self.table[i]).state == HUNGRY:  # so it is sent at once
                bell_want(&(<FrameIntake>self.table[i]).tap.queue._ring.shared.items)
        return self.wait_for(<FrameIntake>self.table[silent], wait)

    cdef Status receive(self, FrameIntake intake, bint objects) noexcept nogil:
        """Find the next row of the view that is not refused."""
        cdef Status status
        if objects:
            return STATUS_OBJECTS
        while intake.tap.row < intake.tap.limit:
            self.bring_up(intake)
            if self.on_disorder == EMIT or not self.is_late(intake.front):
                return STATUS_DONE
            status = self.refuse(intake, intake.tap.row)
            if status != STATUS_DONE:
                return status
        return STATUS_LOOK

    cdef Status refuse(self, FrameIntake intake, Py_ssize_t row) noexcept nogil:
        """A row is late, and is not to go out."""
        if not intake.tap.take(1):
            return STATUS_LOOK
        intake.items += 1
        intake.count_late(row, self.mark_bits, self.reverse)
        if self.on_disorder == RAISE:
            self.condemned = True
            self.late_key = intake.key_at(row)
            return STATUS_DISORDER
        intake.dropped += 1
        return STATUS_DONE

    # ---- The least of the rows that are next

    cdef Status move_rows(self) noexcept nogil:
        cdef Status status = STATUS_DONE
        while status == STATUS_DONE and self.left > 0 and self.fanout.room > 0:
            status = self.move_next(<FrameIntake>self.table[input_of(self.winner)])
        return status

    cdef inline Status move_next(self, FrameIntake intake) noexcept nogil:
        """Move the winner's row, or a run of them while it keeps winning."""
        cdef Py_ssize_t row = intake.tap.row, stop = row + 1
        cdef Status status
        if self.source == <Py_ssize_t>intake.number:
            stop = self.run_end(intake, row + min(self.fanout.room, self.left))
        if stop == row + 1:
            status = carry_row(self, intake)
        else:
            status = self.carry(intake, &stop)
        if status == STATUS_LOOK:
            return self.next_winner(intake)
        if status != STATUS_DONE:
            return status
        self.moved(intake, row, stop)
        if intake.tap.row < intake.tap.limit:
            self.bring_up(intake)
            if self.on_disorder == EMIT or not self.is_late(intake.front):
                self.play(intake)
                return STATUS_DONE
        return self.next_winner(intake)

    cdef inline void bring_up(self, FrameIntake intake) noexcept nogil:
        """The next row of the view becomes the front of its input."""
        cdef Exact exact = self.ordinal(intake, intake.tap.row)
        intake.front.high = exact.high
        intake.front.rank = exact.low << INPUT_BITS | intake.number

    cdef Status next_winner(self, FrameIntake intake) noexcept nogil:
        """Look for the next row of the winner, and bring it into the tree."""
        cdef Status status = self.seek(intake)
        if status == STATUS_DONE:
            if intake.state == HELD:
                self.play(intake)
            return STATUS_LOOK
        self.set_state(intake, HUNGRY)
        if status == STATUS_SILENT:
            return STATUS_LOOK  # it is waited for with the other hungry ones
        self.at = intake.number
        return status

    cdef inline void play(self, FrameIntake intake) noexcept nogil:
        """Find the winner, now that the one before has a new front."""
        replay(
            self.tree, self.count, intake.front.high, intake.front.rank, &self.winner
        )

    cdef Py_ssize_t run_end(self, FrameIntake intake, Py_ssize_t stop) noexcept nogil:
        """Where the rows end that ascend and go out before those of all others."""
        cdef Player bound = runner_up(self.tree, self.count, self.winner)
        cdef Player last = self.winner, next
        cdef Py_ssize_t row = intake.tap.row + 1
        if self.is_late(self.winner):
            return row
        if stop > intake.tap.limit:
            stop = intake.tap.limit
        while row < stop:
            next = self.player_at(intake, row)
            if beats(next, last) or not beats(next, bound):
                break
            last = next
            row += 1
        return row

    cdef inline void moved(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        if self.is_late(self.winner):
            intake.count_late(row, self.mark_bits, self.reverse)
            return
        self.mark.high = self.winner.high
        self.mark.rank = self.winner.rank
        if stop - row > 1:
            self.mark = self.player_at(intake, stop - 1)
        self.marked = True
        self.mark_bits.kind = intake.tap.view.kind
        self.mark_bits.bits = int_key(&intake.tap.view, stop - 1)

    cdef inline Exact ordinal(
        self, FrameIntake intake, Py_ssize_t row
    ) noexcept nogil:
        cdef Exact exact
        if intake.tap.view.kind == INT64_KEYS:
            exact = exact_of_int(int_key(&intake.tap.view, row))
        else:
            exact = exact_of_float(double_key(&intake.tap.view, row))
        if self.reverse:
            exact.high = ~exact.high
            exact.low = LOW_BITS - exact.low
        return exact

    cdef inline Player player_at(
        self, FrameIntake intake, Py_ssize_t row
    ) noexcept nogil:
        cdef Exact exact = self.ordinal(intake, row)
        return Player(exact.high, exact.low << INPUT_BITS | intake.number)

    cdef inline bint is_late(self, Player player) noexcept nogil:
        """Before the first one went out the mark is 0, and nothing is below it."""
        return player.high < self.mark.high or (
            player.high == self.mark.high
            and player.rank >> INPUT_BITS < self.mark.rank >> INPUT_BITS
        )

    # ---- States

    cdef void set_state(self, FrameIntake intake, State state) noexcept nogil:
        self.hungry_count += (state == HUNGRY) - (intake.state == HUNGRY)
        # The winner of a tree that is not stale may find its next row: it is held on.
        if state != HELD or intake.state != HELD:
            self.stale = True
        FramePump.set_state(self, intake, state)

    cdef void build_tree(self) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.count):
            self.tree[self.count + i] = (
                (<FrameIntake>self.table[i]).front
                if (<FrameIntake>self.table[i]).state == HELD
                else absent(i)
            )
        if self.count:
            self.winner = play_all(self.tree, self.count)
        self.stale = False
