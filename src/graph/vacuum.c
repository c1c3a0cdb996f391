/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *		Removing dead tuples, repairing the graph around dead nodes, freeing
 *		their records.
 *
 * In this order, and src/README says why it must be this one:
 *	1. Remove dead TIDs everywhere; a node left without any is dying.  From
 *	   then on it takes no new edge and no TID, but still routes.
 *	2. Mark the upper records of dying nodes as dying, too.
 *	3. Wait until all inserts that may not have seen that have ended.
 *	4. Move the tree children of dying records to other parents.
 *	5. Move the entry point away from dying records.
 *	6. Take all edges to dying records out of all records, and offer those
 *	   records new neighbors from around the dead ones.
 *	7. Free the dying records, to which nothing leads any more.
 * Stopped anywhere, the next vacuum takes up what it finds dying.
 *
 * IDENTIFICATION
 *	  src/graph/vacuum.c
 *-------------------------------------------------------------------------
 */
#include "graph/vacuum.h"

#include "distance/kernels.h"
#include "graph/link.h"

/* dead neighbors whose neighbors are looked at to repair one record */
#define REPAIR_SOURCES		4

/* One bit for each record of a kind, ids first .. first + count - 1. */
typedef struct DyingSet
{
	uint8	   *bits;
	HnswId		first;
	HnswId		count;
	double		members;
} DyingSet;

typedef struct VacuumState
{
	HnswPager  *pager;
	const HnswLayout *layout;
	HnswTidCounts counts;
	DyingSet	dying[2];		/* HNSW_BASE, HNSW_UPPER */
	HnswId		top_id;			/* a living record of the top layer */
	int			top_layer;
	HnswScorer	scorer;
	HnswLinker	linker;
	float	   *vhat;
	HnswRecord *copy;			/* of the record being repaired */
	HnswVacuumResult *result;
} VacuumState;

static void
set_init(DyingSet *set, HnswId first, HnswId count)
{
	set->first = first;
	set->count = count;
	set->members = 0;
	set->bits = hnsw_alloc_zero((Size) count / 8 + 1);
}

static void
set_add(DyingSet *set, HnswId id)
{
	if (id < set->first || id - set->first >= set->count)
		return;
	id -= set->first;
	if (!(set->bits[id >> 3] & (1 << (id & 7))))
	{
		set->bits[id >> 3] |= 1 << (id & 7);
		set->members++;
	}
}

static bool
set_has(const DyingSet *set, HnswId id)
{
	if (id < set->first || id - set->first >= set->count)
		return false;
	id -= set->first;
	return (set->bits[id >> 3] >> (id & 7)) & 1;
}

/* The next member at or behind "from", or HNSW_NO_ID. */
static HnswId
set_next(const DyingSet *set, HnswId from)
{
	for (HnswId i = from < set->first ? 0 : from - set->first; i < set->count; i++)
	{
		if ((i & 7) == 0 && set->bits[i >> 3] == 0)
		{
			i += 7;
			continue;
		}
		if ((set->bits[i >> 3] >> (i & 7)) & 1)
			return set->first + i;
	}
	return HNSW_NO_ID;
}

/* ------------------------------------------------------------------------
 * 1. and 2.: who is dying
 * ------------------------------------------------------------------------
 */
static void
remove_dead_tids(VacuumState *vac, HnswId limit)
{
	HnswPager  *pager = vac->pager;

	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, 0); id < limit;
		 id = pager->ops->seek(pager, HNSW_BASE, id + 1))
	{
		if (hnsw_tids_vacuum(pager, id, &vac->counts))
			set_add(&vac->dying[HNSW_BASE], id);
		pager->ops->pause(pager);
	}
	for (int list = 0; list < HNSW_ASIDE_LISTS; list++)
		hnsw_aside_vacuum(pager, list, &vac->counts);
}

