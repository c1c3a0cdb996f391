/*-------------------------------------------------------------------------
 *
 * check.c
 *		Is everything in the index as src/README says?
 *
 * One record is read at a time and what matters is copied out, so that between
 * two reads other backends may change anything.  Each check of one thing is
 * therefore run again, twice, when it finds a problem, the last time behind a
 * barrier that waits for the inserts now running; only what it still finds then
 * is reported.
 *
 * Nothing that was read is trusted: an id is followed only where a slot of its
 * kind exists, and no walk takes more steps than there are slots.
 *
 * A vacuum that was stopped leaves dying records, some with their neighbors
 * freed already, and perhaps one record that has two pinned edges upwards
 * because its parent is dying.  The next vacuum takes that up; it is not wrong.
 *
 * IDENTIFICATION
 *	  src/graph/check.c
 *-------------------------------------------------------------------------
 */
#include "graph/check.h"

#include <stdarg.h>

#include "code/edge.h"
#include "distance/kernels.h"
#include "graph/checker.h"
#include "graph/link.h"

/* times that a problem must be seen */
#define CONFIRMATIONS	3

/* ------------------------------------------------------------------------
 * What all parts use
 * ------------------------------------------------------------------------
 */
void
hnsw_bits_set(HnswBits *bits, HnswId id)
{
	if (id / 8 >= bits->bytes)
	{
		Size		bytes = Max((Size) id / 8 + 1, bits->bytes * 2);

		bits->map = bits->map == NULL ? hnsw_alloc(bytes) : hnsw_realloc(bits->map, bytes);
		memset(bits->map + bits->bytes, 0, bytes - bits->bytes);
		bits->bytes = bytes;
	}
	bits->map[id / 8] |= (uint8) (1 << (id % 8));
}

void
hnsw_bits_clear(HnswBits *bits)
{
	if (bits->map != NULL)
		hnsw_free(bits->map);
	bits->map = NULL;
	bits->bytes = 0;
}

void
hnsw_check_say(HnswChecker *c, HnswKind kind, HnswId id, const char *fmt,...)
{
	char		message[200];
	va_list		ap;

	c->found++;
	if (c->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	c->report(c->arg, kind, id, message);
}

void
hnsw_check_confirm(HnswChecker *c, HnswKind kind, HnswId id, HnswCheckOne check)
{
	for (int times = 1; times <= CONFIRMATIONS; times++)
	{
		c->found = 0;
		c->quiet = times < CONFIRMATIONS;
		check(c, kind, id);
		c->quiet = false;
		if (c->found == 0)
			break;
		c->pager->ops->pause(c->pager);
		if (times == CONFIRMATIONS - 1)
			c->pager->ops->barrier(c->pager);
		c->pager->ops->get_entry(c->pager, &c->entry);
	}
}

bool
hnsw_check_exists(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswId		first;

	if (hnsw_bits_get(&c->known[kind], id))
		return true;
	if (id == HNSW_NO_ID || id >= c->pager->ops->limit(c->pager, kind))
		return false;

	/* in the middle of a page, seek takes the caller's word for its kind */
	first = id - id % hnsw_layout_per_page(c->layout, kind);
	if (c->pager->ops->seek(c->pager, kind, first) != first)
		return false;
	hnsw_bits_set(&c->known[kind], id);
	return true;
}

static void
learn_slots(HnswChecker *c, HnswKind kind)
{
	HnswPager  *pager = c->pager;

	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		hnsw_bits_set(&c->known[kind], id);
		CHECK_FOR_INTERRUPTS();
	}
}

/* ------------------------------------------------------------------------
 * One record and its edges
 * ------------------------------------------------------------------------
 */

/* The other end of an edge, as far as it matters. */
typedef struct EdgeEnd
{
	uint8		state;
	uint8		layer;
	HnswId		parent;
	bool		back;			/* has an edge back */
	bool		back_pinned;
} EdgeEnd;

