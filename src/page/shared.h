/*-------------------------------------------------------------------------
 *
 * shared.h
 *		The pager over shared buffers.
 *
 * IDENTIFICATION
 *	  src/page/shared.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_SHARED_H
#define HNSW_SHARED_H

#include "graph/pager.h"
#include "page/wal.h"

/* One slot that is being read: up to three pages, share-locked. */
typedef struct HnswSharedRead
{
	Buffer		buffers[HNSW_MAX_EXTENT_PAGES];
	int			count;
} HnswSharedRead;

/* One slot that is held, and perhaps going to be changed. */
typedef struct HnswSharedHold
{
	Buffer		buffers[HNSW_MAX_EXTENT_PAGES];
	int			count;			/* 0: none is */
	HnswKind	kind;
	int			slot;
} HnswSharedHold;

typedef struct HnswSharedPager
{
	HnswPager	pager;
	Relation	index;
	bool		logged;			/* log changes? (not while building) */
	bool		may_sleep;		/* pause is vacuum's: sleeps as its cost says */
	bool	   *extending;		/* is one of the processes of a build
								 * extending the index, or has it failed to?
								 * NULL: alone */
	BlockNumber nblocks;		/* at least so many blocks are there */
	BlockNumber sought;			/* where seek was last; 0 = nowhere */
	HnswKind	sought_kind;
	HnswSharedRead reads[2];
	int			nreads;
	char	   *gathered[2];	/* records of several pages: read, changed */

	HnswSharedHold hold;
	bool		changing;
	HnswChange	change;
	Page		pages[HNSW_MAX_EXTENT_PAGES];	/* of the record changed, if
												 * it has several */
	int			npages;
	Size		changed_size;
} HnswSharedPager;

/*
 * Prepares a pager for an open index.  Raises an error when the index is of
 * another format or corrupted.  Everything is palloc'd in the current context.
 */
extern void hnsw_shared_init(HnswSharedPager *shared, Relation index);

/* For another index of the same layout, or for the same one in another transaction. */
extern void hnsw_shared_reset(HnswSharedPager *shared, Relation index);

/* The same for an index whose metapage is still to be written. */
extern void hnsw_shared_init_new(HnswSharedPager *shared, Relation index,
								 const HnswLayout *layout, bool logged);

/* The index's layout, kept with its relcache entry. */
extern const HnswLayout *hnsw_index_layout(Relation index);

/* Writes metapage and allocation page of a new index (fork). */
extern void hnsw_write_head(Relation index, ForkNumber fork, const HnswLayout *layout,
							const HnswEntry *entry, const uint32 *free_page);

#endif							/* HNSW_SHARED_H */
