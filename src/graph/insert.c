/*-------------------------------------------------------------------------
 *
 * insert.c
 *		Inserting one vector (INSERT of the HNSW paper, algorithm 1).
 *
 * An insert searches, writes one new record, then changes each chosen neighbor
 * with one page access, and last marks the new record as linked.  Every step is
 * valid on its own; src/README says what a crash or a concurrent vacuum between
 * any two of them leaves behind.
 *
 * Reachability is built in: each new node gets one neighbor as its parent, and
 * the two edges between them are pinned, which means that no later insert evicts
 * them.  The tree edges of a layer thus form a spanning tree, walked in both
 * directions, from the first node on.
 *
 * IDENTIFICATION
 *	  src/graph/insert.c
 *-------------------------------------------------------------------------
 */
#include "graph/insert.h"

#include "base/debug.h"
#include "graph/parent.h"
#include "graph/tids.h"

/* candidates that the descent through the upper layers keeps */
#define DESCENT_EF		4

/*
 * Records that an insert visits at most in a layer with codes, for each unit of the
 * beam's width.  Most searches end after one and a half to three; among near twins
 * it takes five and more, which pays (bench/README.md, "Visits of inserts").  But
 * where all vectors are about equally far from each other, the best of a record's
 * estimates is mostly within the bound, and without a limit an insert would visit
 * half of the index.
 */
#define VISITS_FACTOR	8

/* HnswFound.own_at of a record whose own vector was not kept */
#define NO_OWN			SIZE_MAX

void
hnsw_inserter_init(HnswInserter *ins, HnswPager *pager, int ef_construction, uint64 seed)
{
	const HnswLayout *layout = pager->layout;

	memset(ins, 0, sizeof(*ins));
	ins->pager = pager;
	ins->layout = layout;
	ins->ef = ef_construction;
	ins->search_ef[HNSW_BASE] = ins->search_ef[HNSW_UPPER] = ef_construction;
	ins->random = seed;
	ins->evict = HNSW_NO_ID;
	hnsw_scorer_init(&ins->scorer, layout);
	hnsw_beam_init(&ins->beam, pager, &ins->scorer);
	hnsw_linker_init(&ins->linker, layout, &ins->scorer);
	hnsw_seen_init(&ins->scored, 64);
	hnsw_heap_init(&ins->order, 256);
	hnsw_point_init(&ins->point, layout);
	ins->vhat = hnsw_layout_own(layout)->alloc(layout, true);
	ins->image = hnsw_alloc(Max(layout->shape[HNSW_BASE].size, layout->shape[HNSW_UPPER].size));
}

void
hnsw_inserter_free(HnswInserter *ins)
{
	hnsw_scorer_free(&ins->scorer);
	hnsw_beam_free(&ins->beam);
	hnsw_linker_free(&ins->linker);
	hnsw_seen_free(&ins->scored);
	hnsw_heap_free(&ins->order);
	hnsw_point_free(&ins->point);
	hnsw_free(ins->vhat);
	hnsw_free(ins->image);
	for (int i = 0; i < HNSW_MAX_LAYERS; i++)
		if (ins->found[i].items != NULL)
		{
			hnsw_free(ins->found[i].items);
			hnsw_free(ins->found[i].order);
			hnsw_free(ins->found[i].codes);
			hnsw_free(ins->found[i].chosen);
		}
}

/* floor(-ln(U) / ln(m)), U uniform in (0, 1] */
int
hnsw_inserter_level(HnswInserter *ins)
{
	uint64		z = hnsw_mix64(ins->random += UINT64_C(0x9E3779B97F4A7C15));
	double		u;

	u = ((double) (z >> 11) + 1) / 9007199254740992.0;
	return Min(HNSW_MAX_LAYERS - 1, (int) (-log(u) / log((double) ins->layout->m)));
}

/* ------------------------------------------------------------------------
 * Searching
 * ------------------------------------------------------------------------
 */
void
hnsw_found_reset(HnswInserter *ins, HnswFoundSet *set)
{
	if (set->items == NULL)
	{
		set->space = 2 * ins->ef;
		set->items = hnsw_alloc(sizeof(HnswFound) * set->space);
		set->order = hnsw_alloc(sizeof(int) * set->space);
		set->codes_space = (Size) ins->layout->own_bytes * Min(set->space, 128);
		set->codes = hnsw_alloc(set->codes_space);
		set->chosen = hnsw_alloc(sizeof(int) * HNSW_MAX_SLOTS);
	}
	set->count = 0;
	set->codes_used = 0;
	set->nchosen = 0;
}

