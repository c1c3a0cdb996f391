/*-------------------------------------------------------------------------
 *
 * vacuum_tree.c
 *		Vacuum, step 4: new parents for the children of dying records.
 *
 * The tree of a layer stays whole at each step: first the new parent's edge is
 * written, then the child's.  src/README says why no cycle comes about.
 *
 * IDENTIFICATION
 *	  src/graph/vacuum_tree.c
 *-------------------------------------------------------------------------
 */
#include "graph/vacuuming.h"

#include "base/debug.h"
#include "distance/kernels.h"

typedef struct RootArg
{
	int			layer;
	HnswId		old;
	HnswId		id;
} RootArg;

static bool
replace_root(HnswEntry *entry, void *arg)
{
	RootArg    *root = arg;

	if (entry->root[root->layer] != root->old)
		return false;
	entry->root[root->layer] = root->id;
	return true;
}

/*
 * The nearest ancestor that is not dying; HNSW_NO_ID when there is none up to
 * the root.
 */
static HnswId
living_ancestor(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	HnswId		parent,
				steps = 0;
	int			layer,
				state;

	for (;;)
	{
		state = hnsw_vacuum_state(vac->pager, kind, id, &parent, &layer);
		if (state == HNSW_LINKED || state == HNSW_PENDING)
			return id;
		if (state == HNSW_FREE || parent == HNSW_NO_ID)
			return HNSW_NO_ID;
		if (steps++ > vac->pager->ops->limit(vac->pager, kind))
			hnsw_corrupt("index \"%s\": parents of record %u form a loop", vac->pager->name, id);
		id = parent;
		vac->pager->ops->pause(vac->pager);
	}
}

/* Decodes a record's own vector into vac->vhat; false when there is none. */
static bool
decode_record(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, kind, id);
	bool		usable;

	if (rec == NULL)
		return false;
	/* nobody has checked what a free record holds */
	usable = rec->state != HNSW_FREE;
	if (usable)
		hnsw_own_decode(vac->layout, shape, rec, vac->vhat);
	HNSW_RELEASE(vac->pager);
	return usable;
}

/*
 * A dying neighbor of a record, of this round or of a later one, or HNSW_NO_ID.
 */
static HnswId
find_dying_neighbor(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, kind, id);
	HnswId		ids[HNSW_MAX_SLOTS],
				parent,
				own_parent;
	int			count,
				layer;

	if (rec == NULL)
		return HNSW_NO_ID;
	count = rec->count;
	own_parent = rec->parent;
	memcpy(ids, hnsw_record_ids(rec, shape), sizeof(HnswId) * count);
	HNSW_RELEASE(vac->pager);
	for (int i = 0; i < count; i++)
		if (ids[i] != own_parent &&
			hnsw_vacuum_state(vac->pager, kind, ids[i], &parent, &layer) == HNSW_DYING)
			return ids[i];
	return HNSW_NO_ID;
}

/*
 * Would the record have room without this edge?  Not if it is no tree edge; and
 * a pending record needs a slot for its own parent besides.
 */
static bool
makes_room(const HnswShape *shape, HnswRecord *rec, int slot)
{
	uint8	   *pinned = hnsw_record_pinned(rec, shape);
	bool		was = hnsw_bit(pinned, slot);
	bool		room;

	hnsw_set_bit(pinned, slot, false);
	room = hnsw_link_has_room(shape, rec);
	hnsw_set_bit(pinned, slot, was);
	return room;
}

static bool
has_pinned(const HnswShape *shape, const HnswRecord *rec, HnswId to)
{
	int			slot = hnsw_link_find(shape, rec, to);

	return slot >= 0 && hnsw_bit(hnsw_record_pinned(rec, shape), slot);
}

/*
 * Pins an edge from "from" to "to", whose vector is decoded; false if full.  With
 * "evict" a tree edge to a dying record makes room.
 */
static bool
pin_edge(HnswVacuum *vac, HnswKind kind, HnswId from, HnswId to, bool is_parent, bool evict)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswId		dying = evict ? find_dying_neighbor(vac, kind, from) : HNSW_NO_ID;
	HnswRecord *rec = HNSW_MODIFY(vac->pager, kind, from);
	int			victim = -1;
	bool		usable,
				room;

	if (rec == NULL)
		return false;
	usable = rec->state != HNSW_FREE && rec->state != HNSW_DYING;
	room = usable &&
		(hnsw_link_has_room(shape, rec) || has_pinned(shape, rec, to));
	if (usable && !room && dying != HNSW_NO_ID)
		victim = hnsw_link_find(shape, rec, dying);
	if (victim >= 0 && !makes_room(shape, rec, victim))
		victim = -1;
	if (!room && victim < 0)
	{
		HNSW_CANCEL(vac->pager);
		return false;
	}
	if (victim >= 0)
		hnsw_link_drop(shape, rec, victim);
	hnsw_link_offer(&vac->linker, shape, rec, to, vac->vhat, true);
	if (is_parent)
		rec->parent = to;
	HNSW_COMMIT(vac->pager);
	return true;
}

