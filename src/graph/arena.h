/*-------------------------------------------------------------------------
 *
 * arena.h
 *		The pager in memory: page images, the very bytes that an index will hold.
 *
 * An arena belongs to one process, or is shared by those who build an index
 * together.  Then each has an HnswArena of its own, and they have in common the
 * HnswArenaState, the page images, and what HnswArenaSharing provides.
 *
 * IDENTIFICATION
 *	  src/graph/arena.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ARENA_H
#define HNSW_ARENA_H

#include "graph/pager.h"

#define HNSW_ARENA_CHUNK_PAGES 64

typedef struct HnswArena HnswArena;

typedef struct HnswArenaState
{
	uint32		nblocks;		/* pages in use, metapage and allocation page
								 * included */
	uint32		capacity;		/* pages that there is memory for */
	HnswEntry	entry;
	uint32		free_page[HNSW_NKINDS]; /* lists of pages with free slots */
} HnswArenaState;

/* What the locks of a shared arena stand for; "number" tells extents apart. */
typedef enum HnswArenaLock
{
	HNSW_ARENA_RECORDS,			/* records of an extent */
	HNSW_ARENA_OTHERS,			/* chunks of TIDs, pages kept aside; taken
								 * under a lock on a record or alone */
	HNSW_ARENA_ALLOC,			/* the lists that all share, and nblocks */
	HNSW_ARENA_ENTRY
} HnswArenaLock;

typedef struct HnswArenaSharing
{
	void		(*lock) (HnswArena *arena, HnswArenaLock which, uint32 number, bool exclusive);

	/* Undoes the latest lock. */
	void		(*unlock) (HnswArena *arena);

	/* Where a chunk of pages that somebody has made is in this process. */
	char	   *(*map) (HnswArena *arena, uint32 chunk);

	/*
	 * Raises the capacity to so many pages at least; false when it cannot.
	 * Called without a lock.
	 */
	bool		(*grow) (HnswArena *arena, uint32 pages);
} HnswArenaSharing;

/* A record of several pages, in one piece. */
typedef struct HnswArenaScratch
{
	uint32		block;
	int			pages;			/* 0 = not in use */
	Size		size;
	char	   *bytes;
} HnswArenaScratch;

struct HnswArena
{
	HnswPager	pager;
	HnswArenaState *state;
	HnswArenaState private_state;
	const HnswArenaSharing *sharing;	/* NULL = this process is alone */
	char	  **chunks;			/* of HNSW_ARENA_CHUNK_PAGES pages each; NULL
								 * = not mapped here */
	uint8	   *kinds;			/* of the pages that this process has met */
	uint32		chunk_space;	/* chunks that both arrays have room for */
	Size		max_bytes;		/* of a private arena; 0 = no bound */
	HnswArenaScratch scratch[2];	/* what is read, what is changed */
	uint32		free_page[HNSW_NKINDS]; /* shared: this process's own lists */
	int			nchanging;		/* slots being changed */
	void	   *held;			/* the one that is held, and may be changed */
	int64		calls;			/* of any operation; fault tests count them */
	int64		fail_at;		/* raise an error at this call; 0 = never */
};

extern void hnsw_arena_init(HnswArena *arena, const HnswLayout *layout, const char *name,
							Size max_bytes);

/* Joins those who share the state; the first one has cleared it. */
extern void hnsw_arena_init_shared(HnswArena *arena, const HnswLayout *layout, const char *name,
								   HnswArenaState *state, const HnswArenaSharing *sharing);
extern void hnsw_arena_clear_state(HnswArenaState *state);

/* For sharing->map and grow: a chunk is at this address in this process. */
extern void hnsw_arena_set_chunk(HnswArena *arena, uint32 chunk, char *address);

/* Frees what is private to this process. */
extern void hnsw_arena_free(HnswArena *arena);

/*
 * Would another node still fit, whatever its level, for each of so many processes?
 * Takes more memory where that helps.  A process of a shared arena asks before each
 * insert, and holds no lock.
 */
extern bool hnsw_arena_has_room(HnswArena *arena, int processes);

/*
 * All pages with free slots are in the lists of the state, those that processes have kept
 * for themselves among them.  When nobody creates slots any more.
 */
extern void hnsw_arena_list_pages(HnswArena *arena);

/* A page image of the arena (blocks HNSW_FIRST_BLOCK and up). */
extern char *hnsw_arena_page(HnswArena *arena, uint32 block);

/*
 * For builds: a record of layer 0 that has one page, where it is; not locked, or locked
 * exclusively until hnsw_arena_unlock.  NULL beyond the end.  Nothing is checked.
 */
extern HnswRecord *hnsw_arena_record(HnswArena *arena, HnswId id);
extern HnswRecord *hnsw_arena_lock_record(HnswArena *arena, HnswId id);
extern void hnsw_arena_unlock(HnswArena *arena);

#endif							/* HNSW_ARENA_H */