/* Is this record of layer 0 one for the very same vector? */
static bool
is_equal(const HnswInserter *ins, const HnswOwn *own, uint8 state)
{
	return state == HNSW_LINKED &&
		own->vmin == ins->point.vmin && own->vstep == ins->point.vstep &&
		memcmp(own->codes, ins->point.own, ins->layout->own_bytes) == 0;
}

static bool
remember(void *arg, HnswId id, const HnswRecord *rec, HnswScore score)
{
	HnswInserter *ins = arg;
	HnswFoundSet *set = &ins->found[ins->beam.layer];
	const HnswShape *shape = ins->beam.shape;
	Size		own_bytes = ins->layout->own_bytes;
	HnswFound  *item;

	if (set->count == set->space)
	{
		set->items = hnsw_realloc(set->items, sizeof(HnswFound) * set->space * 2);
		set->order = hnsw_realloc(set->order, sizeof(int) * set->space * 2);
		set->space *= 2;
	}
	item = &set->items[set->count++];
	item->id = id;
	item->down = rec->down;
	item->generation = rec->generation;
	item->g = score.g;
	item->state = rec->state;
	item->has_room = hnsw_link_has_room(shape, rec);
	item->declines = ins->beam.layer <= ins->level && shape->bits > 0 &&
		hnsw_link_declines(&ins->linker, shape, rec, score.g);
	item->pruned = false;
	item->ready = false;
	item->own.vmin = rec->vmin;
	item->own.vstep = rec->vstep;
	item->own_at = NO_OWN;

	/*
	 * Without codes, all neighbors of what a search goes through are visited.
	 * Those beyond the ef best will not be linked to; their vectors may be
	 * large.
	 */
	if (shape->bits == 0 && !hnsw_beam_promises(&ins->beam, score.g))
		return rec->state != HNSW_DYING;
	if (set->codes_used + own_bytes > set->codes_space)
	{
		set->codes = hnsw_realloc(set->codes, set->codes_space * 2);
		set->codes_space *= 2;
	}
	item->own_at = set->codes_used;
	memcpy(set->codes + set->codes_used, hnsw_record_own(rec, shape), own_bytes);
	item->own.codes = set->codes + item->own_at;
	set->codes_used += own_bytes;
	if (ins->stop_at_equal && rec->layer == 0 && ins->equal < 0 &&
		is_equal(ins, &item->own, rec->state))
	{
		ins->equal = set->count - 1;
		ins->beam.stop = true;
	}
	return rec->state != HNSW_DYING;
}

/*
 * Puts those that may be linked to into the order of distance.  The others, of
 * which there may be many, follow: they are there for their distances only.
 */
static void
sort_found(HnswInserter *ins, HnswFoundSet *set)
{
	HnswHeap   *heap = &ins->order;
	int			kept = 0,
				at;

	heap->count = 0;
	for (int i = 0; i < set->count; i++)
	{
		HnswFound  *item = &set->items[i];

		item->own.codes = item->own_at == NO_OWN ? NULL : set->codes + item->own_at;
		if (item->own.codes != NULL)
			hnsw_heap_push(heap, item->g, i);
	}
	while (heap->count > 0)
		set->order[kept++] = hnsw_heap_pop(heap).id;
	at = kept;
	for (int i = 0; i < set->count; i++)
		if (set->items[i].own.codes == NULL)
			set->order[at++] = i;
}

/*
 * Searches a layer, or carries that on.  Whoever looks for a place for a vector stops
 * where its equal is: best first, that is after a tenth of the visits.  Of them
 * "before" have been counted.
 */
static void
run_search(HnswInserter *ins, int64 before)
{
	HnswBeam   *beam = &ins->beam;

	hnsw_beam_run(beam, beam->shape->bits > 0 ? (int64) VISITS_FACTOR * beam->ef : INT64_MAX);
	ins->visited += beam->visited - before;
	sort_found(ins, &ins->found[beam->layer]);
}

static void
search_layer(HnswInserter *ins, int layer, int ef, const HnswId *seeds, int nseeds)
{
	hnsw_found_reset(ins, &ins->found[layer]);
	ins->equal = -1;
	hnsw_beam_start(&ins->beam, layer, ins->point.xhat, ef, remember, ins);
	for (int i = 0; i < nseeds; i++)
		hnsw_beam_seed(&ins->beam, seeds[i]);
	run_search(ins, 0);
}