/* Appends the children of a record to the queue, as pairs (parent, child). */
static void
queue_children(HnswHeap *queue, const HnswShape *shape, const HnswRecord *rec, HnswId id)
{
	const uint32 *ids = hnsw_record_ids(rec, shape);

	for (int i = 0; i < rec->count; i++)
		if (hnsw_bit(hnsw_record_pinned(rec, shape), i) &&
			ids[i] != rec->parent && ids[i] != HNSW_NO_ID)
		{
			hnsw_heap_append(queue, 0, id);
			hnsw_heap_append(queue, 0, ids[i]);
		}
}

/*
 * Finds a record of the tree at or below "top" that takes the child, nearest to
 * top first, and pins the edge to it; HNSW_NO_ID when none is left.  The child
 * is not below top: its own parent is dying.  Only edges that both ends take for
 * tree edges are followed, so that what a crash left half done leads nowhere; with
 * "evict", the last resort, those to pending records too.
 */
static HnswId
adopt_below(HnswVacuum *vac, HnswKind kind, HnswId top, HnswId child, bool evict)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	HnswHeap	queue;
	HnswId		adopter = HNSW_NO_ID;

	hnsw_heap_init(&queue, 64);
	hnsw_heap_append(&queue, 0, HNSW_NO_ID);
	hnsw_heap_append(&queue, 0, top);
	for (Size next = 0; next < queue.count && adopter == HNSW_NO_ID; next += 2)
	{
		HnswId		from = queue.items[next].id;
		HnswId		at = queue.items[next + 1].id;
		const HnswRecord *rec = HNSW_READ(pager, kind, at);
		bool		in_tree;

		if (rec == NULL)
			continue;
		in_tree = at != child &&
			(at == top || (rec->state == HNSW_LINKED && rec->parent == from) ||
			 (evict && rec->state == HNSW_PENDING && rec->parent == HNSW_NO_ID));
		if (in_tree)
			queue_children(&queue, shape, rec, at);
		HNSW_RELEASE(pager);
		if (in_tree && pin_edge(vac, kind, at, child, false, evict))
			adopter = at;
		if (queue.count / 2 > pager->ops->limit(pager, kind))
			hnsw_corrupt("index \"%s\": tree edges of layer records form a loop", pager->name);
		pager->ops->pause(pager);
	}
	hnsw_heap_free(&queue);
	return adopter;
}

/* Marks the record as having no parent. */
static void
make_root(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	HnswRecord *rec = HNSW_MODIFY(vac->pager, kind, id);

	if (rec == NULL)
		return;
	rec->parent = HNSW_NO_ID;
	HNSW_COMMIT(vac->pager);
}

/* Gives a living record, whose parent is dying, a new one. */
static void
reparent(HnswVacuum *vac, HnswKind kind, HnswId child, int layer, HnswId dying_parent)
{
	HnswPager  *pager = vac->pager;
	HnswId		top,
				adopter;
	HnswEntry	now;
	bool		from_root = false,
				evict = false;

	/* a vacuum that was stopped may have made it the root already */
	pager->ops->get_entry(pager, &now);
	if (now.root[layer] == child)
	{
		make_root(vac, kind, child);
		return;
	}
	top = living_ancestor(vac, kind, dying_parent);
	for (;;)
	{
		HnswEntry	entry;
		HnswId		unused;
		int			root_layer,
					state;
		RootArg		root = {layer, HNSW_NO_ID, child};

		if (top == HNSW_NO_ID)
		{
			/* every ancestor is dying: to the root, or become the root */
			pager->ops->get_entry(pager, &entry);
			root.old = entry.root[layer];
			if (root.old == child)
			{
				make_root(vac, kind, child);
				return;
			}
			state = hnsw_vacuum_state(pager, kind, root.old, &unused, &root_layer);
			if (state != HNSW_LINKED && state != HNSW_PENDING)
			{
				if (pager->ops->update_entry(pager, replace_root, &root))
				{
					make_root(vac, kind, child);
					return;
				}
				continue;
			}
			top = root.old;
		}
		if (!decode_record(vac, kind, child))
			return;
		adopter = adopt_below(vac, kind, top, child, evict);
		if (adopter != HNSW_NO_ID)
			break;

		/*
		 * Everything below has begun to die or is full: from the root, then
		 * in the place of an edge to a dying record.  Where all slots of a
		 * living record are pinned and it has no living child, it has one.
		 */
		evict = from_root;
		from_root = true;
		top = HNSW_NO_ID;
		pager->ops->pause(pager);
	}
	HNSW_DEBUG_POINT("vacuum-adopted");
	if (decode_record(vac, kind, adopter) &&
		!pin_edge(vac, kind, child, adopter, true, false))
	{
		/*
		 * All slots of the child are pinned: by its own children and by the
		 * edge to the dying parent, which makes room.
		 */
		const HnswShape *shape = &vac->layout->shape[kind];
		HnswRecord *rec = HNSW_MODIFY(pager, kind, child);
		int			slot = hnsw_link_find(shape, rec, dying_parent);

		if (slot >= 0)
			hnsw_link_drop(shape, rec, slot);
		hnsw_link_offer(&vac->linker, shape, rec, adopter, vac->vhat, true);
		rec->parent = adopter;
		HNSW_COMMIT(pager);
	}
}

