"""Times of interfaces: ticks of any length since any second, to int64 ns, exactly."""

from libc.stdint cimport int64_t, uint8_t, uint64_t


cdef extern from *:
    """
    #include <stdint.h>

    /* A tick is scale / parts / 2**bits ns. Ticks below `quick` only need `scale`. */
    typedef struct {
        uint64_t scale;
        uint64_t parts;
        int bits;
        int64_t offset; /* s, added to all times */
        uint64_t quick;
    } Clock;

    /* resolution: a negative power of 10, or with the highest bit set of 2, of a s. */
    static inline Clock clock_of(uint8_t resolution, int64_t offset)
    {
        Clock clock = {1, 1, 0, offset, 0};
        int exponent = resolution & 0x7f;
        if (resolution & 0x80) {
            clock.scale = 1000000000u;
            clock.bits = exponent;
        } else {
            for (int i = exponent; i < 9; i++)
                clock.scale *= 10;
            for (int i = 9; i < exponent && i < 28; i++)
                clock.parts *= 10;
            if (exponent > 28) /* no 64 bits can count such ticks to a ns */
                clock.scale = 0;
        }
        if (clock.scale && clock.parts == 1 && clock.bits == 0 && offset == 0)
            clock.quick = (uint64_t)INT64_MAX / clock.scale;
        return clock;
    }

    /* Whole ns, rounded down; returns 0 if they are outside int64. */
    static inline int time_of_ticks(const Clock *clock, uint64_t ticks, int64_t *ns)
    {
        if (ticks < clock->quick) {
            *ns = (int64_t)(ticks * clock->scale);
            return 1;
        }
        /* At most 2**94, and bits are at most 127: nothing here can overflow. */
        unsigned __int128 whole = (unsigned __int128)ticks * clock->scale;
        __int128 moved = (__int128)(whole / clock->parts >> clock->bits);
        moved += (__int128)clock->offset * 1000000000;
        if (moved < INT64_MIN || moved > INT64_MAX)
            return 0;
        *ns = (int64_t)moved;
        return 1;
    }
    """
    ctypedef struct Clock:
        uint64_t scale
        uint64_t parts
        int bits
        int64_t offset
        uint64_t quick

    Clock clock_of(uint8_t resolution, int64_t offset) noexcept nogil
    bint time_of_ticks(const Clock* clock, uint64_t ticks, int64_t* ns) noexcept nogil
