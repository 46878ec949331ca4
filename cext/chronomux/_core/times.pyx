# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Timestamp text to int64 nanoseconds: numbers since 1970, and ISO 8601."""

cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from libc.string cimport memchr, memcpy

from chronomux._core.digits cimport (
    FIGURE_ZEROS,
    MOST_DIGITS,
    TEN_TO,
    TEN_TO_8,
    are_digits,
    digits,
    eight_bytes,
    first_bytes,
    last_bytes,
    number_of,
    zeros_before,
)


cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef extern from *:
    """
    /* The greatest number of a unit of 10**i ns that an int64 of ns holds. */
    static const int64_t MOST_UNITS[] = {
        INT64_MAX, INT64_MAX / 10, INT64_MAX / 100, INT64_MAX / 1000,
        INT64_MAX / 10000, INT64_MAX / 100000, INT64_MAX / 1000000,
        INT64_MAX / 10000000, INT64_MAX / 100000000, INT64_MAX / 1000000000,
    };
    #define MISSING_NS INT64_MIN
    /* Below it a number means s, ms, us. */
    #define SECONDS_END 100000000000LL
    #define MILLIS_END 100000000000000LL
    #define MICROS_END 100000000000000000LL
    /* With such first eight digits of 19 a number means ns, and an int64 holds it. */
    #define NS_HEAD 1000000LL
    #define NS_HEAD_END 92233720LL
    #define NS_HEAD_UNIT 100000000000LL
    """
    const int64_t SECONDS_END
    const int64_t MILLIS_END
    const int64_t MICROS_END
    const int64_t MOST_UNITS[10]
    const int64_t MISSING_NS
    const int64_t NS_HEAD
    const int64_t NS_HEAD_END
    const int64_t NS_HEAD_UNIT

cdef enum:
    NS = 1_000_000_000
    DAY = 86_400  # seconds
    FARTHEST = 106_730  # days from 1970; what is nearer to 1677 and 2262 is not read
    DATE_SIZE = 10  # of 2015-02-02
    NS_DIGITS = 19  # from 2001 to 2262


cdef inline int places_of(int64_t number) noexcept nogil:
    if number < SECONDS_END:
        return 9
    if number < MILLIS_END:
        return 6
    return 3 if number < MICROS_END else 0


cdef inline int64_t usual_epoch(
    const char* text, const char* end, Py_ssize_t fraction
) noexcept nogil:
    """Seconds of ten digits with 1 to 6 more behind a point; -1 if it is none."""
    cdef uint64_t behind = ~zeros_before(fraction)  # the point, in a word of the last
    cdef uint64_t low = (eight_bytes(end - 8) & behind) | (
        eight_bytes(end - 9) & ~behind
    )
    cdef uint64_t high = first_bytes(text, 2 + fraction)
    if not (are_digits(low) and are_digits(high)) or text[0] > c"8":
        return -1
    return <int64_t>(number_of(high) * TEN_TO_8 + number_of(low)) * TEN_TO[9 - fraction]


cdef inline int64_t usual_ns(TimeForm* form, const char* text) noexcept nogil:
    """A number of NS_DIGITS digits; -1 if it is none, or not surely one of ns."""
    cdef uint64_t head = eight_bytes(text)
    cdef uint64_t middle = eight_bytes(text + 8)
    cdef uint64_t tail = last_bytes(text + NS_DIGITS, NS_DIGITS - 16)
    if not (are_digits(middle) and are_digits(tail)):
        return -1
    if head != form.head:
        if not are_digits(head):
            return -1
        form.head = head
        form.head_number = <int64_t>number_of(head)
    if not NS_HEAD <= form.head_number < NS_HEAD_END:
        return -1
    return (
        form.head_number * NS_HEAD_UNIT
        + <int64_t>(number_of(middle) * 1000 + number_of(tail))
    )


cdef inline bint read_epoch(
    TimeForm* form, const char* begin, const char* end, int64_t* ns
) noexcept nogil:
    cdef const char* text = begin
    cdef const char* point
    cdef bint is_negative = text < end and text[0] == c"-"
    cdef int64_t number, fraction = 0
    cdef Py_ssize_t count = end - begin - 11
    cdef int places
    if 1 <= count <= 6 and begin[10] == c"." and (
        form.places == BY_MAGNITUDE or form.places == 9
    ):
        number = usual_epoch(begin, end, count)
        if number >= 0:
            ns[0] = number
            return True
    if text < end and (is_negative or text[0] == c"+"):
        text += 1
    if text == end:
        return False
    point = end
    number = digits(begin, text, end - text) if end - text <= MOST_DIGITS else -1
    if number < 0:  # no whole number
        point = <const char*>memchr(text, c".", end - text)
        if point == NULL or not 1 <= point - text <= MOST_DIGITS:
            return False
        number = digits(begin, text, point - text)
        if number < 0:
            return False
    places = places_of(number) if form.places == BY_MAGNITUDE else form.places
    count = end - point - 1
    if count > 0:
        if count > places:
            return False
        fraction = digits(begin, point + 1, count)
        if fraction < 0:
            return False
        fraction *= TEN_TO[places - count]
    if number >= MOST_UNITS[places]:
        return False
    number = number * TEN_TO[places] + fraction
    ns[0] = -number if is_negative else number
    return True


