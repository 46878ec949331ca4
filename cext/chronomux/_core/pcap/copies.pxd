"""Packets of a capture as another capture has them, in frames."""

from libc.stdint cimport int64_t

from chronomux._core.csv.window cimport Window
from chronomux._core.pcap.packets cimport Packets
from chronomux._core.pcap.put cimport Form


cdef class Copies:
    cdef Packets packets
    cdef Form form
    cdef object number_of
    cdef object choose
    cdef object error  # to be raised when the packets before it are given
    cdef bytes chosen  # of the packets at hand
    cdef size_t taken  # of them
    cdef size_t room  # bytes of a frame, if packets are not larger
    cdef int64_t offset
    cdef int64_t latest  # time of the latest packet that had one
    # of the frame that was made last
    cdef size_t count
    cdef int64_t* keys
    cdef int64_t* offsets
    cdef int64_t* places  # in the file

    cdef bint find(self) except -1
    cdef int number_interfaces(self) except -1
    cdef int move_times(self) except -1
    cdef object misfit(self, int64_t time, int64_t last, object place)
    cdef Window window_for(self)
    cdef int put(self, Window rows) except -1
