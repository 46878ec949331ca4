/* Memory of one huge page, which costs one page fault where small ones cost hundreds.
 *
 * Fresh memory is dear: the system clears it, page by page, on first use. Where it has no
 * huge pages to give, or none to be asked for, this is memory like any other, or none.
 */
#ifndef CHRONOMUX_HUGE_PAGE_H
#define CHRONOMUX_HUGE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define HUGE_PAGE ((size_t)1 << 21)

/* AddressSanitizer watches only what malloc gives. */
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <sys/mman.h>

/* NULL if there is none. */
static inline char *huge_page_new(void)
{
    /* Of twice the size, as a huge page must begin at a multiple of its size. */
    char *all = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = (size_t)(-(uintptr_t)all & (HUGE_PAGE - 1));
    if (before)
        munmap(all, before);
    munmap(all + before + HUGE_PAGE, HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    madvise(all + before, HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return all + before;
}

static inline void huge_page_free(char *page)
{
    munmap(page, HUGE_PAGE);
}

/* What is in it is not needed: the system may take the memory back when it runs short,
 * and gives other, cleared memory then. Until that, writing to it costs no page fault. */
static inline void huge_page_lend(char *page)
{
#ifdef MADV_FREE
    madvise(page, HUGE_PAGE, MADV_FREE);
#else
    (void)page;
#endif
}
#else
static inline char *huge_page_new(void) { return NULL; }
static inline void huge_page_free(char *page) { (void)page; }
static inline void huge_page_lend(char *page) { (void)page; }
#endif

#endif
