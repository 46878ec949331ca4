"""SCL text to tokens, one at a time, without the GIL and without going back.

A token is the longest number or word that begins at its place, a string with its
quotes, a sign, or blanks that stand between two statements. Blanks beside a sign belong
to the sign, so that blanks are a token only where they separate.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "Python.h":
    bint Py_UNICODE_ISALNUM(Py_UCS4 letter) noexcept nogil
    bint Py_UNICODE_ISDECIMAL(Py_UCS4 letter) noexcept nogil
    int Py_UNICODE_TODECIMAL(Py_UCS4 letter) noexcept nogil
    int PyUnicode_KIND(object text) noexcept
    const void* PyUnicode_DATA(object text) noexcept


ctypedef fused Char:
    uint8_t
    uint16_t
    uint32_t


# The order of the first eight is that of the columns of the tables. A token of one of
# the others is in no language.
cdef enum TokenKind:
    END
    NUMBER
    STRING
    KEYWORD
    EQUALS
    LPAREN
    RPAREN
    WHITESPACE
    STRAY  # a character that begins nothing
    UNCLOSED  # a string without its closing quote
    EXTREME  # a number with an exponent that no Decimal has


cdef enum:
    TERMINALS = 8
    # With these, no number of characters before the exponent leaves Decimal's range.
    EXPONENT_DIGITS = 17


# text[begin:end]; place: where the sign itself stands, without the blanks around it.
cdef struct Token:
    TokenKind kind
    bint has_escapes
    Py_ssize_t begin
    Py_ssize_t place
    Py_ssize_t end


cdef struct Scan


ctypedef void (*NextToken)(Scan* scan, Token* token) noexcept nogil


# width: bytes of a character. looked: how many characters were looked at, some twice.
cdef struct Scan:
    const void* text
    int width
    Py_ssize_t size
    Py_ssize_t position
    Py_ssize_t looked
    NextToken next_token


# A bit for each character of a word: from 0 on, and from 64 on.
cdef extern from *:
    """
    #define CHRONOMUX_SCL_DIGITS UINT64_C(0x03FF000000000000)
    #define CHRONOMUX_SCL_LETTERS UINT64_C(0x07FFFFFE87FFFFFE)
    """
    const uint64_t DIGITS "CHRONOMUX_SCL_DIGITS"
    const uint64_t LETTERS "CHRONOMUX_SCL_LETTERS"


cdef inline bint is_blank(Py_UCS4 letter) noexcept nogil:
    return letter == c" " or 9 <= letter <= 13


cdef inline bint is_word(Py_UCS4 letter) noexcept nogil:
    """What `\\w` of Python's re is."""
    if letter < 64:
        return DIGITS >> <uint32_t>letter & 1
    if letter < 128:
        return LETTERS >> (<uint32_t>letter - 64) & 1
    return Py_UNICODE_ISALNUM(letter)


cdef inline bint is_digit(Py_UCS4 letter) noexcept nogil:
    """What `\\d` of Python's re is."""
    if letter < 128:
        return c"0" <= letter <= c"9"
    return Py_UNICODE_ISDECIMAL(letter)


cdef inline bint may_begin_number(Py_UCS4 letter) noexcept nogil:
    return is_digit(letter) or letter == c"." or letter == c"-" or letter == c"+"


cdef inline Py_ssize_t after_line(
    const Char* text, Py_ssize_t size, Py_ssize_t i
) noexcept nogil:
    """Where the line ends in which i stands: at its newline, or with the text."""
    while i < size and text[i] != c"\n":
        i += 1
    return i


cdef inline Py_ssize_t after_blanks(
    const Char* text, Py_ssize_t size, Py_ssize_t i
) noexcept nogil:
    """A comment is a blank; it begins where a line or a blank lets it."""
    while i < size:
        if is_blank(text[i]):
            i += 1
        elif text[i] == c"#" and (i == 0 or is_blank(text[i - 1])):
            i = after_line(text, size, i)
        else:
            break
    return i


cdef inline Py_ssize_t after_word(
    const Char* text, Py_ssize_t size, Py_ssize_t i
) noexcept nogil:
    while i < size and is_word(text[i]):
        i += 1
    return i


cdef inline Py_ssize_t after_digits(
    const Char* text, Py_ssize_t size, Py_ssize_t i
) noexcept nogil:
    while i < size and is_digit(text[i]):
        i += 1
    return i


