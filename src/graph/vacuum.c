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
#include "graph/vacuuming.h"

#include "base/debug.h"

/* "memory" bytes of bits at most, of all records below the limit at a time. */
static void
set_init(HnswDyingSet *set, HnswId limit, Size memory)
{
	memset(set, 0, sizeof(*set));
	set->limit = limit;
	set->range = (HnswId) Min((uint64) limit, (uint64) memory * 8);
	set->count = set->range;
	set->bits = hnsw_alloc_zero((Size) set->range / 8 + 1);
}

/* "memory" bytes at most, but for a few. */
static void
known_init(HnswKnown *known, HnswId limit, Size memory)
{
	known->size = Max(64, (HnswId) Min((uint64) limit, (uint64) (memory / sizeof(HnswId))));
	known->ids = hnsw_alloc(known->size * sizeof(HnswId));
	memset(known->ids, 0xFF, known->size * sizeof(HnswId));
}

static void
set_clear(HnswDyingSet *set)
{
	set->members = 0;
	memset(set->bits, 0, (Size) set->range / 8 + 1);
}

static void
set_add(HnswDyingSet *set, HnswId id)
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

HnswId
hnsw_dying_next(const HnswDyingSet *set, HnswId from)
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

int
hnsw_vacuum_state(HnswPager *pager, HnswKind kind, HnswId id, HnswId *parent, int *layer)
{
	const HnswRecord *rec = id == HNSW_NO_ID ? NULL : HNSW_READ_PART(pager, kind, id, HNSW_PART_HEAD);
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

/* ------------------------------------------------------------------------
 * 1. and 2.: who is dying
 * ------------------------------------------------------------------------
 */
/* Is any node dying now? */
static bool
remove_dead_tids(HnswVacuum *vac, HnswId limit)
{
	HnswPager  *pager = vac->pager;
	bool		any = false;
	int			slots;

	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, 0); id < limit;
		 id = pager->ops->seek(pager, HNSW_BASE, id + slots))
	{
		HnswId		dying[HNSW_MAX_PER_PAGE];
		int			count;

		slots = pager->ops->together(pager, HNSW_BASE, id);
		count = hnsw_tids_vacuum(pager, id, slots, &vac->counts, dying);
		for (int i = 0; i < count; i++)
			set_add(&vac->dying[HNSW_BASE], dying[i]);
		any |= count > 0;
		pager->ops->pause(pager);
	}
	for (int list = 0; list < HNSW_ASIDE_LISTS; list++)
		hnsw_aside_vacuum(pager, list, &vac->counts);
	return any;
}

/* Collects what is dying in the range that begins with "first". */
static void
find_dying(HnswVacuum *vac, HnswKind kind, HnswId first)
{
	HnswPager  *pager = vac->pager;
	HnswDyingSet *set = &vac->dying[kind];

	set_clear(set);
	set->first = first;
	set->count = Min(set->range, set->limit - first);
	for (HnswId id = pager->ops->seek(pager, kind, first);
		 id != HNSW_NO_ID && id - first < set->count;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		const HnswRecord *rec = HNSW_READ_PART(pager, kind, id, HNSW_PART_HEAD);

		if (rec == NULL)
			break;
		if (rec->state == HNSW_DYING)
			set_add(set, id);
		HNSW_RELEASE(pager);
		pager->ops->pause(pager);
	}
}

/* The first range; what is in the set is right as long as it is the only one. */
static void
first_range(HnswVacuum *vac, HnswKind kind)
{
	if (vac->dying[kind].range < vac->dying[kind].limit)
		find_dying(vac, kind, 0);
}

static bool
is_last_range(const HnswDyingSet *set)
{
	return set->limit - set->first <= set->count;
}

/* Goes on to the next range; false when there is none. */
static bool
next_range(HnswVacuum *vac, HnswKind kind)
{
	if (is_last_range(&vac->dying[kind]))
		return false;
	find_dying(vac, kind, vac->dying[kind].first + vac->dying[kind].count);
	return true;
}

