"""Memory for windows: parts of huge pages, used again and again.

A merge that waits for late records holds many windows. Taken from malloc, each is fresh
memory, and clearing that took longer than reading the records.
"""

from cpython.mem cimport PyMem_Realloc
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memmove


cdef extern from "chronomux/_core/csv/huge_page.h" nogil:
    const size_t HUGE_PAGE
    char* huge_page_new() noexcept
    void huge_page_free(char* page) noexcept
    void huge_page_lend(char* page) noexcept

cdef enum:
    LEAST = 1 << 18  # bytes of a slot; less is not worth a page
    MOST = 1 << 19
    SPARE = 8  # unused pages kept for the next windows, or the next merge
    LENT = 40  # and those that the system may take back: all that a merge may hold


# A huge page in slots of one size; bit i of `used` stands for the i-th.
cdef struct Page:
    uint8_t* memory
    size_t slot
    uint32_t used


cdef Page* pages = NULL
cdef size_t page_count = 0
cdef size_t page_room = 0


cdef inline uint32_t all_slots(size_t slot) noexcept:
    return (<uint32_t>1 << (HUGE_PAGE // slot)) - 1


cdef uint8_t* take_slot(size_t size) noexcept:
    cdef size_t slot = LEAST
    cdef size_t i
    cdef Page* page
    if not LEAST // 2 < size <= MOST:
        return NULL
    while slot < size:
        slot *= 2
    # The latest pages first, so that the early ones get free.
    for i in reversed(range(page_count)):
        page = &pages[i]
        if not page.used:
            page.slot = slot
        if page.slot == slot and page.used != all_slots(slot):
            return first_free(page)
    page = add_page(slot)
    return first_free(page) if page is not NULL else NULL


cdef uint8_t* first_free(Page* page) noexcept:
    cdef size_t i = 0
    while page.used >> i & 1:
        i += 1
    page.used |= <uint32_t>1 << i
    return page.memory + i * page.slot


cdef Page* add_page(size_t slot) noexcept:
    global pages, page_count, page_room
    cdef Page* more
    cdef uint8_t* memory
    if page_count == page_room:
        more = <Page*>PyMem_Realloc(pages, (2 * page_room + 1) * sizeof(Page))
        if more is NULL:
            return NULL
        pages = more
        page_room = 2 * page_room + 1
    memory = <uint8_t*>huge_page_new()
    if memory is NULL:
        return NULL
    pages[page_count] = Page(memory, slot, 0)
    page_count += 1
    return &pages[page_count - 1]


cdef void give_slot(uint8_t* memory) noexcept:
    global page_count
    cdef size_t i = 0, unused
    cdef Page* page
    while not pages[i].memory <= memory < pages[i].memory + HUGE_PAGE:
        i += 1
    page = &pages[i]
    page.used &= ~(<uint32_t>1 << (<size_t>(memory - page.memory) // page.slot))
    if page.used:
        return
    unused = unused_pages()
    if unused > SPARE + LENT:
        huge_page_free(<char*>page.memory)
        page_count -= 1
        memmove(page, page + 1, (page_count - i) * sizeof(Page))
    elif unused > SPARE:
        huge_page_lend(<char*>page.memory)


cdef size_t unused_pages() noexcept:
    cdef size_t i, unused = 0
    for i in range(page_count):
        unused += not pages[i].used
    return unused