cdef inline Py_ssize_t after_exponent(
    const Char* text, Py_ssize_t size, Py_ssize_t i, bint* is_extreme
) noexcept nogil:
    """i if no exponent stands there."""
    cdef Py_ssize_t digits = i + 1
    cdef Py_ssize_t end
    if i >= size or (text[i] != c"e" and text[i] != c"E"):
        return i
    if digits < size and (text[digits] == c"+" or text[digits] == c"-"):
        digits += 1
    end = after_digits(text, size, digits)
    if end == digits:
        return i
    while digits < end and Py_UNICODE_TODECIMAL(text[digits]) == 0:
        digits += 1
    is_extreme[0] = end - digits > EXPONENT_DIGITS
    return end


cdef inline Py_ssize_t after_number(
    const Char* text, Py_ssize_t size, Py_ssize_t begin, bint* is_extreme
) noexcept nogil:
    """[+-]? (digits (. digits)? | . digits) exponent?; begin if none stands there."""
    cdef Py_ssize_t whole = begin + (text[begin] == c"+" or text[begin] == c"-")
    cdef Py_ssize_t end = after_digits(text, size, whole)
    cdef Py_ssize_t fraction
    if end < size and text[end] == c".":
        fraction = after_digits(text, size, end + 1)
        if fraction > end + 1:
            end = fraction
    if end == whole:
        return begin
    return after_exponent(text, size, end, is_extreme)


cdef inline void take_string(
    Scan* scan, const Char* text, Token* token
) noexcept nogil:
    """A string ends on the line it begins on."""
    cdef Py_ssize_t i = token.begin + 1
    cdef Py_ssize_t size = scan.size
    token.has_escapes = False
    token.kind = UNCLOSED
    while i < size and text[i] != c"\n":
        if text[i] == c'"':
            i += 1
            token.kind = STRING
            break
        if text[i] == c"\\":
            token.has_escapes = True
            i += 1
            if i == size or text[i] == c"\n":
                break
        i += 1
    token.end = i


cdef inline void take_word_or_number(
    Scan* scan, const Char* text, Token* token
) noexcept nogil:
    cdef Py_ssize_t begin = token.begin
    cdef Py_ssize_t word = after_word(text, scan.size, begin)
    cdef Py_ssize_t number = begin
    cdef bint is_extreme = False
    if may_begin_number(text[begin]):
        number = after_number(text, scan.size, begin, &is_extreme)
        scan.looked += number - begin
    if number > begin and number >= word:
        token.kind = EXTREME if is_extreme else NUMBER
        token.end = number
    elif word > begin:
        token.kind = KEYWORD
        token.end = word
    else:
        token.kind = STRAY
        token.end = begin + 1


cdef inline void take_token(Scan* scan, const Char* text, Token* token) noexcept nogil:
    cdef Py_ssize_t size = scan.size
    cdef Py_ssize_t begin = scan.position
    cdef Py_ssize_t place = after_blanks(text, size, begin)
    cdef Py_UCS4 letter = text[place] if place < size else 0
    token.begin = begin
    token.place = place
    if letter == c"=" or letter == c"(":
        token.kind = EQUALS if letter == c"=" else LPAREN
        token.end = after_blanks(text, size, place + 1)
    elif letter == c")":
        token.kind = RPAREN
        token.end = place + 1
    elif place > begin:
        token.kind = WHITESPACE
        token.place = begin
        token.end = place
    elif place == size:
        token.kind = END
        token.end = size
    elif letter == c'"':
        take_string(scan, text, token)
    else:
        take_word_or_number(scan, text, token)
    scan.position = token.end
    scan.looked += token.end - begin + 1


cdef inline void take_of_1_byte(Scan* scan, Token* token) noexcept nogil:
    take_token(scan, <const uint8_t*>scan.text, token)


cdef inline void take_of_2_bytes(Scan* scan, Token* token) noexcept nogil:
    take_token(scan, <const uint16_t*>scan.text, token)


cdef inline void take_of_4_bytes(Scan* scan, Token* token) noexcept nogil:
    take_token(scan, <const uint32_t*>scan.text, token)


# The text must outlive the scan. 0 <= start <= stop <= its length.
cdef inline Scan scan_of(str text, Py_ssize_t start, Py_ssize_t stop) noexcept:
    cdef Scan scan
    scan.text = PyUnicode_DATA(text)
    scan.width = PyUnicode_KIND(text)
    scan.size = stop
    scan.position = start
    scan.looked = 0
    if scan.width == 1:
        scan.next_token = take_of_1_byte
    elif scan.width == 2:
        scan.next_token = take_of_2_bytes
    else:
        scan.next_token = take_of_4_bytes
    return scan
