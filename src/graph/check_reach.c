/*-------------------------------------------------------------------------
 *
 * check_reach.c
 *		Integrity check: does every record hang in its layer's tree, and do
 *		searches reach it?
 *
 * The pinned edges of a layer, walked in both directions from its root, must
 * reach every linked record of the layer.  Together with what check.c has found, namely
 * that each record but the root has one parent and that pinned edges lead only
 * to parents and children, that means that all chains of parents end at the root.
 *
 * A record that a walk did not come to may have been linked since: it is all
 * right when its chain of parents leads to one that the walk did come to.
 *
 * IDENTIFICATION
 *	  src/graph/check_reach.c
 *-------------------------------------------------------------------------
 */
#include "graph/check.h"

#include "graph/checker.h"
#include "graph/link.h"

/* ids that a walk remembers; what does not fit is found again by its bits */
#define WALK_STACK		65536

/* steps upwards to a record that a walk came to */
#define CLIMB_STEPS		1000
#define CLIMB_BUDGET	10000000

typedef struct Walk
{
	HnswChecker *c;
	HnswKind	kind;
	bool		pinned_only;
	HnswBits   *marked;
	HnswBits	expanded;
	HnswId	   *stack;
	int			depth;
	bool		spilled;		/* marked records are not on the stack */
} Walk;

static void
push(Walk *walk, HnswId id)
{
	if (walk->depth < WALK_STACK)
		walk->stack[walk->depth++] = id;
	else
		walk->spilled = true;
}

static void
visit(Walk *walk, HnswId id)
{
	if (!hnsw_bits_get(&walk->c->known[walk->kind], id) || hnsw_bits_get(walk->marked, id))
		return;
	hnsw_bits_set(walk->marked, id);
	push(walk, id);
}

static void
expand(Walk *walk, HnswId id)
{
	HnswPager  *pager = walk->c->pager;
	const HnswShape *shape = &pager->layout->shape[walk->kind];
	const HnswRecord *rec = HNSW_READ(pager, walk->kind, id);

	hnsw_bits_set(&walk->expanded, id);
	if (rec == NULL)
		return;
	if (rec->state != HNSW_FREE)
		for (int i = 0; i < Min(rec->count, shape->slots); i++)
			if (!walk->pinned_only || hnsw_bit(hnsw_record_pinned(rec, shape), i))
				visit(walk, hnsw_record_ids(rec, shape)[i]);
	HNSW_RELEASE(pager);
	pager->ops->pause(pager);
}

/* Puts records on the stack that were marked when it was full. */
static void
refill(Walk *walk)
{
	walk->spilled = false;
	for (Size byte = 0; byte < walk->marked->bytes && !walk->spilled; byte++)
	{
		uint8		left = walk->marked->map[byte];

		if (byte < walk->expanded.bytes)
			left &= (uint8) ~walk->expanded.map[byte];
		for (int bit = 0; bit < 8; bit++)
			if ((left >> bit) & 1)
				push(walk, (HnswId) (byte * 8 + bit));
	}
}

/* Marks what can be reached from the given records. */
static void
walk_from(HnswChecker *c, HnswKind kind, bool pinned_only, const HnswId *starts, int n)
{
	Walk		walk = {c, kind, pinned_only, &c->marked[kind]};

	hnsw_bits_clear(walk.marked);
	c->in_tree = pinned_only;
	walk.stack = hnsw_alloc(sizeof(HnswId) * WALK_STACK);
	for (int i = 0; i < n; i++)
		if (starts[i] != HNSW_NO_ID)
			visit(&walk, starts[i]);
	do
	{
		while (walk.depth > 0)
			expand(&walk, walk.stack[--walk.depth]);
		if (walk.spilled)
			refill(&walk);
	} while (walk.depth > 0);
	hnsw_bits_clear(&walk.expanded);
	hnsw_free(walk.stack);
}