/* Reads a neighbor of the record; its own vector goes to c->vhat. */
static bool
read_end(HnswChecker *c, HnswKind kind, HnswId id, HnswId neighbor, EdgeEnd *end)
{
	const HnswShape *shape = &c->layout->shape[kind];
	const HnswRecord *rec;
	int			slot;

	if (!hnsw_check_exists(c, kind, neighbor))
		return false;
	rec = HNSW_READ(c->pager, kind, neighbor);
	if (rec == NULL)
		return false;
	memset(end, 0, sizeof(*end));
	end->state = rec->state;
	if (rec->state != HNSW_FREE)
	{
		end->layer = rec->layer;
		end->parent = rec->parent;
		slot = hnsw_link_find(shape, rec, id);
		end->back = slot >= 0;
		end->back_pinned = slot >= 0 && hnsw_bit(hnsw_record_pinned(rec, shape), slot);
		hnsw_own_decode(c->layout, shape, rec, c->vhat);
	}
	HNSW_RELEASE(c->pager);
	return true;
}

bool
hnsw_check_is_dying(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswRecord *rec;
	bool		result;

	if (id == HNSW_NO_ID || !hnsw_check_exists(c, kind, id))
		return false;
	rec = HNSW_READ(c->pager, kind, id);
	if (rec == NULL)
		return false;
	result = rec->state == HNSW_DYING;
	HNSW_RELEASE(c->pager);
	return result;
}

/*
 * The length of an edge by the two own vectors, and what rounding may do to it on
 * another machine.  What a length with codes lacks is <u, u>.
 */
static double
length_with_codes(HnswChecker *c, double *tolerance)
{
	const float *uhat = c->uhat;
	const float *vhat = c->vhat;
	double		rr = 0,
				ru = 0,
				uu = 0,
				vv = 0;

	for (int i = 0; i < (int) c->layout->dim; i++)
	{
		double		u = uhat[i],
					v = vhat[i],
					r = v - u;

		rr += r * r;
		ru += r * u;
		uu += u * u;
		vv += v * v;
	}
	uu = sqrt(uu);
	vv = sqrt(vv);
	if (c->layout->metric == HNSW_IP)
	{
		*tolerance = 1e-4 * sqrt(rr) * uu + 1e-6 * uu * (uu + vv);
		return -ru;
	}
	*tolerance = 1e-6 * sqrt(rr) * (uu + vv) + 1e-12 * (uu + vv) * (uu + vv);
	return rr;
}

static double
length_without_codes(HnswChecker *c, HnswKind kind, double *tolerance)
{
	const HnswOwnOps *own = hnsw_layout_own(c->layout);

	*tolerance = 1e-6 * (own->size(c->layout, c->uhat) + own->size(c->layout, c->vhat));
	return hnsw_score_own(&c->scorer, &c->layout->shape[kind], c->vhat, c->rec).g;
}

/*
 * Compares the bias of a slot with what the two own vectors say.  The factor's
 * own precision is below 0.8 %.
 */
static void
check_bias(HnswChecker *c, HnswKind kind, HnswId id, int slot, HnswId neighbor)
{
	const HnswShape *shape = &c->layout->shape[kind];
	double		got = hnsw_edge_length(c->layout, shape, c->rec, slot, 0);
	double		tolerance,
				want = shape->bits > 0 ? length_with_codes(c, &tolerance) :
	length_without_codes(c, kind, &tolerance);

	if (!(fabs(got - want) <= tolerance + 0.01 * fabs(want) + 1e-36))
		hnsw_check_say(c, kind, id, "edge to %u: factor is %g, own vectors say %g",
					   neighbor, got, want);
}

/* The tree edges are pinned in both records, and nothing else is. */
static void
check_pinned(HnswChecker *c, HnswKind kind, HnswId id, HnswId to, bool pinned,
			 const EdgeEnd *end)
{
	if (c->rec->parent == to)
	{
		if (!pinned)
			hnsw_check_say(c, kind, id, "edge to parent %u is not pinned", to);
		if (!end->back_pinned)
			hnsw_check_say(c, kind, id, "parent %u has no pinned edge back", to);
		if (end->parent == id)
			hnsw_check_say(c, kind, id, "is child and parent of %u", to);
	}
	else if (end->parent == id)
	{
		if (!pinned && end->state != HNSW_DYING)
			hnsw_check_say(c, kind, id, "edge to child %u is not pinned", to);
	}
	else if (pinned && end->state == HNSW_LINKED && !hnsw_check_is_dying(c, kind, end->parent))
		hnsw_check_say(c, kind, id, "pinned edge to %u, which is neither parent nor child", to);
}

