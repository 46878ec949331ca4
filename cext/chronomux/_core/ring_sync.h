/* What processes need to share a ring: atomic words, a lock that survives its owner,
 * waiting on a word, and a clock that nobody sets.
 *
 * No condition variable: one that is shared hangs its signaller for ever when a waiter
 * is killed. A futex word has no such memory. Where there are no futexes a wait is a
 * short sleep; every wait is bounded, and its caller looks again.
 */
#ifndef CHRONOMUX_RING_SYNC_H
#define CHRONOMUX_RING_SYNC_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

/* ---- Words. Acquire: what was written before the matching release is seen after it. */

static inline uint64_t load_acquire(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t load_relaxed(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void store_release(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void store_relaxed(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Sequentially consistent, as the words of a bell are. */
static inline int swap_word(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static inline void full_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* What is written after it is seen only by who sees what was written before it. */
static inline void write_fence(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void read_fence(void)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* ---- Time */

static inline int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void sleep_ns(int64_t ns)
{
    struct timespec pause = {ns / 1000000000, ns % 1000000000};
    nanosleep(&pause, 0);
}

/* ---- Processes */

/* Whether a process is stopped, by a signal or a debugger; 0 where nobody tells. */
static inline int is_stopped(uint32_t pid)
{
#ifdef __linux__
    char path[32], text[256];
    snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = 0;
    const char *state = strrchr(text, ')'); /* the name before it may hold anything */
    return state && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
#else
    (void)pid;
    return 0;
#endif
}

/* ---- A bell: sleepers set `wanted`, look once more, and sleep while `calls` stays.
 *
 * Who has news publishes them, then calls. Either the sleeper's last look comes after
 * the news, or the caller sees `wanted` and moves `calls`: both words and the fences
 * are sequentially consistent. A killed sleeper leaves `wanted` set, for one call. */

struct bell {
    uint32_t wanted;
    uint32_t calls;
};

static inline uint32_t bell_want(struct bell *bell)
{
    uint32_t calls = __atomic_load_n(&bell->calls, __ATOMIC_SEQ_CST);
    __atomic_store_n(&bell->wanted, 1, __ATOMIC_SEQ_CST);
    full_fence();
    return calls;
}

static inline int bell_is_wanted(const struct bell *bell)
{
    return __atomic_load_n(&bell->wanted, __ATOMIC_SEQ_CST) != 0;
}

static inline void bell_wait(struct bell *bell, uint32_t calls, int64_t ns)
{
    if (ns <= 0)
        return;
#ifdef __linux__
    struct timespec limit = {ns / 1000000000, ns % 1000000000};
    syscall(SYS_futex, &bell->calls, FUTEX_WAIT, calls, &limit, 0, 0);
#else
    if (__atomic_load_n(&bell->calls, __ATOMIC_SEQ_CST) == calls)
        sleep_ns(ns < 200000 ? ns : 200000);
#endif
}

/* After news by `swap_word`; after any other store, a full_fence() comes first. */
static inline void bell_call(struct bell *bell)
{
    if (!bell_is_wanted(bell))
        return;
    __atomic_store_n(&bell->wanted, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&bell->calls, 1, __ATOMIC_SEQ_CST);
#ifdef __linux__
    syscall(SYS_futex, &bell->calls, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
#endif
}

/* ---- A lock between processes. When its owner died, the next one gets it. */

#ifdef __linux__

typedef pthread_mutex_t shared_lock;

static inline int lock_init(shared_lock *lock)
{
    pthread_mutexattr_t kind;
    int error = pthread_mutexattr_init(&kind);
    if (error)
        return error;
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    error = pthread_mutex_init(lock, &kind);
    pthread_mutexattr_destroy(&kind);
    return error;
}

static inline int lock_try(shared_lock *lock)
{
    int error = pthread_mutex_trylock(lock);
    if (error == EOWNERDEAD) /* nothing it guards can be torn: see ring_layout.h */
        error = pthread_mutex_consistent(lock);
    return error;
}

static inline void lock_release(shared_lock *lock)
{
    pthread_mutex_unlock(lock);
}

#else /* no robust mutexes: the owner's pid, which can be asked for */

typedef uint64_t shared_lock;

static inline int lock_init(shared_lock *lock)
{
    *lock = 0;
    return 0;
}

static inline int lock_try(shared_lock *lock)
{
    uint64_t owner = load_acquire(lock);
    if (owner && !(kill((pid_t)owner, 0) && errno == ESRCH))
        return EBUSY;
    return swap_word(lock, owner, (uint64_t)getpid()) ? 0 : EBUSY;
}

static inline void lock_release(shared_lock *lock)
{
    store_release(lock, 0);
}

#endif

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* 0, or EBUSY when `ns` have passed. What the lock guards takes microseconds: a spin
 * and then a short sleep is as good as a queue of waiters, and cannot be left waiting
 * by the dead. */
static inline int lock_within(shared_lock *lock, int64_t ns)
{
    int64_t end = 0, pause = 2000;
    int error = lock_try(lock);
    for (int spins = 0; error == EBUSY && spins < 100; spins++) {
        cpu_relax();
        error = lock_try(lock);
    }
    while (error == EBUSY) {
        int64_t now = clock_ns();
        if (!end)
            end = now + ns;
        if (now >= end)
            break;
        sleep_ns(pause);
        pause = pause < 100000 ? 2 * pause : pause;
        error = lock_try(lock);
    }
    return error;
}

/* ---- A lock of one process, between its threads, that knows who has it */

typedef struct {
    pthread_mutex_t lock;
    uint64_t owner; /* 0 for none */
} gate;

static inline uint64_t this_thread(void)
{
    return (uint64_t)(uintptr_t)pthread_self();
}

static inline int gate_init(gate *gate)
{
    gate->owner = 0;
    return pthread_mutex_init(&gate->lock, 0);
}

static inline int gate_try(gate *gate)
{
    int error = pthread_mutex_trylock(&gate->lock);
    if (!error)
        store_relaxed(&gate->owner, this_thread());
    return error;
}

static inline void gate_lock(gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    store_relaxed(&gate->owner, this_thread());
}

static inline void gate_unlock(gate *gate)
{
    store_relaxed(&gate->owner, 0);
    pthread_mutex_unlock(&gate->lock);
}

/* Of this thread nobody else writes the number: the answer is sure without the lock. */
static inline int gate_is_mine(const gate *gate)
{
    return load_relaxed(&gate->owner) == this_thread();
}

/* ---- Memory behind a mapping, before it is touched: full means an error, not SIGBUS. */

static inline int reserve_pages(int fd, uint64_t offset, uint64_t size)
{
#ifdef __linux__
    int error;
    do
        error = posix_fallocate(fd, (off_t)offset, (off_t)size);
    while (error == EINTR);
    return error == EOPNOTSUPP || error == ENODEV ? 0 : error;
#else
    (void)fd, (void)offset, (void)size;
    return 0;
#endif
}

/* ---- A file's bytes where no mapping is: 0, or an errno; EBADMSG where it ends. */

static inline int write_at(int fd, const char *from, uint64_t size, uint64_t offset)
{
    while (size) {
        ssize_t done = pwrite(fd, from, size, (off_t)offset);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            from += done;
            size -= (uint64_t)done;
            offset += (uint64_t)done;
        }
    }
    return 0;
}

static inline int read_at(int fd, char *to, uint64_t size, uint64_t offset)
{
    while (size) {
        ssize_t done = pread(fd, to, size, (off_t)offset);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done == 0)
            return EBADMSG;
        if (done > 0) {
            to += done;
            size -= (uint64_t)done;
            offset += (uint64_t)done;
        }
    }
    return 0;
}

static inline uint64_t file_size(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) ? 0 : (uint64_t)facts.st_size;
}

/* The memory of these bytes goes back to the system; they read as zeros. */
static inline void free_pages(int fd, uint64_t offset, uint64_t size)
{
#ifdef __linux__
    while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                     (off_t)size) && errno == EINTR)
        ;
#else
    (void)fd, (void)offset, (void)size;
#endif
}

#endif
