"""A dialect as the tokeniser needs it: bytes instead of characters, rules by name."""

cimport cython


@cython.final
cdef class Rules:
    """What cuts bytes into rows and fields, as `csv.reader` does by the same dialect.

    delimiter, quote, escape: an ASCII byte, or -1 for none. refuses_nul: a NUL is an
    error (Python 3.10). numbers: 0 no field is one, 1 those are that begin with neither
    quote nor escape, 2 those without quotes. has_nulls: an empty field without quotes
    is None. limit: characters that a field may have.
    """

    def __cinit__(
        self,
        int delimiter,
        int quote=-1,
        int escape=-1,
        *,
        bint doublequote=True,
        bint skips_space=False,
        bint strict=False,
        bint refuses_nul=False,
        bint has_nulls=False,
        int numbers=NO_NUMBERS,
        size_t limit=1 << 24,
    ):
        if not -1 <= min(quote, escape) <= max(quote, escape, delimiter) < 128:
            raise ValueError("delimiter, quote and escape must be ASCII, or -1")
        if delimiter < 0 or not NO_NUMBERS <= numbers <= UNQUOTED_NUMBERS:
            raise ValueError(f"delimiter={delimiter}, numbers={numbers}: out of range")
        self.syntax = Syntax(
            delimiter,
            quote,
            escape,
            doublequote,
            skips_space,
            strict,
            refuses_nul,
            has_nulls,
            <Numbers>numbers,
            limit,
        )
        self.is_plain = self.fits_the_index()

    cdef bint fits_the_index(self) noexcept:
        """Whether only quotes can make the text other than RFC 4180 says."""
        cdef Syntax rules = self.syntax
        if rules.escape >= 0 or rules.skips_space or rules.has_nulls or rules.numbers:
            return False
        if rules.quote >= 0 and not rules.doublequote:
            return False
        if rules.quote == rules.delimiter or rules.quote in (c"\n", c"\r"):
            return False
        return rules.delimiter not in (c"\n", c"\r")
