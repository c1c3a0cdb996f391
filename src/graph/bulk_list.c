/*-------------------------------------------------------------------------
 *
 * bulk_list.c
 *		Which rows belong to each leaf.
 *
 * A row is in some ten leaves, and that is most of what a build needs beside the page
 * images.  So members are numbers of no more bytes than it takes to tell the rows apart, in
 * chains of small blocks, which processes fill at the same time.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_list.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk.h"

static char *
block_at(const HnswBulkPlan *plan, uint32 block)
{
	return plan->blocks + (Size) HNSW_BULK_BLOCK * block;
}

static inline void
put(uint8 *at, uint32 bytes, uint32 member)
{
	for (uint32 i = 0; i < bytes; i++)
		at[i] = (uint8) (member >> (8 * i));
}

static inline uint32
get(const uint8 *at, uint32 bytes)
{
	uint32		member = 0;

	for (uint32 i = 0; i < bytes; i++)
		member |= (uint32) at[i] << (8 * i);
	return member;
}

/*
 * All blocks are full but one of each leaf.  Blocks are counted in 32 bits: of more than
 * three billion rows, some of the leaves that a row would belong to are given up.
 */
uint32
hnsw_bulk_lists_init(HnswBulkPlan *plan)
{
	uint32		bytes = 1;
	uint64		most;

	while (bytes < sizeof(uint32) && (plan->nrows - 1) >> (8 * bytes) != 0)
		bytes++;
	plan->member_bytes = bytes;
	plan->per_block = (HNSW_BULK_BLOCK - sizeof(uint32)) / bytes;
	most = (uint64) (UINT32_MAX - plan->nleaves) * plan->per_block / Max(plan->nrows, 1);
	plan->fanout = (uint32) Min(plan->fanout, Max(most, 1));
	return (uint32) ((uint64) plan->nrows * plan->fanout / plan->per_block) + plan->nleaves;
}

void
hnsw_bulk_list_add(HnswBulkPlan *plan, uint32 leaf, const uint32 *members, int n)
{
	HnswBulkList *list = &plan->lists[leaf];
	char	   *block = block_at(plan, list->block);

	for (int i = 0; i < n; i++)
	{
		uint32		at = list->count++ % plan->per_block;

		if (at == 0)
		{
			uint32		before = list->block;

			list->block = __atomic_fetch_add(&plan->progress->nblocks, 1, __ATOMIC_RELAXED);
			block = block_at(plan, list->block);
			memcpy(block, &before, sizeof(before));
		}
		put((uint8 *) block + sizeof(uint32) + plan->member_bytes * at, plan->member_bytes, members[i]);
	}
}

HnswBulkCursor
hnsw_bulk_list_open(const HnswBulkPlan *plan, uint32 leaf)
{
	return plan->lists[leaf];
}

int
hnsw_bulk_list_take(const HnswBulkPlan *plan, HnswBulkCursor *cursor, int n, uint32 *members)
{
	int			taken = 0;

	for (; taken < n && cursor->count > 0; taken++)
	{
		const char *block = block_at(plan, cursor->block);
		uint32		at = --cursor->count % plan->per_block;

		members[taken] = get((const uint8 *) block + sizeof(uint32) + plan->member_bytes * at,
							 plan->member_bytes);
		if (at == 0)
			memcpy(&cursor->block, block, sizeof(cursor->block));
	}
	return taken;
}
