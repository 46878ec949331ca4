"""Records of a pcap file."""

from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.pcap.scan cimport Found, Scan


cdef bint is_classic(uint32_t magic) noexcept nogil
cdef bint begin_classic(Scan* scan, const uint8_t* data) noexcept nogil
cdef size_t scan_classic(
    Scan* scan, const uint8_t* data, size_t size, Found* found, size_t most
) noexcept nogil
