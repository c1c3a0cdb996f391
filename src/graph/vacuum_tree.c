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
		hnsw_tree_check_steps(vac->pager, kind, id, steps++);
		id = parent;
		vac->pager->ops->pause(vac->pager);
	}
}

/* Decodes a record's own vector into vac->vhat; false when there is none. */
static bool
decode_record(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ_PART(vac->pager, kind, id, HNSW_PART_OWN);
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

/* of a child's own neighbors, how many are looked at as its parent in one try */
#define NEAR_TRIES	8

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
	const HnswRecord *rec = HNSW_READ_PART(vac->pager, kind, id, HNSW_PART_EDGES);
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
	const HnswRecord *rec = HNSW_READ_PART(vac->pager, move->kind, move->child, HNSW_PART_EDGES);
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
	usable = rec->state != HNSW_FREE && rec->state != HNSW_DYING && rec->layer == move->layer;
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
	HnswPager  *pager = vac->pager;
	HnswId		children[HNSW_MAX_SLOTS];
	HnswHeap	queue;
	HnswId		adopter = HNSW_NO_ID;

	hnsw_heap_init(&queue, 64);
	hnsw_heap_append(&queue, 0, HNSW_NO_ID);
	hnsw_heap_append(&queue, 0, top);
	for (Size next = 0; next < queue.count && adopter == HNSW_NO_ID; next += 2)
	{
		HnswId		from = queue.items[next].id;
		HnswId		at = queue.items[next + 1].id;
		const HnswRecord *rec;
		bool		in_tree;
		int			count;

		hnsw_tree_check_steps(vac->pager, move->kind, top, next / 2);
		rec = HNSW_READ_PART(pager, move->kind, at, HNSW_PART_HEAD);
		if (rec == NULL)
			continue;
		in_tree = at != move->child &&
			(at == top || (rec->state == HNSW_LINKED && rec->parent == from) ||
			 (evict != EVICT_NONE && rec->state == HNSW_PENDING && rec->parent == HNSW_NO_ID));
		HNSW_RELEASE(pager);
		if (in_tree && try_adopter(vac, move, at, evict))
			adopter = at;
		count = in_tree && adopter == HNSW_NO_ID ?
			tree_neighbors(vac, move->kind, at, children) : 0;
		for (int i = 0; i < count; i++)
		{
			hnsw_heap_append(&queue, 0, at);
			hnsw_heap_append(&queue, 0, children[i]);
		}
		pager->ops->pause(pager);
	}
	hnsw_heap_free(&queue);
	return adopter;
}

/*
 * Remembers, in a table that forgets, what has no dying ancestor.  That stays so
 * until the vacuum has ended: it moves nothing but children of dying records.
 */
static HnswId *
anchored_slot(HnswVacuum *vac, HnswKind kind, HnswId id)
{
	return &vac->anchored[kind].ids[id % vac->anchored[kind].size];
}

/*
 * Does the record live, and all its ancestors up to the layer's root?  Then the child,
 * whose parent is dying, is none of them.
 */
static bool
is_anchored(HnswVacuum *vac, const Move *move, HnswId root, HnswId id)
{
	HnswId		path[32];
	int			length = 0;

	for (HnswId at = id, steps = 0; *anchored_slot(vac, move->kind, at) != at; steps++)
	{
		HnswId		parent;
		int			layer;

		if (hnsw_vacuum_state(vac->pager, move->kind, at, &parent, &layer) != HNSW_LINKED ||
			layer != move->layer || (parent == HNSW_NO_ID && at != root))
			return false;
		hnsw_tree_check_steps(vac->pager, move->kind, id, steps);
		if (length < (int) lengthof(path))
			path[length++] = at;
		if (at == root)
			break;
		at = parent;
	}
	for (int i = 0; i < length; i++)
		*anchored_slot(vac, move->kind, path[i]) = path[i];
	return true;
}

/*
 * The nearest of the child's own neighbors that has room for it and hangs below
 * living records only; HNSW_NO_ID when there is none among the nearest few.  Its edge to the child, if it has
 * one already, becomes the tree's: no other has to go for it.
 */
static HnswId
adopt_near(HnswVacuum *vac, const Move *move, HnswId root)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
	const HnswRecord *rec = HNSW_READ_PART(vac->pager, move->kind, move->child,
										   HNSW_PART_EDGES);
	HnswHeap	neighbors;
	HnswId		adopter = HNSW_NO_ID;

	if (rec == NULL)
		return HNSW_NO_ID;
	hnsw_heap_init(&neighbors, shape->slots);
	for (int i = 0; i < rec->count; i++)
	{
		HnswId		to = hnsw_record_ids(rec, shape)[i];

		if (to != HNSW_NO_ID && to != move->old)
			hnsw_heap_push(&neighbors, hnsw_edge_length(vac->layout, shape, rec, i, 0), to);
	}
	HNSW_RELEASE(vac->pager);
	for (int i = 0; i < NEAR_TRIES && neighbors.count > 0 && adopter == HNSW_NO_ID; i++)
	{
		HnswId		id = hnsw_heap_pop(&neighbors).id;

		if (is_anchored(vac, move, root, id) && pin_child(vac, move, id, HNSW_NO_ID))
			adopter = id;
		vac->pager->ops->pause(vac->pager);
	}
	hnsw_heap_free(&neighbors);
	return adopter;
}

/*
 * The tree child of a record which the moving child, whose vector is decoded, is
 * nearest to; where that is not known, one after the other.  HNSW_NO_ID in a leaf.
 */
