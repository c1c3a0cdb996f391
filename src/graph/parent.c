/*-------------------------------------------------------------------------
 *
 * parent.c
 *		A parent for a new record, where the search of its insert met none.
 *
 * IDENTIFICATION
 *	  src/graph/parent.c
 *-------------------------------------------------------------------------
 */
#include "graph/parent.h"

#include "graph/dying.h"

/* Copies what linking to a record needs; its codes go to "codes". */
static void
found_from_record(HnswFound *found, HnswId id, const HnswRecord *rec, const HnswShape *shape,
				  uint8 *codes, Size own_bytes)
{
	memset(found, 0, sizeof(*found));
	found->id = id;
	found->generation = rec->generation;
	found->state = rec->state;
	found->has_room = hnsw_link_has_room(shape, rec);
	found->own.vmin = rec->vmin;
	found->own.vstep = rec->vstep;
	memcpy(codes, hnsw_record_own(rec, shape), own_bytes);
	found->own.codes = codes;
}

/*
 * Appends the tree neighbors of the record "at" to the queue, as pairs (from, to); once
 * a record.  Not once a neighbor: below one record its edge may be of no use, and below
 * another one make room.  From dying records, which have no "from", the walk goes up
 * as well: a child that a stopped vacuum has made the root hangs together with all that
 * was above it.
 */
static void
queue_tree(HnswHeap *queue, HnswSeen *seen, HnswId at, HnswId from, const HnswRecord *rec,
		   const HnswShape *shape)
{
	const uint32 *ids = hnsw_record_ids(rec, shape);
	float	   *known = hnsw_seen_put(seen, at);

	if (*known == 0)
		return;
	*known = 0;
	for (int i = 0; i < rec->count; i++)
		if (hnsw_bit(hnsw_record_pinned(rec, shape), i) && ids[i] != HNSW_NO_ID &&
			(ids[i] != rec->parent || from == HNSW_NO_ID))
		{
			hnsw_heap_append(queue, 0, from);
			hnsw_heap_append(queue, 0, ids[i]);
		}
}

typedef enum ParentSearch
{
	PARENT_FOUND,
	PARENT_NONE,				/* the root leads to no record that lives */
	PARENT_FULL					/* all have room only in the place of a dying
								 * child, if at all */
} ParentSearch;

/*
 * Walks the layer's tree from its root to a record with room.  In a tree that
 * is not being vacuumed a leaf has room; but a record may have none when all its
 * children are dying, or were left pending by inserts that failed.  Then *parent
 * is such a record, and ins->evict the dying child, or a pending one itself.  What
 * vacuum has still to move from below dying records can be a parent, too.
 */
static ParentSearch
walk_for_parent(HnswInserter *ins, int layer, HnswId id, HnswId root, HnswFound *parent)
{
	HnswKind	kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;
	const HnswShape *shape = &ins->layout->shape[kind];
	ParentSearch result = PARENT_NONE;
	HnswId		full = HNSW_NO_ID;
	bool		cuts_off = true;
	HnswHeap	queue;
	HnswSeen	seen;

	hnsw_heap_init(&queue, 64);
	hnsw_seen_init(&seen, 64);
	if (root != HNSW_NO_ID)
	{
		hnsw_heap_append(&queue, 0, HNSW_NO_ID);
		hnsw_heap_append(&queue, 0, root);
	}
	for (Size next = 0; next < queue.count && result != PARENT_FOUND; next += 2)
	{
		HnswId		from = queue.items[next].id;
		HnswId		at = queue.items[next + 1].id;
		const HnswRecord *rec = HNSW_READ_PART(ins->pager, kind, at, HNSW_PART_OWN);
		HnswFound	found;
		bool		is_pending,
					is_dying;

		if (rec == NULL)
			continue;
		is_dying = rec->state == HNSW_DYING && from != HNSW_NO_ID;
		is_pending = at != root && rec->layer == layer && rec->state == HNSW_PENDING && rec->parent == HNSW_NO_ID;
		if (is_pending && at != id && hnsw_link_has_room(shape, rec))
		{
			full = at;
			ins->evict = HNSW_NO_ID;
			cuts_off = false;
		}
		found.has_room = false;
		if (at != id && rec->layer == layer &&
			(rec->state == HNSW_LINKED || is_pending ||
			 (at == root && rec->state == HNSW_PENDING)))
		{
			result = PARENT_FULL;
			found_from_record(&found, at, rec, shape, ins->found[layer].codes,
							  ins->layout->own_bytes);
			found.has_room &= !is_pending;
			queue_tree(&queue, &seen, at, at, rec, shape);
		}
		else if (rec->state == HNSW_DYING && rec->layer == layer)
			queue_tree(&queue, &seen, at, HNSW_NO_ID, rec, shape);
		HNSW_RELEASE(ins->pager);
		/* rather one whose children have other ways, or none */
		if (is_dying && cuts_off)
		{
			cuts_off = !hnsw_dying_may_lose(ins->pager, kind, at, HNSW_NO_ID, from);
			if (!cuts_off || full == HNSW_NO_ID)
			{
				full = from;
				ins->evict = at;
			}
		}
		if (found.has_room)
		{
			*parent = found;
			ins->evict = HNSW_NO_ID;
			result = PARENT_FOUND;
		}
		CHECK_FOR_INTERRUPTS();
	}
	if (result == PARENT_FULL && full != HNSW_NO_ID)
	{
		const HnswRecord *rec = HNSW_READ_PART(ins->pager, kind, full, HNSW_PART_OWN);

		if (rec != NULL)
		{
			found_from_record(parent, full, rec, shape, ins->found[layer].codes,
							  ins->layout->own_bytes);
			HNSW_RELEASE(ins->pager);
			result = PARENT_FOUND;
		}
	}
	hnsw_heap_free(&queue);
	hnsw_seen_free(&seen);
	return result;
}

bool
hnsw_find_parent(HnswInserter *ins, int layer, HnswId id, HnswFound *parent)
{
	for (;;)
	{
		HnswEntry	entry;
		ParentSearch result;

		ins->evict = HNSW_NO_ID;
		ins->pager->ops->get_entry(ins->pager, &entry);
		result = walk_for_parent(ins, layer, id, entry.root[layer], parent);
		if (result == PARENT_FOUND)
			return true;
		/* a root that lives is never replaced */
		if (result == PARENT_NONE &&
			hnsw_entry_replace_root(ins->pager, layer, entry.root[layer], id))
			return false;
		CHECK_FOR_INTERRUPTS();
	}
}
