/*-------------------------------------------------------------------------
 *
 * check.h
 *		Is everything in the index as src/README says?  And how much is there?
 *
 * Both run on a live index, beside scans and inserts; a vacuum of the same index
 * should be kept out, because it needs several steps to move a subtree and may
 * sleep between them.
 *
 * IDENTIFICATION
 *	  src/graph/check.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_CHECK_H
#define HNSW_CHECK_H

#include "graph/pager.h"

/* Called for each broken invariant, with no lock held; may raise an error. */
typedef void (*HnswCheckReport) (void *arg, HnswKind kind, HnswId id, const char *problem);

/*
 * Walks the whole index and reports what is wrong.  What another backend may just
 * be changing is read again before it is reported.  Leftovers of a failed insert
 * (pending records and chunks, a layer above the entry point's) are not wrong.
 * Memory: about one byte a record, plus at most 64 MB.
 */
extern void hnsw_graph_check(HnswPager *pager, HnswCheckReport report, void *arg);

/* What one pass over all slots finds. */
typedef struct HnswCheckCounts
{
	/* by layer and state; a free slot has no layer and counts as layer 0 or 1 */
	int64		records[HNSW_MAX_LAYERS][HNSW_DYING + 1];
	int64		edges[HNSW_MAX_LAYERS]; /* of records in use */
	int64		slots[HNSW_NKINDS]; /* of each kind, free ones included */
	int64		free_slots[HNSW_NKINDS];
	int64		bare;			/* linked nodes without any TID */
	int64		tids;			/* of nodes, chunks included */
	int64		chunks;			/* in a chain */
	int64		loose_chunks;	/* in none: left by a failed insert */
	int64		aside_pages[HNSW_ASIDE_LISTS];
	int64		aside_tids[HNSW_ASIDE_LISTS];
} HnswCheckCounts;

extern void hnsw_graph_count(HnswPager *pager, HnswCheckCounts *counts);

#endif							/* HNSW_CHECK_H */
