"""The hot loop of the sorted multiplexer.

It moves items from inputs to outputs for as long as nothing has to be waited for, and
says what stopped it. Waiting, threads and policies for broken queues are the caller's.
"""

from queue import Empty

cimport cython
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE

from chronomux._core.entry cimport MISSING, Entry, by_ordinals, ordinal_below
from chronomux._core.fanout cimport (
    STATUS_DRY,
    STATUS_GET_FAILED,
    STATUS_PAUSED,
    STATUS_SILENT,
    Fanout,
    Status,
)
from chronomux._core.heap cimport MergeHeap
from chronomux._core.intake cimport ASIDE, ENDED, HELD, HUNGRY, Intake, State
from chronomux._core.keypath cimport KeyPath
from chronomux._core.queue_core cimport NO_KEY

from chronomux.errors import DisorderError, SortKeyError

PAUSED = STATUS_PAUSED
SILENT = STATUS_SILENT
GET_FAILED = STATUS_GET_FAILED
DRY = STATUS_DRY

cdef enum:
    # Items between two returns. No bytecode may run in between, so it is here that
    # other threads get their turn and signals are seen.
    ITEMS_A_RUN = 256

cdef enum Stage:
    # Who raised, when something did: looked at then, it costs an item no `try`.
    GETTING
    KEYING
    PLACING
    PUTTING

cdef enum OnDisorder:
    EMIT
    DROP
    RAISE

cdef object EMPTY = Empty
cdef dict ON_DISORDER = {"emit": EMIT, "drop": DROP, "raise": RAISE}


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
    cdef Entry mark  # of the greatest key that went out; at first, below all
    cdef object mark_key
    cdef Stage stage
    cdef object verdict  # the DisorderError raised
    cdef readonly Py_ssize_t source  # the input whose item was sent last
    cdef readonly Py_ssize_t at  # the input that was asked, or fed, last
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
        self.mark = Entry(0, MISSING)

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
        self.at = number
        try:
            self.accept(self.intake(number), item)
        except Exception as error:
            self.blame(error)
        if number in self.starved and self.intake(number).state != HUNGRY:
            self.starved.remove(number)

    def mark_at(self, key, Py_ssize_t number):
        """Take a key, of an input, as the greatest that went out."""
        self.heap.rank(key, number, &self.mark)
        self.mark_key = key

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
        try:
            return self.move()
        except Exception as error:
            return self.explain(error)

    cdef Status move(self) except *:
        cdef int left = ITEMS_A_RUN
        if self.fanout.busy:
            self.stage = PUTTING
            self.fanout.proceed()
        while left > 0:
            if self.spent:  # nearly always; `refill` is for what else there may be
                self.fetch(self.source)
            if self.spent or PyList_GET_SIZE(self.starved) > 0:
                self.refill()
            # After the get: what was registered before an item's put sees the item.
            if self.interrupted:
                return STATUS_PAUSED
            if self.heap.size == 0:
                return STATUS_DRY
            self.take()
            self.stage = PUTTING
            self.fanout.proceed()
            left -= 1
        return STATUS_PAUSED

    cdef Status explain(self, object error) except *:
        """What the caller has to do about an error, if it does not end the merge."""
        if self.stage == PUTTING:
            return self.fanout.failed(error)
        if self.stage != GETTING:
            self.blame(error)
        self.settle()
        if isinstance(error, Empty):
            return STATUS_SILENT
        self.error = error
        return STATUS_GET_FAILED

    cdef inline Intake intake(self, Py_ssize_t number):
        return <Intake>PyList_GET_ITEM(self.intakes, number)

    cdef int leave(self, Py_ssize_t number, State state) except -1:
        self.intake(number).state = state
        if number in self.starved:
            self.starved.remove(number)
        return 0

    cdef int settle(self) except -1:
        """Drop the top of the heap if it is out."""
        if self.spent:
            self.stage = PLACING
            try:
                self.heap.pop_item()
            except Exception as error:
                self.blame(error)
            self.spent = False
            if self.intake(self.source).state == HUNGRY:
                self.starved.append(self.source)
        return 0

    cdef inline int take(self) except -1:
        """Send the least item on its way, and ask for the next of its input."""
        cdef Intake intake
        self.source = self.heap.top_input()
        intake = self.intake(self.source)
        if not intake.late:
            self.mark = self.heap.top()[0]
            self.mark_key = self.heap.top_key()
        self.fanout.start(self.heap.top_item(), self.heap.top_key())
        self.spent = True
        intake.sent += 1
        intake.state = HUNGRY
        return 0

    cdef int refill(self) except -1:
        """Get an item from every input that still owes one."""
        cdef Py_ssize_t number
        while self.spent:
            if self.intake(self.source).state == HUNGRY:
                self.fetch(self.source)
            else:
                self.settle()
        while PyList_GET_SIZE(self.starved) > 0:
            number = self.starved[0]
            self.fetch(number)
            if self.intake(number).state != HUNGRY:
                self.starved.pop(0)
        return 0

    cdef inline int fetch(self, Py_ssize_t number) except -1:
        """Get an item from one input."""
        cdef Intake intake = self.intake(number)
        self.at = number
        self.stage = GETTING
        return self.accept(intake, intake.get_now())

    cdef int accept(self, Intake intake, object item) except -1:
        """Put an item of input `at` into the heap, or note the end of the input."""
        cdef Entry entry
        if item is EMPTY:
            intake.state = ENDED
            return 0
        intake.items += 1
        self.stage = KEYING
        key = NO_KEY
        if intake.tap is not None:
            key = intake.tap.key
        if key is NO_KEY:
            key = self.key_of(item)
        self.heap.rank(key, self.at, &entry)
        self.stage = PLACING
        intake.late = self.is_late(&entry, key)
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

    cdef inline object key_of(self, object item):
        if self.path is not None:
            return self.path.key_of(item)
        return item if self.key is None else self.key(item)

    cdef inline int is_late(self, Entry* entry, object key) except -1:
        if by_ordinals(entry, &self.mark):
            # Ordinals are complemented in reverse: below is always "comes before".
            return ordinal_below(entry, &self.mark)
        return self.heap.object_below(entry, key, &self.mark, self.mark_key)

    cdef OnDisorder tell_disorder(
        self, Intake intake, Entry* entry, object key
    ) except *:
        """Count a late item."""
        low, high = key, self.mark_key
        intake.count_disorder()
        if entry.lane != MISSING:
            if self.heap.reverse:
                low, high = high, low
            intake.measure_step_back(low, high)
        if self.on_disorder == RAISE:
            self.verdict = DisorderError(
                f"input {self.at}, item {intake.items - 1}: key {key!r} is below "
                f"{self.mark_key!r}, which has gone out; "
                "use on_disorder='emit' or 'drop' to go on",
                self.at,
                intake.items - 1,
            )
            raise self.verdict
        return self.on_disorder

    cdef int blame(self, object error) except -1:
        """Raise the error that ends the merge for what a key or a comparison raised."""
        if error is self.verdict or isinstance(error, MemoryError):
            raise error
        if self.stage == KEYING or self.heap.clash is None:
            raise SortKeyError(
                f"input {self.at}, item {self.intake(self.at).items - 1}: "
                f"its sort key cannot be made: {type(error).__name__}: {error}"
            ) from error
        left, left_key, right, right_key = self.heap.clash
        raise SortKeyError(
            f"keys cannot be compared: {left_key!r} of input {left} with "
            f"{right_key!r} of input {right}; give a sort_key whose values can"
        ) from error
