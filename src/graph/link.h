/*-------------------------------------------------------------------------
 *
 * link.h
 *		Edges of one record: choosing them, adding one, dropping some.
 *
 * IDENTIFICATION
 *	  src/graph/link.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_LINK_H
#define HNSW_LINK_H

#include "code/edge.h"
#include "graph/beam.h"

/*
 * Scratch for changing the edges of a record.  "scored" may hold true distances
 * from the vector that is being linked to other records (by id): layouts
 * without codes learn from it which neighbors are near each other.
 */
typedef struct HnswLinker
{
	const HnswLayout *layout;
	HnswScorer *scorer;
	const HnswSeen *scored;
	float	   *uhat;			/* the record being changed, where there are
								 * codes */
} HnswLinker;

extern void hnsw_linker_init(HnswLinker *linker, const HnswLayout *layout, HnswScorer *scorer);
extern void hnsw_linker_free(HnswLinker *linker);

typedef enum HnswOffer
{
	HNSW_OFFER_DROPPED,			/* the new edge itself was the one to go */
	HNSW_OFFER_TAKEN,
	HNSW_OFFER_NO_ROOM			/* to be pinned, but every slot is */
} HnswOffer;

/* What a record makes of an offer. */
typedef struct HnswOfferPlan
{
	HnswOffer	offer;
	bool		changes;		/* anything in the record? */
	bool		is_new;			/* not an edge that is there already */
	int			slot;
	float		far;			/* distance of the newcomer */
	bool		is_pruned;
	uint8		pruned[(HNSW_MAX_SLOTS + 7) / 8];	/* the others, as they
													 * will be */
} HnswOfferPlan;

/*
 * Considers an edge of a record (locked for change) to "id", whose decoded vector is
 * vhat.  A full record gives up its farthest pruned edge for it when it is diverse,
 * else drops it.
 * With "pin" the edge becomes a tree edge, which stays until vacuum.
 */
extern void hnsw_link_plan(HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec,
						   HnswId id, const void *vhat, bool pin, HnswOfferPlan *plan);

/*
 * With codes, right after hnsw_score_all for a vector at distance "far": would the full
 * record drop an edge to it?  It would if another neighbor is nearer to both.
 */
extern bool hnsw_link_declines(HnswLinker *linker, const HnswShape *shape,
							   const HnswRecord *rec, float far);

/* Carries the plan out, next after making it, when it changes anything. */
extern void hnsw_link_apply(HnswLinker *linker, const HnswShape *shape, HnswRecord *rec,
							HnswId id, const void *vhat, bool pin, const HnswOfferPlan *plan);

/* Both at once. */
extern HnswOffer hnsw_link_offer(HnswLinker *linker, const HnswShape *shape,
								 HnswRecord *rec, HnswId id, const void *vhat, bool pin);

/* The slot of the edge to id, or -1. */
extern int	hnsw_link_find(const HnswShape *shape, const HnswRecord *rec, HnswId id);

/* Takes out a slot; the last one moves into its place. */
extern void hnsw_link_drop(const HnswShape *shape, HnswRecord *rec, int slot);

/*
 * Can another tree edge go here?  A pending record keeps one slot for the edge to
 * its own parent.
 */
extern bool hnsw_link_has_room(const HnswShape *shape, const HnswRecord *rec);

#endif							/* HNSW_LINK_H */
