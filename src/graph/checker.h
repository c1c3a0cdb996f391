/*-------------------------------------------------------------------------
 *
 * checker.h
 *		What the parts of the integrity check share; nobody else includes it.
 *
 * IDENTIFICATION
 *	  src/graph/checker.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_CHECKER_H
#define HNSW_CHECKER_H

#include "code/edge.h"
#include "graph/check.h"
#include "graph/tids.h"

/* One bit for each id of a kind; grows when it has to. */
typedef struct HnswBits
{
	uint8	   *map;
	Size		bytes;
} HnswBits;

/* Where a TID was seen first. */
typedef struct HnswTidPlace
{
	uint64		tid;			/* 0 = nothing here */
	HnswId		owner;
	HnswKind	kind;			/* BASE or ASIDE */
} HnswTidPlace;

typedef struct HnswChecker
{
	HnswPager  *pager;
	const HnswLayout *layout;
	HnswCheckReport report;
	void	   *arg;

	HnswEntry	entry;			/* as last read */
	bool		quiet;			/* a suspicion that is not confirmed yet */
	int64		found;			/* problems, since somebody set this to 0 */

	HnswBits	known[HNSW_NKINDS]; /* slots that exist */
	HnswBits	marked[2];		/* records that a walk came to */
	HnswBits	chained;		/* chunks, later pages, that a chain led to */
	int64		climbs_left;
	bool		in_tree;		/* the last walk followed tree edges only */

	HnswRecord *rec;			/* copy of the record being checked */
	HnswScorer	scorer;
	void	   *uhat;			/* its own vector */
	void	   *vhat;			/* that of a neighbor */

	HnswTidList list;
	HnswTidPlace *places;		/* hash table, NULL when given up */
	Size		nplaces;
	Size		places_space;
	HnswTidPlace again;			/* a TID met twice: the second place */
	HnswTidPlace before;		/* and the first */
	int			repeated;		/* such TIDs reported */
} HnswChecker;

/* A check of one thing, to be repeated when it finds problems. */
typedef void (*HnswCheckOne) (HnswChecker *c, HnswKind kind, HnswId id);

extern void hnsw_check_confirm(HnswChecker *c, HnswKind kind, HnswId id, HnswCheckOne check);
extern void hnsw_check_say(HnswChecker *c, HnswKind kind, HnswId id,
						   const char *fmt,...) pg_attribute_printf(4, 5);

/* Is there such a slot?  Not to be called while anything is read-locked. */
extern bool hnsw_check_exists(HnswChecker *c, HnswKind kind, HnswId id);

/*
 * Is this record dying?  One whose parent is has not been moved by a vacuum that
 * was stopped.
 */
extern bool hnsw_check_is_dying(HnswChecker *c, HnswKind kind, HnswId id);

/* The layer-0 record of the entry point, or HNSW_NO_ID. */
extern HnswId hnsw_check_entry_base(HnswChecker *c);

static inline bool
hnsw_bits_get(const HnswBits *bits, HnswId id)
{
	return id / 8 < bits->bytes && ((bits->map[id / 8] >> (id % 8)) & 1);
}

extern void hnsw_bits_set(HnswBits *bits, HnswId id);
extern void hnsw_bits_clear(HnswBits *bits);

/* check_reach.c: trees and reachability, after all records have been checked */
extern void hnsw_check_reach(HnswChecker *c);

/* check_tids.c */
extern void hnsw_check_node_tids(HnswChecker *c, HnswId id);
extern void hnsw_check_chunks(HnswChecker *c);
extern void hnsw_check_aside(HnswChecker *c);

#endif							/* HNSW_CHECKER_H */