static void
check_edge(HnswChecker *c, HnswKind kind, HnswId id, int slot)
{
	const HnswShape *shape = &c->layout->shape[kind];
	const HnswRecord *rec = c->rec;
	const uint32 *ids = hnsw_record_ids(rec, shape);
	HnswId		to = ids[slot];
	bool		pinned = hnsw_bit(hnsw_record_pinned(rec, shape), slot);
	EdgeEnd		end;

	for (int i = 0; i < slot; i++)
		if (ids[i] == to)
			hnsw_check_say(c, kind, id, "edge to %u is there twice", to);
	if (to == id)
	{
		hnsw_check_say(c, kind, id, "edge to itself");
		return;
	}
	if (!read_end(c, kind, id, to, &end))
		hnsw_check_say(c, kind, id, "edge to %u, which does not exist", to);
	else if (rec->state == HNSW_DYING)
		;						/* leads where it may; goes away */
	else if (end.state == HNSW_FREE)
		hnsw_check_say(c, kind, id, "edge to %u, which is free", to);
	else if (end.layer != rec->layer)
		hnsw_check_say(c, kind, id, "edge to %u, which is in layer %d, not in %d",
					   to, end.layer, rec->layer);
	else
	{
		check_bias(c, kind, id, slot, to);
		check_pinned(c, kind, id, to, pinned, &end);
	}
}

static void
check_parent(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswRecord *rec = c->rec;

	if (c->entry.root[rec->layer] == id)
	{
		if (rec->parent != HNSW_NO_ID && !hnsw_check_is_dying(c, kind, rec->parent))
			hnsw_check_say(c, kind, id, "root of layer %d has parent %u", rec->layer, rec->parent);
	}
	else if (rec->parent == HNSW_NO_ID)
	{
		if (rec->state == HNSW_LINKED)
			hnsw_check_say(c, kind, id, "has no parent and is not the root of layer %d",
						   rec->layer);
	}
	else if (rec->state != HNSW_DYING &&
			 hnsw_link_find(&c->layout->shape[kind], rec, rec->parent) < 0)
		hnsw_check_say(c, kind, id, "has no edge to parent %u", rec->parent);
}

/* The node's other records; a base record is its own base. */
static void
check_node(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswRecord *rec = c->rec,
			   *below;
	HnswKind	down_kind = kind == HNSW_UPPER && rec->layer > 1 ? HNSW_UPPER : HNSW_BASE;
	const char *problem = NULL;

	if (kind == HNSW_BASE)
	{
		if (rec->base != id)
			hnsw_check_say(c, kind, id, "layer-0 record says that %u is its node", rec->base);
		if (rec->state == HNSW_DYING && hnsw_tids_any(rec))
			hnsw_check_say(c, kind, id, "dying record has heap tuples");
		return;
	}
	for (int i = 0; i < HNSW_INLINE_TIDS; i++)
		if (hnsw_tid_used(&rec->tids[i]))
			hnsw_check_say(c, kind, id, "record above layer 0 has heap tuples");
	if (rec->state == HNSW_DYING)
		return;					/* the record below may be gone already */
	if (rec->layer == 1 && rec->down != rec->base)
		hnsw_check_say(c, kind, id, "layer below is %u, node is %u", rec->down, rec->base);
	if (!hnsw_check_exists(c, down_kind, rec->down))
	{
		hnsw_check_say(c, kind, id, "layer below is %u, which does not exist", rec->down);
		return;
	}
	below = HNSW_READ(c->pager, down_kind, rec->down);
	if (below == NULL || below->state == HNSW_FREE)
		problem = "which is free";
	else if (below->base != rec->base || below->layer != rec->layer - 1)
		problem = "which belongs elsewhere";
	else if (below->vmin != rec->vmin || below->vstep != rec->vstep ||
			 memcmp(hnsw_record_own(below, &c->layout->shape[down_kind]),
					hnsw_record_own(rec, &c->layout->shape[kind]), c->layout->own_bytes) != 0)
		problem = "whose vector is another";
	if (below != NULL)
		HNSW_RELEASE(c->pager);
	if (problem != NULL)
		hnsw_check_say(c, kind, id, "layer below is %u, %s", rec->down, problem);
}

