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
#include "graph/dying.h"

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

/* What is known of a child that is on its way to a new parent. */
typedef struct Move
{
	HnswKind	kind;
	HnswId		child;
	int			layer;
	HnswId		old;			/* its dying parent */
	HnswId		victim;			/* a dying neighbor whose edge makes room in
								 * the child, or HNSW_NO_ID: there is room */
	bool		lax;			/* as a last resort, groups of dying records
								 * may be cut off from the rest */
} Move;

/* What else may give up its slot to a tree edge, where none is free? */
typedef enum Evict
{
	EVICT_NONE,
	EVICT_DYING					/* a tree edge to a dying child */
} Evict;

static bool
is_dying(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	HnswId		parent;
	int			layer;

	return hnsw_vacuum_state(vac->pager, kind, id, &parent, &layer) == HNSW_DYING;
}

/* The tree neighbors of a record, except its parent; how many. */
static int
tree_neighbors(HnswVacuum *vac, HnswKind kind, HnswId id, HnswId *ids)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, kind, id);
	int			count = 0;

	if (rec == NULL)
		return 0;
	for (int i = 0; i < rec->count; i++)
	{
		HnswId		to = hnsw_record_ids(rec, shape)[i];

		if (hnsw_bit(hnsw_record_pinned(rec, shape), i) && to != rec->parent && to != HNSW_NO_ID)
			ids[count++] = to;
	}
	HNSW_RELEASE(vac->pager);
	return count;
}

/*
 * May the edge from the adopter to this dying child go, when the moving child
 * takes its place?  The child itself goes on to hold the group that it leaves,
 * unless it has to give up its edge to it.
 */
static bool
adopter_may_evict(HnswVacuum *vac, const Move *move, HnswId adopter, HnswId dying)
{
	HnswDyingGroup group;
	bool		leaves_edge = move->victim != move->old;

	if (move->lax)
		return true;
	group = hnsw_dying_group(vac->pager, move->kind, dying, move->child, adopter);
	return group.held || !group.needed ||
		(leaves_edge && hnsw_dying_same_group(vac->pager, move->kind, dying, move->old));
}

/*
 * Decides what makes room in the child for the edge to its new parent.  False when
 * it had better wait: what hangs below the same dying records would be cut off.
 */
static bool
plan_child(HnswVacuum *vac, Move *move)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, move->kind, move->child);
	HnswId		ids[HNSW_MAX_SLOTS];
	bool		room;
	int			count;

	move->victim = HNSW_NO_ID;
	if (rec == NULL)
		return false;
	room = hnsw_link_has_room(shape, rec);
	HNSW_RELEASE(vac->pager);
	if (room)
		return true;
	count = tree_neighbors(vac, move->kind, move->child, ids);
	for (int i = 0; i < count; i++)
		if (is_dying(vac, move->kind, ids[i]) &&
			hnsw_dying_may_lose(vac->pager, move->kind, ids[i], HNSW_NO_ID, move->child))
		{
			move->victim = ids[i];
			return true;
		}
	move->victim = move->old;
	return move->lax ||
		hnsw_dying_may_lose(vac->pager, move->kind, move->old, move->child, HNSW_NO_ID);
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
 * Pins the edge from the adopter to the child, whose vector is decoded; false if
 * full.  "victim" may make room, if that is what it takes.
 */
static bool
pin_child(HnswVacuum *vac, const Move *move, HnswId adopter, HnswId victim)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
	HnswRecord *rec = HNSW_MODIFY(vac->pager, move->kind, adopter);
	int			slot = -1;
	bool		usable,
				room;

	if (rec == NULL)
		return false;
	usable = rec->state != HNSW_FREE && rec->state != HNSW_DYING;
	room = usable &&
		(hnsw_link_has_room(shape, rec) || has_pinned(shape, rec, move->child));
	if (usable && !room && victim != HNSW_NO_ID)
		slot = hnsw_link_find(shape, rec, victim);
	if (slot >= 0 && !makes_room(shape, rec, slot))
		slot = -1;
	if (!room && slot < 0)
	{
		HNSW_CANCEL(vac->pager);
		return false;
	}
	if (slot >= 0)
		hnsw_link_drop(shape, rec, slot);
	hnsw_link_offer(&vac->linker, shape, rec, move->child, vac->vhat, true);
	HNSW_COMMIT(vac->pager);
	return true;
}

