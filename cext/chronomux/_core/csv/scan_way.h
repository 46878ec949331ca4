/* One scan; included by scan.h once for every SIMD_WAY, compiled for SIMD_TARGET. */

/* Writes the places of the bits and returns how many there are. Some at a time: how
 * many there are is a guess that fails less often than whether there is one more. */
SIMD_INLINE SIMD_TARGET size_t SCAN_FUNCTION(put_places)(uint64_t bits, size_t base,
                                                           uint32_t *places,
                                                           size_t at_once)
{
    size_t count = SCAN_FUNCTION(popcount)(bits);
    for (size_t done = 0; done < count; done += at_once) {
        for (size_t i = 0; i < at_once; i++) {
            /* Behind the last bit what is written does not count. */
            places[done + i] = (uint32_t)(base + SCAN_FUNCTION(lowest)(bits));
            bits &= bits - 1;
        }
    }
    return count;
}

/* Scans `length` bytes, at most 64, of a block that is 64 bytes long. Where `rows` is
 * NULL only the ends of rows are noted, as if a row were one field. */
SIMD_INLINE SIMD_TARGET void SCAN_FUNCTION(step)(Scan *scan, const uint8_t *block,
                                                   size_t length, uint32_t *ends,
                                                   uint32_t *rows)
{
    uint64_t valid = ~(uint64_t)0 >> (SIMD_BLOCK - length);
    uint64_t lf = SCAN_FUNCTION(equal)(block, '\n') & valid;
    uint64_t cr = SCAN_FUNCTION(equal)(block, '\r') & valid;
    uint64_t cuts = SCAN_FUNCTION(equal)(block, scan->delimiter) & valid;
    uint64_t quotes = SCAN_FUNCTION(equal)(block, scan->quote) & scan->quotes & valid;
    uint64_t breaks = lf | cr;
    uint64_t known = cuts | breaks | quotes;
    uint64_t inside = 0;
    uint64_t closing = 0;

    if (quotes | scan->inside | scan->was_closing) {
        inside = SCAN_FUNCTION(prefix_xor)(quotes) ^ scan->inside;
        closing = quotes & ~inside;
        uint64_t opening = quotes & inside;
        uint64_t wrong = (opening & ~(known << 1 | scan->was_known))
                         | ((closing << 1 | scan->was_closing) & ~known);
        wrong &= valid;
        if (wrong) {
            valid = (wrong & (0 - wrong)) - 1;
            scan->stopped = 1;
        }
        uint64_t quoted = breaks & inside & valid;
        if (quoted)
            scan->quoted_breaks += SCAN_FUNCTION(popcount)(quoted);
    }

    uint64_t outer_cr = cr & ~inside;
    uint64_t second_halves = lf & (outer_cr << 1 | scan->was_cr);
    uint64_t marks = (cuts | breaks) & ~inside & ~second_halves & valid;
    uint64_t row_marks = marks & breaks;
    size_t before = scan->fields;
    if (!rows)
        marks = row_marks;
    /* Fields are short, rows are not. */
    size_t at_once = rows ? 8 : 2;
    scan->fields += SCAN_FUNCTION(put_places)(marks, scan->position, ends + before,
                                              at_once);
    while (rows && row_marks) {
        uint64_t up_to_here = row_marks ^ (row_marks - 1);
        size_t row_end = before + SCAN_FUNCTION(popcount)(marks & up_to_here);
        rows[scan->rows++] = (uint32_t)row_end;
        row_marks &= row_marks - 1;
    }

    size_t last = length - 1;
    scan->inside = 0 - (inside >> last & 1);
    scan->was_known = known >> last & 1;
    scan->was_closing = closing >> last & 1;
    scan->was_cr = outer_cr >> last & 1;
    scan->position += length;
}

SIMD_INLINE SIMD_TARGET void SCAN_FUNCTION(steps)(Scan *caller, const uint8_t *data,
                                                    size_t end, uint32_t *ends,
                                                    uint32_t *rows)
{
    Scan scan = *caller; /* in registers: nothing that is written can change it */
    while (end - scan.position >= SIMD_BLOCK && scan.position < end && !scan.stopped)
        SCAN_FUNCTION(step)(&scan, data + scan.position, SIMD_BLOCK, ends, rows);
    if (scan.position < end && !scan.stopped) {
        uint8_t padded[SIMD_BLOCK] = {0};
        size_t length = end - scan.position;
        memcpy(padded, data + scan.position, length);
        SCAN_FUNCTION(step)(&scan, padded, length, ends, rows);
    }
    *caller = scan;
}

static SIMD_TARGET void SCAN_FUNCTION(scan)(Scan *scan, const uint8_t *data, size_t end,
                                            uint32_t *ends, uint32_t *rows)
{
    SCAN_FUNCTION(steps)(scan, data, end, ends, rows);
}

static SIMD_TARGET void SCAN_FUNCTION(scan_rows)(Scan *scan, const uint8_t *data,
                                                 size_t end, uint32_t *ends)
{
    SCAN_FUNCTION(steps)(scan, data, end, ends, NULL);
}

/* How many lines end in data[0:size]; "\r\n" is one. */
static SIMD_TARGET size_t SCAN_FUNCTION(line_ends)(const uint8_t *data, size_t size)
{
    size_t count = 0;
    uint64_t was_cr = 0;
    for (size_t i = 0; i < size; i += SIMD_BLOCK) {
        uint8_t padded[SIMD_BLOCK] = {0};
        const uint8_t *block = data + i;
        if (size - i < SIMD_BLOCK) {
            memcpy(padded, block, size - i);
            block = padded;
        }
        uint64_t lf = SCAN_FUNCTION(equal)(block, '\n');
        uint64_t cr = SCAN_FUNCTION(equal)(block, '\r');
        count += SCAN_FUNCTION(popcount)((lf & ~(cr << 1 | was_cr)) | cr);
        was_cr = cr >> 63;
    }
    return count;
}
