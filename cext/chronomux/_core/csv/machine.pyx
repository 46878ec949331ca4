"""The exact machine: csv.reader's own states, over bytes, for one row at a time.

It reads whatever csv.reader reads, in any dialect of ASCII characters, and finds the
same errors at the same bytes. As there, text comes in lines: behind each of them the
machine is told so, and a row ends only there. A line ends at "\\n", "\\r\\n" or "\\r".
"""

cimport cython
from chronomux._core.csv.rules cimport (
    PLAIN_NUMBERS,
    UNQUOTED_NUMBERS,
    Rules,
)
from cpython.mem cimport PyMem_Free, PyMem_Realloc

cdef enum:
    END_OF_LINE = -2  # no byte, and not -1, which stands for a character not set
    STEP = 1 << 16
    # A line may add a newline after an escape and end a field.
    SLACK = 8


@cython.final
cdef class Machine:
    """The row begun: `fields` fields, each up to its end in `text`, of its kind."""

    def __cinit__(self, Rules rules not None):
        self.rules = rules.syntax
        self.start()

    def __dealloc__(self):
        PyMem_Free(self.text)
        PyMem_Free(self.ends)
        PyMem_Free(self.kinds)

    cdef void start(self) noexcept:
        """Forget the row, for the next one; but a line that had an error is skipped."""
        if self.state != SKIP_LINE:
            self.state = START_RECORD
        self.length = self.fields = self.begin = self.characters = 0
        self.checked = 0
        self.is_plain = self.is_unquoted = False

    cdef int make_room(self, size_t bytes) except -1:
        cdef size_t needed = max(self.length, self.fields) + bytes + SLACK
        cdef size_t room = max(needed, self.room + self.room // 2)
        if needed <= self.room:
            return 0
        if needed > <size_t>0xffffffff:
            raise OverflowError("a row of 4 GiB or more")
        text = <uint8_t*>PyMem_Realloc(self.text, room)
        if text is NULL:
            raise MemoryError
        self.text = text
        ends = <uint32_t*>PyMem_Realloc(self.ends, room * sizeof(uint32_t))
        if ends is NULL:
            raise MemoryError
        self.ends = ends
        kinds = <uint8_t*>PyMem_Realloc(self.kinds, room)
        if kinds is NULL:
            raise MemoryError
        self.kinds = kinds
        self.room = room
        return 0

    cdef Outcome feed(
        self, const uint8_t* data, size_t* position, size_t end, bint is_last
    ) except *:
        """Read on from `position`, which moves, to the end of the row or an error.

        is_last: nothing follows `end`. Otherwise a "\\r" right before it stays unread,
        as a "\\n" may follow.
        """
        cdef Outcome outcome = MORE
        cdef size_t stop
        while outcome == MORE:
            stop = min(end, position[0] + STEP)
            self.make_room(stop - position[0])
            outcome = self.run(data, position, stop, is_last and stop == end)
            if stop == end:
                break
        if outcome == MORE and is_last:
            self.make_room(0)
            if self.is_in_line:
                outcome = self.end_line(MORE)
            if outcome == MORE:
                outcome = self.finish()
        return outcome

    cdef Outcome finish(self) noexcept:
        """The row at the end of all bytes. MORE: there is none."""
        if self.length == self.begin and self.state != IN_QUOTED_FIELD:
            return MORE
        if self.rules.strict:
            return END_IN_ROW
        self.save()
        self.state = START_RECORD
        self.is_open_at_end = True
        return ROW

    cdef Outcome run(
        self, const uint8_t* data, size_t* position, size_t end, bint is_last
    ) noexcept:
        cdef Outcome outcome = MORE
        cdef size_t i = position[0]
        cdef int c
        while i < end and outcome == MORE:
            c = data[i]
            if c == c"\r" and i + 1 == end and not is_last:
                break
            i += 1
            self.is_in_line = True
            outcome = self.step(c)
            if c == c"\n" or (c == c"\r" and (i == end or data[i] != c"\n")):
                outcome = self.end_line(outcome)
        position[0] = i
        return outcome

    cdef Outcome end_line(self, Outcome outcome) noexcept:
        """What comes of the end of a line whose last byte had that outcome."""
        self.is_in_line = False
        if outcome == MORE:
            outcome = self.step(END_OF_LINE)
        if outcome > ROW:
            self.state = START_RECORD  # nothing of the line is left to be skipped
        elif outcome == MORE and self.rules.numbers and self.fields > self.checked:
            return NUMBERS_IN_LINE
        return outcome

    cdef Outcome step(self, int c) noexcept:
        """One byte, or the end of a line. The states and their order are csv's own."""
        cdef Syntax* rules = &self.rules
        cdef bint ends_line = c == c"\n" or c == c"\r" or c == END_OF_LINE
        if c == 0 and rules.refuses_nul and self.state != SKIP_LINE:
            return self.fail(NUL_IN_LINE)
        if self.state == IN_FIELD or self.state == AFTER_ESCAPED_LINE_END:
            if self.state == AFTER_ESCAPED_LINE_END and c == END_OF_LINE:
                return MORE
            if ends_line:
                return self.end_row(c)
            if c == rules.escape:
                self.state = ESCAPED_CHAR
                return MORE
            if c == rules.delimiter:
                self.save()
                self.state = START_FIELD
                return MORE
            return self.add(c)
        if self.state == IN_QUOTED_FIELD:
            if c == END_OF_LINE:
                return MORE
            if c == rules.escape:
                self.state = ESCAPE_IN_QUOTED_FIELD
                return MORE
            if c == rules.quote:
                self.state = QUOTE_IN_QUOTED_FIELD if rules.doublequote else IN_FIELD
                return MORE
            return self.add(c)
        if self.state == START_RECORD:
            if c == END_OF_LINE:
                return ROW
            if ends_line:
                self.state = EAT_LINE_END
                return MORE
            self.state = START_FIELD
        if self.state == START_FIELD:
            return self.step_at_start(c, ends_line)
        if self.state == QUOTE_IN_QUOTED_FIELD:
            return self.step_behind_quote(c, ends_line)
        if self.state == ESCAPED_CHAR:
            if c == c"\n" or c == c"\r":
                self.state = AFTER_ESCAPED_LINE_END
            else:
                self.state = IN_FIELD
            return self.add(c"\n" if c == END_OF_LINE else c)
        if self.state == ESCAPE_IN_QUOTED_FIELD:
            self.state = IN_QUOTED_FIELD
            return self.add(c"\n" if c == END_OF_LINE else c)
        if c != END_OF_LINE:  # EAT_LINE_END, SKIP_LINE
            return MORE
        if self.state == SKIP_LINE:
            self.state = START_RECORD
            return MORE
        self.state = START_RECORD
        return ROW

    cdef Outcome step_at_start(self, int c, bint ends_line) noexcept:
        """The first byte of a field, behind the spaces that are skipped."""
        cdef Syntax* rules = &self.rules
        self.is_unquoted = True
        if ends_line:
            return self.end_row(c)
        if c == rules.quote:
            self.is_unquoted = False
            self.state = IN_QUOTED_FIELD
        elif c == rules.escape:
            self.state = ESCAPED_CHAR
        elif c == c" " and rules.skips_space:
            pass
        elif c == rules.delimiter:
            self.save()
        else:
            self.is_plain = True
            self.state = IN_FIELD
            return self.add(c)
        return MORE

    cdef Outcome step_behind_quote(self, int c, bint ends_line) noexcept:
        """The byte after a quote in a quoted field: one of two, or the field's end."""
        cdef Syntax* rules = &self.rules
        if c == rules.quote:
            self.state = IN_QUOTED_FIELD
            return self.add(c)
        if c == rules.delimiter:
            self.save()
            self.state = START_FIELD
            return MORE
        if ends_line:
            return self.end_row(c)
        if rules.strict:
            return self.fail(TEXT_BEHIND_QUOTE)
        self.state = IN_FIELD
        return self.add(c)

    cdef inline Outcome end_row(self, int c) noexcept:
        self.save()
        if c == END_OF_LINE:
            self.state = START_RECORD
            return ROW
        self.state = EAT_LINE_END
        return MORE

    cdef inline Outcome add(self, int c) noexcept:
        # The bytes of a character behind its first do not count.
        if c & 0xC0 != 0x80:
            if self.characters >= self.rules.limit:
                return self.fail(FIELD_TOO_LONG)
            self.characters += 1
        self.text[self.length] = <uint8_t>c
        self.length += 1
        return MORE

    cdef inline Outcome fail(self, Outcome outcome) noexcept:
        self.state = SKIP_LINE
        return outcome

    cdef inline void save(self) noexcept:
        self.ends[self.fields] = <uint32_t>self.length
        self.kinds[self.fields] = self.kind()
        self.fields += 1
        self.begin = self.length
        self.characters = 0
        self.is_plain = False

    cdef inline Kind kind(self) noexcept:
        cdef Syntax* rules = &self.rules
        if self.length == self.begin:
            return NULL_FIELD if rules.has_nulls and self.is_unquoted else TEXT
        if rules.numbers == PLAIN_NUMBERS and self.is_plain:
            return NUMBER
        if rules.numbers == UNQUOTED_NUMBERS and self.is_unquoted:
            return NUMBER
        return TEXT