/* For the rounds after the first: collects what is dying in the next range. */
static void
find_dying(VacuumState *vac)
{
	HnswPager  *pager = vac->pager;
	DyingSet   *set = &vac->dying[HNSW_BASE];

	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, set->first);
		 id != HNSW_NO_ID && id - set->first < set->count;
		 id = pager->ops->seek(pager, HNSW_BASE, id + 1))
	{
		const HnswRecord *rec = HNSW_READ(pager, HNSW_BASE, id);

		if (rec == NULL)
			break;
		if (rec->state == HNSW_DYING)
			set_add(set, id);
		HNSW_RELEASE(pager);
		pager->ops->pause(pager);
	}
}

/* Also finds a living record of the top layer, where the entry may go. */
static void
mark_upper_records(VacuumState *vac, HnswId limit)
{
	HnswPager  *pager = vac->pager;

	vac->top_id = HNSW_NO_ID;
	vac->top_layer = 0;
	for (HnswId id = pager->ops->seek(pager, HNSW_UPPER, 0); id < limit;
		 id = pager->ops->seek(pager, HNSW_UPPER, id + 1))
	{
		const HnswRecord *rec = HNSW_READ(pager, HNSW_UPPER, id);
		bool		dies = rec != NULL && rec->state != HNSW_FREE &&
		set_has(&vac->dying[HNSW_BASE], rec->base);
		bool		marked = dies && rec->state == HNSW_DYING;

		if (rec != NULL && rec->state == HNSW_LINKED && !dies && rec->layer > vac->top_layer)
		{
			vac->top_id = id;
			vac->top_layer = rec->layer;
		}
		if (rec != NULL)
			HNSW_RELEASE(pager);
		if (dies)
		{
			set_add(&vac->dying[HNSW_UPPER], id);
			if (!marked)
			{
				HnswRecord *change = HNSW_MODIFY(pager, HNSW_UPPER, id);

				change->state = HNSW_DYING;
				HNSW_COMMIT(pager);
			}
		}
		pager->ops->pause(pager);
	}
}

/* ------------------------------------------------------------------------
 * 4.: new parents
 * ------------------------------------------------------------------------
 */
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

/* State of a record: HNSW_FREE when it is not there.  *parent as well. */
static int
state_of(HnswPager *pager, HnswKind kind, HnswId id, HnswId *parent, int *layer)
{
	const HnswRecord *rec = id == HNSW_NO_ID ? NULL : HNSW_READ(pager, kind, id);
	int			state;

	*parent = HNSW_NO_ID;
	*layer = -1;
	if (rec == NULL)
		return HNSW_FREE;
	state = rec->state;
	*parent = rec->parent;
	*layer = rec->layer;
	HNSW_RELEASE(pager);
	return state;
}

/*
 * The nearest ancestor that is not dying; HNSW_NO_ID when there is none up to
 * the root.
 */
static HnswId
living_ancestor(VacuumState *vac, HnswKind kind, HnswId id)
{
	HnswId		parent,
				steps = 0;
	int			layer,
				state;

	for (;;)
	{
		state = state_of(vac->pager, kind, id, &parent, &layer);
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

/* Decodes a record's own vector into vac->vhat; false when it is not there. */
static bool
decode_record(VacuumState *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, kind, id);

	if (rec == NULL)
		return false;
	hnsw_kernels->own_decode(hnsw_record_own(rec, shape), rec->vmin, rec->vstep,
							 vac->layout->dim, vac->vhat);
	HNSW_RELEASE(vac->pager);
	return true;
}

/*
 * A dying neighbor of a record, of this round or of a later one, or HNSW_NO_ID.
 */
static HnswId
find_dying_neighbor(VacuumState *vac, HnswKind kind, HnswId id)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(vac->pager, kind, id);
	HnswId		ids[HNSW_MAX_SLOTS],
				parent;
	int			count,
				layer;

	if (rec == NULL)
		return HNSW_NO_ID;
	count = rec->count;
	memcpy(ids, hnsw_record_ids(rec, shape), sizeof(HnswId) * count);
	HNSW_RELEASE(vac->pager);
	for (int i = 0; i < count; i++)
		if (state_of(vac->pager, kind, ids[i], &parent, &layer) == HNSW_DYING)
			return ids[i];
	return HNSW_NO_ID;
}

