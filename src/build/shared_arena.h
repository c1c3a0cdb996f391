/*-------------------------------------------------------------------------
 *
 * shared_arena.h
 *		An arena that the processes of a parallel build share.
 *
 * IDENTIFICATION
 *	  src/build/shared_arena.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_SHARED_ARENA_H
#define HNSW_SHARED_ARENA_H

#include "hnsw.h"

#include "graph/arena.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/lwlock.h"
#include "storage/spin.h"

/* locks on the records of extents and on other extents, by number modulo these */
#define HNSW_RECORD_LOCKS	1024
#define HNSW_OTHER_LOCKS	64

/*
 * Segments grow with the arena, by a sixteenth of it, so that this many reach
 * beyond the largest index.
 */
#define HNSW_ARENA_SEGMENTS	320

typedef struct HnswArenaSegment
{
	dsm_handle	handle;
	uint32		first_chunk;
	uint32		nchunks;
} HnswArenaSegment;

/* In shared memory. */
typedef struct HnswSharedArena
{
	HnswArenaState state;
	Size		max_bytes;

	slock_t		mutex;			/* for what follows, and state.capacity */
	ConditionVariable grown;
	bool		growing;		/* somebody is at it */
	bool		at_end;			/* the bound is reached, or there is no more */
	bool		short_of_memory;	/* the latter */
	int			nsegments;
	HnswArenaSegment segments[HNSW_ARENA_SEGMENTS];

	LWLockPadded alloc;
	LWLockPadded entry;
	LWLockPadded records[HNSW_RECORD_LOCKS];
	LWLockPadded others[HNSW_OTHER_LOCKS];
} HnswSharedArena;

/* In each process. */
typedef struct HnswArenaMapping
{
	HnswArena	arena;			/* first: it is cast to this struct */
	HnswSharedArena *shared;
	dsm_segment *segments[HNSW_ARENA_SEGMENTS];
	LWLock	   *held[4];
	int			nheld;
} HnswArenaMapping;

/* The tranche of all locks of a build, known to this process. */
extern int	hnsw_build_tranche(void);

extern void hnsw_shared_arena_init(HnswSharedArena *shared, Size max_bytes);

/*
 * Joins; lets go, when all who read what this process has made have mapped it, or
 * nobody will read it any more.  To let go twice does no harm.
 */
extern void hnsw_arena_attach(HnswArenaMapping *mapping, HnswSharedArena *shared,
							  const HnswLayout *layout, const char *name);
extern void hnsw_arena_detach(HnswArenaMapping *mapping);

/* Maps everything that others have made. */
extern void hnsw_arena_map_all(HnswArenaMapping *mapping);

/* A segment of dynamic shared memory, or NULL when there is no memory for it. */
extern dsm_segment *hnsw_create_segment(Size bytes);

/* Is there so much dynamic shared memory at the moment? */
extern bool hnsw_shared_memory_available(Size bytes);

#endif							/* HNSW_SHARED_ARENA_H */
