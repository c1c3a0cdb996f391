/*-------------------------------------------------------------------------
 *
 * dying.h
 *		Dying records that hang together by tree edges, and what depends on them.
 *
 * IDENTIFICATION
 *	  src/graph/dying.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_DYING_H
#define HNSW_DYING_H

#include "graph/pager.h"

typedef struct HnswDyingGroup
{
	bool		needed;			/* the tree still leads through it */
	bool		held;			/* a record outside still leads to it */
} HnswDyingGroup;

/*
 * Looks around the dying record "id": are there living records whose parent is in
 * its group, but for "child"; and does a living record, none of whose ancestors is in
 * the group, have an edge into it, but for "child" and "holder"?  Either of the two may
 * be HNSW_NO_ID.  No locks are held, on entry or on exit; what is seen may change
 * at once, but only vacuum, of which there is one, moves children out of a group.
 */
extern HnswDyingGroup hnsw_dying_group(HnswPager *pager, HnswKind kind, HnswId id,
									   HnswId child, HnswId holder);

/*
 * Raises an error after more steps along tree edges than there are records, "id" being
 * the one they have come to.
 */
extern void hnsw_tree_check_steps(HnswPager *pager, HnswKind kind, HnswId id, HnswId steps);

/* Do these two dying records belong to one group? */
extern bool hnsw_dying_same_group(HnswPager *pager, HnswKind kind, HnswId a, HnswId b);

/* May the edge of "holder" to the dying record "id" go, with "child" moved? */
static inline bool
hnsw_dying_may_lose(HnswPager *pager, HnswKind kind, HnswId id, HnswId child, HnswId holder)
{
	HnswDyingGroup group = hnsw_dying_group(pager, kind, id, child, holder);

	return group.held || !group.needed;
}

#endif							/* HNSW_DYING_H */
