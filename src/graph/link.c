/*-------------------------------------------------------------------------
 *
 * link.c
 *		Edges of one record: choosing them, adding one, dropping some.
 *
 * Every slot of a record is filled, since a record is read whole: first with
 * diverse neighbors (those that the heuristic of the HNSW paper keeps: nearer
 * to the record than to any nearer neighbor), then with pruned ones, which are
 * marked as such.  A full record takes a diverse newcomer in the place of its
 * farthest pruned edge, never of a diverse one while a pruned one is there: evicting
 * by distance alone ruins the graph.  With codes it takes no pruned newcomer: a
 * nearer pruned edge for a farther one finds next to nothing (bench/README.md,
 * "Pruned newcomers") and costs a third of the pages that an insert changes.
 * Without codes less is known of who is near whom, and it takes them.
 *
 * How near the new neighbor is to the old ones comes from the record's own
 * codes, queried with the new vector, so that one page is read and none of the
 * neighbors'.
 *
 * IDENTIFICATION
 *	  src/graph/link.c
 *-------------------------------------------------------------------------
 */
#include "graph/link.h"

#include "distance/kernels.h"

void
hnsw_linker_init(HnswLinker *linker, const HnswLayout *layout, HnswScorer *scorer)
{
	linker->layout = layout;
	linker->scorer = scorer;
	linker->scored = NULL;
	linker->uhat = hnsw_layout_own(layout)->alloc(layout, true);
}

void
hnsw_linker_free(HnswLinker *linker)
{
	hnsw_free(linker->uhat);
}

int
hnsw_link_find(const HnswShape *shape, const HnswRecord *rec, HnswId id)
{
	const uint32 *ids = hnsw_record_ids(rec, shape);

	for (int i = 0; i < rec->count; i++)
		if (ids[i] == id)
			return i;
	return -1;
}

void
hnsw_link_drop(const HnswShape *shape, HnswRecord *rec, int slot)
{
	int			last = rec->count - 1;

	Assert(slot >= 0 && slot <= last);
	hnsw_edge_move(shape, rec, last, slot);
	hnsw_set_bit(hnsw_record_pruned(rec, shape), last, false);
	hnsw_set_bit(hnsw_record_pinned(rec, shape), last, false);
	rec->count = last;
}

bool
hnsw_link_has_room(const HnswShape *shape, const HnswRecord *rec)
{
	const uint8 *pinned = hnsw_record_pinned(rec, shape);
	int			room = shape->slots - rec->count;
	int			wanted = rec->state == HNSW_PENDING ? 2 : 1;

	for (int i = 0; i < rec->count && room < wanted; i++)
		room += !hnsw_bit(pinned, i);
	return room >= wanted;
}

/* Estimated or known distance from the new vector to neighbor i. */
static float
new_to_neighbor(const HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec, int i)
{
	const float *known;

	if (shape->bits > 0)
		return linker->scorer->est[i];
	if (linker->scored == NULL)
		return HUGE_VALF;
	known = hnsw_seen_get(linker->scored, hnsw_record_ids(rec, shape)[i]);
	return known != NULL ? *known : HUGE_VALF;
}

/* The squared length of the record's vector, where lengths of edges need it. */
static double
own_norm2(HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec)
{
	if (shape->bits == 0 || linker->layout->metric != HNSW_IP)
		return 0;
	hnsw_own_decode(linker->layout, shape, rec, linker->uhat);
	return hnsw_kernels->dot(linker->uhat, linker->uhat, linker->layout->dim);
}

/*
 * The heuristic, for one newcomer at distance "far" from the record: is it
 * nearer to a nearer diverse neighbor than to the record?  *unorm2 is own_norm2 of the
 * record, or negative until that is needed.
 */
static bool
is_occluded(HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec, float far,
			double *unorm2)
{
	const uint8 *pruned = hnsw_record_pruned(rec, shape);
	float		limit = far * hnsw_layout_occlusion(linker->layout);

	for (int i = 0; i < rec->count; i++)
		if (new_to_neighbor(linker, shape, rec, i) < limit && !hnsw_bit(pruned, i))
		{
			if (*unorm2 < 0)
				*unorm2 = own_norm2(linker, shape, rec);
			if (hnsw_edge_length(linker->layout, shape, rec, i, *unorm2) < far)
				return true;
		}
	return false;
}

/* A diverse newcomer: farther neighbors that are nearer to it become pruned. */
static void
prune_others(const HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec,
			 float far, const float *lengths, uint8 *pruned)
{
	float		occlusion = hnsw_layout_occlusion(linker->layout);

	for (int i = 0; i < rec->count; i++)
		if (!hnsw_bit(pruned, i) && lengths[i] > far &&
			new_to_neighbor(linker, shape, rec, i) < lengths[i] * occlusion)
			hnsw_set_bit(pruned, i, true);
}

