"""What the index can know of a condition from symbols alone."""

from chronomux._core.conditions.matcher cimport ABSENT, EXISTS, VALUE

cdef object PRESENT = ("present", None)


def plan(conjuncts):
    """How to file a condition: (needs, lacks, asked, asked_grouped).

    needs: for each conjunct that can help a list of (path, kind, key), one of which an
    event must have. lacks: (path, kind, key) of what it must not have, or not in all
    mappings of a list. asked: whether an event
    that satisfies them must be put to the condition itself; asked_grouped: if the event
    has mappings in a list.
    """
    needs, lacks, firsts, asked, asked_grouped = [], [], set(), False, False
    for path, alternatives in conjuncts:
        if len(alternatives) == 1 and alternatives[0][0] == ABSENT:
            lacks.append((path, *PRESENT))
            asked_grouped = asked_grouped or len(path) > 1
        else:
            filters, exact = filters_of(path, alternatives)
            if filters is not None:
                needs.append(filters)
            asked = asked or not exact
        # Two in one mapping of a list, or each in another: symbols are the same.
        asked_grouped = asked_grouped or path[:1] in firsts
        firsts.add(path[:1])
    return needs, lacks, asked, asked_grouped


cdef tuple filters_of(tuple path, tuple alternatives):
    """(symbols one of which an event must have, whether that is also enough).

    None for symbols: even an event without any may hold.
    """
    cdef list filters = []
    cdef bint exact = True
    for way in alternatives:
        trial = way[0]
        if trial == VALUE:
            if way[1] == way[1]:  # a NaN equals nothing
                filters.append((path, "value", way[1]))
            continue
        if trial == ABSENT:
            return None, False
        if trial == EXISTS:
            filters.append((path, *PRESENT))
            continue
        kind, key, sure = (way[2] if len(way) > 2 else None) or (*PRESENT, False)
        if kind == "branches":
            found = filters_of_branches(path, key)
            if found is None:
                return None, False
            filters += found
        else:
            filters.append((path, kind, key))
        exact = exact and sure
    if not path and not all([one[0] for one in filters]):
        return None, False  # the event itself is always there
    return filters, exact


cdef list filters_of_branches(tuple path, tuple branches):
    """Symbols one of which an event must have for one of the conditions to match."""
    cdef list filters = []
    if path:  # dotted keys there may stand otherwise than those of the event
        return [(path, *PRESENT)]
    for conjuncts in branches:
        needs = plan(conjuncts)[0]
        if not needs:
            return None
        filters += cheapest(needs)
    return filters


cdef list cheapest(list needs):
    """The conjunct of least symbols; presence counts for many: most events have it."""
    costs = [
        len(filters) + 100 * sum([one[1] == "present" for one in filters])
        for filters in needs
    ]
    return needs[costs.index(min(costs))]
