/*-------------------------------------------------------------------------
 *
 * bulk_partition.c
 *		Vectors into leaves of near ones that overlap.
 *
 * The leaves of a tree of clusters (bulk_tree.c) have centers, and each row is a member
 * of the several leaves whose centers are nearest.  So near rows are likely to
 * have a leaf in common: a row meets more than nine in ten of its ten nearest, and is
 * compared with less than two thousand rows for that (bench/README.md, "build").
 *
 * IDENTIFICATION
 *	  src/graph/bulk_partition.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk.h"

/* rows that are assigned at once */
#define BATCH			64

/*
 * Of more leaves than this, those that may be near one are found by the centers of every
 * RUNth: leaves that follow each other are near each other.  So it does not take time
 * with the square of the number of rows.
 */
#define MOST_CANDIDATES	8192
#define RUN				32

StaticAssertDecl(BATCH <= HNSW_BLOCK_STEP, "there are probes for so many rows");
StaticAssertDecl(HNSW_BULK_ASSIGNED <= HNSW_BLOCK_STEP, "there are probes for so many leaves");
StaticAssertDecl(HNSW_BULK_NEAR <= 256, "picks are bytes");
StaticAssertDecl(HNSW_BLOCK_STEP <= HNSW_BULK_NEAR, "the block has room for a step");
StaticAssertDecl(HNSW_BULK_NEAR <= HNSW_BULK_MOST_MEMBERS, "the block has room for near leaves");
StaticAssertDecl(HNSW_BULK_NEAR <= MOST_CANDIDATES, "there are enough candidates");

/* The row's own vector as a dense one. */
static const uint8 *
own_of(void *arg, uint32 id, HnswOwnFactors *factors)
{
	HnswBulk   *bulk = arg;
	const HnswRecord *rec = hnsw_bulk_record(bulk, id);
	HnswOwn		own = hnsw_own_of(rec, &bulk->layout->shape[HNSW_BASE]);

	*factors = hnsw_bulk_factors(bulk, rec);
	hnsw_own_as_dense(bulk->layout, &bulk->dense, &own, factors, bulk->dense_codes);
	return own.codes;
}

static HnswBulkSource
source_of(HnswBulk *bulk)
{
	HnswBulkSource source = {&bulk->dense, own_of, bulk, bulk->ins->random, bulk->tick, bulk->tick_arg};

	return source;
}

/*
 * All nodes of layer 0.  What HnswOwnFactors has, or without codes their numbers, goes
 * into the records; staged ones with codes have had it since.
 */
void
hnsw_bulk_collect(HnswBulk *bulk)
{
	HnswPager  *pager = bulk->ins->pager;
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	HnswBulkTree *tree = &bulk->tree;
	HnswBulkSource source = source_of(bulk);

	hnsw_bulk_tree_clear(tree);

	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_BASE, id + 1))
	{
		HnswRecord *rec = hnsw_arena_record(bulk->arena, id);

		if (rec->state == HNSW_FREE)
			continue;
		if (shape->bits == 0)
			rec->reserved[0] = tree->top->nrows;
		else if (rec->state != HNSW_PENDING)
			hnsw_bulk_set_factors(bulk, rec);
		tree->rows[tree->top->nrows++] = id;
		CHECK_FOR_INTERRUPTS();
	}
	hnsw_bulk_tree_begin(tree, &source);
}

void
hnsw_bulk_work_on_tree(HnswBulk *bulk, HnswBulkStep step)
{
	HnswBulkSource source = source_of(bulk);

	if (step == HNSW_BULK_TREE_ASSIGN)
		hnsw_bulk_tree_assign(&bulk->tree, &source);
	else
		hnsw_bulk_tree_split(&bulk->tree, &source);
}

/* ------------------------------------------------------------------------
 * The plan
 * ------------------------------------------------------------------------
 */
/* The next array of a plan; "used" counts bytes, also where there is no memory yet. */
static void *
carve(char *memory, Size *used, Size bytes)
{
	Size		at = *used;

	*used += (bytes + 15) / 16 * 16;
	return memory == NULL ? NULL : memory + at;
}

