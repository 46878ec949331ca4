"""SCL text from results or nodes. Nothing here recurses: trees are deep."""

from .scl_scanner cimport END, KEYWORD, NUMBER, Scan, Token, TokenKind, scan_of


def write(statements, indent=None, dialect="scl"):
    """SCL that reads as `statements`: nodes, or dictionaries as `parse` gives them.

    indent: None for all on one line, or the blanks for each level of lines of their
    own. ValueError for what SCL has no words for.
    """
    cdef list out = []
    # What is still to be written, last first: texts, and statements with their level.
    cdef list left = []
    cdef object todo
    queue(left, statements, 0, indent)
    while left:
        todo = left.pop()
        if type(todo) is str:
            out.append(todo)
            continue
        level, statement = todo
        key, value, children = parts(statement, dialect)
        out.append(f"{key}={value}")
        if children is not None:
            out.append("(")
            left.append(")")
            if indent is not None and children:
                left.append(line(level, indent))
            queue(left, children, level + 1, indent)
            if indent is not None and children:
                left.append(line(level + 1, indent))
    return "".join(out)


cdef int queue(list left, statements, level, indent) except -1:
    cdef str between = " " if indent is None else line(level, indent)
    cdef list these = list(statements)
    for i in range(len(these) - 1, -1, -1):
        left.append((level, these[i]))
        if i:
            left.append(between)
    return 0


cdef str line(level, indent):
    return "\n" + " " * (level * indent)


cdef tuple parts(statement, dialect):
    """(key, value as SCL, children or None) of a node or a dictionary."""
    if isinstance(statement, dict):
        key, value, kind, children = parts_of_dict(statement)
    else:
        try:
            key, value, kind, children = (
                statement.key, statement.value, statement.kind, statement.children
            )
        except AttributeError:
            raise TypeError(
                f"{statement!r} is no statement: neither a node nor a dictionary"
            ) from None
    if not isinstance(key, str) or kind_of(key) != KEYWORD:
        raise ValueError(f"{key!r} is not a key: SCL's keys are words")
    return key, "" if value is None else value_text(value, kind, dialect), children


cdef tuple parts_of_dict(statement):
    """(key, value, None, children or None), where a list of statements is children."""
    if "key" not in statement or statement.get("value") is None:
        raise ValueError(
            f"a statement needs 'key' and 'value', and this one has {list(statement)}"
        )
    key, value = statement["key"], statement["value"]
    children = statement.get("children")
    if not isinstance(value, list):
        return key, value, None, children
    if children is not None:
        raise ValueError(f"{key!r}: a value that is a list has no children")
    return key, None, None, value


cdef str value_text(value, kind, dialect):
    if isinstance(value, str):
        if kind != "string" and kind_of(value) == KEYWORD:
            return value
        return quoted(value, dialect)
    cdef str text = str(value)
    if isinstance(value, bool) or kind_of(text) != NUMBER:
        raise ValueError(f"{value!r} is neither a str nor a number that SCL can write")
    return text


cdef TokenKind kind_of(str text):
    """Of the token that a text is, or END if it is none, or more."""
    cdef Scan scan = scan_of(text, 0, len(text))
    cdef Token token
    scan.next_token(&scan, &token)
    return token.kind if token.end == len(text) else END


cdef str quoted(str value, dialect):
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    if "\n" in value:
        if dialect == "original":
            raise ValueError("a string of the original dialect has no newline")
        value = value.replace("\n", "\\n")
    return f'"{value}"'