/* Marks those of the nodes in the set of layer 0. */
static void
mark_upper_records(HnswVacuum *vac)
{
	HnswPager  *pager = vac->pager;
	HnswId		limit = vac->dying[HNSW_UPPER].limit;

	for (HnswId id = pager->ops->seek(pager, HNSW_UPPER, 0); id < limit;
		 id = pager->ops->seek(pager, HNSW_UPPER, id + 1))
	{
		const HnswRecord *rec = HNSW_READ_PART(pager, HNSW_UPPER, id, HNSW_PART_HEAD);
		bool		dies = rec != NULL && rec->state != HNSW_FREE &&
		hnsw_dying_has(&vac->dying[HNSW_BASE], rec->base);
		bool		marked = dies && rec->state == HNSW_DYING;

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
 * 5.: entry and roots
 * ------------------------------------------------------------------------
 */
typedef struct EntryFix
{
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

/* A living record of the top layer, where the entry may go. */
static void
find_top(HnswVacuum *vac, HnswId *top, int *top_layer)
{
	HnswPager  *pager = vac->pager;

	*top = HNSW_NO_ID;
	*top_layer = 0;
	for (HnswId id = pager->ops->seek(pager, HNSW_UPPER, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_UPPER, id + 1))
	{
		HnswId		parent;
		int			layer,
					state = hnsw_vacuum_state(pager, HNSW_UPPER, id, &parent, &layer);

		if (state == HNSW_LINKED && layer > *top_layer)
		{
			*top = id;
			*top_layer = layer;
		}
		pager->ops->pause(pager);
	}
}

/*
 * Roots that are still dying have no living descendant: their layer is empty.
 * A dying entry goes to a living record of the top layer, else to the root of
 * layer 0.
 */
static void
move_entry(HnswVacuum *vac)
{
	HnswPager  *pager = vac->pager;
	HnswEntry	entry;
	EntryFix	fix;
	HnswId		parent;
	int			layer;

	memset(&fix, 0, sizeof(fix));
	pager->ops->get_entry(pager, &entry);
	for (int i = 0; i < HNSW_MAX_LAYERS; i++)
	{
		fix.root[i] = entry.root[i];
		fix.root_dead[i] = entry.root[i] != HNSW_NO_ID &&
			hnsw_vacuum_state(pager, i == 0 ? HNSW_BASE : HNSW_UPPER, entry.root[i],
							  &parent, &layer) == HNSW_DYING;
	}
	fix.entry = entry.id;
	fix.entry_dead = true;
	if (entry.id != HNSW_NO_ID)
	{
		HnswKind	kind = entry.layer == 0 ? HNSW_BASE : HNSW_UPPER;
		int			state = hnsw_vacuum_state(pager, kind, entry.id, &parent, &layer);

		fix.entry_dead = state == HNSW_FREE || state == HNSW_DYING ||
			layer != (int) entry.layer;
	}
	find_top(vac, &fix.new_id, &fix.new_layer);

	/*
	 * an insert that found nobody alive may have made its node of layer 0 the
	 * entry
	 */
	if (entry.id != HNSW_NO_ID && fix.new_layer > (int) entry.layer)
		fix.entry_dead = true;
	pager->ops->update_entry(pager, fix_entry, &fix);
}

/* ------------------------------------------------------------------------
 * 7.: freeing
 * ------------------------------------------------------------------------
 */
static void
free_dying(HnswVacuum *vac, HnswKind kind)
{
	const HnswDyingSet *set = &vac->dying[kind];
	HnswPager  *pager = vac->pager;
	HnswId		id = hnsw_dying_next(set, 0);

	while (id != HNSW_NO_ID)
	{
		HnswId		ids[HNSW_MAX_PER_PAGE],
					first = id;
		int			slots = pager->ops->together(pager, kind, first),
					count = 0;

		for (; id != HNSW_NO_ID && id - first < (HnswId) slots; id = hnsw_dying_next(set, id + 1))
			ids[count++] = id;
		pager->ops->destroy(pager, kind, ids, count);
		if (kind == HNSW_BASE)
			vac->result->freed += count;
		pager->ops->pause(pager);
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
find_unlinked(HnswVacuum *vac, HnswKind kind, HnswHeap *pending)
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
		HnswId		id = pending->items[i].id;
		const void *slot = HNSW_READ(pager, kind, id);
		bool		leaked = slot_state(slot) == HNSW_PENDING;

		if (slot != NULL)
			HNSW_RELEASE(pager);
		if (leaked)
			pager->ops->destroy(pager, kind, &id, 1);
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
init_state(HnswVacuum *vac, HnswPager *pager, HnswDead dead, void *arg,
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
	vac->vhat = hnsw_layout_own(layout)->alloc(layout, true);
	memset(vac->root, 0xFF, sizeof(vac->root));
	vac->copy = hnsw_alloc(Max(layout->shape[HNSW_BASE].size, layout->shape[HNSW_UPPER].size));
}

static void
free_state(HnswVacuum *vac)
{
	hnsw_scorer_free(&vac->scorer);
	hnsw_linker_free(&vac->linker);
	hnsw_free(vac->vhat);
	hnsw_free(vac->copy);
}

/* Steps 2 and 3: afterwards nobody links to any dying record. */
static void
mark(HnswVacuum *vac)
{
	HNSW_DEBUG_POINT("vacuum-swept");
	first_range(vac, HNSW_BASE);
	do
		mark_upper_records(vac);
	while (next_range(vac, HNSW_BASE));
	HNSW_DEBUG_POINT("vacuum-marked");
	vac->pager->ops->barrier(vac->pager);
	HNSW_DEBUG_POINT("vacuum-barrier");
}

/* Steps 4 and 5: afterwards neither the trees nor the entry need them. */
static void
do_without(HnswVacuum *vac)
{
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER && vac->counts.left > 0; kind++)
		hnsw_vacuum_unpin(vac, kind);
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		HnswMoves	moves = {false};

		do
		{
			moves.lax = moves.waiting > 0 && moves.moved == 0;
			moves.moved = moves.waiting = 0;
			first_range(vac, kind);
			do
				hnsw_vacuum_move_children(vac, kind, &moves);
			while (next_range(vac, kind));
		}
		while (moves.waiting > 0);
	}
	HNSW_DEBUG_POINT("vacuum-moved");
	move_entry(vac);
	HNSW_DEBUG_POINT("vacuum-entry");
}

/* Steps 6 and 7 for what is in the sets. */
static void
bury_range(HnswVacuum *vac)
{
	if (vac->dying[HNSW_BASE].members + vac->dying[HNSW_UPPER].members == 0)
		return;
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
		hnsw_vacuum_repair(vac, kind);
	HNSW_DEBUG_POINT("vacuum-repaired");

	/*
	 * An insert may have read the id of a dying record from an edge that has
	 * been taken out since.  It must have ended before the id can mean
	 * another record.
	 */
	vac->pager->ops->barrier(vac->pager);
	for (int kind = HNSW_UPPER; kind >= HNSW_BASE; kind--)
	{
		free_dying(vac, kind);
		set_clear(&vac->dying[kind]);
	}
}

/*
 * Steps 6 and 7: upper records first, the last range of them together with the
 * first of layer 0.
 */
static void
bury(HnswVacuum *vac)
{
	if (!is_last_range(&vac->dying[HNSW_UPPER]) || vac->dying[HNSW_UPPER].first > 0)
	{
		set_clear(&vac->dying[HNSW_BASE]);
		for (find_dying(vac, HNSW_UPPER, 0); !is_last_range(&vac->dying[HNSW_UPPER]);
			 next_range(vac, HNSW_UPPER))
			bury_range(vac);
		find_dying(vac, HNSW_BASE, 0);
	}
	else
		first_range(vac, HNSW_BASE);
	do
		bury_range(vac);
	while (next_range(vac, HNSW_BASE));
}

void
hnsw_graph_vacuum(HnswPager *pager, HnswDead dead, void *arg,
				  Size max_memory, HnswVacuumResult *result)
{
	HnswVacuum	vac;
	Unlinked	unlinked = {pager};
	HnswId		limit = pager->ops->limit(pager, HNSW_BASE);

	memset(result, 0, sizeof(*result));
	init_state(&vac, pager, dead, arg, result);
	hnsw_heap_init(&unlinked.chunks, 64);
	hnsw_heap_init(&unlinked.asides, 64);
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		HnswId		kind_limit = pager->ops->limit(pager, kind);

		set_init(&vac.dying[kind], kind_limit, Max(max_memory / 8 * 3, 1));
		known_init(&vac.anchored[kind], kind_limit, max_memory / 8);
	}

	find_unlinked(&vac, HNSW_CHUNK, &unlinked.chunks);
	find_unlinked(&vac, HNSW_ASIDE, &unlinked.asides);
	if (remove_dead_tids(&vac, limit))
	{
		mark(&vac);
		do_without(&vac);
		bury(&vac);
	}
	if (unlinked.chunks.count > 0 || unlinked.asides.count > 0)
		pager->ops->alone(pager, free_unlinked, &unlinked);

	result->live = vac.counts.live;
	result->removed = vac.counts.removed;
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		hnsw_free(vac.dying[kind].bits);
		hnsw_free(vac.anchored[kind].ids);
	}
	hnsw_heap_free(&unlinked.chunks);
	hnsw_heap_free(&unlinked.asides);
	free_state(&vac);
}
