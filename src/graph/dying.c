/*-------------------------------------------------------------------------
 *
 * dying.c
 *		Dying records that hang together by tree edges, and what depends on them.
 *
 * Between the moment when a record begins to die and the end of step 4 of vacuum
 * its living children are reached through it.  Dying records never lose their edges
 * before that, so a group of them that hang together stays whole: it is enough that
 * one edge from outside leads into it.  Such an edge may only be given up when there
 * is another one, or when no living record hangs below the group any more.
 *
 * IDENTIFICATION
 *	  src/graph/dying.c
 *-------------------------------------------------------------------------
 */
#include "graph/dying.h"

#include "base/heap.h"
#include "graph/link.h"

typedef struct Parent
{
	HnswId		id;
	int			state;			/* HNSW_FREE where there is none */
} Parent;

static Parent
parent_of(HnswPager *pager, HnswKind kind, HnswId id)
{
	const HnswRecord *rec = HNSW_READ_PART(pager, kind, id, HNSW_PART_HEAD);
	Parent		parent = {HNSW_NO_ID, HNSW_FREE};

	if (rec == NULL)
		return parent;
	parent.id = rec->parent;
	HNSW_RELEASE(pager);
	if (parent.id == HNSW_NO_ID)
		return parent;
	rec = HNSW_READ_PART(pager, kind, parent.id, HNSW_PART_HEAD);
	if (rec != NULL)
	{
		parent.state = rec->state;
		HNSW_RELEASE(pager);
	}
	return parent;
}

void
hnsw_tree_check_steps(HnswPager *pager, HnswKind kind, HnswId id, HnswId steps)
{
	if (steps % 1024 == 1023 && steps > pager->ops->limit(pager, kind))
		hnsw_corrupt("index \"%s\": tree edges of record %u form a loop", pager->name, id);
	CHECK_FOR_INTERRUPTS();
}

/* The ancestor at whose parent the dying end; ids beyond the end are no ancestors. */
static HnswId
group_top(HnswPager *pager, HnswKind kind, HnswId id)
{
	for (HnswId steps = 0;; steps++)
	{
		Parent		parent = parent_of(pager, kind, id);

		if (parent.state != HNSW_DYING)
			return id;
		id = parent.id;
		hnsw_tree_check_steps(pager, kind, id, steps);
	}
}

typedef struct Walk
{
	HnswPager  *pager;
	HnswKind	kind;
	const HnswShape *shape;
	HnswId		top;			/* of the group */
	HnswId		child;
	HnswId		holder;
	HnswHeap	members;		/* not a heap: of the group, found so far */
	HnswSeen	seen;
	HnswDyingGroup group;
} Walk;

static void
add_member(Walk *walk, HnswId id)
{
	float	   *known = hnsw_seen_put(&walk->seen, id);

	if (*known == 0)
		return;
	*known = 0;
	hnsw_heap_append(&walk->members, 0, id);
}

/*
 * Is a member of the group among the ancestors of this living record?  Then it is
 * reached through the group itself, perhaps by way of other groups.
 */
static bool
hangs_below(const Walk *walk, HnswId id)
{
	for (HnswId steps = 0;; steps++)
	{
		Parent		parent = parent_of(walk->pager, walk->kind, id);

		if (parent.id == HNSW_NO_ID || parent.state == HNSW_FREE)
			return false;
		id = parent.id;
		if (parent.state == HNSW_DYING)
		{
			id = group_top(walk->pager, walk->kind, id);
			if (id == walk->top)
				return true;
		}
		hnsw_tree_check_steps(walk->pager, walk->kind, id, steps);
	}
}

/* What is at the other end of a tree edge of a member. */
static void
look_at_neighbor(Walk *walk, HnswId member, HnswId member_parent, HnswId to)
{
	const HnswRecord *rec = HNSW_READ_PART(walk->pager, walk->kind, to, HNSW_PART_EDGES);
	bool		hangs_here,
				leads_here;
	int			state;

	if (rec == NULL)
		return;
	state = rec->state;
	/* what has never been linked does not know its parent */
	hangs_here = rec->parent == member ||
		(state == HNSW_PENDING && rec->parent == HNSW_NO_ID);
	leads_here = state == HNSW_LINKED && hnsw_link_find(walk->shape, rec, member) >= 0;
	HNSW_RELEASE(walk->pager);
	if (state == HNSW_DYING && (hangs_here || to == member_parent))
		add_member(walk, to);
	else if (state != HNSW_FREE && hangs_here)
		walk->group.needed |= to != walk->child;
	else if (state == HNSW_LINKED && leads_here && to != walk->child && to != walk->holder)
		walk->group.held |= !hangs_below(walk, to);
}

HnswDyingGroup
hnsw_dying_group(HnswPager *pager, HnswKind kind, HnswId id, HnswId child, HnswId holder)
{
	Walk		walk = {pager, kind, &pager->layout->shape[kind],
	group_top(pager, kind, id), child, holder};
	HnswId		ids[HNSW_MAX_SLOTS];

	hnsw_heap_init(&walk.members, 16);
	hnsw_seen_init(&walk.seen, 64);
	add_member(&walk, id);
	for (Size next = 0; next < walk.members.count; next++)
	{
		HnswId		member = walk.members.items[next].id;
		const HnswRecord *rec = HNSW_READ_PART(pager, kind, member, HNSW_PART_EDGES);
		HnswId		parent;
		int			count = 0;

		if (rec == NULL)
			continue;
		parent = rec->parent;
		for (int i = 0; i < rec->count; i++)
			if (hnsw_bit(hnsw_record_pinned(rec, walk.shape), i))
				ids[count++] = hnsw_record_ids(rec, walk.shape)[i];
		HNSW_RELEASE(pager);
		for (int i = 0; i < count; i++)
			if (ids[i] != HNSW_NO_ID)
				look_at_neighbor(&walk, member, parent, ids[i]);
		/* nothing that is still to come can forbid anything */
		if (walk.group.held)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	hnsw_heap_free(&walk.members);
	hnsw_seen_free(&walk.seen);
	return walk.group;
}

bool
hnsw_dying_same_group(HnswPager *pager, HnswKind kind, HnswId a, HnswId b)
{
	return group_top(pager, kind, a) == group_top(pager, kind, b);
}
