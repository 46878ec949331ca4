"""Rules filed under symbols: how they get in and out."""

from libc.stdint cimport int32_t, int64_t, uint32_t

from chronomux._core.conditions.postings cimport Pairs, Posting
from chronomux._core.conditions.symbol_book cimport SymbolBook

cdef enum:
    LACKS = -1         # instead of a count: an event must not have the symbol
    LACKS_IN_ONE = -2  # or, if it has mappings in a list, only not in all of them


ctypedef struct Rule:
    int64_t id
    # For each conjunct the number of its symbols and the symbols, the rarest first;
    # then LACKS or LACKS_IN_ONE and a symbol.
    int32_t* program
    int32_t size
    int32_t needed    # conjuncts before those
    int32_t entries   # in postings; until there are none the slot is not used again
    uint32_t stamp    # the event that it was found for last
    bint alive
    bint gone         # taken out; its entries may be left
    bint paired       # filed under pairs of the first two conjuncts
    bint asked        # symbols cannot tell: its condition is asked, always
    bint asked_grouped  # or when the event has mappings in a list


cdef class RuleBook(SymbolBook):
    cdef Rule* rules
    cdef int32_t rule_count, rule_room
    cdef list conditions, payloads, free_slots  # by slot
    cdef dict slots                   # by the number of the rule
    cdef list deferred                # slots to be taken out when nobody is busy
    cdef Pairs pairs
    cdef int64_t next_id
    cdef int busy                     # walks and changes under way

    cdef void _hold(self) noexcept
    cdef int _rest(self) except -1
    cdef int32_t _new_slot(self) except -1
    cdef int _program(self, Rule* rule, list wanted, list unwanted) except -1
    cdef int _file(self, int32_t slot) except -1
    cdef int _file_pairs(self, int32_t slot) except -1
    cdef int _remove(self, int32_t slot) except -1
    cdef int _unfile(self, int32_t slot) except -1
    cdef int _bury(self, Posting* posting, int32_t slot) except -1
    cdef int _free_slot(self, int32_t slot) except -1