/* What the pager takes, because it can be read, may still be nonsense. */
static void
check_own(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswOwnOps *ops = hnsw_layout_own(c->layout);
	HnswOwn		own = hnsw_own_of(c->rec, &c->layout->shape[kind]);
	const char *problem = ops->problem == NULL ? NULL : ops->problem(c->layout, &own);

	if (problem != NULL)
		hnsw_check_say(c, kind, id, "%s", problem);
}

static void
check_record(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswPager  *pager = c->pager;
	const HnswShape *shape = &c->layout->shape[kind];
	const HnswRecord *rec = HNSW_READ(pager, kind, id);
	const uint32 *ids = hnsw_record_ids(c->rec, shape);

	if (rec == NULL)
		return;
	memcpy(c->rec, rec, shape->size);
	HNSW_RELEASE(pager);
	if (c->rec->state == HNSW_FREE)
		return;
	if (c->rec->count > shape->slots || c->rec->layer >= HNSW_MAX_LAYERS)
	{
		hnsw_check_say(c, kind, id, "layer %d, %d edges: out of bounds",
					   c->rec->layer, c->rec->count);
		return;
	}
	hnsw_own_decode(c->layout, shape, c->rec, c->uhat);
	check_own(c, kind, id);
	check_node(c, kind, id);
	check_parent(c, kind, id);
	for (int i = 0; i < c->rec->count; i++)
		if (hnsw_bits_get(&c->known[kind], ids[i]))
			pager->ops->prefetch(pager, kind, ids[i]);
	for (int i = 0; i < c->rec->count; i++)
		check_edge(c, kind, id, i);
	for (int i = c->rec->count; i < shape->slots; i++)
		if (hnsw_bit(hnsw_record_pinned(c->rec, shape), i) ||
			hnsw_bit(hnsw_record_pruned(c->rec, shape), i))
			hnsw_check_say(c, kind, id, "unused slot %d is marked", i);
}

static void
check_records(HnswChecker *c, HnswKind kind)
{
	HnswPager  *pager = c->pager;

	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		hnsw_check_confirm(c, kind, id, check_record);
		if (kind == HNSW_BASE)
			hnsw_check_node_tids(c, id);
		pager->ops->pause(pager);
	}
}

/* ------------------------------------------------------------------------
 * The entry
 * ------------------------------------------------------------------------
 */

/* Is this a record in use of the layer?  If not, says what it is instead. */
static bool
is_record_of(HnswChecker *c, HnswId id, int layer, const char *what)
{
	HnswKind	kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;
	const HnswRecord *rec = NULL;
	int			state = HNSW_FREE,
				its_layer = -1;

	if (hnsw_check_exists(c, kind, id))
		rec = HNSW_READ(c->pager, kind, id);
	if (rec != NULL)
	{
		state = rec->state;
		its_layer = rec->layer;
		HNSW_RELEASE(c->pager);
	}
	if (state != HNSW_FREE && its_layer == layer)
		return true;
	hnsw_check_say(c, kind, id, "is %s of layer %d, but %s", what, layer,
				   rec == NULL ? "does not exist" : state == HNSW_FREE ? "is free" :
				   "lies in another layer");
	return false;
}

static void
check_entry(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswEntry  *entry = &c->entry;

	if (entry->id == HNSW_NO_ID)
	{
		if (entry->root[0] != HNSW_NO_ID)
			hnsw_check_say(c, HNSW_BASE, entry->root[0], "is a root, but there is no entry point");
	}
	else if (entry->layer >= HNSW_MAX_LAYERS)
		hnsw_check_say(c, HNSW_UPPER, entry->id, "is the entry point in layer %u", entry->layer);
	else if (is_record_of(c, entry->id, entry->layer, "the entry point") &&
			 !hnsw_check_is_dying(c, HNSW_BASE, hnsw_check_entry_base(c)))
		for (int layer = 0; layer <= (int) entry->layer; layer++)
			if (entry->root[layer] == HNSW_NO_ID)
				hnsw_check_say(c, layer == 0 ? HNSW_BASE : HNSW_UPPER, HNSW_NO_ID,
							   "layer %d has no root", layer);
	for (int layer = 0; layer < HNSW_MAX_LAYERS; layer++)
		if (entry->root[layer] != HNSW_NO_ID)
			is_record_of(c, entry->root[layer], layer, "the root");
}

