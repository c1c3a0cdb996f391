/*-------------------------------------------------------------------------
 *
 * bulk_link.c
 *		The last steps: edges back, and parents.
 *
 * Each row has chosen its neighbors; now it is offered to them, as an insert does it
 * (insert.c), and one that is in the tree becomes its parent.  Most of them have chosen
 * it as well.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_link.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk.h"

#include "graph/parent.h"

/*
 * Offers the row, whose decoded vector is ins->point.xhat, to one neighbor, which is
 * to become its parent if it can ("pin").  True if it has.
 */
static bool
offer_to(HnswBulk *bulk, HnswId to, HnswId id, bool pin, bool ask)
{
	HnswInserter *ins = bulk->ins;
	HnswPager  *pager = ins->pager;
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	const HnswRecord *rec = HNSW_HOLD(pager, HNSW_BASE, to);
	int			slot = hnsw_link_find(shape, rec, id);
	HnswOfferPlan plan;

	pin = pin && rec->state == HNSW_LINKED && (slot >= 0 || hnsw_link_has_room(shape, rec));
	if (!pin && (slot >= 0 || !ask))
	{
		HNSW_CANCEL(pager);
		return false;
	}
	hnsw_link_plan(&ins->linker, shape, rec, id, ins->point.xhat, pin, &plan);
	if (plan.changes)
	{
		hnsw_link_apply(&ins->linker, shape, HNSW_CHANGE(pager), id, ins->point.xhat, pin, &plan);
		HNSW_COMMIT(pager);
	}
	else
		HNSW_CANCEL(pager);
	return pin && plan.offer == HNSW_OFFER_TAKEN;
}

/* What hnsw_finish_record needs of the parent. */
static void
describe_parent(HnswBulk *bulk, HnswFound *parent)
{
	const HnswRecord *rec = hnsw_bulk_record(bulk, parent->id);

	parent->own = hnsw_own_of(rec, &bulk->layout->shape[HNSW_BASE]);
}

/*
 * A row whose neighbors are not linked either, or have no room: where rows come in
 * groups, and none of a group has been inserted, it has no neighbor outside.  So it is
 * offered to those that an insert would find, lest no search found the group.  True if
 * one of them is its parent now.
 */
static bool
offer_to_found(HnswBulk *bulk, HnswId id, HnswFound *parent)
{
	HnswInserter *ins = bulk->ins;
	HnswFoundSet *set = &ins->found[0];
	bool		found = false;

	if (!hnsw_inserter_search(ins))
		return false;
	if (bulk->layout->shape[HNSW_BASE].bits == 0)
		hnsw_remember_scores(ins, set);
	hnsw_choose_neighbors(ins, set, bulk->layout->shape[HNSW_BASE].slots);
	for (int i = 0; i < set->nchosen; i++)
	{
		HnswId		to = set->items[set->chosen[i]].id;

		if (to != id && offer_to(bulk, to, id, !found, true))
		{
			found = true;
			parent->id = to;
		}
	}
	return found;
}

static void
prefetch_edges(HnswBulk *bulk, HnswId id)
{
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	const char *rec = (const char *) hnsw_bulk_record(bulk, id);

	for (int i = 0; i < shape->off_ids + shape->slots * (int) sizeof(HnswId); i += 64)
		__builtin_prefetch(rec + i);
}

/*
 * Which of these have an edge to the row already?  They need not be asked again, and of
 * their records no more is read than the edges.
 */
static void
find_edges_back(HnswBulk *bulk, HnswId id, const HnswId *ids, int count, bool *has)
{
	for (int i = 0; i < count; i++)
		prefetch_edges(bulk, ids[i]);
	for (int i = 0; i < count; i++)
	{
		const HnswRecord *rec = hnsw_arena_lock_record(bulk->arena, ids[i]);

		has[i] = hnsw_link_find(&bulk->layout->shape[HNSW_BASE], rec, id) >= 0;
		hnsw_arena_unlock(bulk->arena);
	}
}

static void
link_row(HnswBulk *bulk, HnswId id, bool rest)
{
	HnswInserter *ins = bulk->ins;
	HnswPager  *pager = ins->pager;
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	HnswRecord *rec = hnsw_arena_lock_record(bulk->arena, id);
	HnswId		ids[HNSW_MAX_SLOTS];
	int			count = rec->count;
	bool		has[HNSW_MAX_SLOTS] = {false},
				linked = rec->state == HNSW_LINKED,
				found = false;
	const struct HnswNearest *nearest = NULL;
	HnswFound	parent;

	memcpy(ids, hnsw_record_ids(rec, shape), sizeof(HnswId) * count);
	hnsw_own_decode(bulk->layout, shape, rec, ins->point.xhat);
	if (shape->bits == 0)
		nearest = hnsw_bulk_nearest(bulk, rec);
	if (rest)
		memset(rec->reserved, 0, sizeof(rec->reserved));
	hnsw_arena_unlock(bulk->arena);
	if (linked)
		return;
	if (nearest != NULL)
		hnsw_bulk_recall(bulk, nearest);

	if (!rest)
		find_edges_back(bulk, id, ids, count, has);
	for (int i = 0; i < count; i++)
	{
		if (i + 1 < count && !has[i + 1])
			pager->ops->prefetch(pager, HNSW_BASE, ids[i + 1]);
		if (found && (has[i] || rest))
			continue;
		if (offer_to(bulk, ids[i], id, !found, !rest))
		{
			found = true;
			parent.id = ids[i];
		}
	}
	if (!found && rest)
	{
		/*
		 * who has only helped with this step has no room for what is found
		 * yet
		 */
		hnsw_found_reset(ins, &ins->found[0]);
		found = offer_to_found(bulk, id, &parent);
	}
	while (!found && rest && hnsw_find_parent(ins, 0, id, &parent))
		found = offer_to(bulk, parent.id, id, true, false);
	if (found)
	{
		describe_parent(bulk, &parent);
		hnsw_finish_record(ins, HNSW_BASE, id, &parent, NULL, 0);
	}
	else if (rest)
		hnsw_corrupt("index \"%s\": no record could be the parent of %u", ins->pager->name, id);
}

void
hnsw_bulk_link(HnswBulk *bulk, uint32 leaf, bool rest)
{
	const HnswBulkPlan *plan = &bulk->plan;

	for (uint32 i = plan->starts[leaf]; i < plan->starts[leaf + 1]; i++)
		link_row(bulk, plan->rows[i], rest);
}
