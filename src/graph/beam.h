/*-------------------------------------------------------------------------
 *
 * beam.h
 *		Best-first search of one layer (SEARCH-LAYER of the HNSW paper,
 *		Malkov & Yashunin, TPAMI 2020, algorithm 2), resumable.
 *
 * With codes, popping a candidate visits its record: its true score and the
 * estimates of all its neighbours come from one page.  Without codes, popping
 * a candidate reads each neighbour to score it.  Either way "visit" is called
 * once for each record with its true score, while the record is locked.
 *
 * IDENTIFICATION
 *	  src/graph/beam.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BEAM_H
#define HNSW_BEAM_H

#include "base/heap.h"
#include "code/edge.h"
#include "graph/pager.h"

/* Returns whether this record counts among the ef best. */
typedef bool (*HnswVisit) (void *arg, HnswId id, const HnswRecord *rec, HnswScore score);

typedef struct HnswBeam
{
	HnswPager  *pager;
	HnswScorer *scorer;
	const HnswShape *shape;
	HnswKind	kind;
	int			layer;
	const void *q;				/* plain values, ready */
	int			ef;
	bool		resumable;
	HnswVisit	visit;
	void	   *arg;
	bool		stop;			/* set by visit: run is to return */

	HnswQueue	near;			/* the nearest candidates, by estimate */
	HnswHeap	rest;			/* not a heap: candidates between the horizon
								 * and the bound */
	Size		settled;		/* of the rest, as many have no better
								 * estimate in it */
	float		horizon;		/* no candidate of the rest has a smaller key */
	HnswHeap	far;			/* not a heap: what a wider search will look
								 * at */
	HnswHeap	best;			/* the ef best visited, worst first (keys are
								 * negated) */
	HnswHeap	counted;		/* not a heap: all that ever counted */
	HnswSeen	seen;			/* best estimate of each id; -infinity once
								 * visited */
	int64		visited;		/* records scored */
	int64		expanded;		/* records whose neighbors were looked at */
	HnswId		ids[HNSW_MAX_SLOTS];
	uint16		picks[HNSW_MAX_SLOTS];
} HnswBeam;

/* Allocates; the beam can then be started any number of times. */
extern void hnsw_beam_init(HnswBeam *beam, HnswPager *pager, HnswScorer *scorer);
extern void hnsw_beam_free(HnswBeam *beam);

/* Forgets the last search and prepares one of the given layer for q. */
extern void hnsw_beam_start(HnswBeam *beam, int layer, const void *q, int ef,
							HnswVisit visit, void *arg);
extern void hnsw_beam_seed(HnswBeam *beam, HnswId id);

/*
 * Searches until no candidate promises to be among the ef best (true), or until
 * "budget" records have been visited in all, or visit has set "stop" (false).  Another
 * run carries on.
 */
extern bool hnsw_beam_run(HnswBeam *beam, int64 budget);

/* Between start and run: the search is to be carried on later. */
extern void hnsw_beam_set_resumable(HnswBeam *beam);

/* Raises ef of a resumable beam; run then carries on. */
extern void hnsw_beam_widen(HnswBeam *beam, int ef);

/* Could a record at this distance be among the ef best, when it is visited now? */
extern bool hnsw_beam_promises(const HnswBeam *beam, float g);

/* Nothing left to search, however wide. */
extern bool hnsw_beam_exhausted(const HnswBeam *beam);

/* In an exhausted search: has this record been visited, if it was there? */
extern bool hnsw_beam_has_seen(const HnswBeam *beam, HnswId id);

/* Bytes in use. */
extern Size hnsw_beam_memory(const HnswBeam *beam);

#endif							/* HNSW_BEAM_H */