void
hnsw_graph_check(HnswPager *pager, HnswCheckReport report, void *arg)
{
	HnswChecker c;
	const HnswLayout *layout = pager->layout;

	memset(&c, 0, sizeof(c));
	c.pager = pager;
	c.layout = layout;
	c.report = report;
	c.arg = arg;
	c.rec = hnsw_alloc(Max(layout->shape[HNSW_BASE].size, layout->shape[HNSW_UPPER].size));
	hnsw_scorer_init(&c.scorer, layout);
	c.uhat = hnsw_layout_own(layout)->alloc(layout, true);
	c.vhat = hnsw_layout_own(layout)->alloc(layout, true);
	pager->ops->get_entry(pager, &c.entry);
	for (int kind = 0; kind < HNSW_NKINDS; kind++)
		learn_slots(&c, kind);

	hnsw_check_confirm(&c, HNSW_BASE, HNSW_NO_ID, check_entry);
	check_records(&c, HNSW_BASE);
	check_records(&c, HNSW_UPPER);
	hnsw_check_chunks(&c);
	hnsw_check_aside(&c);
	hnsw_check_reach(&c);

	for (int kind = 0; kind < HNSW_NKINDS; kind++)
		hnsw_bits_clear(&c.known[kind]);
	if (c.places != NULL)
		hnsw_free(c.places);
	if (c.list.tids != NULL)
		hnsw_free(c.list.tids);
	hnsw_free(c.rec);
	hnsw_scorer_free(&c.scorer);
	hnsw_free(c.uhat);
	hnsw_free(c.vhat);
}

/* ------------------------------------------------------------------------
 * Counting
 * ------------------------------------------------------------------------
 */
static int
count_tids(const HnswTid *tids, int n)
{
	int			used = 0;

	for (int i = 0; i < n; i++)
		used += hnsw_tid_used(&tids[i]);
	return used;
}

static void
count_record(HnswCheckCounts *counts, HnswKind kind, const HnswRecord *rec)
{
	int			layer = rec->state == HNSW_FREE ? (int) kind : rec->layer;

	counts->records[layer][rec->state]++;
	if (rec->state == HNSW_FREE)
	{
		counts->free_slots[kind]++;
		return;
	}
	counts->edges[layer] += rec->count;
	if (kind == HNSW_UPPER)
		return;
	counts->tids += count_tids(rec->tids, HNSW_INLINE_TIDS);
	counts->bare += rec->state == HNSW_LINKED && !hnsw_tids_any(rec);
}

static void
count_slot(HnswCheckCounts *counts, HnswKind kind, const void *slot)
{
	const HnswChunk *chunk = slot;
	const HnswAside *aside = slot;

	counts->slots[kind]++;
	if (kind == HNSW_BASE || kind == HNSW_UPPER)
		count_record(counts, kind, slot);
	else if (*(const uint8 *) slot == HNSW_FREE)
		counts->free_slots[kind]++;
	else if (kind == HNSW_CHUNK && chunk->state == HNSW_PENDING)
		counts->loose_chunks++;
	else if (kind == HNSW_CHUNK)
	{
		counts->chunks++;
		counts->tids += count_tids(chunk->tids, HNSW_CHUNK_TIDS);
	}
	else
	{
		counts->aside_pages[aside->list]++;
		counts->aside_tids[aside->list] += count_tids(aside->tids, HNSW_ASIDE_TIDS);
	}
}

void
hnsw_graph_count(HnswPager *pager, HnswCheckCounts *counts)
{
	memset(counts, 0, sizeof(*counts));
	for (int kind = 0; kind < HNSW_NKINDS; kind++)
		for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
			 id = pager->ops->seek(pager, kind, id + 1))
		{
			const void *slot = HNSW_READ(pager, kind, id);

			if (slot == NULL)
				break;
			count_slot(counts, kind, slot);
			HNSW_RELEASE(pager);
			pager->ops->pause(pager);
		}
}
