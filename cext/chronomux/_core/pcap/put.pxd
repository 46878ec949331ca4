"""Packets as they stand in a capture: little-endian, with times in ns."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from chronomux._core.pcap.scan cimport Found


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    /* Compilers make one store of it where they can. */
    static inline uint8_t *put_u32(uint8_t *out, uint32_t number)
    {
        out[0] = (uint8_t)number;
        out[1] = (uint8_t)(number >> 8);
        out[2] = (uint8_t)(number >> 16);
        out[3] = (uint8_t)(number >> 24);
        return out + 4;
    }

    static inline uint8_t *put_bytes(uint8_t *out, const uint8_t *data, uint32_t size)
    {
        memcpy(out, data, size);
        return out + size;
    }

    static inline uint8_t *put_zeros(uint8_t *out, uint32_t count)
    {
        memset(out, 0, count);
        return out + count;
    }
    """
    uint8_t* put_u32(uint8_t* out, uint32_t number) noexcept nogil
    uint8_t* put_bytes(uint8_t* out, const uint8_t* data, uint32_t size) noexcept nogil
    uint8_t* put_zeros(uint8_t* out, uint32_t count) noexcept nogil


cdef enum Form:
    RECORDS  # of a pcap file
    BLOCKS  # of a pcapng file

cdef enum:
    RECORD_HEAD = 16
    BLOCK_BESIDES = 32  # the bytes of a block besides the data
    PACKET_KIND = 6
    SECOND = 1000000000


cdef inline size_t put_size(Form form, const Found* found) noexcept nogil:
    """Bytes of the packet in a capture; at most 2**30 were recorded."""
    if form == RECORDS:
        return RECORD_HEAD + found.captured
    return BLOCK_BESIDES + ((found.captured + 3) & ~<uint32_t>3)


cdef inline void put_packet(
    Form form, uint8_t* out, const Found* found, const uint8_t* data
) noexcept nogil:
    """Without a time it is of 1970: neither format can do without one."""
    cdef int64_t time = found.time if found.time > 0 else 0
    if form == RECORDS:
        out = put_u32(out, <uint32_t>(time // SECOND))
        out = put_u32(out, <uint32_t>(time % SECOND))
        out = put_u32(out, found.captured)
        out = put_u32(out, found.length)
        put_bytes(out, data, found.captured)
        return
    out = put_u32(out, PACKET_KIND)
    out = put_u32(out, <uint32_t>put_size(form, found))
    out = put_u32(out, found.interface)
    out = put_u32(out, <uint32_t>(time >> 32))
    out = put_u32(out, <uint32_t>time)
    out = put_u32(out, found.captured)
    out = put_u32(out, found.length)
    out = put_bytes(out, data, found.captured)
    out = put_zeros(out, -found.captured & 3)
    put_u32(out, <uint32_t>put_size(form, found))
