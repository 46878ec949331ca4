/* The structure of RFC 4180 text: where fields and rows end, 64 bytes a step.
 *
 * A quote opens a field or closes it, so the parity of the quotes before a byte says
 * whether it stands in quotes (Langdale and Lemire, "Parsing gigabytes of JSON per
 * second", 2019). That holds only while every quote is one that RFC 4180 allows. The
 * two others show in the masks: an opening quote that follows neither a delimiter, nor
 * a line end, nor a quote; and a closing quote that none of these follows. A scan stops
 * in front of the first of them, so no byte is given a wrong meaning, and whoever reads
 * on behind it has no byte scanned twice.
 */
#ifndef CHRONOMUX_SCAN_H
#define CHRONOMUX_SCAN_H

#include <stddef.h>

#include "chronomux/_core/csv/simd.h"

/* Room that a scan may write to beyond the ends that it counts. */
#define SCAN_SLACK 64

typedef struct {
    uint8_t delimiter;
    uint8_t quote;
    uint64_t quotes;      /* all ones, or 0 in a dialect without quotes */
    size_t position;      /* the first byte that was not scanned */
    size_t fields;        /* field ends so far */
    size_t rows;          /* row ends so far */
    size_t quoted_breaks; /* line ends in quotes, an upper bound */
    int stopped;          /* at a quote that RFC 4180 does not know */
    /* What the byte before `position` was. */
    uint64_t inside;      /* all ones: it was in quotes, or opened them */
    uint64_t was_known;   /* 1: a delimiter, a line end, a quote, or nothing */
    uint64_t was_closing; /* 1: a closing quote */
    uint64_t was_cr;      /* 1: a carriage return that ended a row */
} Scan;

/* A row begins at `position`; the ends found so far are forgotten. */
static inline void scan_restart(Scan *scan, size_t position)
{
    scan->position = position;
    scan->fields = scan->rows = scan->quoted_breaks = 0;
    scan->stopped = 0;
    scan->inside = scan->was_closing = scan->was_cr = 0;
    scan->was_known = 1;
}

/* Scans on, up to `end` or a stop. Adds to `ends` the place of every delimiter and line
 * end outside quotes (of "\r\n" that of '\r'), and to `rows` the number of ends up to
 * and with each line end. Both need room for one for every byte and SCAN_SLACK. */
typedef void (*ScanFunction)(Scan *scan, const uint8_t *data, size_t end,
                             uint32_t *ends, uint32_t *rows);

#define SCAN_NAME(name, way) name##_##way
#define SCAN_WAY(name, way) SCAN_NAME(name, way)
#define SCAN_FUNCTION(name) SCAN_WAY(name, SIMD_WAY)

#define SIMD_WAY scalar
#define SIMD_TARGET
#include "chronomux/_core/csv/scan_way.h"
#undef SIMD_WAY

#ifdef SIMD_X86
#define SIMD_WAY sse2
#include "chronomux/_core/csv/scan_way.h"
#undef SIMD_WAY
#undef SIMD_TARGET
#define SIMD_TARGET SIMD_AVX2_TARGET
#define SIMD_WAY avx2
#include "chronomux/_core/csv/scan_way.h"
#undef SIMD_WAY
#endif

#ifdef SIMD_NEON
#define SIMD_WAY neon
#include "chronomux/_core/csv/scan_way.h"
#undef SIMD_WAY
#endif
#undef SIMD_TARGET

/* The same, but adds to `ends` the place of every line end outside quotes alone, and
 * counts it as a field. */
typedef void (*RowScanFunction)(Scan *scan, const uint8_t *data, size_t end,
                                uint32_t *ends);

typedef size_t (*LineCounter)(const uint8_t *data, size_t size);

typedef struct {
    ScanFunction scan;
    RowScanFunction scan_rows;
    LineCounter line_ends;
} ScanWay;

/* The functions of that name; NULLs where this processor has none of it. */
static inline ScanWay scan_way(const char *way)
{
    ScanWay found = {NULL, NULL, NULL};
    if (!strcmp(way, "scalar"))
        found = (ScanWay){scan_scalar, scan_rows_scalar, line_ends_scalar};
#ifdef SIMD_X86
    if (!strcmp(way, "sse2"))
        found = (ScanWay){scan_sse2, scan_rows_sse2, line_ends_sse2};
    if (!strcmp(way, "avx2") && simd_has_avx2())
        found = (ScanWay){scan_avx2, scan_rows_avx2, line_ends_avx2};
#endif
#ifdef SIMD_NEON
    if (!strcmp(way, "neon"))
        found = (ScanWay){scan_neon, scan_rows_neon, line_ends_neon};
#endif
    return found;
}

#endif
