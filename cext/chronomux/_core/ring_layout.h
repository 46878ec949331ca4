/* The memory of a ring, as all its processes see it.
 *
 * Records follow each other in `capacity` bytes behind this header, each a struct record
 * and its payload, in multiples of 8 bytes; what crosses the end goes on at the
 * beginning. Positions count bytes from the ring's birth and never wrap.
 *
 * head      what is read next: the position in units of 8 bytes, shifted left by 16, and
 *           the number of rows already taken from the frame there. Consumers take rows
 *           by one compare-and-swap of this word: a consumer that dies has either taken
 *           a row or not. What a consumer copied out is good if the head's position is
 *           the same after the copy, as producers never write between head and tail.
 * claims    what consumers have taken in a call that has not returned yet, and merges and
 *           have not sent: from head word `begin` to head word `end`. A claim is written
 *           before the head moves, and is none again when its items are made or sent;
 *           until then producers spare its records.
 *           Who waits for items looks for claims whose owner is dead, and makes orphans
 *           of them, under put_lock: the `begin` of an orphan is one more head, from
 *           which consumers take as from the ring's own. A consumer that died between
 *           claim and head leaves a claim of rows that it had not taken: those before
 *           the head come twice then, none is lost.
 * released  records before this position may be written over: head and claims as some
 *           producer found them when it was short of room. A claim before it is stale:
 *           its owner lost the race for those rows, or was stopped, and has kept others
 *           from the ring for too long (`held_up`, `held_since`); it may still make its
 *           items, from its copy, but they die with it.
 * put_lock  guards tail, published, released, allocated and the slots. A producer writes its record
 *           behind the tail, where nobody reads, then the front that is not current, and
 *           then makes it current with one release store of `turn`. Dead before that
 *           store, it has changed nothing; after it, everything.
 * extents   for frames that are too large for the ring, one each: a nest of NEST_BYTES, which
 *           all processes map, and for what is larger still a place further on in the file,
 *           which is read and written by calls and given back when it is free. A large
 *           frame is written there first, and then a record is published that says where;
 *           it goes through the ring like any other. `after` is where that record ends:
 *           when head and claims have passed it, or if it never was published, the
 *           extent is free.
 *           So the death of a writer or a reader leaves nothing to repair.
 * extent_lock
 *           held while an extent is chosen, written and published, or freed: a large
 *           frame keeps none but other large frames from the ring. put_lock is taken
 *           inside it.
 * slots     the processes that put. `held` is written by its process alone; when that is
 *           dead, under the lock, by any: a word, so never torn. Counting items reads
 *           all of them, so nothing has to be undone for the dead. An item is published
 *           before it is held no more, and counted in the other order: twice for a
 *           moment, perhaps, but at no moment not at all.
 */
#ifndef CHRONOMUX_RING_LAYOUT_H
#define CHRONOMUX_RING_LAYOUT_H

#include <stddef.h>

#include "ring_sync.h"

#define RING_MAGIC 0x32474E5258554D43u /* "CMUXRNG2" */
#define RING_SLOTS 1000
#define RING_CLAIMS 256

#define RING_EXTENTS 4
#define NEST_BYTES (2u << 20)

/* LARGE_FRAME: the payload is a struct place. */
enum record_kind { WHOLE_FRAME, LARGE_FRAME };

struct record {
    uint16_t kind;
    uint16_t slot;   /* of the producer */
    uint32_t rows;
    uint64_t bytes;  /* of the payload */
    uint64_t before; /* items published before this record */
};

struct place {
    uint64_t offset; /* in the file */
    uint64_t bytes;
};

struct extent {
    uint64_t after;  /* the position behind its record; 0 for none */
    uint64_t nested; /* bytes of its nest that have memory */
    uint64_t offset; /* in the file, of what is too large for a nest */
    uint64_t room;
    uint64_t filled; /* bytes there that have memory, at most */
};

struct front {
    uint64_t tail;
    uint64_t published; /* items */
};

struct slot {
    uint32_t pid; /* 0: free */
    uint32_t unused;
    uint64_t started; /* tells processes apart that had the same pid */
    uint64_t held;    /* items that were put and are not in the ring yet */
};

#define NO_CLAIM UINT64_MAX /* `begin` of a consumer that has nothing in its hands */
#define ORPHAN UINT64_MAX   /* `owner` of what the dead have left */

struct claim {
    uint64_t owner; /* when it began << 22 | pid; 0: free */
    uint64_t begin; /* written by its owner alone; of an orphan, by who takes from it */
    uint64_t end;
    uint64_t deaths; /* of consumers, with the row at `begin` in their hands */
};

/* The orphan whose head this is. */
static inline struct claim *claim_of(const uint64_t *begin)
{
    return (struct claim *)((char *)begin - offsetof(struct claim, begin));
}

#define CACHE_LINE __attribute__((aligned(64)))

struct ring {
    uint64_t magic;
    uint64_t capacity;
    uint64_t maxsize; /* items; 0 for no bound */
    uint64_t name[2];

    CACHE_LINE uint64_t head;

    CACHE_LINE uint64_t turn;
    struct front fronts[2]; /* the current one is turn % 2 */

    CACHE_LINE struct bell items; /* wanted by consumers */
    CACHE_LINE struct bell room;  /* wanted by producers */

    CACHE_LINE shared_lock put_lock;
    uint64_t released;
    uint64_t held_up; /* the first claim, when a producer was last short of room */
    int64_t held_since;
    uint64_t allocated; /* bytes of the ring that have memory */
    uint64_t used_slots;
    struct slot slots[RING_SLOTS];

    CACHE_LINE uint64_t used_claims;
    struct claim claims[RING_CLAIMS];

    CACHE_LINE shared_lock extent_lock;
    uint64_t file_end; /* where a new extent may begin */
    struct extent extents[RING_EXTENTS];
};

#endif
