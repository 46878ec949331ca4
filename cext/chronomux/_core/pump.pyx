"""The hot loop of the sorted multiplexer.

It moves items from inputs to outputs for as long as nothing has to be waited for, and
says what stopped it. Waiting, threads and policies for broken queues are the caller's.
"""

from queue import Empty

cimport cython
from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_DRY,
    STATUS_GET_FAILED,
    STATUS_PAUSED,
    STATUS_SILENT,
    Fanout,
    Status,
)
from chronomux._core.heap cimport (
    MISSING,
    Entry,
    MergeHeap,
    by_ordinals,
    ordinal_below,
)
from chronomux._core.keypath cimport KeyPath
from chronomux._core.tap cimport NO_KEY, Tap

from chronomux.errors import DisorderError, SortKeyError

PAUSED = STATUS_PAUSED
SILENT = STATUS_SILENT
GET_FAILED = STATUS_GET_FAILED
DRY = STATUS_DRY

cdef enum:
    # Items between two returns. No bytecode may run in between, so it is here that
    # other threads get their turn and signals are seen.
    ITEMS_A_RUN = 256

cdef enum State:
    HUNGRY  # the merge cannot go on without its next item
    HELD  # its next item waits in the heap
    ASIDE  # silent for too long: the merge goes on without it
    ENDED

cdef enum OnDisorder:
    EMIT
    DROP
    RAISE

cdef dict ON_DISORDER = {"emit": EMIT, "drop": DROP, "raise": RAISE}


@cython.final
cdef class Intake:
    """One input: its state and what it has given so far."""

    cdef object get_now
    cdef Tap tap  # of whose items the keys may be known, or None
    cdef State state
    cdef bint late  # whether the item it holds in the heap is
    cdef readonly Py_ssize_t items  # received
    cdef readonly Py_ssize_t sent  # started on their way to the outputs
    cdef readonly Py_ssize_t dropped
    cdef readonly Py_ssize_t disorder
    cdef readonly object first_disorder  # position, from 0
    cdef readonly object largest_step_back  # in the keys' unit

    def __cinit__(self, get_now, Tap tap=None):
        self.get_now = get_now
        self.tap = tap
        self.state = HUNGRY

    def carry_on(self, before):
        """Count on from what another engine's intake has counted."""
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