/* Likewise, with whatever may make room. */
static bool
try_adopter(HnswVacuum *vac, const Move *move, HnswId adopter, Evict evict)
{
	HnswId		ids[HNSW_MAX_SLOTS];
	int			count;

	if (pin_child(vac, move, adopter, HNSW_NO_ID))
		return true;
	if (evict == EVICT_NONE)
		return false;
	count = tree_neighbors(vac, move->kind, adopter, ids);
	for (int i = 0; i < count; i++)
		if (is_dying(vac, move->kind, ids[i]) &&
			adopter_may_evict(vac, move, adopter, ids[i]) &&
			pin_child(vac, move, adopter, ids[i]))
			return true;
	return false;
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
 * tree edges are followed, so that what a crash left half done leads nowhere; where
 * others give up slots, those to pending records too.
 */
static HnswId
adopt_below(HnswVacuum *vac, const Move *move, HnswId top, Evict evict)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
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
		const HnswRecord *rec = HNSW_READ(pager, move->kind, at);
		bool		in_tree;

		if (rec == NULL)
			continue;
		in_tree = at != move->child &&
			(at == top || (rec->state == HNSW_LINKED && rec->parent == from) ||
			 (evict != EVICT_NONE && rec->state == HNSW_PENDING && rec->parent == HNSW_NO_ID));
		if (in_tree)
			queue_children(&queue, shape, rec, at);
		HNSW_RELEASE(pager);
		if (in_tree && try_adopter(vac, move, at, evict))
			adopter = at;
		if (queue.count / 2 > pager->ops->limit(pager, move->kind))
			hnsw_corrupt("index \"%s\": tree edges of layer records form a loop", pager->name);
		pager->ops->pause(pager);
	}
	hnsw_heap_free(&queue);
	return adopter;
}

/* The child has no parent. */
static void
make_root(HnswVacuum *vac, const Move *move)
{
	HnswRecord *rec = HNSW_MODIFY(vac->pager, move->kind, move->child);

	if (rec == NULL)
		return;
	rec->parent = HNSW_NO_ID;
	rec->state = HNSW_LINKED;
	HNSW_COMMIT(vac->pager);
}

/*
 * Every ancestor is dying: sets *top to the layer's root, if that lives, or makes
 * the child the root (true).
 */
static bool
take_root(HnswVacuum *vac, const Move *move, HnswId *top)
{
	HnswPager  *pager = vac->pager;

	for (;;)
	{
		HnswEntry	entry;
		HnswId		unused;
		int			layer,
					state;
		RootArg		root = {move->layer, HNSW_NO_ID, move->child};

		pager->ops->get_entry(pager, &entry);
		root.old = entry.root[move->layer];
		state = root.old == move->child ? HNSW_FREE :
			hnsw_vacuum_state(pager, move->kind, root.old, &unused, &layer);
		if (state == HNSW_LINKED || state == HNSW_PENDING)
		{
			*top = root.old;
			return false;
		}
		/* a vacuum that was stopped may have made it the root already */
		if (root.old == move->child || pager->ops->update_entry(pager, replace_root, &root))
		{
			make_root(vac, move);
			return true;
		}
		pager->ops->pause(pager);
	}
}

