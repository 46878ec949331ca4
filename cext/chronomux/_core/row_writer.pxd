"""Items into row bytes: see rows.pxd for these."""

from chronomux._core.frame_builder cimport FrameBuilder

# How a row was written.
cdef enum Written:
    DONE
    OTHER_SCHEMA  # the keys are not those
    WHOLE  # the item must be pickled whole

# All write behind frame.used. Unless they return DONE, what they wrote is to be
# dropped.
cdef int write_item_value(FrameBuilder frame, object item) except -1
cdef int write_values(FrameBuilder frame, dict item, tuple keys) except -1
cdef int write_sequence(FrameBuilder frame, object item) except -1
cdef int write_whole(FrameBuilder frame, object item) except -1

# A schema as the layout has it; None if a key is not exactly a str.
cdef bytes schema_bytes(tuple keys)