/* search_ef, in terms of the beam */
static int
beam_width(const HnswInserter *ins, int layer)
{
	HnswKind	kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;

	return hnsw_layout_beam(ins->layout, kind, ins->search_ef[kind]);
}

/*
 * Searches from the entry down to layer 0: the layers that the new node will
 * live in with ef_construction, the ones above with a small beam.  False when
 * what the entry led to has been freed meanwhile.
 */
static bool
search_all_layers(HnswInserter *ins, const HnswEntry *entry, int level)
{
	HnswId		seeds[DESCENT_EF];
	int			nseeds = 1;

	seeds[0] = entry->id;
	for (int layer = entry->layer; layer >= 0; layer--)
	{
		HnswFoundSet *set = &ins->found[layer];

		search_layer(ins, layer, layer > level ? DESCENT_EF : beam_width(ins, layer),
					 seeds, nseeds);
		if (set->count == 0)
			return false;
		nseeds = Min(set->count, DESCENT_EF);
		for (int i = 0; i < nseeds; i++)
			seeds[i] = set->items[set->order[i]].down;
	}
	return true;
}

bool
hnsw_inserter_search(HnswInserter *ins)
{
	HnswEntry	entry;

	ins->visited = 0;
	ins->stop_at_equal = false;
	ins->level = -1;
	ins->pager->ops->get_entry(ins->pager, &entry);
	return entry.id != HNSW_NO_ID && search_all_layers(ins, &entry, 0);
}

/*
 * Chooses up to "slots" neighbors: first those that the heuristic keeps, in
 * order of distance, then the nearest of the others, marked as pruned
 * (SELECT-NEIGHBORS-HEURISTIC, algorithm 4, with keepPrunedConnections).
 */