/*
 * Pins an edge from "from" to "to", whose vector is decoded; false if full.  With
 * "evict" a tree edge to a dying record makes room.
 */
static bool
pin_edge(VacuumState *vac, HnswKind kind, HnswId from, HnswId to, bool is_parent, bool evict)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswId		dying = evict ? find_dying_neighbor(vac, kind, from) : HNSW_NO_ID;
	HnswRecord *rec = HNSW_MODIFY(vac->pager, kind, from);
	int			victim = -1;
	bool		room;

	if (rec == NULL)
		return false;
	room = hnsw_link_has_room(shape, rec) || hnsw_link_find(shape, rec, to) >= 0;
	if (!room && dying != HNSW_NO_ID)
		victim = hnsw_link_find(shape, rec, dying);
	if (rec->state == HNSW_FREE || rec->state == HNSW_DYING || (!room && victim < 0))
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
 * tree edges are followed, so that what a crash left half done leads nowhere.
 */
static HnswId
adopt_below(VacuumState *vac, HnswKind kind, HnswId top, HnswId child, bool evict)
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
		in_tree = at != child && (rec->state == HNSW_LINKED || at == top) &&
			(at == top || rec->parent == from);
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
make_root(VacuumState *vac, HnswKind kind, HnswId id)
{
	HnswRecord *rec = HNSW_MODIFY(vac->pager, kind, id);

	if (rec == NULL)
		return;
	rec->parent = HNSW_NO_ID;
	HNSW_COMMIT(vac->pager);
}

/* Gives a living record, whose parent is dying, a new one. */
static void
reparent(VacuumState *vac, HnswKind kind, HnswId child, int layer, HnswId dying_parent)
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
			state = state_of(pager, kind, root.old, &unused, &root_layer);
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

/* Moves the living children of all dying records of a kind. */
static void
reparent_children(VacuumState *vac, HnswKind kind)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	HnswId	   *children = hnsw_alloc(sizeof(HnswId) * shape->slots);

	for (HnswId id = set_next(&vac->dying[kind], 0); id != HNSW_NO_ID;
		 id = set_next(&vac->dying[kind], id + 1))
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
						state = state_of(pager, kind, children[i], &parent, &child_layer);

			if (state == HNSW_LINKED && parent == id && child_layer == layer)
				reparent(vac, kind, children[i], layer, id);
			pager->ops->pause(pager);
		}
	}
	hnsw_free(children);
}

/* ------------------------------------------------------------------------
 * 5.: entry and roots
 * ------------------------------------------------------------------------
 */
typedef struct EntryFix
{
	VacuumState *vac;
	bool		root_dead[HNSW_MAX_LAYERS];
	HnswId		root[HNSW_MAX_LAYERS];	/* as it was when looked at */
	HnswId		entry;			/* likewise */
	bool		entry_dead;
	HnswId		new_id;
	int			new_layer;
} EntryFix;

static bool
fix_entry(HnswEntry *entry, void *arg)
{
	EntryFix   *fix = arg;
	bool		changed = false;

	for (int layer = 0; layer < HNSW_MAX_LAYERS; layer++)
		if (fix->root_dead[layer] && entry->root[layer] == fix->root[layer])
		{
			entry->root[layer] = HNSW_NO_ID;
			changed = true;
		}
	if (fix->entry_dead && entry->id == fix->entry)
	{
		entry->id = fix->new_id;
		entry->layer = fix->new_layer;
		if (entry->id == HNSW_NO_ID)
		{
			entry->id = entry->root[0];
			entry->layer = 0;
		}
		changed = true;
	}
	return changed;
}

