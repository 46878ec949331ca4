"""Events to callbacks: an index whose conditions each have a rule to be carried out."""

cimport cython


@cython.final
cdef class Rule:
    """A callback, and the condition of the events that it is called with.

    calls and errors count; what a pool does counts when it is handed over.
    """

    def __cinit__(self, callback, condition, dict options, bint once):
        self.callback, self.condition = callback, condition
        self.options, self.once = options, once
        self.plain = not options and not once
        self.index = -1
        self.live = True

    def __repr__(self):
        once = ", once" if self.once else ""
        return f"<rule {self.index}: {self.callback!r} for {self.condition!r}{once}>"

    def claim(self):
        """Whether the caller is the first to ask."""
        first, self.live = self.live, False
        return first


@cython.final
cdef class Dispatcher(ConditionIndex):
    """Calls the callbacks of the rules that an event matches.

    special: called with (rule, event, options) for rules with options or to be called
    once, and for all if the event comes with options. It returns a list of one result,
    or of none. failed: called with (rule, event, exception) where a callback raises.
    predicate_failed: called with (index, event, exception) where a predicate does.
    """

    def __cinit__(self, special, failed, predicate_failed):
        self.special, self.failed = special, failed
        self.predicate_failed = predicate_failed

    def register(self, Rule rule):
        """Add a rule; its index, which no other ever has."""
        rule.index = self.add(rule.condition, rule)
        return rule.index

    def trigger(self, event, options=None):
        """One result for each rule that matches, in the order of registration.

        A rule that an earlier callback unregisters is not called. TypeError for an
        event that is no mapping.
        """
        cdef Rule rule
        cdef list results = [], rules = self.payloads_of(event, self.predicate_failed)
        self.events += 1
        self.matches += len(rules)
        for rule in rules:
            if rule.live:
                self._call(rule, event, options, results)
        return results

    cdef int _call(
        self, Rule rule, object event, object options, list results
    ) except -1:
        try:
            if rule.plain and options is None:
                self.callbacks += 1
                rule.calls += 1
                results.append(rule.callback(event))
                return 0
            done = self.special(rule, event, options)
        except Exception as error:
            self.count_error(rule)
            self.failed(rule, event, error)
            results.append(error)
            return 0
        if done:
            self.callbacks += 1
            rule.calls += 1
            results += done
        return 0

    def count_error(self, Rule rule):
        """A callback, or a predicate, raised."""
        self.errors += 1
        if rule is not None:
            rule.errors += 1