cdef inline int two_digits(const char* p) noexcept nogil:
    """-1 if they are none."""
    if c"0" <= p[0] <= c"9" and c"0" <= p[1] <= c"9":
        return 10 * (p[0] - c"0") + p[1] - c"0"
    return -1


cdef inline int days_in(int year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef inline int64_t days_before(int year, int month, int day) noexcept nogil:
    """Days since 1970 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    cdef int era, year_of_era, day_of_year
    if month <= 2:  # the year begins in March, so that its leap day is the last
        year -= 1
        month += 12
    era = year // 400
    year_of_era = year - 400 * era
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    return (
        146_097 * <int64_t>era + 365 * year_of_era + year_of_era // 4
        - year_of_era // 100 + day_of_year - 719_468
    )


cdef bint read_date(TimeForm* form, const char* text) noexcept nogil:
    """YYYY-MM-DD into the form; False if it is none that can be remembered."""
    cdef int century = two_digits(text), year = two_digits(text + 2)
    cdef int month = two_digits(text + 5), day = two_digits(text + 8)
    cdef int64_t days
    if century < 0 or year < 0 or text[4] != c"-" or text[7] != c"-":
        return False
    year += 100 * century
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
        return False
    days = days_before(year, month, day)
    if not -FARTHEST <= days <= FARTHEST:
        return False
    form.date = eight_bytes(text)
    form.date_end = date_end_of(text)
    form.day = DAY * days
    return True


cdef inline uint16_t date_end_of(const char* text) noexcept nogil:
    return <uint16_t>(<uint8_t>text[8] | <uint8_t>text[9] << 8)


cdef inline int64_t clock_seconds(uint64_t word) noexcept nogil:
    """Seconds of 'HH:MM:SS'; -1 if it is none. Second 60 is the next minute's first."""
    cdef uint64_t pairs
    cdef int64_t hour, minute, second
    if word & 0x0000FF0000FF0000ULL != 0x00003A00003A0000ULL:
        return -1
    word = (word & 0xFFFF00FFFF00FFFFULL) | (FIGURE_ZEROS & 0x0000FF0000FF0000ULL)
    if not are_digits(word):
        return -1
    word &= 0x0F0F0F0F0F0F0F0FULL
    pairs = 10 * word + (word >> 8)  # each byte with the one behind it
    hour = pairs & 0xFF
    minute = pairs >> 24 & 0xFF
    second = pairs >> 48 & 0xFF
    if hour > 23 or minute > 59 or second > 60:
        return -1
    return 3600 * hour + 60 * minute + second


cdef inline const char* read_clock(
    const char* text, const char* end, int64_t* seconds
) noexcept nogil:
    """HH:MM:SS, or HH:MM as the last; the end of it, or NULL."""
    cdef char whole[8]
    if end - text >= 8:
        seconds[0] = clock_seconds(eight_bytes(text))
        text += 8
    elif end - text == 5:
        memcpy(whole, b"00:00:00", 8)
        memcpy(whole, text, 5)
        seconds[0] = clock_seconds(eight_bytes(whole))
        text = end
    else:
        return NULL
    return text if seconds[0] >= 0 else NULL


cdef inline const char* read_fraction(
    const char* begin, const char* text, const char* end, int64_t* ns
) noexcept nogil:
    """Up to nine digits of a second; the end of them, or NULL."""
    cdef const char* stop = end
    if text < end and ((end - 1)[0] == c"Z" or (end - 1)[0] == c"z"):
        stop -= 1
    ns[0] = digits(begin, text, stop - text) if 1 <= stop - text <= 9 else -1
    if ns[0] < 0:  # an offset stands behind them
        stop = text
        while stop < end and c"0" <= stop[0] <= c"9":
            stop += 1
        if not 1 <= stop - text <= 9:
            return NULL
        ns[0] = digits(begin, text, stop - text)
    ns[0] *= TEN_TO[9 - (stop - text)]
    return stop


cdef bint read_offset(
    const char* text, const char* end, int64_t* seconds
) noexcept nogil:
    """' '? Z, or +hh[[:]mm], up to the end."""
    cdef bint is_west
    cdef int hours, minutes = 0
    if text < end and text[0] == c" ":
        text += 1
    if end - text == 1:
        return text[0] == c"Z" or text[0] == c"z"
    if end - text < 3 or not (text[0] == c"+" or text[0] == c"-"):
        return False
    is_west = text[0] == c"-"
    hours = two_digits(text + 1)
    text += 3
    if end - text == 3 and text[0] == c":":
        text += 1
    if end - text == 2:
        minutes = two_digits(text)
    elif text != end:
        return False
    seconds[0] = 3600 * hours + 60 * minutes
    if is_west:
        seconds[0] = -seconds[0]
    return hours >= 0 and minutes >= 0


cdef bint read_iso(
    TimeForm* form, const char* begin, const char* end, int64_t* ns
) noexcept nogil:
    cdef const char* text = begin + DATE_SIZE
    cdef int64_t seconds = 0, fraction = 0, offset = 0
    if end < text:
        return False
    if eight_bytes(begin) != form.date or date_end_of(begin) != form.date_end:
        if not read_date(form, begin):
            return False
    if text < end and (
        text[0] == c"T" or text[0] == c"t"
        or (text[0] == c" " and end - text > 1 and c"0" <= text[1] <= c"9")
    ):
        text = read_clock(text + 1, end, &seconds)
        if text != NULL and text < end and (
            text[0] == c"." or (text[0] == c"," and form.comma)
        ):
            text = read_fraction(begin, text + 1, end, &fraction)
        if text == NULL:
            return False
    if text == end:
        if not form.naive:
            return False
        fraction -= form.offset_ns
    elif not read_offset(text, end, &offset):
        return False
    ns[0] = (form.day + seconds - offset) * NS + fraction
    return True


cdef inline bint read_any(
    TimeForm* form, const char* text, Py_ssize_t size, int64_t* ns
) noexcept nogil:
    cdef const char* end = text + size
    cdef int64_t number
    # Before all else, so that a loop of these has no call in it.
    if size == NS_DIGITS and form.epoch and (
        form.places == BY_MAGNITUDE or form.places == 0
    ):
        number = usual_ns(form, text)
        if number >= 0:
            ns[0] = number
            return True
    while text < end and text[0] == c" ":
        text += 1
    while text < end and (end - 1)[0] == c" ":
        end -= 1
    if form.iso and (not form.epoch or (end - text > 4 and text[4] == c"-")):
        return read_iso(form, text, end, ns)
    return form.epoch and read_epoch(form, text, end, ns)


cdef bint read_time(
    TimeForm* form, const char* text, Py_ssize_t size, int64_t* ns
) noexcept nogil:
    return read_any(form, text, size, ns)


cdef size_t read_times(
    TimeForm* form, const char* const* texts, const Py_ssize_t* sizes, size_t count,
    int64_t* ns,
) noexcept nogil:
    cdef size_t i
    for i in range(count):
        if not read_any(form, texts[i], sizes[i], &ns[i]):
            return i
    return count


@cython.final
cdef class TimeParser:
    """A function from one text to ns since 1970 (UTC); see `time_parser`.

    `slow` is asked for every text that the compiled code does not read: it returns the
    same, or raises TimestampError. `iso` and `epoch` say which texts that code may try;
    an epoch unit is 10**places ns, or told by magnitude if `places` is -1. A time
    without an offset is `offset_ns` east of UTC, and for `slow` if that is None.
    """

    def __cinit__(
        self, slow, *, bint iso=False, bint epoch=False, int places=BY_MAGNITUDE,
        offset_ns=0,
    ):
        if not callable(slow):
            raise TypeError(f"slow must be a function from str to int, not {slow!r}")
        if not BY_MAGNITUDE <= places <= 9:
            raise ValueError(f"places must be -1 to 9, not {places}")
        self.slow = slow
        self.form.iso = iso
        self.form.epoch = epoch
        self.form.places = places
        self.form.naive = offset_ns is not None
        self.form.offset_ns = 0 if offset_ns is None else offset_ns
        self.form.comma = True
        read_date(&self.form, b"1970-01-01")

    def __call__(self, str text not None) -> int:
        """Raises TimestampError, without a place, for what is no time."""
        cdef Py_ssize_t size = 0
        cdef const char* begin
        cdef int64_t ns = 0
        if PyUnicode_IS_ASCII(text):
            begin = PyUnicode_AsUTF8AndSize(text, &size)
            if read_time(&self.form, begin, size, &ns):
                return ns
        return self.slow(text)

    def column(
        self,
        const uint8_t[::1] data not None,
        const int64_t[::1] starts not None,
        const int64_t[::1] ends not None,
        int64_t[::1] out not None,
    ) -> list:
        """Read the texts data[starts[i]:ends[i]] into out[i].

        Returns the numbers of the texts that are to be given to the parser one by one,
        as some may be no times at all; their `out` is -2**63. Without the GIL.
        """
        cdef TimeForm form = self.form  # other threads may use the parser
        cdef Py_ssize_t i, unread = 0, count = out.shape[0]
        cdef const char* texts = <const char*>&data[0] if data.shape[0] else NULL
        if starts.shape[0] != count or ends.shape[0] != count:
            raise ValueError(f"starts and ends must hold {count} offsets each")
        for i in range(count):
            if not 0 <= starts[i] <= ends[i] <= data.shape[0]:
                raise ValueError(f"text {i} does not lie within the data")
        with nogil:
            for i in range(count):
                if not read_time(
                    &form, texts + starts[i], ends[i] - starts[i], &out[i]
                ):
                    out[i] = MISSING_NS
                    unread += 1
        if not unread:
            return []
        return [i for i in range(count) if out[i] == MISSING_NS]
