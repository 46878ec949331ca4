"""The expressions of a lexer: one a state finds any of its tokens, as PLY has it."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chronomux.lexer.grammar import Grammar
    from chronomux.lexer.tables import LexState, Master, Scanning

__all__ = ["joined", "scanning"]

ANY = "ANY"


def scanning(grammar: Grammar) -> Scanning | None:
    """None for a grammar without rules for tokens; GrammarError where PLY refuses."""
    if not grammar.token_rules:
        return None
    rules = Rules(grammar)
    own = {state: tuple(rules.masters(state)) for state in grammar.states}
    states: list[LexState] = []
    for state, kind in grammar.states.items():
        base = "INITIAL" if kind == "inclusive" else state
        masters = own[state] + (own[base] if state != base else ())
        ignored = rules.ignored.get(state, rules.ignored.get(base, ""))
        error = rules.errors.get(state, rules.errors.get(base))
        # Unlike the method for errors, the one for the end is not inherited.
        states.append((state, ignored, error, rules.ends.get(state), masters))
    return grammar.reflags, grammar.literals, tuple(states)


class Rules:
    """The attributes t_... sorted by what they are for, each under its states.

    methods, texts: (attribute, expression); in the order in which they are tried.
    ignored: characters; errors, ends: names of methods.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.methods: dict[str, list[tuple[str, str]]] = {s: [] for s in grammar.states}
        self.texts: dict[str, list[tuple[str, str]]] = {s: [] for s in grammar.states}
        self.ignored: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.ends: dict[str, str] = {}
        self.tokens: dict[str, str] = {}  # types, by attribute
        for name, text, regex, _ in sorted(
            grammar.token_rules, key=lambda rule: rule[3]
        ):
            states, token = states_and_token(name, grammar.states)
            self.tokens[name] = token
            for state in states:
                if text is None:
                    self._add_method(state, name, token, regex)
                else:
                    self._add_text(state, name, token, text)
        for texts in self.texts.values():
            texts.sort(key=lambda rule: len(rule[1]), reverse=True)
        self._check_all_states_have_rules()

    def _add_method(self, state: str, name: str, token: str, regex: str | None) -> None:
        if token == "error":
            self.errors[state] = name
        elif token == "eof":
            self.ends[state] = name
        elif token == "ignore":
            self.grammar.refuse(f"{name} must be a string of characters, not a method")
        elif not regex:
            self.grammar.refuse(f"{name} has no docstring with a regular expression")
        else:
            self._check(name, regex)
            self.methods[state].append((name, regex))

    def _add_text(self, state: str, name: str, token: str, text: str) -> None:
        if token == "ignore":
            self.ignored[state] = text
        elif token == "error":
            self.grammar.refuse(f"{name} must be a method, not a string")
        elif token not in self.grammar.tokens and "ignore_" not in token:
            self.grammar.refuse(f"{name} is a rule for {token}, which is not in tokens")
        else:
            self._check(name, text)
            self.texts[state].append((name, text))

    def _check(self, name: str, regex: str) -> None:
        try:
            matches_nothing = re.compile(
                named(name, regex), self.grammar.reflags
            ).match("")
        except re.error as error:
            hint = r"; a '#' has to be written '\#'" if "#" in regex else ""
            self.grammar.refuse(f"the expression of {name} is wrong: {error}{hint}")
        if matches_nothing:
            self.grammar.refuse(f"the expression of {name} matches the empty string")

    def _check_all_states_have_rules(self) -> None:
        for state in self.grammar.states:
            if not self.methods[state] and not self.texts[state]:
                self.grammar.refuse(
                    f"there are no rules for the lexer's state {state!r}"
                )

    def masters(self, state: str) -> Iterator[Master]:
        yield from self._joined([*self.methods[state], *self.texts[state]])

    def _joined(self, rules: Sequence[tuple[str, str]]) -> Iterator[Master]:
        """One expression, or several where Python cannot make one of them."""
        try:
            re.compile(joined(rules), self.grammar.reflags)
        except re.error:
            half = max(len(rules) // 2, 1)
            yield from self._joined(rules[:half])
            yield from self._joined(rules[half:])
            return
        yield tuple((name, regex, *self._outcome(name)) for name, regex in rules)

    def _outcome(self, name: str) -> tuple[str | None, str | None]:
        if not isinstance(self.grammar.attribute(name), str):
            return name, self.tokens[name]
        return None, None if "ignore_" in name else self.tokens[name]


def joined(rules: Iterable[tuple[str, str]]) -> str:
    return "|".join(named(name, regex) for name, regex in rules)


def named(name: str, regex: str) -> str:
    return f"(?P<{name}>{regex})"


def states_and_token(name: str, states: dict[str, str]) -> tuple[tuple[str, ...], str]:
    """`t_foo_bar_NAME` -> (("foo", "bar"), "NAME") if those are names of states."""
    parts = name.split("_")
    first = 1
    while first < len(parts) - 1 and (parts[first] in states or parts[first] == ANY):
        first += 1
    chosen = tuple(parts[1:first]) or ("INITIAL",)
    return tuple(states) if ANY in chosen else chosen, "_".join(parts[first:])
