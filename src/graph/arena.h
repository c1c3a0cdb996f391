/*-------------------------------------------------------------------------
 *
 * arena.h
 *		The pager in private memory: page images, the very bytes that an index
 *		will hold.
 *
 * IDENTIFICATION
 *	  src/graph/arena.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ARENA_H
#define HNSW_ARENA_H

#include "graph/pager.h"

#define HNSW_ARENA_CHUNK_PAGES 64

typedef struct HnswArena
{
	HnswPager	pager;
	char	  **chunks;			/* of HNSW_ARENA_CHUNK_PAGES pages each */
	uint32		nchunks;
	uint32		chunk_space;
	uint32		nblocks;		/* pages in use, metapage and allocation page
								 * included */
	Size		max_bytes;		/* 0 = no bound */
	HnswEntry	entry;
	uint32		free_page[HNSW_NKINDS];
	int64		calls;			/* of any operation; fault tests count them */
	int64		fail_at;		/* raise an error at this call; 0 = never */
} HnswArena;

extern void hnsw_arena_init(HnswArena *arena, const HnswLayout *layout, const char *name,
							Size max_bytes);
extern void hnsw_arena_free(HnswArena *arena);

/* Would another node of "layers" records still fit? */
extern bool hnsw_arena_has_room(const HnswArena *arena, int layers);

/* A page image of the arena (blocks HNSW_FIRST_BLOCK and up). */
extern char *hnsw_arena_page(const HnswArena *arena, uint32 block);

#endif							/* HNSW_ARENA_H */
