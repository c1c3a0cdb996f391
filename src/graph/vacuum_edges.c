/*-------------------------------------------------------------------------
 *
 * vacuum_edges.c
 *		Vacuum, step 6: no edge to a dying record, new neighbors instead.
 *
 * A record that loses edges is offered neighbors of the nearest dead ones, whose
 * own codes say which of them are near.  It loses the old ones and gets the new ones
 * in one change, together with the other records of its page.
 *
 * IDENTIFICATION
 *	  src/graph/vacuum_edges.c
 *-------------------------------------------------------------------------
 */
#include "graph/vacuuming.h"

#include "base/debug.h"
#include "distance/kernels.h"

/* dead neighbors whose neighbors are looked at to repair one record */
#define REPAIR_SOURCES		2

/* new neighbors that a record is offered at most */
#define REPAIR_OFFERS		32

/* What one record is going to be offered. */
typedef struct Repair
{
	HnswId		id;
	int			count;
	HnswId		offers[REPAIR_OFFERS];
	void	   *vectors[REPAIR_OFFERS]; /* decoded own vectors */
} Repair;

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
 * most.
 */
static void
gather_offers(HnswVacuum *vac, HnswKind kind, HnswHeap *candidates, int most, Repair *repair)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;

	for (int i = 0; i < most && repair->count < REPAIR_OFFERS && candidates->count > 0; i++)
	{
		HnswId		id = hnsw_heap_pop(candidates).id;
		const HnswRecord *rec = HNSW_READ_PART(pager, kind, id, HNSW_PART_OWN);

		if (rec == NULL)
			continue;
		if (rec->state == HNSW_LINKED && rec->layer == vac->copy->layer)
		{
			hnsw_own_decode(vac->layout, shape, rec, repair->vectors[repair->count]);
			repair->offers[repair->count++] = id;
		}
		HNSW_RELEASE(pager);
	}
}

/* Finds out what a record needs; false when it has no edge to a dying one. */
static bool
prepare_repair(HnswVacuum *vac, HnswKind kind, HnswId id, Repair *repair)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	const HnswRecord *rec = HNSW_READ(pager, kind, id);
	HnswHeap	candidates;
	bool		living;
	int			dead;

	if (rec == NULL)
		return false;
	dead = rec->state == HNSW_FREE || hnsw_dying_has(&vac->dying[kind], id) ? 0 :
		count_dying_edges(vac, kind, rec);
	living = rec->state == HNSW_LINKED;
	if (dead > 0 && living)
		memcpy(vac->copy, rec, shape->size);
	HNSW_RELEASE(pager);
	repair->id = id;
	repair->count = 0;
	if (dead > 0 && living)
	{
		hnsw_heap_init(&candidates, 64);
		find_replacements(vac, kind, id, &candidates);
		gather_offers(vac, kind, &candidates, dead, repair);
		hnsw_heap_free(&candidates);
	}
	return dead > 0;
}

/* Changes the record; false when there was nothing to change. */
static bool
make_repair(HnswVacuum *vac, HnswKind kind, const Repair *repair, HnswRecord *rec)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	bool		changed = drop_dying_edges(vac, kind, rec) > 0;

	for (int i = 0; i < repair->count; i++)
		changed |= rec->state == HNSW_LINKED && rec->count < shape->slots &&
			hnsw_link_offer(&vac->linker, shape, rec, repair->offers[i], repair->vectors[i],
							false) == HNSW_OFFER_TAKEN;
	return changed;
}

/* Repairs the records of a page in one change. */
static void
repair_page(HnswVacuum *vac, HnswKind kind, HnswId first, int count, Repair *repairs)
{
	HnswPager  *pager = vac->pager;
	int			nrepairs = 0;
	bool		open = false,
				changed = false;

	for (int i = 0; i < count; i++)
	{
		nrepairs += prepare_repair(vac, kind, first + i, &repairs[nrepairs]);
		pager->ops->pause(pager);
	}
	if (nrepairs == 0)
		return;
	HNSW_DEBUG_POINT("vacuum-repairing");
	for (int i = 0; i < nrepairs; i++)
	{
		HnswRecord *rec = HNSW_MODIFY(pager, kind, repairs[i].id);

		if (rec == NULL)
			continue;
		open = true;
		changed |= make_repair(vac, kind, &repairs[i], rec);
	}
	if (changed)
		HNSW_COMMIT(pager);
	else if (open)
		HNSW_CANCEL(pager);
}

void
hnsw_vacuum_repair(HnswVacuum *vac, HnswKind kind)
{
	const HnswOwnOps *own = hnsw_layout_own(vac->layout);
	int			per_page = vac->layout->shape[kind].per_page;
	HnswPager  *pager = vac->pager;
	Repair	   *repairs;
	int			count;

	if (vac->dying[kind].members == 0)
		return;
	repairs = hnsw_alloc(sizeof(Repair) * per_page);
	for (int i = 0; i < per_page * REPAIR_OFFERS; i++)
		repairs[i / REPAIR_OFFERS].vectors[i % REPAIR_OFFERS] = own->alloc(vac->layout, true);
	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + count))
	{
		count = pager->ops->together(pager, kind, id);
		repair_page(vac, kind, id, count, repairs);
	}
	for (int i = 0; i < per_page * REPAIR_OFFERS; i++)
		hnsw_free(repairs[i / REPAIR_OFFERS].vectors[i % REPAIR_OFFERS]);
	hnsw_free(repairs);
}
