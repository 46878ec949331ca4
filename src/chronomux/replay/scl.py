"""Conditions on events as they are written in SCL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn, TypeAlias

from chronomux.errors import SCLSyntaxError
from chronomux.event import Condition, operators
from chronomux.lexer import SCLLexer, SCLNode, to_scl
from chronomux.lexer.scl_errors import Places

__all__ = ["scl_condition", "scl_rules"]

MAX_DEPTH = 100  # of parentheses; conditions are walked by calls within calls
WHOLE_DIGITS = 18
SWITCH = {"yes": True, "no": False}

Statements: TypeAlias = "str | Iterable[SCLNode | dict[str, Any]]"


class Form(NamedTuple):
    """How an operator is written: the names of its arguments, in order.

    Those in `optional` may be left out; of `several` any number may stand.
    """

    make: Callable[..., Any]
    names: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    several: bool = False


Forms: TypeAlias = Mapping[str, Form]

FORMS = {
    "prefix": Form(operators.prefix, ("text",)),
    "suffix": Form(operators.suffix, ("text",)),
    "wildcard": Form(operators.wildcard, ("pattern",)),
    "regex": Form(operators.regex, ("pattern",)),
    "ignore_case": Form(operators.ignore_case, ("text",)),
    "cidr": Form(operators.cidr, ("net",)),
    "above": Form(operators.above, ("bound", "inclusive"), frozenset({"inclusive"})),
    "below": Form(operators.below, ("bound", "inclusive"), frozenset({"inclusive"})),
    "between": Form(
        operators.between, ("low", "high", "bounds"), frozenset({"bounds"})
    ),
    "one_of": Form(operators.one_of, ("value",), several=True),
    "none_of": Form(operators.none_of, ("value",), several=True),
    "contains_all": Form(operators.contains_all, ("value",), several=True),
    "any_of_fields": Form(operators.any_of_fields, ("when",), several=True),
    "exists": Form(operators.exists),
    "absent": Form(operators.absent),
}


def scl_condition(statements: Statements) -> Condition:
    """The condition that statements in SCL ask for: all of them must hold.

    statements: text, or what `SCLLexer().parse(text)` makes of it. Errors in nodes have
        their place in the text, those in dictionaries in what `to_scl` writes of them.

    `level=3` and `action="test it"` ask for a value: a word or a string is text; a
    number equals any number of that value, and with a fraction it is a float, as in
    JSON. `name=(type=command)` asks it of what stands at name.type. A key that comes
    twice asks for either. `action=prefix(text="test")` is an operator, with its
    arguments by name:

        prefix suffix ignore_case(text)   wildcard regex(pattern)   cidr(net)
        above below(bound inclusive=yes)  between(low high bounds="[)")
        one_of none_of contains_all(value value ...)   exists()   absent()
        any_of_fields(when=(...) when=(...))

    The text of `ignore_case`, and each value, may be an operator as well.

    SCLSyntaxError, with the place of the word, for what is no SCL, no operator, or no
    argument of it.
    """
    return Condition(fields(nodes_of(statements), FORMS))


def scl_rules(statements: Statements) -> dict[str, Condition]:
    """Named conditions, in order: one statement `rule=NAME(when=(...))` each.

    A rule with `when` twice holds if one of them does. Errors are those of
    `scl_condition`, also for a name that comes twice.
    """
    rules: dict[str, Condition] = {}
    for node in nodes_of(statements):
        if node.key != "rule" or node.value in (None, "") or node.children is None:
            refuse(node, node.key_span, "a rule is rule=NAME(when=(...))")
        name = str(node.value)
        if name in rules:
            refuse(node, node.value_span, f"there is a rule {name!r} already")
        whens = [Condition(fields(block, FORMS)) for block in blocks(node)]
        if not whens:
            refuse(node, node.value_span, f"rule {name!r} lacks when=(...)")
        rules[name] = whens[0] if len(whens) == 1 else any_of(whens)
    return rules


def any_of(conditions: Iterable[Condition]) -> Condition:
    return Condition(operators.any_of_fields(*conditions))


def nodes_of(statements: Statements) -> list[SCLNode]:
    if not isinstance(statements, str):
        found = list(statements)
        nodes = [node for node in found if isinstance(node, SCLNode)]
        if len(nodes) == len(found):
            return nodes
        statements = to_scl(found)
    return SCLLexer(max_depth=MAX_DEPTH).parse(statements, nodes=True)


def fields(nodes: Iterable[SCLNode], forms: Forms) -> dict[str, Any]:
    """The rules of a condition, with these operators."""
    found: dict[str, list[Any]] = {}
    for node in nodes:
        found.setdefault(node.key, []).append(wanted(node, forms))
    return {key: one_or_any(values) for key, values in found.items()}


def one_or_any(values: list[Any]) -> Any:
    """A mapping among several is asked of what stands there, not compared with it."""
    if len(values) == 1:
        return values[0]
    return [
        operators.any_of_fields(value) if isinstance(value, dict) else value
        for value in values
    ]


def wanted(node: SCLNode, forms: Forms) -> Any:
    """What a statement asks of the value at its key."""
    if node.children is None:
        return plain(node.value)
    if node.value is None:
        return fields(node.children, forms)
    form = forms.get(str(node.value)) if node.kind == "keyword" else None
    if form is None:
        refuse(
            node,
            node.value_span,
            f"{node.value!s} is no operator; there are {', '.join(forms)}",
        )
    return made(node, form, forms)


def plain(value: Any) -> Any:
    """A value as events have it; numbers of many digits are left as they are."""
    if not isinstance(value, Decimal) or value.adjusted() >= WHOLE_DIGITS:
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def made(node: SCLNode, form: Form, forms: Forms) -> Any:
    """The operator of a node."""
    arguments = list(named(node, form, forms))
    try:
        return form.make(*arguments)
    except (TypeError, ValueError, re.error) as error:
        where = suspect(node)
        refuse(where, where.value_span, str(error))


def suspect(node: SCLNode) -> SCLNode:
    """Which word of an operator is to blame: its argument, or the one unlike others."""
    first, *others = node.children or (node,)
    unlike = [other for other in others if type(other.value) is not type(first.value)]
    if unlike:
        return unlike[0]
    return node if others else first


def named(node: SCLNode, form: Form, forms: Forms) -> Iterator[Any]:
    """The arguments of an operator, in the order in which it takes them."""
    seen: dict[str, SCLNode] = {}
    for child in node.children or ():
        if child.key not in form.names:
            takes = ", ".join(form.names) or "nothing"
            refuse(child, child.key_span, f"{node.value!s}() takes {takes}")
        if form.several:
            yield argument(child, forms)
        elif child.key in seen:
            refuse(child, child.key_span, f"{node.value!s}() takes one {child.key}")
        seen[child.key] = child
    for name in () if form.several else form.names:
        if name in seen:
            yield argument(seen[name], forms)
        elif name not in form.optional:
            refuse(node, node.value_span, f"{node.value!s}() lacks {name}")


def argument(node: SCLNode, forms: Forms) -> Any:
    if node.key == "when":
        return fields(block(node), forms)
    if node.key == "inclusive":
        if node.value not in SWITCH or node.children is not None:
            refuse(node, node.value_span, "inclusive is yes or no")
        return SWITCH[str(node.value)]
    value = wanted(node, forms)
    if isinstance(value, dict):
        refuse(node, node.value_span, f"{node.key} is a value, not statements")
    return value


def blocks(node: SCLNode) -> Iterator[Iterable[SCLNode]]:
    """The statements of each `when` of a rule."""
    for child in node.children or ():
        if child.key != "when":
            refuse(child, child.key_span, "a rule has nothing but when=(...)")
        yield block(child)


def block(node: SCLNode) -> Iterable[SCLNode]:
    if node.value is not None or node.children is None:
        refuse(node, node.value_span, f"{node.key} takes statements: {node.key}=(...)")
    return node.children


def refuse(node: SCLNode, span: tuple[int, int], sentence: str) -> NoReturn:
    """Raise SCLSyntaxError for this part of the node's text."""
    begin, end = span
    places = Places(node.source)
    line, column = places.of(begin)
    message = f"line {line}, column {column}: {sentence}\n{places.picture(begin)}"
    raise SCLSyntaxError(message, line, column, begin, node.source[begin:end], (), None)
