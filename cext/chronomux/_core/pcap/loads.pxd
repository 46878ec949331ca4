"""Numbers of a capture in either byte order, from any address."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    static inline uint16_t load_u16(const uint8_t *p, int swapped)
    {
        uint16_t number;
        memcpy(&number, p, sizeof(number));
        return swapped ? (uint16_t)(number << 8 | number >> 8) : number;
    }

    static inline uint32_t load_u32(const uint8_t *p, int swapped)
    {
        uint32_t number;
        memcpy(&number, p, sizeof(number));
        return swapped ? __builtin_bswap32(number) : number;
    }

    static inline uint64_t load_u64(const uint8_t *p, int swapped)
    {
        uint64_t number;
        memcpy(&number, p, sizeof(number));
        return swapped ? __builtin_bswap64(number) : number;
    }
    """
    uint16_t load_u16(const uint8_t* p, bint swapped) noexcept nogil
    uint32_t load_u32(const uint8_t* p, bint swapped) noexcept nogil
    uint64_t load_u64(const uint8_t* p, bint swapped) noexcept nogil


# Of the network, whatever the machine: the layers inside a packet.
cdef inline uint16_t net_u16(const uint8_t* p) noexcept nogil:
    return <uint16_t>(<unsigned int>p[0] << 8 | p[1])


cdef inline uint32_t net_u32(const uint8_t* p) noexcept nogil:
    return <uint32_t>net_u16(p) << 16 | net_u16(p + 2)