static HnswId
nearest_child(HnswVacuum *vac, const Move *move, HnswId at)
{
	const HnswShape *shape = &vac->layout->shape[move->kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, move->kind, at);
	HnswHeap	children;
	HnswId		nearest = HNSW_NO_ID;

	if (rec == NULL)
		return HNSW_NO_ID;
	hnsw_heap_init(&children, shape->slots);
	if (shape->bits > 0)
		hnsw_score_all(&vac->scorer, shape, vac->vhat, rec);
	for (int i = 0; i < rec->count; i++)
	{
		HnswId		to = hnsw_record_ids(rec, shape)[i];

		if (hnsw_bit(hnsw_record_pinned(rec, shape), i) && to != rec->parent && to != HNSW_NO_ID)
			hnsw_heap_push(&children, shape->bits > 0 ? vac->scorer.est[i] :
						   (to ^ move->child) * 2654435769u, to);
	}
	HNSW_RELEASE(vac->pager);
	while (children.count > 0 && nearest == HNSW_NO_ID)
	{
		HnswId		to = hnsw_heap_pop(&children).id,
					parent;
		int			layer;

		if (hnsw_vacuum_state(vac->pager, move->kind, to, &parent, &layer) == HNSW_LINKED &&
			parent == at)
			nearest = to;
	}
	hnsw_heap_free(&children);
	return nearest;
}

/*
 * Goes down from the layer's root to a record with room, always to the child that is
 * nearest to the one that is moved.  HNSW_NO_ID when that ends in a full leaf.
 */
static HnswId
adopt_on_way_down(HnswVacuum *vac, const Move *move, HnswId root)
{
	for (HnswId at = root, steps = 0; at != HNSW_NO_ID; steps++)
	{
		if (pin_child(vac, move, at, HNSW_NO_ID))
			return at;
		hnsw_tree_check_steps(vac->pager, move->kind, root, steps);
		at = nearest_child(vac, move, at);
		vac->pager->ops->pause(vac->pager);
	}
	return HNSW_NO_ID;
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
		HnswId		root;

		pager->ops->get_entry(pager, &entry);
		root = entry.root[move->layer];
		state = root == move->child ? HNSW_FREE :
			hnsw_vacuum_state(pager, move->kind, root, &unused, &layer);
		if (state == HNSW_LINKED || state == HNSW_PENDING)
		{
			*top = root;
			return false;
		}
		/* a vacuum that was stopped may have made it the root already */
		if (root == move->child ||
			hnsw_entry_replace_root(pager, move->layer, root, move->child))
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
 * A record that takes the child, with the edge to it: below the nearest ancestor that
 * lives, or else below the layer's root.  *is_root tells that the child has become that
 * itself.
 */
static HnswId
adopt_anywhere(HnswVacuum *vac, const Move *move, bool *is_root)
{
	HnswPager  *pager = vac->pager;
	HnswId		top = living_ancestor(vac, move->kind, move->old),
				root,
				adopter;

	for (;;)
	{
		adopter = top == HNSW_NO_ID ? HNSW_NO_ID : adopt_below(vac, move, top, EVICT_NONE);
		if (adopter != HNSW_NO_ID)
			return adopter;
		*is_root = take_root(vac, move, &root);
		if (*is_root)
			return HNSW_NO_ID;

		/*
		 * Everything below the ancestor has begun to die or is full: from the
		 * root, then in the place of an edge to a dying record.  Where all
		 * slots of a living record are pinned and it has no living child, it
		 * has one.
		 */
		adopter = adopt_on_way_down(vac, move, root);
		if (adopter == HNSW_NO_ID)
			adopter = adopt_below(vac, move, root, EVICT_NONE);
		if (adopter == HNSW_NO_ID)
			adopter = adopt_below(vac, move, root, EVICT_DYING);
		if (adopter != HNSW_NO_ID || !move->lax)
			return adopter;
		pager->ops->pause(pager);
	}
}

/*
 * Does the layer's root live?  If not, a child without a living ancestor becomes the
 * root: *is_root.
 */
static bool
has_living_root(HnswVacuum *vac, const Move *move, bool *is_root)
{
	HnswPager  *pager = vac->pager;
	HnswEntry	now;
	HnswId		root,
				parent;
	int			layer;

	*is_root = false;
	if (vac->root[move->layer] != HNSW_NO_ID)
		return true;
	pager->ops->get_entry(pager, &now);
	root = now.root[move->layer];
	if (root == move->child || living_ancestor(vac, move->kind, move->old) == HNSW_NO_ID)
		*is_root = take_root(vac, move, &root);
	if (*is_root || hnsw_vacuum_state(pager, move->kind, root, &parent, &layer) != HNSW_LINKED ||
		parent != HNSW_NO_ID)
		return false;
	vac->root[move->layer] = root;
	return true;
}

/*
 * Gives a living record, whose parent is dying, a new one.  False when there is no
 * place for it as long as others have not been moved.
 */
static bool
reparent(HnswVacuum *vac, Move *move)
{
	HnswId		adopter = HNSW_NO_ID;
	bool		is_root,
				has_root = has_living_root(vac, move, &is_root);

	if (is_root)
		return true;
	if (!plan_child(vac, move))
		return false;
	if (!decode_record(vac, move->kind, move->child))
		return true;
	if (has_root)
		adopter = adopt_near(vac, move, vac->root[move->layer]);
	if (adopter == HNSW_NO_ID)
		adopter = adopt_anywhere(vac, move, &is_root);
	if (adopter == HNSW_NO_ID)
		return is_root;
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
		const HnswRecord *rec = HNSW_READ_PART(pager, kind, id, HNSW_PART_EDGES);
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