/*
 * Roots that are still dying have no living descendant: their layer is empty.
 * A dying entry goes to a living record of the top layer, else to the root of
 * layer 0.
 */
static void
move_entry(VacuumState *vac)
{
	HnswPager  *pager = vac->pager;
	HnswEntry	entry;
	EntryFix	fix;
	HnswId		parent;
	int			layer;

	memset(&fix, 0, sizeof(fix));
	fix.vac = vac;
	fix.new_id = vac->top_id;
	fix.new_layer = vac->top_layer;
	pager->ops->get_entry(pager, &entry);
	for (int i = 0; i < HNSW_MAX_LAYERS; i++)
	{
		HnswKind	kind = i == 0 ? HNSW_BASE : HNSW_UPPER;

		fix.root[i] = entry.root[i];
		fix.root_dead[i] = entry.root[i] != HNSW_NO_ID &&
			set_has(&vac->dying[kind], entry.root[i]);
	}
	fix.entry = entry.id;
	if (entry.id != HNSW_NO_ID)
	{
		HnswKind	kind = entry.layer == 0 ? HNSW_BASE : HNSW_UPPER;
		int			state = state_of(pager, kind, entry.id, &parent, &layer);

		fix.entry_dead = state == HNSW_FREE || state == HNSW_DYING ||
			layer != (int) entry.layer;
	}
	else
		fix.entry_dead = true;
	pager->ops->update_entry(pager, fix_entry, &fix);
}

/* ------------------------------------------------------------------------
 * 6.: edges
 * ------------------------------------------------------------------------
 */

/*
 * Collects candidates to take the place of a record's dead neighbors: the
 * neighbors of the nearest dead ones, by the estimates that the dead records'
 * own codes give for this record's vector.
 */
static void
find_replacements(VacuumState *vac, HnswKind kind, HnswId id, HnswHeap *candidates)
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
		if (set_has(&vac->dying[kind], to))
			hnsw_heap_push(&sources, hnsw_edge_length(vac->layout, shape, copy, i, 0), to);
	}
	hnsw_kernels->own_decode(hnsw_record_own(copy, shape), copy->vmin, copy->vstep,
							 vac->layout->dim, vac->vhat);
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

				if (to == HNSW_NO_ID || set_has(&vac->dying[kind], to))
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
drop_dying_edges(VacuumState *vac, HnswKind kind, HnswRecord *rec)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	int			dropped = 0;

	if (rec->state == HNSW_DYING && set_has(&vac->dying[kind], rec->parent))
		rec->parent = HNSW_NO_ID;

	for (int i = rec->count - 1; i >= 0; i--)
		if (set_has(&vac->dying[kind], hnsw_record_ids(rec, shape)[i]))
		{
			hnsw_link_drop(shape, rec, i);
			dropped++;
		}
	return dropped;
}

static int
count_dying_edges(VacuumState *vac, HnswKind kind, const HnswRecord *rec)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	int			n = 0;

	for (int i = 0; i < rec->count; i++)
		n += set_has(&vac->dying[kind], hnsw_record_ids(rec, shape)[i]);
	return n;
}

/*
 * Offers one candidate to a record, unless the candidate is not (or no longer)
 * there to be linked to.
 */
static void
offer_candidate(VacuumState *vac, HnswKind kind, HnswId id, HnswId candidate)
{
	const HnswShape *shape = &vac->layout->shape[kind];
	HnswPager  *pager = vac->pager;
	const HnswRecord *rec = HNSW_READ(pager, kind, candidate);
	HnswRecord *change;
	bool		usable;

	if (rec == NULL)
		return;
	usable = rec->state == HNSW_LINKED && rec->layer == vac->copy->layer;
	if (usable)
		hnsw_kernels->own_decode(hnsw_record_own(rec, shape), rec->vmin, rec->vstep,
								 vac->layout->dim, vac->vhat);
	HNSW_RELEASE(pager);
	if (!usable)
		return;
	change = HNSW_MODIFY(pager, kind, id);
	if (change == NULL)
		return;
	if (change->state == HNSW_LINKED && change->count < shape->slots &&
		hnsw_link_offer(&vac->linker, shape, change, candidate, vac->vhat, false) == HNSW_OFFER_TAKEN)
		HNSW_COMMIT(pager);
	else
		HNSW_CANCEL(pager);
}