void
hnsw_choose_neighbors(HnswInserter *ins, HnswFoundSet *set, int slots)
{
	const HnswOwnOps *own = hnsw_layout_own(ins->layout);
	float		occlusion = hnsw_layout_occlusion(ins->layout);
	int			considered = 0;

	set->nchosen = 0;
	for (int i = 0; i < set->count && considered < ins->ef && set->nchosen < slots; i++)
	{
		HnswFound  *c = &set->items[set->order[i]];

		if (c->state == HNSW_DYING || c->own.codes == NULL)
			continue;
		considered++;
		if (!c->ready)
			own->ready(ins->layout, &c->own);
		c->ready = true;
		c->pruned = false;
		for (int j = 0; j < set->nchosen && !c->pruned; j++)
			c->pruned = own->distance(ins->layout, &c->own,
									  &set->items[set->chosen[j]].own) < c->g * occlusion;
		if (!c->pruned)
			set->chosen[set->nchosen++] = set->order[i];
	}
	considered = 0;
	for (int i = 0; i < set->count && considered < ins->ef && set->nchosen < slots; i++)
	{
		const HnswFound *c = &set->items[set->order[i]];

		if (c->state == HNSW_DYING || c->own.codes == NULL)
			continue;
		considered++;
		if (c->pruned)
			set->chosen[set->nchosen++] = set->order[i];
	}
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */
static void
decode(HnswInserter *ins, const HnswFound *c)
{
	hnsw_layout_own(ins->layout)->decode(ins->layout, &c->own, ins->vhat);
}

void
hnsw_write_chosen(HnswInserter *ins, const HnswShape *shape, HnswRecord *rec,
				  const HnswFoundSet *set)
{
	for (int i = 0; i < set->nchosen; i++)
	{
		const HnswFound *c = &set->items[set->chosen[i]];

		if (shape->bits > 0)
		{
			decode(ins, c);
			hnsw_edge_write(ins->layout, shape, rec, ins->point.xhat, i, c->id, ins->vhat);
		}
		else
			hnsw_edge_write_length(ins->layout, shape, rec, i, c->id, c->g);
		hnsw_set_bit(hnsw_record_pruned(rec, shape), i, c->pruned);
	}
	rec->count = set->nchosen;
}

/* Makes the record of one layer, with its edges; it is not linked yet. */
static HnswId
create_record(HnswInserter *ins, int layer, HnswId base, HnswId down, const HnswTid *tid,
			  HnswFoundSet *set)
{
	HnswKind	kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;
	const HnswShape *shape = &ins->layout->shape[kind];
	HnswRecord *rec = ins->image;

	memset(rec, 0, shape->size);
	rec->state = HNSW_PENDING;
	rec->layer = layer;
	rec->base = base;
	rec->down = down;
	rec->parent = HNSW_NO_ID;
	rec->vmin = ins->point.vmin;
	rec->vstep = ins->point.vstep;
	rec->resid = ins->point.resid;
	if (tid != NULL)
	{
		rec->tids[0] = *tid;
		rec->value = ins->point.value;
	}
	memcpy(hnsw_record_own(rec, shape), ins->point.own, ins->layout->own_bytes);
	if (set != NULL)
		hnsw_write_chosen(ins, shape, rec, set);
	return ins->pager->ops->create(ins->pager, kind, rec, shape->size);
}

typedef enum Answer
{
	ANSWER_GONE,				/* no longer there to be linked to */
	ANSWER_HEARD,				/* may have taken an edge, as it wanted */
	ANSWER_ADOPTED				/* is the parent */
} Answer;

/*
 * Offers the new record to one neighbor, with "pin" as a child.  Only a linked record,
 * or the root of the layer, becomes a parent.
 */
static Answer
offer_to(HnswInserter *ins, HnswKind kind, const HnswFound *c, HnswId id, HnswId root,
		 bool pin)
{
	const HnswShape *shape = &ins->layout->shape[kind];
	const HnswRecord *rec = HNSW_HOLD(ins->pager, kind, c->id);
	HnswRecord *change;
	HnswOfferPlan plan;
	int			evicted;

	if (rec == NULL)
		return ANSWER_GONE;
	if (rec->generation != c->generation || rec->state == HNSW_FREE || rec->state == HNSW_DYING)
	{
		HNSW_CANCEL(ins->pager);
		return ANSWER_GONE;
	}
	/* never the edge to a parent, which vacuum is about to replace */
	evicted = ins->evict == HNSW_NO_ID || ins->evict == rec->parent ? -1 :
		hnsw_link_find(shape, rec, ins->evict);
	pin = pin && (rec->state == HNSW_LINKED || c->id == root);
	if (pin && evicted >= 0 && !hnsw_link_has_room(shape, rec))
	{
		change = HNSW_CHANGE(ins->pager);
		hnsw_link_drop(shape, change, evicted);
		if (!hnsw_link_has_room(shape, change))
		{
			HNSW_CANCEL(ins->pager);
			return ANSWER_HEARD;
		}
		hnsw_link_offer(&ins->linker, shape, change, id, ins->point.xhat, true);
		HNSW_COMMIT(ins->pager);
		return ANSWER_ADOPTED;
	}
	pin = pin && hnsw_link_has_room(shape, rec);
	hnsw_link_plan(&ins->linker, shape, rec, id, ins->point.xhat, pin, &plan);
	if (plan.changes)
	{
		change = HNSW_CHANGE(ins->pager);
		hnsw_link_apply(&ins->linker, shape, change, id, ins->point.xhat, pin, &plan);
		HNSW_COMMIT(ins->pager);
	}
	else
		HNSW_CANCEL(ins->pager);
	return pin && plan.offer == HNSW_OFFER_TAKEN ? ANSWER_ADOPTED : ANSWER_HEARD;
}

/*
 * Last step: the record takes its tree edge to the parent, loses the edges to
 * neighbors that have gone, and is linked.
 */
void
hnsw_finish_record(HnswInserter *ins, HnswKind kind, HnswId id, const HnswFound *parent,
				   const HnswId *gone, int ngone)
{
	const HnswShape *shape = &ins->layout->shape[kind];
	HnswRecord *rec;

	if (parent != NULL)
		decode(ins, parent);
	rec = HNSW_MODIFY(ins->pager, kind, id);
	if (rec == NULL)
		hnsw_corrupt("index \"%s\": record %u is beyond the end", ins->pager->name, id);
	for (int i = 0; i < ngone; i++)
	{
		int			slot = hnsw_link_find(shape, rec, gone[i]);

		if (slot >= 0)
			hnsw_link_drop(shape, rec, slot);
	}
	if (parent != NULL)
	{
		hnsw_link_offer(&ins->linker, shape, rec, parent->id, ins->vhat, true);
		rec->parent = parent->id;
	}
	rec->state = HNSW_LINKED;
	HNSW_COMMIT(ins->pager);
}

/*
 * Without codes, what the search has found out is how the neighbors tell
 * whether the new record is near to their own neighbors.
 */
void
hnsw_remember_scores(HnswInserter *ins, const HnswFoundSet *set)
{
	hnsw_seen_clear(&ins->scored);
	for (int i = 0; i < set->count; i++)
		*hnsw_seen_put(&ins->scored, set->items[i].id) = set->items[i].g;
	ins->linker.scored = &ins->scored;
}

/* Is it dying, or worse? */
static bool
is_dead_end(HnswInserter *ins, const HnswEntry *entry)
{
	const HnswRecord *rec = HNSW_READ_PART(ins->pager, entry->layer == 0 ? HNSW_BASE : HNSW_UPPER,
										   entry->id, HNSW_PART_HEAD);
	bool		dead_end = rec == NULL || rec->state == HNSW_FREE || rec->state == HNSW_DYING;

	if (rec != NULL)
		HNSW_RELEASE(ins->pager);
	return dead_end;
}

typedef enum Linked
{
	LINKED_TO_FOUND,
	LINKED_ELSEWHERE,			/* only to what a walk from the root has found */
	LINKED_AS_ROOT
} Linked;

/*
 * Links the new record of one layer into it, from both sides.  What links it is
 * told: from the entry point it may not be found yet.
 */
static Linked
link_record(HnswInserter *ins, int layer, HnswId id, HnswFoundSet *set, HnswId root)
{
	HnswKind	kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;
	const HnswShape *shape = &ins->layout->shape[kind];
	HnswFound	any;
	const HnswFound *parent = NULL;
	HnswId		gone[HNSW_MAX_SLOTS];
	int			ngone = 0;
	bool		found_any;

	if (shape->bits == 0)
		hnsw_remember_scores(ins, set);
	for (int i = 0; i < set->nchosen; i++)
	{
		HnswFound  *c = &set->items[set->chosen[i]];

		if (parent != NULL && c->declines)
			continue;
		switch (offer_to(ins, kind, c, id, root, parent == NULL))
		{
			case ANSWER_GONE:
				gone[ngone++] = c->id;
				break;
			case ANSWER_ADOPTED:
				parent = c;
				break;
			case ANSWER_HEARD:
				break;
		}
		HNSW_DEBUG_POINT("insert-offered");
	}
	for (int i = 0; i < set->count && parent == NULL; i++)
	{
		HnswFound  *c = &set->items[set->order[i]];

		if (c->has_room && c->state != HNSW_DYING && c->id != id && c->own.codes != NULL &&
			offer_to(ins, kind, c, id, root, true) == ANSWER_ADOPTED)
			parent = c;
	}
	found_any = parent != NULL || set->nchosen > ngone;
	while (parent == NULL && hnsw_find_parent(ins, layer, id, &any))
	{
		HNSW_DEBUG_POINT("insert-parent");
		if (offer_to(ins, kind, &any, id, any.id, true) == ANSWER_ADOPTED)
			parent = &any;
	}
	ins->evict = HNSW_NO_ID;
	hnsw_finish_record(ins, kind, id, parent, gone, ngone);
	return parent == NULL && !found_any ? LINKED_AS_ROOT :
		found_any ? LINKED_TO_FOUND : LINKED_ELSEWHERE;
}

typedef struct EntryArg
{
	HnswId		id;				/* of the new node's top record */
	int			level;
	HnswId		dead_end;		/* an entry from which no living node is found */
	const HnswId *records;		/* one a layer, for the first node */
} EntryArg;

static bool
first_node(HnswEntry *entry, void *arg)
{
	EntryArg   *first = arg;

	if (entry->id != HNSW_NO_ID)
		return false;
	for (int i = 0; i <= first->level; i++)
		if (entry->root[i] != HNSW_NO_ID)
			return false;
	entry->id = first->id;
	entry->layer = first->level;
	for (int i = 0; i <= first->level; i++)
		entry->root[i] = first->records[i];
	return true;
}

static bool
raise_entry(HnswEntry *entry, void *arg)
{
	EntryArg   *raise = arg;

	if (entry->id != HNSW_NO_ID && entry->id != raise->dead_end &&
		(int) entry->layer >= raise->level)
		return false;
	entry->id = raise->id;
	entry->layer = raise->level;
	return true;
}

/* The first node of an empty index; false when somebody else was first. */
static bool
insert_first(HnswInserter *ins, int level, HnswTid tid)
{
	HnswId		records[HNSW_MAX_LAYERS];
	EntryArg	arg = {HNSW_NO_ID, level, HNSW_NO_ID, records};

	for (int layer = 0; layer <= level; layer++)
		records[layer] = create_record(ins, layer, layer == 0 ? HNSW_NO_ID : records[0],
									   layer == 0 ? HNSW_NO_ID : records[layer - 1],
									   layer == 0 ? &tid : NULL, NULL);
	arg.id = records[level];
	ins->node = records[0];
	HNSW_DEBUG_POINT("insert-first");
	if (!ins->pager->ops->update_entry(ins->pager, first_node, &arg))
	{
		for (int layer = level; layer >= 0; layer--)
			ins->pager->ops->destroy(ins->pager, layer == 0 ? HNSW_BASE : HNSW_UPPER,
									 &records[layer], 1);
		return false;
	}
	for (int layer = 0; layer <= level; layer++)
		hnsw_finish_record(ins, layer == 0 ? HNSW_BASE : HNSW_UPPER, records[layer], NULL, NULL, 0);
	return true;
}

HnswInserted
hnsw_insert(HnswInserter *ins, const void *v, HnswTid tid)
{
	if (!hnsw_point_set(&ins->point, ins->layout, v))
	{
		hnsw_aside_insert(ins->pager, HNSW_ASIDE_NAN, tid);
		return HNSW_INSERTED_ASIDE;
	}
	return hnsw_insert_point(ins, hnsw_inserter_level(ins), tid);
}

HnswInserted
hnsw_insert_point(HnswInserter *ins, int level, HnswTid tid)
{
	HnswEntry	entry;
	HnswId		base = HNSW_NO_ID,
				below = HNSW_NO_ID;
	HnswId		dead_end = HNSW_NO_ID;

	ins->visited = 0;
	ins->stop_at_equal = true;
	ins->level = level;
	for (int tries = 0;; tries++)
	{
		ins->pager->ops->get_entry(ins->pager, &entry);
		if (entry.id == HNSW_NO_ID && entry.root[0] == HNSW_NO_ID)
		{
			if (insert_first(ins, level, tid))
				return HNSW_INSERTED_NODE;
		}
		else if (entry.id != HNSW_NO_ID && search_all_layers(ins, &entry, level))
			break;
		else if (tries >= 3)
		{
			/*
			 * The entry leads nowhere: an earlier vacuum has been stopped
			 * before it could say where to go on.  The root of layer 0 is
			 * where the tree begins.
			 */
			dead_end = entry.id;
			entry.id = entry.root[0];
			entry.layer = 0;
			search_layer(ins, 0, beam_width(ins, 0), &entry.id, 1);
			break;
		}
		CHECK_FOR_INTERRUPTS();
	}

	HNSW_DEBUG_POINT("insert-searched");
	while (ins->equal >= 0)
	{
		const HnswFound *c = &ins->found[0].items[ins->equal];
		HnswTuple	tuple = {tid, ins->point.value, ins->point.resid};

		if (hnsw_tids_attach(ins->pager, c->id, c->generation, &tuple))
			return HNSW_INSERTED_TID;
		/* it has just gone */
		ins->equal = -1;
		run_search(ins, ins->beam.visited);
	}

	for (int layer = 0; layer <= level; layer++)
	{
		HnswFoundSet *set = &ins->found[layer];
		HnswId		id;
		Linked		linked;

		if (layer > (int) entry.layer)
			hnsw_found_reset(ins, set);
		hnsw_choose_neighbors(ins, set,
							  ins->layout->shape[layer == 0 ? HNSW_BASE : HNSW_UPPER].slots);
		id = create_record(ins, layer, base, below, layer == 0 ? &tid : NULL, set);
		HNSW_DEBUG_POINT("insert-created");
		linked = link_record(ins, layer, id, set, entry.root[layer]);
		if (layer == 0 && dead_end == HNSW_NO_ID &&
			(linked == LINKED_AS_ROOT ||
			 (linked == LINKED_ELSEWHERE && is_dead_end(ins, &entry))))
			dead_end = entry.id;
		HNSW_DEBUG_POINT("insert-linked");
		if (layer == 0)
			base = ins->node = id;
		below = id;
	}

	/*
	 * All that the entry leads to may be dying, and the vacuum that would
	 * move it stopped, or not that far: what comes now is found from here.
	 */
	if (entry.id == HNSW_NO_ID || level > (int) entry.layer || dead_end != HNSW_NO_ID)
	{
		EntryArg	raise = {below, level, dead_end, NULL};

		HNSW_DEBUG_POINT("insert-entry");
		ins->pager->ops->update_entry(ins->pager, raise_entry, &raise);
	}
	return HNSW_INSERTED_NODE;
}
