"""The index of many conditions: what an event costs hardly grows with their number.

An event is walked once for its symbols; the rules filed under those are verified by
looking whether their other symbols bear this event's stamp; what symbols cannot tell, a
rule's condition is asked last.

Only the walk and the asking run Python code, which may register, unregister, match, or
let another thread do so. In between no object is touched. What a walk has found stays
valid until it ends: till then what is removed is only marked.
"""

from cpython.dict cimport PyDict_CheckExact
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc, qsort

from chronomux._core.conditions.postings cimport Entry, Posting
from chronomux._core.conditions.rulebook cimport LACKS_IN_ONE, Rule, RuleBook
from chronomux._core.conditions.symbol_book cimport ALWAYS, State
from chronomux._core.conditions.table cimport Table
from chronomux._core.conditions.values cimport MAPPING, kind_of
from chronomux._core.conditions.walk cimport Found, Walk


cdef int by_id(const void* left, const void* right) noexcept nogil:
    cdef int64_t a = (<const Found*> left).id, b = (<const Found*> right).id
    return (a > b) - (a < b)


cdef class ConditionIndex(RuleBook):
    """Conditions by number; `match` tells those that an event matches."""

    def __dealloc__(self):
        free(self.leads)

    def match(self, event, on_error=None):
        """The numbers of all conditions that this event matches, in order.

        TypeError for an event that is no mapping.

        on_error: called with (number, event, exception) for a condition whose predicate
        raises, which then does not match. Without it the exception passes through.
        """
        return self._find(event, on_error, False)

    def match_many(self, events, on_error=None):
        """`match` for each of many events."""
        return [self._find(event, on_error, False) for event in events]

    def match_rows(self, columns, on_error=None):
        """`match` for each row of columns, a mapping of names to sequences.

        As `match` on dicts of all columns, in which a missing value is None: it is
        there, so `exists()` holds and `absent()` does not. Of typed columns only those
        that conditions ask for are looked at; a dict is made of a row only for a
        predicate, or for columns of another type. TypeError for what is no mapping of
        columns, ValueError for columns of several lengths.
        """
        cdef Table table = Table(columns)
        if not table.is_typed:
            return self.match_many([table[i] for i in range(table.length)], on_error)
        return [self._find_row(table, i, on_error) for i in range(table.length)]

    def payloads_of(self, event, on_error=None):
        """What was added with the conditions that this event matches, in order."""
        return self._find(event, on_error, True)

    cdef Walk _walk(self):
        """The spare one, or another if that is taken: by whom this walk interrupts."""
        cdef Walk walk = self.spare
        if walk is None:
            return Walk()
        self.spare = None
        return walk

    cdef list _find(self, object event, object on_error, bint payloads):
        cdef Walk walk
        if not PyDict_CheckExact(event) and kind_of(event) != MAPPING:
            raise TypeError(f"an event is a mapping, not {event!r}")
        walk = self._walk()
        self._hold()
        try:
            walk.start(self.root, event)
            walk.emit(ALWAYS)
            self._collect(walk)
            return self._answer(walk, event, on_error, payloads)
        finally:
            self.spare = walk
            self._rest()

    cdef list _find_row(self, Table table, Py_ssize_t row, object on_error):
        cdef Walk walk = self._walk()
        cdef dict event = None
        self._hold()
        try:
            walk.start_row(self.root, table, row)
            walk.emit(ALWAYS)
            self._collect(walk)
            if self._is_asked(walk):
                event = table.row(row)
            return self._answer(walk, event, on_error, False)
        finally:
            self.spare = walk
            self._rest()

    cdef bint _is_asked(self, Walk walk) noexcept:
        """Whether a condition among those found needs to see the event itself."""
        cdef Py_ssize_t i
        for i in range(walk.found_length):
            if self.rules[walk.found[i].slot].asked:
                return True
        return False

    cdef int _collect(self, Walk walk) except -1:
        """Find the rules whose symbols the event has. Touches no object."""
        cdef Py_ssize_t i, j, place, leads
        cdef int32_t number
        walk.found_length = 0
        leads = self._stamp(walk)
        for i in range(walk.length):
            number = walk.symbols[i]
            if self.states[number].posting.length:
                self._scan(&self.states[number].posting, walk)
        for i in range(leads):
            for j in range(walk.length):
                number = walk.symbols[j]
                if self.states[number].follows == 0:
                    continue
                place = self.pairs.find(self.leads[i], number)
                if place >= 0:
                    self._scan(&self.pairs.postings[place], walk)
        if walk.found_length > 1:
            qsort(walk.found, walk.found_length, sizeof(Found), by_id)
        return 0

    cdef Py_ssize_t _stamp(self, Walk walk) except -1:
        """Stamp the symbols, each once; how many of them are the first of pairs."""
        cdef Py_ssize_t i, n = 0, leads = 0
        cdef State* state
        self.event += 1
        if self.event == 0:
            self._clear_stamps()
        if walk.length > self.leads_room:
            free(self.leads)
            self.leads_room = 0
            self.leads = <int32_t*> malloc(2 * walk.length * sizeof(int32_t))
            if self.leads == NULL:
                raise MemoryError
            self.leads_room = 2 * walk.length
        for i in range(walk.length):
            state = &self.states[walk.symbols[i]]
            if state.stamp == self.event:
                continue
            state.stamp = self.event
            walk.symbols[n] = walk.symbols[i]
            n += 1
            if state.leads:
                self.leads[leads] = walk.symbols[i]
                leads += 1
        walk.length = n
        return leads

    def _clear_stamps(self):
        cdef int32_t i
        for i in range(self.symbol_count):
            self.states[i].stamp = 0
        for i in range(self.rule_count):
            self.rules[i].stamp = 0
        self.event = 1

    cdef int _scan(self, const Posting* posting, Walk walk) except -1:
        cdef int32_t i
        cdef const Entry* entry
        cdef Rule* rule
        for i in range(posting.length):
            entry = &posting.entries[i]
            if entry.guard >= 0 and self.states[entry.guard].stamp != self.event:
                continue
            rule = &self.rules[entry.slot]
            if rule.stamp == self.event or not rule.alive:
                continue
            if self._verified(rule, walk.grouped):
                rule.stamp = self.event
                walk.find(rule.id, entry.slot)
        return 0

    cdef bint _verified(self, const Rule* rule, bint grouped) noexcept nogil:
        """Whether each conjunct has a symbol with this event's stamp."""
        cdef const int32_t* at = rule.program
        cdef const int32_t* end = at + rule.size
        cdef int32_t count, i
        while at < end:
            count = at[0]
            if count < 0:
                if self.states[at[1]].stamp == self.event and not (
                    grouped and count == LACKS_IN_ONE
                ):
                    return False
                at += 2
                continue
            i = 1
            while i <= count and self.states[at[i]].stamp != self.event:
                i += 1
            if i > count:
                return False
            at += count + 1
        return True

    cdef list _answer(self, Walk walk, object event, object on_error, bint payloads):
        """From slots to objects; asks the conditions that need it."""
        cdef Py_ssize_t i
        cdef int32_t slot
        cdef int64_t number
        cdef list answer = []
        for i in range(walk.found_length):
            slot, number = walk.found[i].slot, walk.found[i].id
            if self.rules[slot].asked or (
                walk.grouped and self.rules[slot].asked_grouped
            ):
                if not self._ask(slot, number, event, on_error):
                    continue
            answer.append(self.payloads[slot] if payloads else number)
        return answer

    def _ask(self, int32_t slot, number, event, on_error):
        try:
            return self.conditions[slot].matches(event)
        except Exception as error:
            if on_error is None:
                raise
            on_error(number, event, error)
            return False
