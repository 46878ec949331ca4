/* Waiting for any of several bells; see ring_sync.h for one. */
#ifndef CHRONOMUX_ANY_BELL_H
#define CHRONOMUX_ANY_BELL_H

#include "ring_sync.h"

#define MOST_BELLS 128 /* that the kernel waits for at once */

struct bell_set {
    int count;
    struct bell *bells[MOST_BELLS];
    uint32_t calls[MOST_BELLS]; /* what bell_want said of each */
};

/* Sleep until one is called, `ns` at most. 0: that cannot be had here (before Linux 5.16),
 * and no time has passed. */
#if defined(__linux__) && defined(SYS_futex_waitv)

static inline int bells_wait(const struct bell_set *set, int64_t ns)
{
    struct futex_waitv words[MOST_BELLS];
    int64_t end = clock_ns() + ns;
    struct timespec limit = {end / 1000000000, end % 1000000000};
    for (int i = 0; i < set->count; i++) {
        struct futex_waitv word = {0};
        word.val = set->calls[i];
        word.uaddr = (uintptr_t)&set->bells[i]->calls;
        word.flags = FUTEX_32;
        words[i] = word;
    }
    long woken = syscall(SYS_futex_waitv, words, set->count, 0, &limit, CLOCK_MONOTONIC);
    return woken >= 0 || errno == ETIMEDOUT || errno == EAGAIN || errno == EINTR;
}

#else

static inline int bells_wait(const struct bell_set *set, int64_t ns)
{
    (void)set, (void)ns;
    return 0;
}

#endif

#endif
