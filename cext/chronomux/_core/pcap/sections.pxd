"""Blocks of a pcapng file."""

from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.pcap.scan cimport Found, Scan

cdef uint32_t SECTION


cdef size_t scan_sections(
    Scan* scan, const uint8_t* data, size_t size, Found* found, size_t most
) noexcept nogil
