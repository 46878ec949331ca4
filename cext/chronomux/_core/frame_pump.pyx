# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""The hot loop of the sorted multiplexer over frames.

As the pump of objects it moves items from inputs to outputs and says what stopped it;
but it compares keys where they lie in their frames and copies rows as bytes, without
the GIL, and waits by itself for a while. A row is taken from its queue when it has been
copied: what is not moved yet is still where others find it.
"""

cimport cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t, uint64_t

from chronomux._core.fanout cimport (
    STATUS_DISORDER,
    STATUS_DONE,
    STATUS_DRY,
    STATUS_FULL,
    STATUS_GET_FAILED,
    STATUS_NO_MEMORY,
    STATUS_OBJECTS,
    STATUS_PAUSED,
    STATUS_SILENT,
    Status,
)
from chronomux._core.frame_intake cimport FrameIntake, python_key
from chronomux._core.frames cimport (
    FINE,
    FULL,
    HEADER_BYTES,
    INT64_KEYS,
    NO_MEMORY,
    OTHER_KEYS,
    Fault,
    double_key,
    int_key,
    load64,
)
from chronomux._core.intake cimport ASIDE, ENDED, HELD, HUNGRY, State
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
from chronomux._core.outflow cimport Outflow
from chronomux._core.ring cimport bell_want, clock_ns
from chronomux._core.tap cimport BROKEN, LAST, NO_ROWS, OBJECTS, Sight, Tap

from chronomux.errors import DisorderError

OBJECTS_CAME = STATUS_OBJECTS

cdef enum:
    FRAME_BYTES = HEADER_BYTES + 16  # of a frame without rows, and its padding
    ROWS_A_RUN = 1 << 14  # between two returns, where signals are seen
    LOW_BITS = (1 << 11) - 1

cdef dict ON_DISORDER = {"emit": EMIT, "drop": DROP, "raise": RAISE}


@cython.final
cdef class FramePump:
    """Merges inputs by the keys in their frames into an Outflow.

    Its parts are used as those of Pump. `run` may also return OBJECTS_CAME: input `at`
    has a row whose key is no number. Then, and at any time, a Pump can go on where this
    one stands.
    """

    def __cinit__(self, *, bint reverse=False, on_disorder="emit"):
        self.fanout = Outflow()
        self.intakes = []
        self.reverse = reverse
        self.on_disorder = ON_DISORDER[on_disorder]
        self.source = -1

    def __dealloc__(self):
        PyMem_RawFree(self.table)
        PyMem_RawFree(self.tree)

    def add(self, Tap tap not None):
        """A new input; the merge cannot go on before it has given its first item."""
        cdef FrameIntake intake = FrameIntake(tap, self.count)
        cdef Py_ssize_t count = self.count + 1
        table = <void**>PyMem_RawRealloc(self.table, count * sizeof(void*))
        if table == NULL:
            raise MemoryError
        self.table = table
        tree = <Player*>PyMem_RawRealloc(self.tree, 2 * count * sizeof(Player))
        if tree == NULL:
            raise MemoryError
        self.tree = tree
        self.table[self.count] = <void*>intake
        self.intakes.append(intake)
        self.count = count
        self.hungry_count += 1
        self.stale = True
        return intake

    def end(self, Py_ssize_t number):
        """Nothing more will come from an input."""
        self.set_state(self.intake(number), ENDED)

    def set_aside(self, Py_ssize_t number):
        """Go on without an input until it is fed again."""
        self.set_state(self.intake(number), ASIDE)

    def feed(self, Py_ssize_t number, item=None):
        """Its tap has rows: let an input take part again."""
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

    def take_error(self):
        """What the queue of input `at` has wrong; told once."""
        try:
            self.intake(self.at).tap.raise_error()
        except Exception as error:
            return error

    @property
    def hungry(self):
        """Numbers of the inputs that the merge cannot go on without."""
        return [
            i for i in range(self.count) if self.intake(i).state == HUNGRY
        ]

    @property
    def mark_key(self):
        """The greatest key that went out, or None."""
        return python_key(self.mark_bits) if self.marked else None

    @property
    def mark_input(self):
        """The number of the input that it came from."""
        return input_of(self.mark)

    def run(self, double seconds, double seconds_for_room):
        """Move items until one must be waited for longer than `seconds`, or room in an
        output for longer than `seconds_for_room`."""
        cdef int64_t wait = <int64_t>(seconds * 1e9)
        cdef int64_t wait_for_room = <int64_t>(seconds_for_room * 1e9)
        cdef Status status, sent
        with nogil:
            status = self.work(wait, wait_for_room)
            sent = self.fanout.publish()
        self.fanout.start_feeders()
        if sent != STATUS_DONE:  # what came before it comes again
            status = sent
        if status == STATUS_NO_MEMORY:
            raise MemoryError("no memory for a frame")
        if status == STATUS_DISORDER:
            raise self.verdict()
        return status

    cdef FrameIntake intake(self, Py_ssize_t number):
        return <FrameIntake>self.intakes[number]

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

    # ---- Until something is in the way

    cdef Status work(self, int64_t wait, int64_t wait_for_room) noexcept nogil:
        cdef Py_ssize_t left = ROWS_A_RUN
        cdef Status status = self.fanout.publish()
        if self.condemned:
            return STATUS_DISORDER
        while status == STATUS_DONE and left > 0:
            if self.hungry_count:
                status = self.feed_hungry(wait)
            # After the look: what was registered before an item's put sees the item.
            elif self.interrupted or self.fanout.unfed:
                return STATUS_PAUSED
            elif self.stale:
                self.build_tree()
            elif self.count == 0 or is_absent(self.winner):
                return STATUS_DRY
            elif self.fanout.room <= 0:
                status = self.clear_way(wait_for_room)
            else:
                status = self.move(
                    <FrameIntake>self.table[input_of(self.winner)], &left
                )
        return status if status != STATUS_DONE else STATUS_PAUSED

    cdef Status feed_hungry(self, int64_t wait) noexcept nogil:
        """Find the next row of every input that owes one; wait for the first of them.
        SILENT when it has none after that."""
        cdef Py_ssize_t i, silent = -1
        cdef Status status = self.find_hungry(&silent)
        if status != STATUS_DONE or silent < 0:
            return status
        status = self.fanout.publish()
        if status != STATUS_DONE:
            return status
        self.fanout.release()
        if self.interrupted or self.fanout.unfed:
            return STATUS_PAUSED
        self.at = silent
        if wait <= 0:
            return STATUS_SILENT
        for i in range(silent + 1, self.count):
            if (<FrameIntake>self.table[i]).state == HUNGRY:  # so it is sent at once
                bell_want(&(<FrameIntake>self.table[i]).tap.queue._ring.shared.items)
        return self.wait_for(<FrameIntake>self.table[silent], wait)

    cdef Status wait_for(self, FrameIntake intake, int64_t wait) noexcept nogil:
        cdef int64_t began = clock_ns()
        cdef Sight sight = intake.tap.wait(wait)
        intake.waited_ns += clock_ns() - began
        return STATUS_SILENT if sight == NO_ROWS else STATUS_DONE

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

    cdef Status clear_way(self, int64_t wait) noexcept nogil:
        """Wait until every output has room. FULL: one has none after that."""
        cdef Status status = self.fanout.make_room()
        if status == STATUS_FULL:
            self.fanout.release()
            status = self.fanout.wait(wait)
        return status

    # ---- The next row of an input

    cdef Status seek(self, FrameIntake intake) noexcept nogil:
        """DONE: it is held, or the input has ended."""
        cdef Sight sight
        cdef Status status
        while True:
            sight = intake.tap.look()
            if sight == NO_ROWS:
                return STATUS_SILENT
            if sight == BROKEN:
                return STATUS_GET_FAILED
            if sight == OBJECTS:
                return STATUS_OBJECTS
            if sight == LAST:
                if intake.tap.take(1):
                    self.set_state(intake, ENDED)
                    return STATUS_DONE
                continue
            status = self.advance(intake)
            if status == STATUS_DONE:
                self.set_state(intake, HELD)
            if status != STATUS_PAUSED:
                return status

    cdef Status advance(self, FrameIntake intake) noexcept nogil:
        """To the next row of the view that is not refused. PAUSED: look again."""
        cdef Py_ssize_t row
        cdef Player player
        while intake.tap.row < intake.tap.limit:
            row = intake.tap.row
            player = self.player_at(intake, row)
            if self.on_disorder == EMIT or not self.is_late(player):
                intake.front = player
                return STATUS_DONE
            if not intake.tap.take(1):
                return STATUS_PAUSED
            intake.count_late(row, self.mark_bits, self.reverse)
            intake.items += 1
            if self.on_disorder == RAISE:
                self.condemned = True
                self.late_key = intake.key_at(row)
                return STATUS_DISORDER
            intake.dropped += 1
        return STATUS_PAUSED

    cdef inline Player player_at(
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
        return Player(
            exact.high, exact.low << INPUT_BITS | intake.number
        )

    # ---- Rows on their way

    cdef Status move(
        self, FrameIntake intake, Py_ssize_t* left
    ) noexcept nogil:
        """Move the winner's row, or a run of them while it keeps winning."""
        cdef Py_ssize_t row = intake.tap.row, stop = row + 1
        cdef Status status
        if self.source == <Py_ssize_t>intake.number and not self.is_late(
            self.winner
        ):
            stop = self.run_end(intake, row + min(self.fanout.room, left[0]))
        stop = self.fitting(intake, row, stop)
        if stop == row:
            return self.fanout.publish()
        status = self.copy(intake, row, stop)
        if status != STATUS_DONE:
            return status
        if not intake.tap.take(stop - row):  # another consumer was faster
            self.fanout.frame.drop_rows(self.fanout.frame.rows - (stop - row))
            return self.replace_winner(intake, self.seek(intake))
        self.moved(intake, row, stop)
        left[0] -= stop - row
        status = self.advance(intake)
        if status == STATUS_PAUSED:
            status = self.seek(intake)
        return self.replace_winner(intake, status)

    cdef inline void moved(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        self.fanout.room -= stop - row
        if self.is_late(self.winner):
            intake.count_late(row, self.mark_bits, self.reverse)
        else:
            self.mark = self.winner
            if stop - row > 1:
                self.mark = self.player_at(intake, stop - 1)
            self.marked = True
            self.mark_bits = intake.key_at(stop - 1)
        intake.items += stop - row
        intake.sent += stop - row
        self.source = intake.number

    cdef inline Status replace_winner(
        self, FrameIntake intake, Status status
    ) noexcept nogil:
        """Bring the next row of the winner, for which was sought, into the tree."""
        if status == STATUS_DONE and intake.state == HELD:
            self.winner = replay(self.tree, self.count, intake.front)
        elif status != STATUS_DONE:
            self.set_state(intake, HUNGRY)
            if status == STATUS_SILENT:
                return STATUS_DONE  # it is waited for with the other hungry ones
            self.at = intake.number
        return status

    cdef Py_ssize_t run_end(self, FrameIntake intake, Py_ssize_t stop) noexcept nogil:
        """Where the rows end that ascend and go out before those of all others."""
        cdef Player bound = runner_up(self.tree, self.count, self.winner)
        cdef Player last = self.winner, next
        cdef Py_ssize_t row = intake.tap.row + 1
        if stop > intake.tap.limit:
            stop = intake.tap.limit
        while row < stop:
            next = self.player_at(intake, row)
            if beats(next, last) or not beats(next, bound):
                break
            last = next
            row += 1
        return row

    cdef inline Py_ssize_t fitting(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        """Where the rows end that the open frame has bytes left for. A large row gets a
        frame of its own."""
        cdef const char* offsets = intake.tap.view.offset_column
        cdef uint64_t begin = load64(offsets + 8 * row)
        cdef uint64_t size = (
            self.fanout.frame.used + 16 * self.fanout.frame.rows + FRAME_BYTES
            + self.fanout.frame.schema_ends[self.fanout.frame.schemas]
        )
        cdef uint64_t most = self.fanout.most_bytes
        if intake.tap.view.target_serial != self.fanout.frame.serial:
            size += intake.tap.view.schema_bytes  # which may be new to it
        while size + load64(offsets + 8 * stop) - begin + 16 * (stop - row) > most:
            if stop - row == 1:
                return row if self.fanout.frame.rows else stop
            stop -= (stop - row) // 2
        return stop

    cdef Status copy(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil:
        cdef Status status
        cdef Fault fault = self.fanout.add(&intake.tap.view, row, stop)
        if fault == FINE:
            return STATUS_DONE
        if (fault == OTHER_KEYS or fault == FULL) and self.fanout.frame.rows:
            status = self.fanout.publish()
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

    # ---- Disorder

    cdef inline bint is_late(self, Player player) noexcept nogil:
        """Before the first one went out the mark is 0, and nothing is below it."""
        return player.high < self.mark.high or (
            player.high == self.mark.high
            and player.rank >> INPUT_BITS < self.mark.rank >> INPUT_BITS
        )

    # ---- States

    cdef void set_state(self, FrameIntake intake, State state) noexcept nogil:
        self.hungry_count += (state == HUNGRY) - (
            intake.state == HUNGRY
        )
        # The winner of a tree that is not stale may find its next row: it is held on.
        if state != HELD or intake.state != HELD:
            self.stale = True
        intake.state = state

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