/* Repairs one record. */
static void
repair_record(VacuumState *vac, HnswKind kind, HnswId id)
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
	dead = rec->state == HNSW_FREE || set_has(&vac->dying[kind], id) ? 0 :
		count_dying_edges(vac, kind, rec);
	living = rec->state == HNSW_LINKED;
	if (dead > 0)
		memcpy(vac->copy, rec, shape->size);
	HNSW_RELEASE(pager);
	if (dead == 0)
		return;

	hnsw_heap_init(&candidates, 64);
	if (living)
		find_replacements(vac, kind, id, &candidates);
	change = HNSW_MODIFY(pager, kind, id);
	if (change != NULL)
	{
		if (drop_dying_edges(vac, kind, change) > 0)
			HNSW_COMMIT(pager);
		else
			HNSW_CANCEL(pager);
	}
	for (int i = 0; i < dead && candidates.count > 0; i++)
		offer_candidate(vac, kind, id, hnsw_heap_pop(&candidates).id);
	hnsw_heap_free(&candidates);
}

static void
repair_all(VacuumState *vac, HnswKind kind)
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

/* ------------------------------------------------------------------------
 * 7.: freeing
 * ------------------------------------------------------------------------
 */
static void
free_dying(VacuumState *vac, HnswKind kind)
{
	for (HnswId id = set_next(&vac->dying[kind], 0); id != HNSW_NO_ID;
		 id = set_next(&vac->dying[kind], id + 1))
	{
		vac->pager->ops->destroy(vac->pager, kind, id);
		if (kind == HNSW_BASE)
			vac->result->freed++;
		vac->pager->ops->pause(vac->pager);
	}
}

/* ------------------------------------------------------------------------
 * Chunks and aside pages in no chain
 * ------------------------------------------------------------------------
 */
static int
slot_state(const void *slot)
{
	return slot == NULL ? HNSW_FREE : *(const uint8 *) slot;
}

/* Collects the pending slots of a kind. */
static void
find_unlinked(VacuumState *vac, HnswKind kind, HnswHeap *pending)
{
	HnswPager  *pager = vac->pager;

	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		const void *slot = HNSW_READ(pager, kind, id);

		if (slot_state(slot) == HNSW_PENDING)
			hnsw_heap_append(pending, 0, id);
		if (slot != NULL)
			HNSW_RELEASE(pager);
		pager->ops->pause(pager);
	}
}

static void
free_pending(HnswPager *pager, HnswKind kind, const HnswHeap *pending)
{
	for (Size i = 0; i < pending->count; i++)
	{
		const void *slot = HNSW_READ(pager, kind, pending->items[i].id);
		bool		leaked = slot_state(slot) == HNSW_PENDING;

		if (slot != NULL)
			HNSW_RELEASE(pager);
		if (leaked)
			pager->ops->destroy(pager, kind, pending->items[i].id);
		CHECK_FOR_INTERRUPTS();
	}
}

typedef struct Unlinked
{
	HnswPager  *pager;
	HnswHeap	chunks;
	HnswHeap	asides;
} Unlinked;

/*
 * Frees those that are still pending while no insert is running that might link
 * them, or that might have made them in a slot freed since.  Chunks still in a
 * chain were marked as linked, or taken out, when their record was vacuumed.
 */