/* The last step: the child takes the edge to its new parent. */
static void
take_parent(HnswVacuum *vac, const Move *move, HnswId adopter)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
	HnswId		victims[] = {move->victim, move->old};
	HnswRecord *rec;

	if (!decode_record(vac, move->kind, adopter))
		return;
	rec = HNSW_MODIFY(vac->pager, move->kind, move->child);
	if (rec == NULL)
		return;
	for (int i = 0; i < 2 && !hnsw_link_has_room(shape, rec) && !has_pinned(shape, rec, adopter); i++)
	{
		int			slot = victims[i] == HNSW_NO_ID ? -1 : hnsw_link_find(shape, rec, victims[i]);

		if (slot >= 0)
			hnsw_link_drop(shape, rec, slot);
	}
	hnsw_link_offer(&vac->linker, shape, rec, adopter, vac->vhat, true);
	rec->parent = adopter;
	rec->state = HNSW_LINKED;
	HNSW_COMMIT(vac->pager);
}

/*
 * Gives a living record, whose parent is dying, a new one.  False when there is no
 * place for it as long as others have not been moved.
 */
static bool
reparent(HnswVacuum *vac, Move *move)
{
	HnswPager  *pager = vac->pager;
	HnswEntry	now;
	HnswId		top,
				adopter;

	pager->ops->get_entry(pager, &now);
	top = now.root[move->layer] == move->child ? HNSW_NO_ID :
		living_ancestor(vac, move->kind, move->old);
	if (top == HNSW_NO_ID && take_root(vac, move, &top))
		return true;
	for (;;)
	{
		if (!plan_child(vac, move))
			return false;
		if (!decode_record(vac, move->kind, move->child))
			return true;
		adopter = adopt_below(vac, move, top, EVICT_NONE);
		if (adopter != HNSW_NO_ID)
			break;

		/*
		 * Everything below has begun to die or is full: from the root, then
		 * in the place of an edge to a dying record.  Where all slots of a
		 * living record are pinned and it has no living child, it has one.
		 */
		if (take_root(vac, move, &top))
			return true;
		adopter = adopt_below(vac, move, top, EVICT_NONE);
		if (adopter == HNSW_NO_ID)
			adopter = adopt_below(vac, move, top, EVICT_DYING);
		if (adopter != HNSW_NO_ID)
			break;
		if (!move->lax)
			return false;
		pager->ops->pause(pager);
	}
	HNSW_DEBUG_POINT("vacuum-adopted");
	take_parent(vac, move, adopter);
	return true;
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

/* Moves the living children of one dying record; those that have to wait are counted. */
static void
move_children_of(HnswVacuum *vac, HnswKind kind, HnswId id, HnswMoves *moves)
{
	HnswPager  *pager = vac->pager;
	HnswId		children[HNSW_MAX_SLOTS],
				unused;
	int			count,
				layer;

	if (hnsw_vacuum_state(pager, kind, id, &unused, &layer) != HNSW_DYING)
		return;
	count = tree_neighbors(vac, kind, id, children);
	for (int i = 0; i < count; i++)
	{
		Move		move = {kind, children[i], layer, id, HNSW_NO_ID, moves->lax};
		HnswId		parent;
		int			child_layer,
					state = hnsw_vacuum_state(pager, kind, children[i], &parent, &child_layer);

		pager->ops->pause(pager);

		/*
		 * What is pending below a record that was dying at the barrier is of
		 * an insert that has failed; others may hang below it.  It is linked
		 * now: nothing leads to it otherwise.
		 */
		if (child_layer != layer ||
			!((state == HNSW_LINKED && parent == id) ||
			  (state == HNSW_PENDING && parent == HNSW_NO_ID)))
			continue;
		if (!reparent(vac, &move))
			moves->waiting++;
		else
		{
			moves->moved++;
			/* one may be enough for the others to find a place */
			moves->lax = false;
		}
	}
}

void
hnsw_vacuum_move_children(HnswVacuum *vac, HnswKind kind, HnswMoves *moves)
{
	for (HnswId id = hnsw_dying_next(&vac->dying[kind], 0); id != HNSW_NO_ID;
		 id = hnsw_dying_next(&vac->dying[kind], id + 1))
		move_children_of(vac, kind, id, moves);
}
