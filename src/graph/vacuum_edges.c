/*-------------------------------------------------------------------------
 *
 * vacuum_edges.c
 *		Vacuum, step 6: no edge to a dying record, new neighbors instead.
 *
 * A record that loses edges is offered neighbors of the nearest dead ones, whose
 * own codes say which of them are near.  It loses the old ones and gets the new ones
 * in one change.
 *
 * IDENTIFICATION
 *	  src/graph/vacuum_edges.c
 *-------------------------------------------------------------------------
 */
#include "graph/vacuuming.h"

#include "base/debug.h"
#include "distance/kernels.h"

/* dead neighbors whose neighbors are looked at to repair one record */
#define REPAIR_SOURCES		4

/*
 * Collects candidates to take the place of a record's dead neighbors: the
 * neighbors of the nearest dead ones, by the estimates that the dead records'
 * own codes give for this record's vector.
 */
static void
find_replacements(HnswVacuum *vac, HnswKind kind, HnswId id, HnswHeap *candidates)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	HnswRecord *copy = vac->copy;
	HnswHeap	sources;
	HnswSeen	seen;

	hnsw_heap_init(&sources, shape->slots);
	hnsw_seen_init(&seen, 256);
	*hnsw_seen_put(&seen, id) = 0;
	for (int i = 0; i < copy->count; i++)
	{
		HnswId		to = hnsw_record_ids(copy, shape)[i];

		if (to == HNSW_NO_ID)
			continue;
		*hnsw_seen_put(&seen, to) = 0;
		if (hnsw_dying_has(&vac->dying[kind], to))
			hnsw_heap_push(&sources, hnsw_edge_length(vac->layout, shape, copy, i, 0), to);
	}
	hnsw_own_decode(vac->layout, shape, copy, vac->vhat);
	for (int n = 0; n < REPAIR_SOURCES && sources.count > 0; n++)
	{
		HnswId		source = hnsw_heap_pop(&sources).id;
		const HnswRecord *rec = HNSW_READ(pager, kind, source);

		if (rec == NULL)
			continue;
		if (rec->state == HNSW_DYING && rec->layer == copy->layer)
		{
			if (shape->bits > 0)
				hnsw_score_all(&vac->scorer, shape, vac->vhat, rec);
			for (int i = 0; i < rec->count; i++)
			{
				HnswId		to = hnsw_record_ids(rec, shape)[i];
				float	   *known;

				if (to == HNSW_NO_ID || hnsw_dying_has(&vac->dying[kind], to))
					continue;
				known = hnsw_seen_put(&seen, to);
				if (*known == 0)
					continue;
				*known = 0;
				hnsw_heap_push(candidates, shape->bits > 0 ? vac->scorer.est[i] :
							   hnsw_edge_length(vac->layout, shape, rec, i, 0), to);
			}
		}
		HNSW_RELEASE(pager);
	}
	hnsw_heap_free(&sources);
	hnsw_seen_free(&seen);
}

/*
 * Takes the edges to dying records out; how many there were.  A record that is
 * dying itself, but will be buried in a later round, forgets a parent that is
 * buried now: the parent's slot may be used again by a node anywhere in the tree,
 * which must not be taken for its ancestor.
 */
static int
drop_dying_edges(HnswVacuum *vac, HnswKind kind, HnswRecord *rec)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	int			dropped = 0;

	if (rec->state == HNSW_DYING && hnsw_dying_has(&vac->dying[kind], rec->parent))
		rec->parent = HNSW_NO_ID;

	for (int i = rec->count - 1; i >= 0; i--)
		if (hnsw_dying_has(&vac->dying[kind], hnsw_record_ids(rec, shape)[i]))
		{
			hnsw_link_drop(shape, rec, i);
			dropped++;
		}
	return dropped;
}

static int
count_dying_edges(HnswVacuum *vac, HnswKind kind, const HnswRecord *rec)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	int			n = 0;

	for (int i = 0; i < rec->count; i++)
		n += hnsw_dying_has(&vac->dying[kind], hnsw_record_ids(rec, shape)[i]);
	return n;
}

/*
 * Takes the next candidates from the heap that are there to be linked to, "most" at
 * most: their ids and vectors go to vac->offers.
 */
static void
gather_offers(HnswVacuum *vac, HnswKind kind, HnswHeap *candidates, int most)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;

	vac->noffers = 0;
	for (int i = 0; i < most && vac->noffers < REPAIR_OFFERS && candidates->count > 0; i++)
	{
		HnswId		id = hnsw_heap_pop(candidates).id;
		const HnswRecord *rec = HNSW_READ(pager, kind, id);

		if (rec == NULL)
			continue;
		if (rec->state == HNSW_LINKED && rec->layer == vac->copy->layer)
		{
			hnsw_own_decode(vac->layout, shape, rec, vac->offered[vac->noffers]);
			vac->offers[vac->noffers++] = id;
		}
		HNSW_RELEASE(pager);
	}
}

/* Repairs one record. */
static void
repair_record(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	const HnswRecord *rec = HNSW_READ(pager, kind, id);
	HnswRecord *change;
	HnswHeap	candidates;
	bool		living;
	int			dead;

	if (rec == NULL)
		return;
	dead = rec->state == HNSW_FREE || hnsw_dying_has(&vac->dying[kind], id) ? 0 :
		count_dying_edges(vac, kind, rec);
	living = rec->state == HNSW_LINKED;
	if (dead > 0)
		memcpy(vac->copy, rec, shape->size);
	HNSW_RELEASE(pager);
	if (dead == 0)
		return;

	hnsw_heap_init(&candidates, 64);
	vac->noffers = 0;
	if (living)
	{
		find_replacements(vac, kind, id, &candidates);
		gather_offers(vac, kind, &candidates, dead);
	}
	HNSW_DEBUG_POINT("vacuum-repairing");
	change = HNSW_MODIFY(pager, kind, id);
	if (change != NULL)
	{
		bool		changed = drop_dying_edges(vac, kind, change) > 0;

		for (int i = 0; i < vac->noffers; i++)
			changed |= change->state == HNSW_LINKED && change->count < shape->slots &&
				hnsw_link_offer(&vac->linker, shape, change, vac->offers[i], vac->offered[i],
								false) == HNSW_OFFER_TAKEN;
		if (changed)
			HNSW_COMMIT(pager);
		else
			HNSW_CANCEL(pager);
	}
	hnsw_heap_free(&candidates);
}

void
hnsw_vacuum_repair(HnswVacuum *vac, HnswKind kind)
{
	HnswPager  *pager = vac->pager;

	if (vac->dying[kind].members == 0)
		return;
	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		repair_record(vac, kind, id);
		pager->ops->pause(pager);
	}
}