static void
free_unlinked(void *arg)
{
	Unlinked   *unlinked = arg;

	free_pending(unlinked->pager, HNSW_CHUNK, &unlinked->chunks);
	if (unlinked->asides.count > 0)
		for (int list = 0; list < HNSW_ASIDE_LISTS; list++)
			hnsw_aside_adopt(unlinked->pager, list);
	free_pending(unlinked->pager, HNSW_ASIDE, &unlinked->asides);
}

static void
init_state(VacuumState *vac, HnswPager *pager, HnswDead dead, void *arg,
		   HnswVacuumResult *result)
{
	const HnswLayout *layout = pager->layout;

	memset(vac, 0, sizeof(*vac));
	vac->pager = pager;
	vac->layout = layout;
	vac->counts.dead = dead;
	vac->counts.arg = arg;
	vac->result = result;
	hnsw_scorer_init(&vac->scorer, layout);
	hnsw_linker_init(&vac->linker, layout, &vac->scorer);
	vac->vhat = hnsw_alloc(sizeof(float) * layout->dim);
	vac->copy = hnsw_alloc(Max(layout->shape[HNSW_BASE].size, layout->shape[HNSW_UPPER].size));
}

static void
free_state(VacuumState *vac)
{
	hnsw_scorer_free(&vac->scorer);
	hnsw_linker_free(&vac->linker);
	hnsw_free(vac->vhat);
	hnsw_free(vac->copy);
}

/* Steps 4 to 7 for what is in the sets. */
static void
bury(VacuumState *vac)
{
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
		reparent_children(vac, kind);
	move_entry(vac);
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
		repair_all(vac, kind);
	free_dying(vac, HNSW_UPPER);
	free_dying(vac, HNSW_BASE);
}

void
hnsw_graph_vacuum(HnswPager *pager, HnswDead dead, void *arg,
				  Size max_memory, HnswVacuumResult *result)
{
	VacuumState vac;
	Unlinked	unlinked = {pager};
	HnswId		limit = pager->ops->limit(pager, HNSW_BASE);
	HnswId		upper_limit = pager->ops->limit(pager, HNSW_UPPER);
	HnswId		window = (HnswId) Min((uint64) limit, (uint64) Max(max_memory, 65536) * 4);

	memset(result, 0, sizeof(*result));
	init_state(&vac, pager, dead, arg, result);
	hnsw_heap_init(&unlinked.chunks, 64);
	hnsw_heap_init(&unlinked.asides, 64);
	set_init(&vac.dying[HNSW_BASE], 0, window);
	set_init(&vac.dying[HNSW_UPPER], 0, upper_limit);

	find_unlinked(&vac, HNSW_CHUNK, &unlinked.chunks);
	find_unlinked(&vac, HNSW_ASIDE, &unlinked.asides);
	remove_dead_tids(&vac, limit);
	for (HnswId first = 0;;)
	{
		if (vac.dying[HNSW_BASE].members > 0)
		{
			mark_upper_records(&vac, upper_limit);
			pager->ops->barrier(pager);
			bury(&vac);
		}
		if (window == 0 || limit - first <= window)
			break;
		first += window;
		memset(vac.dying[HNSW_UPPER].bits, 0, (Size) upper_limit / 8 + 1);
		vac.dying[HNSW_UPPER].members = 0;
		hnsw_free(vac.dying[HNSW_BASE].bits);
		set_init(&vac.dying[HNSW_BASE], first, Min(window, limit - first));
		find_dying(&vac);
	}
	if (unlinked.chunks.count > 0 || unlinked.asides.count > 0)
		pager->ops->alone(pager, free_unlinked, &unlinked);

	result->live = vac.counts.live;
	result->removed = vac.counts.removed;
	hnsw_free(vac.dying[HNSW_BASE].bits);
	hnsw_free(vac.dying[HNSW_UPPER].bits);
	hnsw_heap_free(&unlinked.chunks);
	hnsw_heap_free(&unlinked.asides);
	free_state(&vac);
}