bool
hnsw_link_declines(HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec, float far)
{
	double		unorm2 = -1;

	Assert(shape->bits > 0);
	return rec->count == shape->slots &&
		is_occluded(linker, shape, rec, far, &unorm2);
}

/*
 * The slot to give up: the farthest pruned one, else the farthest, never a
 * pinned one; -1 when the newcomer itself is the one (unless it must stay) or
 * when all are pinned.
 */
static int
choose_victim(const HnswShape *shape, const HnswRecord *rec, const float *lengths,
			  float far, bool newcomer_pruned, bool must_stay, const uint8 *pruned)
{
	const uint8 *pinned = hnsw_record_pinned(rec, shape);
	int			victim = -1;
	bool		victim_pruned = newcomer_pruned && !must_stay;
	float		victim_far = must_stay ? -HUGE_VALF : far;

	for (int i = 0; i < rec->count; i++)
	{
		bool		p = hnsw_bit(pruned, i);

		if (hnsw_bit(pinned, i))
			continue;
		if (p > victim_pruned || (p == victim_pruned && lengths[i] > victim_far))
		{
			victim = i;
			victim_pruned = p;
			victim_far = lengths[i];
		}
	}
	return victim;
}

void
hnsw_link_plan(HnswLinker *linker, const HnswShape *shape, const HnswRecord *rec,
			   HnswId id, const void *vhat, bool pin, HnswOfferPlan *plan)
{
	float		lengths[HNSW_MAX_SLOTS];
	HnswScore	score;
	double		unorm2 = -1;
	bool		coded = shape->bits > 0;

	plan->offer = HNSW_OFFER_TAKEN;
	plan->slot = hnsw_link_find(shape, rec, id);
	plan->is_new = plan->slot < 0;
	plan->changes = !plan->is_new && pin && !hnsw_bit(hnsw_record_pinned(rec, shape), plan->slot);
	if (!plan->is_new)
		return;

	score = coded ? hnsw_score_all(linker->scorer, shape, vhat, rec) :
		hnsw_score_own(linker->scorer, shape, vhat, rec);
	plan->far = score.g;
	plan->is_pruned = is_occluded(linker, shape, rec, score.g, &unorm2);
	if (coded && plan->is_pruned && !pin && rec->count == shape->slots)
	{
		plan->offer = HNSW_OFFER_DROPPED;
		return;
	}

	if (unorm2 < 0)
		unorm2 = own_norm2(linker, shape, rec);
	for (int i = 0; i < rec->count; i++)
		lengths[i] = hnsw_edge_length(linker->layout, shape, rec, i, unorm2);
	memcpy(plan->pruned, hnsw_record_pruned(rec, shape), (shape->slots + 7) / 8);
	if (!plan->is_pruned)
		prune_others(linker, shape, rec, score.g, lengths, plan->pruned);

	if (rec->count < shape->slots)
		plan->slot = rec->count;
	else
		plan->slot = choose_victim(shape, rec, lengths, score.g, plan->is_pruned, pin,
								   plan->pruned);
	plan->changes = plan->slot >= 0;
	if (plan->slot < 0)
		plan->offer = pin ? HNSW_OFFER_NO_ROOM : HNSW_OFFER_DROPPED;
}

void
hnsw_link_apply(HnswLinker *linker, const HnswShape *shape, HnswRecord *rec,
				HnswId id, const void *vhat, bool pin, const HnswOfferPlan *plan)
{
	if (!plan->is_new)
	{
		hnsw_set_bit(hnsw_record_pinned(rec, shape), plan->slot, true);
		return;
	}
	memcpy(hnsw_record_pruned(rec, shape), plan->pruned, (shape->slots + 7) / 8);
	rec->count = Max(rec->count, plan->slot + 1);
	if (shape->bits > 0)
	{
		hnsw_own_decode(linker->layout, shape, rec, linker->uhat);
		hnsw_edge_write(linker->layout, shape, rec, linker->uhat, plan->slot, id, vhat);
	}
	else
		hnsw_edge_write_length(linker->layout, shape, rec, plan->slot, id, plan->far);
	hnsw_set_bit(hnsw_record_pruned(rec, shape), plan->slot, plan->is_pruned);
	hnsw_set_bit(hnsw_record_pinned(rec, shape), plan->slot, pin);
}

HnswOffer
hnsw_link_offer(HnswLinker *linker, const HnswShape *shape,
				HnswRecord *rec, HnswId id, const void *vhat, bool pin)
{
	HnswOfferPlan plan;

	hnsw_link_plan(linker, shape, rec, id, vhat, pin, &plan);
	if (plan.changes)
		hnsw_link_apply(linker, shape, rec, id, vhat, pin, &plan);
	return plan.offer;
}
