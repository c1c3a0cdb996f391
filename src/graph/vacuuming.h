/*-------------------------------------------------------------------------
 *
 * vacuuming.h
 *		What the parts of vacuum share: who is dying, scratch, and their steps.
 *
 * IDENTIFICATION
 *	  src/graph/vacuuming.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_VACUUMING_H
#define HNSW_VACUUMING_H

#include "graph/link.h"
#include "graph/vacuum.h"

/*
 * One bit for each record of a kind, ids first .. first + count - 1: all there are,
 * or one range after the other.
 */
typedef struct HnswDyingSet
{
	uint8	   *bits;
	HnswId		limit;			/* ids that vacuum looks at are below this */
	HnswId		range;			/* ids there is memory for */
	HnswId		first;
	HnswId		count;
	double		members;
} HnswDyingSet;

/* A table of some records, each in the only place where it can be. */
typedef struct HnswKnown
{
	HnswId	   *ids;
	HnswId		size;
} HnswKnown;

typedef struct HnswVacuum
{
	HnswPager  *pager;
	const HnswLayout *layout;
	HnswTidCounts counts;
	HnswDyingSet dying[2];		/* HNSW_BASE, HNSW_UPPER */
	HnswScorer	scorer;
	HnswLinker	linker;
	void	   *vhat;			/* decoded own vector of another record */
	HnswId		root[HNSW_MAX_LAYERS];	/* those known to live, which stay */
	HnswKnown	anchored[2];	/* with no dying ancestor: see vacuum_tree.c */
	HnswRecord *copy;			/* of the record being repaired */
	HnswVacuumResult *result;
} HnswVacuum;

static inline bool
hnsw_dying_has(const HnswDyingSet *set, HnswId id)
{
	if (id < set->first || id - set->first >= set->count)
		return false;
	id -= set->first;
	return (set->bits[id >> 3] >> (id & 7)) & 1;
}

/* The next member at or behind "from", or HNSW_NO_ID. */
extern HnswId hnsw_dying_next(const HnswDyingSet *set, HnswId from);

/*
 * State of a record: HNSW_FREE when it is not there; its parent and layer as
 * well.
 */
extern int	hnsw_vacuum_state(HnswPager *pager, HnswKind kind, HnswId id,
							  HnswId *parent, int *layer);

/*
 * After a vacuum that was stopped: takes the mark of a tree edge off edges that
 * it gave to new parents of records which it then did not move.
 */
extern void hnsw_vacuum_unpin(HnswVacuum *vac, HnswKind kind);

typedef struct HnswMoves
{
	bool		lax;			/* nobody found a place: one at least must */
	double		moved;
	double		waiting;		/* for others to be moved */
} HnswMoves;

/*
 * Step 4: moves the living children of the dying records in the set of a kind.  To
 * be called for all of them again while some are waiting, "lax" when none was moved.
 */
extern void hnsw_vacuum_move_children(HnswVacuum *vac, HnswKind kind, HnswMoves *moves);

/*
 * Step 6: takes all edges to dying records out of all records of a kind, and
 * offers those records neighbors of the dead ones.
 */
extern void hnsw_vacuum_repair(HnswVacuum *vac, HnswKind kind);

#endif							/* HNSW_VACUUMING_H */
