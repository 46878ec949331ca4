"""How much one frame holds, for all who fill frames."""

cdef enum:
    MOST_ROWS = 256
    MOST_BYTES = 1 << 16  # of a frame that gets another row
    KEPT_BYTES = 1 << 20  # of a buffer that had to grow beyond it


cdef extern from *:
    """
    /* Integers up to it are doubles. */
    #define EXACT_DOUBLE ((int64_t)1 << 53)
    """
    const long long EXACT_DOUBLE
