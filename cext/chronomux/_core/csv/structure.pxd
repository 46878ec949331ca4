"""Where fields and rows end in RFC 4180 text, as the masks of scan.h find it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef extern from "chronomux/_core/csv/scan.h" nogil:
    enum:
        SCAN_SLACK

    ctypedef struct Scan:
        uint8_t delimiter
        uint8_t quote
        uint64_t quotes
        size_t position
        size_t fields
        size_t rows
        size_t quoted_breaks
        bint stopped

    ctypedef void (*ScanFunction)(
        Scan* scan, const uint8_t* data, size_t end, uint32_t* ends, uint32_t* rows
    ) noexcept

    ctypedef void (*RowScanFunction)(
        Scan* scan, const uint8_t* data, size_t end, uint32_t* ends
    ) noexcept

    ctypedef size_t (*LineCounter)(const uint8_t* data, size_t size) noexcept

    ctypedef struct ScanWay:
        ScanFunction scan
        RowScanFunction scan_rows
        LineCounter line_ends

    void scan_restart(Scan* scan, size_t position) noexcept
    ScanWay scan_way(const char* way) noexcept


# Ends of fields and rows of what was scanned and not forgotten. Places are below 2^32.
cdef class Index:
    cdef Scan scan
    cdef uint32_t* ends
    cdef uint32_t* rows
    cdef size_t room  # of `ends`
    cdef size_t rows_room
    cdef ScanWay way

    cdef int reach(self, const uint8_t* data, size_t end) except -1
    cdef int reach_rows(self, const uint8_t* data, size_t end) except -1
    cdef size_t needed(self, size_t end) noexcept
    cdef void restart(self, size_t position) noexcept
    cdef void forget(self, size_t fields, size_t shift) noexcept


cdef size_t line_breaks(
    const uint8_t* data, size_t begin, size_t end, size_t size
) noexcept nogil
