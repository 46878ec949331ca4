"""Rules filed under symbols: how they get in and out.

Each rule is filed under the symbols of one conjunct only, the rarest; where rules crowd
under a symbol, under pairs with the next rarest.

Filing and taking out may run code of others: hashes of values, and whatever goes when
the last reference to it does. All changes to postings are made where none of it runs.
What is removed while `busy` is only marked, and taken out when that is over.
"""

from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from chronomux._core.conditions.plan import plan
from chronomux._core.conditions.postings cimport Entry, Pairs, Posting, posting_add
from chronomux._core.conditions.storage cimport resized
from chronomux._core.conditions.symbol_book cimport ALWAYS, SymbolBook
from chronomux._core.conditions.symbols cimport Symbol

cdef enum:
    CROWD = 32       # entries of a posting from which on rules go under pairs
    MOST_PAIRS = 16  # that one rule may go under

cdef extern from *:
    """
    static __thread int chronomux_held; /* how often this thread holds any book */
    """
    int held_here "chronomux_held"


cdef class RuleBook(SymbolBook):
    """Conditions by number. Numbers count up from 0 and are never given twice.

    What goes in has `conjuncts`, as (path, alternatives), and `matches(event)`.
    """

    def __cinit__(self):
        self.conditions, self.payloads, self.free_slots = [], [], []
        self.deferred, self.slots = [], {}
        self.pairs = Pairs()

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.rule_count):
            free(self.rules[i].program)
        free(self.rules)

    def __len__(self):
        return len(self.slots)

    def __contains__(self, number):
        return number in self.slots

    def add(self, condition, payload=None):
        """Add a condition; its number. `payload` is what `payloads_of` gives for it."""
        cdef list symbols = []
        self._hold()
        try:
            return self._add(condition, payload, symbols)
        except BaseException:
            for one in symbols:
                self._forget(one)
            raise
        finally:
            self._rest()

    def remove(self, number):
        """Take a condition out. KeyError if there is none of this number."""
        cdef int32_t slot = self.slots.pop(number)
        self.rules[slot].alive = False
        self.deferred.append(slot)
        self._hold()
        self._rest()

    def start_clean(self):
        """In a forked child: nobody is busy, as other threads are not here.

        If this thread forked while it was busy itself, all stays held: of all that are
        busy nobody knows which is this one.
        """
        if not held_here:
            self.busy = 0
            self._hold()
            self._rest()

    cdef void _hold(self) noexcept:
        """Be busy: what is removed from now on stays until `_rest`."""
        global held_here
        self.busy = self.busy + 1
        held_here = held_here + 1

    cdef int _rest(self) except -1:
        """Busy no more; the last takes out what waits for that."""
        global held_here
        try:
            while self.busy == 1 and self.deferred:
                self._remove(self.deferred.pop())
        finally:
            self.busy = self.busy - 1
            held_here = held_here - 1
        return 0

    def _add(self, condition, payload, list symbols):
        cdef int32_t slot
        cdef Rule* rule
        needs, lacks, asked, asked_grouped = plan(condition.conjuncts)
        wanted = [self._symbols_of(filters, symbols) for filters in needs]
        unwanted = [
            (self._symbols_of([lack], symbols)[0], len(lack[0])) for lack in lacks
        ]
        if len(wanted) > 1:
            wanted.sort(key=self._load)
        if not wanted:
            wanted.append([self.symbols[ALWAYS]])
            self.states[ALWAYS].rules += 1
            symbols.append(self.symbols[ALWAYS])
        slot = self._new_slot()
        rule = &self.rules[slot]
        self._program(rule, wanted, unwanted)
        rule.asked, rule.asked_grouped = asked, asked_grouped
        rule.id = self.next_id
        self.next_id += 1
        self._file(slot)
        rule.alive = True
        self.conditions[slot] = condition if asked or asked_grouped else None
        self.payloads[slot] = payload
        self.slots[rule.id] = slot
        return rule.id

    cdef int32_t _new_slot(self) except -1:
        cdef int32_t room
        if self.free_slots:
            return self.free_slots.pop()
        if self.rule_count == self.rule_room:
            room = max(64, self.rule_room * 2)
            self.rules = <Rule*> resized(self.rules, room, sizeof(Rule))
            self.rule_room = room
        memset(&self.rules[self.rule_count], 0, sizeof(Rule))
        self.conditions.append(None)
        self.payloads.append(None)
        self.rule_count += 1
        return self.rule_count - 1

    cdef int _program(self, Rule* rule, list wanted, list unwanted) except -1:
        """Write down what the rule asks for, the rarest first."""
        cdef Symbol symbol
        cdef int32_t at = 0
        size = sum([1 + len(symbols) for symbols in wanted]) + 2 * len(unwanted)
        rule.program = <int32_t*> malloc(size * sizeof(int32_t))
        if rule.program == NULL:
            raise MemoryError
        rule.size = size
        rule.needed = len(wanted)
        for symbols in wanted:
            rule.program[at] = len(symbols)
            for symbol in symbols:
                at += 1
                rule.program[at] = symbol.number
            at += 1
        for symbol, depth in unwanted:
            rule.program[at] = LACKS if depth == 1 else LACKS_IN_ONE
            rule.program[at + 1] = symbol.number
            at += 2
        return 0

    cdef int _file(self, int32_t slot) except -1:
        cdef Rule* rule = &self.rules[slot]
        cdef int32_t* first = rule.program
        cdef int32_t* second = first + first[0] + 1
        cdef int32_t i, most = 0, guard = -1
        rule.paired = False
        if rule.needed > 1:
            for i in range(1, first[0] + 1):
                most = max(most, self.states[first[i]].posting.length)
            rule.paired = most >= CROWD and first[0] * second[0] <= MOST_PAIRS
            guard = second[1] if second[0] == 1 else -1
        if rule.paired:
            return self._file_pairs(slot)
        for i in range(1, first[0] + 1):
            posting_add(&self.states[first[i]].posting, slot, guard)
            rule.entries += 1
        return 0

    cdef int _file_pairs(self, int32_t slot) except -1:
        cdef Rule* rule = &self.rules[slot]
        cdef int32_t* first = rule.program
        cdef int32_t* second = first + first[0] + 1
        cdef int32_t* third = second + second[0] + 1
        cdef int32_t i, j, guard = -1
        cdef Py_ssize_t place
        if rule.needed > 2 and third[0] == 1:
            guard = third[1]
        for i in range(1, first[0] + 1):
            for j in range(1, second[0] + 1):
                place = self.pairs.place(first[i], second[j])
                if self.pairs.postings[place].length == 0:
                    self.states[first[i]].leads += 1
                    self.states[second[j]].follows += 1
                posting_add(&self.pairs.postings[place], slot, guard)
                rule.entries += 1
        return 0

    # Taking out

    cdef int _remove(self, int32_t slot) except -1:
        cdef Rule* rule = &self.rules[slot]
        cdef int32_t at = 0, count, i
        cdef list unused = []
        held = self.payloads[slot], self.conditions[slot]  # go last
        rule = &self.rules[slot]  # making a list may have collected garbage
        rule.gone = True
        self._unfile(slot)
        while at < rule.size:
            count = 1 if rule.program[at] < 0 else rule.program[at]
            for i in range(at + 1, at + 1 + count):
                unused.append(self.symbols[rule.program[i]])
            at += 1 + count
        self.payloads[slot] = self.conditions[slot] = None
        if rule.entries == 0:
            self._free_slot(slot)
        for symbol in unused:
            self._forget(symbol)
        del held
        return 0

    cdef int _free_slot(self, int32_t slot) except -1:
        free(self.rules[slot].program)
        memset(&self.rules[slot], 0, sizeof(Rule))
        self.free_slots.append(slot)
        return 0

    cdef int _unfile(self, int32_t slot) except -1:
        """Count the entries of this rule as dead."""
        cdef const Rule* rule = &self.rules[slot]
        cdef const int32_t* first = rule.program
        cdef const int32_t* second = first + first[0] + 1
        cdef int32_t i, j
        cdef Py_ssize_t place
        if not rule.paired:
            for i in range(1, first[0] + 1):
                self._bury(&self.states[first[i]].posting, slot)
            return 0
        for i in range(1, first[0] + 1):
            for j in range(1, second[0] + 1):
                place = self.pairs.find(first[i], second[j])
                self._bury(&self.pairs.postings[place], slot)
                if self.pairs.postings[place].length == 0:
                    self.pairs.drop(place)
                    self.states[first[i]].leads -= 1
                    self.states[second[j]].follows -= 1
        return 0

    cdef int _bury(self, Posting* posting, int32_t slot) except -1:
        """The entry of this rule is dead; sweep where half of them are."""
        cdef int32_t i, n = 0
        cdef Entry entry
        posting.dead += 1
        if posting.dead * 2 < posting.length:
            return 0
        for i in range(posting.length):
            entry = posting.entries[i]
            if not self.rules[entry.slot].gone:
                posting.entries[n] = entry
                n += 1
                continue
            self.rules[entry.slot].entries -= 1
            if self.rules[entry.slot].entries == 0 and entry.slot != slot:
                self._free_slot(entry.slot)
        posting.length, posting.dead = n, 0
        if n == 0:
            free(posting.entries)
            posting.entries, posting.room = NULL, 0
        return 0

    # Invariants

    def _check(self):
        """AssertionError unless all is as it should be; takes time with all rules."""
        rules, entries, places = {ALWAYS: 1}, {}, {}
        for number, slot in self.slots.items():
            self._check_rule(number, slot, rules)
        for i in range(self.symbol_count):
            self._check_symbol(i, rules.get(i, 0))
            count_entries(&self.states[i].posting, self.rules, entries)
        for i in range(self.pairs.room):
            if self.pairs.postings[i].length:
                first, second = divmod(self.pairs.keys[i], 1 << 32)
                places.setdefault(first, [0, 0])[0] += 1
                places.setdefault(second, [0, 0])[1] += 1
                assert self.pairs.find(first, second) == i, (first, second)
                count_entries(&self.pairs.postings[i], self.rules, entries)
        for i in range(self.symbol_count):
            led = [self.states[i].leads, self.states[i].follows]
            assert places.get(i, [0, 0]) == led, f"pairs of symbol {i}"
        for slot in range(self.rule_count):
            assert entries.get(slot, 0) == self.rules[slot].entries, f"slot {slot}"
        free_slots = set(self.free_slots)
        assert len(free_slots) == len(self.free_slots)
        assert free_slots.isdisjoint([*entries, *self.slots.values()])

    def _check_rule(self, number, int32_t slot, dict rules):
        cdef const Rule* rule = &self.rules[slot]
        cdef int32_t at = 0, count, i
        assert rule.id == number and rule.alive and not rule.gone, f"rule {number}"
        while at < rule.size:
            count = 1 if rule.program[at] < 0 else rule.program[at]
            for i in range(at + 1, at + 1 + count):
                rules[rule.program[i]] = rules.get(rule.program[i], 0) + 1
            at += 1 + count


cdef count_entries(const Posting* posting, const Rule* rules, dict entries):
    """Count the entries of each slot, and the dead."""
    cdef int32_t i, dead = 0
    for i in range(posting.length):
        slot = posting.entries[i].slot
        entries[slot] = entries.get(slot, 0) + 1
        dead += rules[slot].gone
    assert dead == posting.dead, "dead entries"
    assert dead * 2 <= posting.length, "a posting was not swept"
