/*-------------------------------------------------------------------------
 *
 * tids.h
 *		The heap TIDs of nodes, and those kept aside.
 *
 * A TID never moves from one place to another while its tuple may be visible
 * to somebody: a scan reads a node's inline TIDs when it visits the node and the
 * chunks when it returns them, and would miss or repeat one that moved.
 *
 * IDENTIFICATION
 *	  src/graph/tids.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_TIDS_H
#define HNSW_TIDS_H

#include "graph/pager.h"

static inline bool
hnsw_tid_used(const HnswTid *tid)
{
	return tid->offset != 0;
}

/* Has the node any TID?  True when it has chunks: vacuum takes empty ones away. */
extern bool hnsw_tids_any(const HnswRecord *rec);

/* A tuple that joins a node. */
typedef struct HnswTuple
{
	HnswTid		tid;
	HnswTid		value;			/* HnswRecord.value of it */
	float		resid;			/* bound on the residual of its own vector */
} HnswTuple;

/*
 * Attaches one more tuple to a layer-0 record if it is still linked and of this
 * generation; true if so.
 */
extern bool hnsw_tids_attach(HnswPager *pager, HnswId id, uint32 generation,
							 const HnswTuple *tuple);

/* The same of a record that is pending, in a build (bulk.h). */
extern bool hnsw_tids_attach_staged(HnswPager *pager, HnswId id, uint32 generation,
									const HnswTuple *tuple);

/* A growing array of TIDs. */
typedef struct HnswTidList
{
	HnswTid    *tids;
	Size		count;
	Size		space;
} HnswTidList;

extern void hnsw_tidlist_add(HnswTidList *list, HnswTid tid);

/*
 * Appends the TIDs in the chunks of a node to the list, unless the record has
 * been freed since it had this generation: then all of them were dead to
 * everybody.
 */
extern void hnsw_tids_chunks(HnswPager *pager, HnswId id, uint32 generation,
							 HnswTidList *list);

/* Keeps a tuple aside that has no place in the graph. */
extern void hnsw_aside_insert(HnswPager *pager, HnswAsideList which, HnswTid tid);

/*
 * Appends the TIDs of one page of those kept aside to the list and returns the
 * next page, or HNSW_NO_ID.
 */
extern HnswId hnsw_aside_read(HnswPager *pager, HnswAsideList which, HnswId page,
							  HnswTidList *list);

/*
 * For vacuum.  "dead" says which tuples have gone.  Counts are added to *live
 * and *removed.
 */
typedef bool (*HnswDead) (void *arg, HnswTid tid);

typedef struct HnswTidCounts
{
	HnswDead	dead;
	void	   *arg;
	double		live;
	double		removed;
	double		left;			/* nodes that an earlier vacuum left dying */
} HnswTidCounts;

/*
 * Removes the dead TIDs of "count" nodes on one page (at most HNSW_MAX_PER_PAGE); a
 * linked or pending node left without any becomes dying.  Fills "dying" with those that
 * are dying now; how many they are.
 */
extern int	hnsw_tids_vacuum(HnswPager *pager, HnswId first, int count,
							 HnswTidCounts *counts, HnswId *dying);
extern void hnsw_aside_vacuum(HnswPager *pager, HnswAsideList which, HnswTidCounts *counts);

/*
 * Marks the pages of the list that an insert has left pending, between its last
 * two steps, as linked.  No insert is running.
 */
extern void hnsw_aside_adopt(HnswPager *pager, HnswAsideList which);

#endif							/* HNSW_TIDS_H */