static Size
lay_out_centers(HnswBulkPlan *plan, const HnswLayout *dense, uint32 nleaves, char *memory)
{
	Size		used = 0;

	plan->factors = carve(memory, &used, sizeof(HnswOwnFactors) * nleaves);
	plan->centers = carve(memory, &used, (Size) nleaves * dense->own_bytes);
	return used;
}

static Size
lay_out(HnswBulkPlan *plan, const HnswLayout *layout, int ef_construction, uint32 nrows,
		uint32 nleaves, char *memory)
{
	Size		used = 0;
	uint32		nblocks;

	plan->nrows = nrows;
	plan->nleaves = nleaves;
	plan->nnear = Min(HNSW_BULK_NEAR, nleaves);
	plan->fanout = Min((uint32) hnsw_bulk_fanout(layout, ef_construction), nleaves);
	nblocks = hnsw_bulk_lists_init(plan);
	plan->progress = carve(memory, &used, sizeof(HnswBulkProgress));
	plan->starts = carve(memory, &used, sizeof(uint32) * (nleaves + 1));
	plan->lists = carve(memory, &used, sizeof(HnswBulkList) * nleaves);
	plan->blocks = carve(memory, &used, (Size) HNSW_BULK_BLOCK * nblocks);
	plan->nearest = layout->shape[HNSW_BASE].bits > 0 ? NULL :
		carve(memory, &used, hnsw_bulk_nearest_bytes(hnsw_bulk_keep(layout, ef_construction)) * nrows);
	return used;
}

Size
hnsw_bulk_centers_bytes(const HnswLayout *layout, uint32 nleaves)
{
	HnswBulkPlan plan;
	HnswLayout	dense;

	hnsw_own_dense_layout(layout, &dense);
	return lay_out_centers(&plan, &dense, nleaves, NULL);
}

void
hnsw_bulk_centers_set_memory(HnswBulk *bulk, uint32 nleaves, void *memory)
{
	lay_out_centers(&bulk->plan, &bulk->dense, nleaves, memory);
}

Size
hnsw_bulk_plan_bytes(const HnswLayout *layout, int ef_construction, uint32 nrows, uint32 nleaves)
{
	HnswBulkPlan plan;

	return lay_out(&plan, layout, ef_construction, nrows, nleaves, NULL);
}

void
hnsw_bulk_plan_set_memory(HnswBulk *bulk, uint32 nrows, uint32 nleaves, void *memory)
{
	lay_out(&bulk->plan, bulk->layout, bulk->ins->ef, nrows, nleaves, memory);
}

void
hnsw_bulk_plan_fill(HnswBulk *bulk, const uint32 *starts)
{
	HnswBulkPlan *plan = &bulk->plan;

	memset(plan->progress, 0, sizeof(*plan->progress));
	memset(plan->lists, 0, sizeof(HnswBulkList) * plan->nleaves);
	memcpy(plan->starts, starts, sizeof(uint32) * (plan->nleaves + 1));
}

/* Of HNSW_BULK_ASSIGNED leaves, from "leaf" on. */
void
hnsw_bulk_center(HnswBulk *bulk, uint32 leaf)
{
	HnswBulkPlan *plan = &bulk->plan;
	uint32		end = Min(leaf + HNSW_BULK_ASSIGNED, plan->nleaves);
	HnswBulkSource source = source_of(bulk);
	HnswBulkMeans means;

	hnsw_bulk_means_init(&means, &source, 1);
	for (; leaf < end; leaf++)
	{
		const HnswId *rows = plan->rows + plan->starts[leaf];
		uint32		n = plan->starts[leaf + 1] - plan->starts[leaf];

		plan->factors[leaf] =
			hnsw_bulk_means_of(&means, rows, n, plan->centers + (Size) bulk->dense.own_bytes * leaf);
		for (uint32 i = 0; plan->nearest != NULL && i < n; i++)
			hnsw_bulk_forget(hnsw_bulk_nearest(bulk, hnsw_bulk_record(bulk, rows[i])));
	}
	hnsw_bulk_means_free(&means);
}

/* ------------------------------------------------------------------------
 * Members of leaves
 * ------------------------------------------------------------------------
 */
