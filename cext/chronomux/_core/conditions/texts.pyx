"""Texts to numbers or pointers: a hash table for str and nothing else."""

cimport cython

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport intptr_t
from libc.stdlib cimport calloc, free


@cython.final
cdef class Texts:
    """Exact str to anything but 0, by linear probing."""

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.room):
            if self.places[i].text != NULL:
                Py_DECREF(<object> self.places[i].text)
        free(self.places)

    def __len__(self):
        return self.length

    cdef int put(self, str text, intptr_t value) except -1:
        """Add a text that is not there."""
        cdef Text* place
        if 2 * (self.length + 1) > self.room:
            self._resize(max(8, 2 * self.room))
        place = self._place(<PyObject*> text, hash_of(<PyObject*> text))
        Py_INCREF(text)
        place.text, place.value = <PyObject*> text, value
        place.hash = hash_of(<PyObject*> text)
        self.length += 1
        return 0

    cdef int drop(self, str text) except -1:
        """Remove a text that is there.

        What others have been moved on for comes back, so that no search ends too early
        (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
        """
        cdef Py_ssize_t mask = self.room - 1, gap, i
        cdef Text* place = self._place(<PyObject*> text, hash_of(<PyObject*> text))
        held = <object> place.text
        gap = i = place - self.places
        while True:
            i = (i + 1) & mask
            place = &self.places[i]
            if place.text == NULL:
                break
            if ((i - place.hash) & mask) >= ((i - gap) & mask):
                self.places[gap] = place[0]
                gap = i
        self.places[gap].text = NULL
        self.length -= 1
        Py_DECREF(held)
        if self.length == 0:
            free(self.places)
            self.places, self.room = NULL, 0
        return 0

    cdef Text* _place(self, PyObject* text, Py_hash_t hash) noexcept:
        """Where the text stands, or is to stand."""
        cdef Py_ssize_t i = hash & (self.room - 1)
        cdef Text* place = &self.places[i]
        while place.text != NULL and (
            place.hash != hash or not are_equal(place.text, text)
        ):
            i = (i + 1) & (self.room - 1)
            place = &self.places[i]
        return place

    cdef int _resize(self, Py_ssize_t room) except -1:
        cdef Py_ssize_t i, j
        cdef Text* places = <Text*> calloc(room, sizeof(Text))
        if places == NULL:
            raise MemoryError
        for i in range(self.room):
            if self.places[i].text != NULL:
                j = self.places[i].hash & (room - 1)
                while places[j].text != NULL:
                    j = (j + 1) & (room - 1)
                places[j] = self.places[i]
        free(self.places)
        self.places, self.room = places, room
        return 0
