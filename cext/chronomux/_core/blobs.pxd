"""Blobs: what no tag can say, as bytes of a pickle."""


# Pickles an object (protocol 5); sets whether dill had to help. Its large buffers go to
# the list, as memoryviews, and not into the blob. Raises what pickle raises.
cdef bytes dump_blob(object item, bint* by_dill, list buffers)

# The object of a blob in someone else's memory, of which nothing is kept.
cdef object load_blob(
    const char* data, Py_ssize_t size, bint by_dill, list buffers
)