static void
add_center(HnswBulk *bulk, HnswOwnBlock *block, uint32 leaf)
{
	hnsw_own_block_add(block, bulk->plan.centers + (Size) bulk->dense.own_bytes * leaf,
					   bulk->plan.factors[leaf]);
}

/*
 * Distances of the probes to the centers of n leaves: items[probe * n + i], whose ids are
 * the leaves'.
 */
static void
score_leaves(HnswBulk *bulk, const uint32 *leaves, uint32 n, HnswItem *items)
{
	for (uint32 at = 0; at < n; at += HNSW_BLOCK_STEP)
	{
		int			step = Min(HNSW_BLOCK_STEP, n - at);

		bulk->dense_block->count = 0;
		for (int i = 0; i < step; i++)
			add_center(bulk, bulk->dense_block, leaves[at + i]);
		hnsw_own_block_score(bulk->dense_block, 0, step, bulk->dense_probes, true, bulk->g);
		for (int k = 0; k < bulk->dense_probes->count; k++)
			for (int i = 0; i < step; i++)
			{
				HnswItem   *item = &items[(Size) n * k + at + i];

				item->key = bulk->g[k * step + i];
				item->id = leaves[at + i];
			}
	}
}

/* Leaves among which those near the probes are; how many they are. */
static uint32
find_candidates(HnswBulk *bulk, uint32 *leaves)
{
	uint32		nleaves = bulk->plan.nleaves,
				nruns = nleaves / RUN,
				count = 0;
	uint32	   *runs;
	HnswItem   *items;

	if (nleaves <= MOST_CANDIDATES)
	{
		for (uint32 i = 0; i < nleaves; i++)
			leaves[i] = i;
		return nleaves;
	}
	runs = hnsw_alloc(sizeof(uint32) * nruns);
	items = hnsw_alloc(sizeof(HnswItem) * (Size) nruns * bulk->dense_probes->count);
	for (uint32 i = 0; i < nruns; i++)
		runs[i] = i * RUN + RUN / 2;
	score_leaves(bulk, runs, nruns, items);
	for (uint32 i = 0; i < nruns; i++)
		for (int k = 1; k < bulk->dense_probes->count; k++)
			items[i].key = Min(items[i].key, items[(Size) nruns * k + i].key);
	hnsw_items_select(items, nruns, Min(nruns, MOST_CANDIDATES / RUN - 1));
	for (uint32 i = 0; i < Min(nruns, MOST_CANDIDATES / RUN - 1); i++)
	{
		uint32		first = items[i].id / RUN * RUN,
					end = first / RUN + 1 == nruns ? nleaves : first + RUN;

		while (first < end)
			leaves[count++] = first++;
	}
	hnsw_free(runs);
	hnsw_free(items);
	return count;
}

Size
hnsw_bulk_assign_bytes(void)
{
	return MOST_CANDIDATES * (sizeof(uint32) + sizeof(HnswItem) * HNSW_BULK_ASSIGNED);
}

/* The leaves whose centers are nearest to those of the leaves from .. to - 1: nnear each. */
static void
find_near_leaves(HnswBulk *bulk, uint32 from, uint32 to, uint32 *near)
{
	HnswBulkPlan *plan = &bulk->plan;
	uint32	   *leaves = hnsw_alloc(sizeof(uint32) * Min(plan->nleaves, MOST_CANDIDATES));
	uint32		count;
	HnswItem   *items;

	bulk->dense_probes->count = 0;
	for (uint32 leaf = from; leaf < to; leaf++)
		hnsw_own_probes_add(bulk->dense_probes, plan->centers + (Size) bulk->dense.own_bytes * leaf,
							plan->factors[leaf]);
	count = find_candidates(bulk, leaves);
	items = hnsw_alloc(sizeof(HnswItem) * (Size) count * (to - from));
	score_leaves(bulk, leaves, count, items);
	for (uint32 k = 0; k < to - from; k++)
	{
		HnswItem   *own = items + (Size) count * k;

		hnsw_items_select(own, count, plan->nnear);
		for (uint32 i = 0; i < plan->nnear; i++)
			near[plan->nnear * k + i] = own[i].id;
	}
	hnsw_free(items);
	hnsw_free(leaves);
}