@cython.final
cdef class Pump:
    """Merges inputs by sort key into a Fanout.

    key: None for the item itself, or a callable. on_disorder: 'emit', 'drop' or
    'raise', for an item whose key is below the greatest key that went out.

    `run` returns DRY (no input is left that has or owes an item), SILENT or GET_FAILED
    (input `at` has nothing now, or raised; see `take_error`), PAUSED (call again), or
    FULL or PUT_FAILED of the fanout. It raises SortKeyError and DisorderError.
    """

    cdef readonly Fanout fanout
    cdef MergeHeap heap
    cdef KeyPath path
    cdef object key
    cdef OnDisorder on_disorder
    cdef list intakes
    cdef list starved  # the hungry inputs by number, without `source` while `spent`
    cdef bint spent  # the top of the heap, of `source`, is out and may be replaced
    cdef Entry mark  # the greatest key that went out
    cdef object mark_key
    cdef bint marked
    cdef object verdict  # the DisorderError raised
    cdef readonly Py_ssize_t source  # the input whose item was sent last
    cdef readonly Py_ssize_t at
    cdef object error
    cdef public bint interrupted  # set by any thread: return soon

    def __cinit__(self, key=None, *, bint reverse=False, on_disorder="emit"):
        self.fanout = Fanout()
        self.heap = MergeHeap(reverse=reverse)
        if isinstance(key, KeyPath):
            self.path = key
        else:
            self.key = key
        self.on_disorder = ON_DISORDER[on_disorder]
        self.intakes = []
        self.starved = []

    def add(self, get_now, tap=None):
        """A new input; the merge cannot go on before it has given its first item.

        tap: gives the item's key, where it has one, after `get_now` gave the item.
        """
        intake = Intake(get_now, tap)
        self.starved.append(len(self.intakes))
        self.intakes.append(intake)
        return intake

    def end(self, Py_ssize_t number):
        """Nothing more will come from an input."""
        self.settle()
        self.leave(number, ENDED)

    def set_aside(self, Py_ssize_t number):
        """Go on without an input until it is fed again."""
        self.settle()
        self.leave(number, ASIDE)

    def feed(self, Py_ssize_t number, item):
        """Take an item that came from an input by other means than `get_now`."""
        self.settle()
        self.accept(number, item)
        if number in self.starved and self.intake(number).state != HUNGRY:
            self.starved.remove(number)

    def mark_at(self, key):
        """Take a key as the greatest that went out."""
        self.heap.rank(key, &self.mark)
        self.mark_key = key
        self.marked = True

    def take_error(self):
        """What the get of input `at` raised; it is kept no longer."""
        error, self.error = self.error, None
        return error

    @property
    def hungry(self):
        """Numbers of the inputs that the merge cannot go on without."""
        return [*self.starved, self.source] if self.spent else list(self.starved)

    def run(self):
        """Move items until something must be waited for."""
        cdef Status status
        cdef int left = ITEMS_A_RUN
        if self.fanout.busy:
            status = self.fanout.proceed()
            if status != STATUS_DONE:
                return status
        while left > 0:
            status = self.refill()
            if status != STATUS_DONE:
                return status
            # After the get: what was registered before an item's put sees the item.
            if self.interrupted:
                return STATUS_PAUSED
            if self.heap.size == 0:
                return STATUS_DRY
            self.take()
            status = self.fanout.proceed()
            if status != STATUS_DONE:
                return status
            left -= 1
        return STATUS_PAUSED

    cdef Intake intake(self, Py_ssize_t number):
        return <Intake>self.intakes[number]

    cdef int leave(self, Py_ssize_t number, State state) except -1:
        self.intake(number).state = state
        if number in self.starved:
            self.starved.remove(number)
        return 0

    cdef int settle(self) except -1:
        """Drop the top of the heap if it is out."""
        if self.spent:
            self.heap.pop_item()
            self.spent = False
            if self.intake(self.source).state == HUNGRY:
                self.starved.append(self.source)
        return 0

    cdef int take(self) except -1:
        """Send the least item on its way, and ask for the next of its input."""
        cdef Intake intake
        self.source = self.heap.top_input()
        intake = self.intake(self.source)
        if not intake.late:
            self.mark = self.heap.entries[0]
            self.mark_key = self.heap.top_key()
            self.marked = True
        self.fanout.start(self.heap.top_item(), self.heap.top_key())
        self.spent = True
        intake.sent += 1
        intake.state = HUNGRY
        return 0

    cdef Status refill(self) except *:
        """Get an item from every input that owes one."""
        cdef Status status
        cdef Py_ssize_t number
        while self.spent:
            status = self.fetch(self.source)
            if status != STATUS_DONE:
                return status
            if self.intake(self.source).state != HUNGRY:
                self.settle()
        while self.starved:
            number = self.starved[0]
            status = self.fetch(number)
            if status != STATUS_DONE:
                return status
            if self.intake(number).state != HUNGRY:
                self.starved.pop(0)
        return STATUS_DONE

    cdef Status fetch(self, Py_ssize_t number) except *:
        """Get an item from one input."""
        try:
            item = self.intake(number).get_now()
        except Empty:
            self.at = number
            self.settle()
            return STATUS_SILENT
        except Exception as error:
            self.at = number
            self.error = error
            self.settle()
            return STATUS_GET_FAILED
        self.accept(number, item)
        return STATUS_DONE

    cdef int accept(self, Py_ssize_t number, object item) except -1:
        """Put an item into the heap, or note the end of its input."""
        cdef Intake intake = self.intake(number)
        if item is Empty:
            intake.state = ENDED
            return 0
        intake.items += 1
        key = NO_KEY
        try:
            if intake.tap is not None:
                key = intake.tap.key
            if key is NO_KEY:
                key = self.key_of(item)
            return self.place(number, intake, key, item)
        except Exception as error:
            if error is self.verdict:
                raise
            raise self.blame(number, key is NO_KEY, error) from error

    cdef object key_of(self, object item):
        if self.path is not None:
            return self.path.key_of(item)
        return item if self.key is None else self.key(item)

    cdef int place(
        self, Py_ssize_t number, Intake intake, object key, object item
    ) except -1:
        """Put an item in the heap, unless it is late and late items are dropped."""
        cdef Entry entry
        entry.input = number
        self.heap.rank(key, &entry)
        intake.late = self.marked and self.is_late(&entry, key)
        if intake.late and self.tell_disorder(intake, &entry, key) == DROP:
            intake.dropped += 1
            return 0
        if self.spent:
            self.heap.replace_ranked(&entry, key, item)
            self.spent = False
        else:
            self.heap.push_ranked(&entry, key, item)
        intake.state = HELD
        return 0

    cdef int is_late(self, Entry* entry, object key) except -1:
        if by_ordinals(entry, &self.mark):
            # Ordinals are complemented in reverse: below is always "comes before".
            return ordinal_below(entry, &self.mark)
        return self.heap.object_below(entry, key, &self.mark, self.mark_key)

    cdef object blame(self, Py_ssize_t number, bint keyless, error):
        """The error that ends the merge for what a key or a comparison raised."""
        if isinstance(error, MemoryError):
            return error
        if keyless or self.heap.clash is None:
            return SortKeyError(
                f"input {number}, item {self.intake(number).items - 1}: "
                f"its sort key cannot be made: {type(error).__name__}: {error}"
            )
        left, left_key, right, right_key = self.heap.clash
        return SortKeyError(
            f"keys cannot be compared: {left_key!r} of input {left} with "
            f"{right_key!r} of input {right}; give a sort_key whose values can"
        )

    cdef OnDisorder tell_disorder(
        self, Intake intake, Entry* entry, object key
    ) except *:
        """Count a late item."""
        position = intake.items - 1
        intake.disorder += 1
        if intake.first_disorder is None:
            intake.first_disorder = position
        if entry.lane != MISSING:
            self.measure_step_back(intake, key)
        if self.on_disorder == RAISE:
            self.verdict = DisorderError(
                f"input {entry.input}, item {position}: key {key!r} is below "
                f"{self.mark_key!r}, which has gone out; "
                "use on_disorder='emit' or 'drop' to go on",
                entry.input,
                position,
            )
            raise self.verdict
        return self.on_disorder

    cdef int measure_step_back(self, Intake intake, object key) except -1:
        largest = intake.largest_step_back
        try:
            step = key - self.mark_key if self.heap.reverse else self.mark_key - key
            if step == step and (largest is None or step > largest):
                intake.largest_step_back = step
        except Exception:
            pass  # keys of this type have no distance
        return 0