/* Has the record a pinned edge to the other one? */
static bool
has_child(HnswChecker *c, HnswKind kind, HnswId id, HnswId child)
{
	const HnswShape *shape = &c->layout->shape[kind];
	const HnswRecord *rec;
	bool		result = false;

	if (!hnsw_check_exists(c, kind, id))
		return false;
	rec = HNSW_READ(c->pager, kind, id);
	if (rec == NULL)
		return false;
	if (rec->state != HNSW_FREE)
	{
		int			slot = hnsw_link_find(shape, rec, child);

		result = slot >= 0 && hnsw_bit(hnsw_record_pinned(rec, shape), slot);
	}
	HNSW_RELEASE(c->pager);
	return result;
}

static void
check_reached(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswId		at = id;
	int			layer = 0;

	for (int steps = 0; steps < CLIMB_STEPS && c->climbs_left > 0; steps++, c->climbs_left--)
	{
		const HnswRecord *rec = HNSW_READ(c->pager, kind, at);
		HnswId		parent = HNSW_NO_ID;
		int			state = rec != NULL ? rec->state : HNSW_FREE;

		if (rec != NULL)
		{
			parent = rec->parent;
			layer = rec->layer;
			HNSW_RELEASE(c->pager);
		}
		if (at == id && state != HNSW_LINKED)
			return;

		/*
		 * What hangs below a dying record waits for the next vacuum to move
		 * it.  Until then other edges lead there.
		 */
		if (c->in_tree && state == HNSW_DYING)
			return;
		if (hnsw_bits_get(&c->marked[kind], at))
		{
			hnsw_bits_set(&c->marked[kind], id);
			return;
		}
		if (parent == HNSW_NO_ID ||
			(!has_child(c, kind, parent, at) && !(c->in_tree && hnsw_check_is_dying(c, kind, parent))))
			break;
		at = parent;
	}
	hnsw_check_say(c, kind, id, "cannot be reached in layer %d", layer);
}

/* Reports the records that no walk came to. */
static void
check_marked(HnswChecker *c, HnswKind kind)
{
	HnswPager  *pager = c->pager;

	c->climbs_left = CLIMB_BUDGET;
	for (HnswId id = pager->ops->seek(pager, kind, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, kind, id + 1))
	{
		if (!hnsw_bits_get(&c->marked[kind], id))
			hnsw_check_confirm(c, kind, id, check_reached);
		pager->ops->pause(pager);
	}
}

HnswId
hnsw_check_entry_base(HnswChecker *c)
{
	const HnswRecord *rec;
	HnswId		base = HNSW_NO_ID;
	HnswKind	kind;

	c->pager->ops->get_entry(c->pager, &c->entry);
	kind = c->entry.layer == 0 ? HNSW_BASE : HNSW_UPPER;
	if (c->entry.id == HNSW_NO_ID || !hnsw_check_exists(c, kind, c->entry.id))
		return HNSW_NO_ID;
	rec = HNSW_READ(c->pager, kind, c->entry.id);
	if (rec != NULL)
	{
		base = rec->state == HNSW_FREE ? HNSW_NO_ID : rec->base;
		HNSW_RELEASE(c->pager);
	}
	return base;
}

void
hnsw_check_reach(HnswChecker *c)
{
	HnswId		base;

	c->pager->ops->get_entry(c->pager, &c->entry);
	walk_from(c, HNSW_UPPER, true, c->entry.root + 1, HNSW_MAX_LAYERS - 1);
	check_marked(c, HNSW_UPPER);
	walk_from(c, HNSW_BASE, true, c->entry.root, 1);
	check_marked(c, HNSW_BASE);

	base = hnsw_check_entry_base(c);
	walk_from(c, HNSW_BASE, false, &base, 1);
	check_marked(c, HNSW_BASE);
	hnsw_bits_clear(&c->marked[HNSW_BASE]);
	hnsw_bits_clear(&c->marked[HNSW_UPPER]);
}
