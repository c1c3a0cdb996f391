/*-------------------------------------------------------------------------
 *
 * pager.c
 *		What all pagers share: checking and filling slots.
 *
 * IDENTIFICATION
 *	  src/graph/pager.c
 *-------------------------------------------------------------------------
 */
#include "graph/pager.h"

#include "code/own.h"

void
hnsw_entry_clear(HnswEntry *entry)
{
	entry->id = HNSW_NO_ID;
	entry->layer = 0;
	for (int i = 0; i < HNSW_MAX_LAYERS; i++)
		entry->root[i] = HNSW_NO_ID;
	for (int i = 0; i < HNSW_ASIDE_LISTS; i++)
		entry->aside[i] = entry->room[i] = HNSW_NO_ID;
}

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

bool
hnsw_entry_replace_root(HnswPager *pager, int layer, HnswId old, HnswId id)
{
	RootArg		root = {layer, old, id};

	return pager->ops->update_entry(pager, replace_root, &root);
}

static bool
finite_positive(float x)
{
	return x >= 0 && x <= FLT_MAX;
}

static const char *
record_problem(const HnswLayout *layout, HnswKind kind, const HnswRecord *rec, HnswPart part)
{
	const HnswShape *shape = &layout->shape[kind];
	const HnswOwnOps *own = hnsw_layout_own(layout);

	if (rec->state > HNSW_DYING)
		return "unknown record state";

	/*
	 * of free records, too: who looks at edges has seen the state a moment
	 * ago
	 */
	if (rec->count > shape->slots)
		return "more edges than slots";
	if (rec->state == HNSW_FREE)
		return NULL;
	if (kind == HNSW_BASE ? rec->layer != 0 :
		(rec->layer < 1 || rec->layer >= HNSW_MAX_LAYERS))
		return "wrong layer";
	if (!(fabsf(rec->vmin) <= FLT_MAX) || !finite_positive(rec->vstep) ||
		!finite_positive(rec->resid))
		return "own vector is not finite";
	if (own->unsafe != NULL && part >= HNSW_PART_OWN)
		return own->unsafe(layout, hnsw_record_own(rec, shape));
	return NULL;
}

/* NULL, or what is wrong with the slot. */
const char *
hnsw_slot_problem(const HnswLayout *layout, HnswKind kind, const void *slot, HnswPart part)
{
	switch (kind)
	{
		case HNSW_BASE:
		case HNSW_UPPER:
			return record_problem(layout, kind, slot, part);
		case HNSW_CHUNK:
			return ((const HnswChunk *) slot)->state > HNSW_LINKED ?
				"unknown chunk state" : NULL;
		default:
			if (((const HnswAside *) slot)->state > HNSW_LINKED)
				return "unknown page state";
			if (((const HnswAside *) slot)->list >= HNSW_ASIDE_LISTS)
				return "unknown list";
			return NULL;
	}
}

void
hnsw_slot_fill(const HnswLayout *layout, HnswKind kind, HnswId id,
			   void *slot, const void *image, Size size)
{
	Size		slot_size = hnsw_layout_slot_size(layout, kind);
	HnswRecord *rec = slot;
	uint32		generation = kind <= HNSW_UPPER ? rec->generation + 1 : 0;

	Assert(size <= slot_size);
	memcpy(slot, image, size);
	memset((char *) slot + size, 0, slot_size - size);
	if (kind <= HNSW_UPPER)
	{
		rec->generation = generation;
		if (rec->base == HNSW_NO_ID)
			rec->base = id;
	}
}