/* Does the tree know this edge, at either end? */
static bool
is_tree_edge(HnswVacuum *vac, HnswKind kind, HnswId id, HnswId to)
{
	HnswId		parent;
	int			layer;

	/* what is pending takes its parent in its last step */
	return hnsw_vacuum_state(vac->pager, kind, to, &parent, &layer) != HNSW_LINKED ||
		parent == id;
}

static void
unpin(HnswVacuum *vac, HnswKind kind, HnswId id, HnswId to)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswRecord *rec = HNSW_MODIFY(vac->pager, kind, id);
	int			slot;

	if (rec == NULL)
		return;
	slot = rec->state != HNSW_LINKED || rec->parent == to ? -1 :
		hnsw_link_find(shape, rec, to);
	if (slot < 0)
	{
		HNSW_CANCEL(vac->pager);
		return;
	}
	hnsw_set_bit(hnsw_record_pinned(rec, shape), slot, false);
	HNSW_COMMIT(vac->pager);
}

void
hnsw_vacuum_unpin(HnswVacuum *vac, HnswKind kind)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	HnswId	   *pinned = hnsw_alloc(sizeof(HnswId) * shape->slots);

	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		const HnswRecord *rec = HNSW_READ(pager, kind, id);
		int			npinned = 0;

		if (rec == NULL)
			break;
		for (int i = 0; rec->state == HNSW_LINKED && i < rec->count; i++)
			if (hnsw_bit(hnsw_record_pinned(rec, shape), i) &&
				hnsw_record_ids(rec, shape)[i] != rec->parent)
				pinned[npinned++] = hnsw_record_ids(rec, shape)[i];
		HNSW_RELEASE(pager);
		for (int i = 0; i < npinned; i++)
			if (!is_tree_edge(vac, kind, id, pinned[i]))
				unpin(vac, kind, id, pinned[i]);
		pager->ops->pause(pager);
	}
	hnsw_free(pinned);
}

void
hnsw_vacuum_move_children(HnswVacuum *vac, HnswKind kind)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	HnswId	   *children = hnsw_alloc(sizeof(HnswId) * shape->slots);

	for (HnswId id = hnsw_dying_next(&vac->dying[kind], 0); id != HNSW_NO_ID;
		 id = hnsw_dying_next(&vac->dying[kind], id + 1))
	{
		const HnswRecord *rec = HNSW_READ(pager, kind, id);
		int			nchildren = 0,
					layer;

		if (rec == NULL)
			continue;
		layer = rec->layer;
		for (int i = 0; i < rec->count; i++)
		{
			HnswId		to = hnsw_record_ids(rec, shape)[i];

			if (hnsw_bit(hnsw_record_pinned(rec, shape), i) && to != rec->parent)
				children[nchildren++] = to;
		}
		HNSW_RELEASE(pager);
		for (int i = 0; i < nchildren; i++)
		{
			HnswId		parent;
			int			child_layer,
						state = hnsw_vacuum_state(pager, kind, children[i], &parent, &child_layer);

			if (state == HNSW_LINKED && parent == id && child_layer == layer)
				reparent(vac, kind, children[i], layer, id);
			pager->ops->pause(pager);
		}
	}
	hnsw_free(children);
}