/* Which of the leaves near its own a row belongs to: the nearest. */
static void
pick_leaves(const float *g, uint32 nnear, uint32 fanout, uint8 *picks)
{
	float		keys[HNSW_BULK_MOST_FANOUT];
	uint32		count = 0;

	for (uint32 i = 0; i < nnear; i++)
	{
		uint32		at = count;

		if (count == fanout && g[i] >= keys[fanout - 1])
			continue;
		if (count == fanout)
			at--;
		else
			count++;
		for (; at > 0 && keys[at - 1] > g[i]; at--)
		{
			keys[at] = keys[at - 1];
			picks[at] = picks[at - 1];
		}
		keys[at] = g[i];
		picks[at] = i;
	}
}

/* Enters the n rows from "at" on, which have picked from these leaves, into their lists. */
static void
enter_rows(HnswBulk *bulk, const uint32 *near, const uint8 *picks, uint32 at, uint32 n)
{
	HnswBulkPlan *plan = &bulk->plan;
	uint32		rows[BATCH * HNSW_BULK_MOST_FANOUT],
				ends[HNSW_BULK_NEAR] = {0};

	for (uint32 i = 0; i < n * plan->fanout; i++)
		ends[picks[i]]++;
	for (uint32 i = 1; i < plan->nnear; i++)
		ends[i] += ends[i - 1];
	for (uint32 i = n * plan->fanout; i > 0; i--)
		rows[--ends[picks[i - 1]]] = at + (i - 1) / plan->fanout;
	/* the end of each leaf's rows has come to be their start */
	for (uint32 i = 0; i < plan->nnear; i++)
	{
		uint32		end = i + 1 < plan->nnear ? ends[i + 1] : n * plan->fanout;

		if (end == ends[i])
			continue;
		hnsw_arena_lock_record(bulk->arena, plan->rows[plan->starts[near[i]]]);
		hnsw_bulk_list_add(plan, near[i], rows + ends[i], (int) (end - ends[i]));
		hnsw_arena_unlock(bulk->arena);
	}
}

static void
assign_rows(HnswBulk *bulk, uint32 leaf, const uint32 *near)
{
	HnswBulkPlan *plan = &bulk->plan;
	float		g[BATCH * HNSW_BULK_NEAR];
	uint8		picks[BATCH * HNSW_BULK_MOST_FANOUT];

	bulk->dense_block->count = 0;
	for (uint32 i = 0; i < plan->nnear; i++)
		add_center(bulk, bulk->dense_block, near[i]);
	for (uint32 at = plan->starts[leaf]; at < plan->starts[leaf + 1]; at += BATCH)
	{
		uint32		n = Min(BATCH, plan->starts[leaf + 1] - at);

		bulk->dense_probes->count = 0;
		for (uint32 i = 0; i < n; i++)
		{
			HnswOwnFactors factors;
			const uint8 *codes = own_of(bulk, plan->rows[at + i], &factors);

			hnsw_own_probes_add(bulk->dense_probes, codes, factors);
		}
		for (uint32 from = 0; from < plan->nnear; from += HNSW_BLOCK_STEP)
		{
			int			step = Min(HNSW_BLOCK_STEP, plan->nnear - from);

			hnsw_own_block_score(bulk->dense_block, from, step, bulk->dense_probes, true, bulk->g);
			for (uint32 i = 0; i < n; i++)
				memcpy(g + plan->nnear * i + from, bulk->g + step * i, sizeof(float) * step);
		}
		for (uint32 i = 0; i < n; i++)
			pick_leaves(g + plan->nnear * i, plan->nnear, plan->fanout, picks + plan->fanout * i);
		enter_rows(bulk, near, picks, at, n);
	}
}

/* Of HNSW_BULK_ASSIGNED leaves, from "leaf" on. */
void
hnsw_bulk_assign(HnswBulk *bulk, uint32 leaf)
{
	uint32		end = Min(leaf + HNSW_BULK_ASSIGNED, bulk->plan.nleaves);
	uint32		near[HNSW_BULK_ASSIGNED * HNSW_BULK_NEAR];

	find_near_leaves(bulk, leaf, end, near);
	for (uint32 i = 0; leaf + i < end; i++)
		assign_rows(bulk, leaf + i, near + bulk->plan.nnear * i);
}
