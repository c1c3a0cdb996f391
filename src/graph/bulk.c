/*-------------------------------------------------------------------------
 *
 * bulk.c
 *		Layer 0 of many vectors at once: the steps, one after the other.
 *
 * IDENTIFICATION
 *	  src/graph/bulk.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk.h"

#include "base/debug.h"

bool
hnsw_bulk_suits(const HnswLayout *layout, int ef_construction)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];

	return shape->pages == 1 && hnsw_own_dense_suits(layout) &&
		hnsw_bulk_keep(layout, ef_construction) >= HNSW_BULK_LEAST(shape, ef_construction);
}

/* rows of a leaf on the average: 34 to 43, of skewed data as few as 20 */
#define LEAF_ROWS		36

/*
 * Memory for a build that is this many times the scratch of its processes pays: what they
 * have at the default ef_construction, where it is less.
 */
#define LEAST_SHARE		4

/*
 * Distances of bits are whole numbers, and leaves tell less: rows belong to more of them
 * (bench/README.md, "Records without codes").
 */
int
hnsw_bulk_fanout(const HnswLayout *layout, int ef_construction)
{
	int			leaves = layout->form == HNSW_BITS ? 14 : 10;
	int			fanout = (int) (leaves * sqrt(ef_construction / 64.0) + 0.5);

	return Max(4, Min(HNSW_BULK_MOST_FANOUT, fanout));
}

/*
 * Memory of what there is one after the other, for so many rows and leaves.  What is
 * linear in them is taken as that beyond what 32 bits can count.
 */
typedef struct Memory
{
	double		table;			/* of what is staged; while it grows, twice */
	double		rows;
	double		tree;
	double		centers;
	double		plan;
} Memory;

static Memory
memory_for(const HnswLayout *layout, int ef_construction, double rows, int processes)
{
	double		most = Min(rows, 4e9),
				times = Max(rows / Max(most, 1), 1);
	uint32		nrows = (uint32) ceil(most),
				nleaves = nrows / LEAF_ROWS + 1;
	Memory		memory;
	HnswLayout	dense;

	hnsw_own_dense_layout(layout, &dense);
	memory.table = sizeof(uint64) * (processes > 1 ?
									 hnsw_bulk_table_space(most * HNSW_BULK_TABLE_FACTOR) :
									 2.5 * hnsw_bulk_table_space(most)) * times;
	memory.rows = sizeof(HnswId) * nrows * times;
	memory.tree = hnsw_bulk_tree_bytes(&dense, nrows) * times;
	memory.centers = hnsw_bulk_centers_bytes(layout, nleaves) * times;
	memory.plan = hnsw_bulk_plan_bytes(layout, ef_construction, nrows, nleaves) * times;
	return memory;
}

double
hnsw_bulk_common_bytes(const HnswLayout *layout, int ef_construction, double rows)
{
	Memory		memory = memory_for(layout, ef_construction, rows, 1);

	return memory.rows + memory.plan + memory.centers;
}

/* All that there is at a time beside the arena, at most. */
static double
beside_arena(const HnswLayout *layout, int ef_construction, double rows, int processes)
{
	Memory		memory = memory_for(layout, ef_construction, rows, processes);
	double		loading = memory.table + (processes > 1 ? memory.rows + memory.tree : 0),
				assign = memory.centers + (double) processes * hnsw_bulk_assign_bytes(),
				compare = (double) processes * hnsw_bulk_scratch_bytes(layout, ef_construction),
				planned = memory.plan + Max(assign, compare);

	/*
	 * helpers give the shared table back when they have joined the first step
	 * on the tree
	 */
	return Max(loading, memory.rows + Max(memory.tree, planned));
}

Size
hnsw_bulk_scratch_bytes(const HnswLayout *layout, int ef_construction)
{
	return HNSW_BULK_MOST_MEMBERS * (sizeof(uint8 *) + sizeof(HnswOwnFactors)) +
		hnsw_bulk_meetings_bytes(hnsw_bulk_keep(layout, ef_construction)) +
		HNSW_BLOCK_STEP * ((Size) layout->dim + 1024);
}

double
hnsw_bulk_staged_bytes(const HnswLayout *layout, int ef_construction, double rows, int processes)
{
	double		bytes = hnsw_layout_build_bytes(layout, rows, processes);

	/*
	 * as hnsw_bulk_arena_bytes divides it: as if the arena, reserves and all,
	 * were full
	 */
	return bytes + beside_arena(layout, ef_construction,
								(bytes - HNSW_BUILD_OVERHEAD) / hnsw_layout_row_bytes(layout), processes);
}

double
hnsw_bulk_build_bytes(const HnswLayout *layout, int ef_construction, double rows, int processes)
{
	double		staged = hnsw_bulk_staged_bytes(layout, ef_construction, rows, processes);

	return layout->shape[HNSW_BASE].bits > 0 &&
		hnsw_bulk_pays(layout, ef_construction, rows, (Size) Min(staged, 1e18), processes) ?
		staged : hnsw_layout_build_bytes(layout, rows, processes);
}

bool
hnsw_bulk_pays(const HnswLayout *layout, int ef_construction, double rows, Size memory,
			   int processes)
{
	Size		scratch = hnsw_bulk_scratch_bytes(layout, Max(ef_construction, HNSW_DEFAULT_EF_CONSTRUCTION));

	return hnsw_bulk_suits(layout, ef_construction) &&
		memory / LEAST_SHARE >= processes * scratch &&
		(layout->shape[HNSW_BASE].bits > 0 ||
		 memory >= hnsw_bulk_staged_bytes(layout, ef_construction, rows, processes));
}

Size
hnsw_bulk_arena_bytes(const HnswLayout *layout, int ef_construction, Size memory, int processes)
{
	double		row = hnsw_layout_row_bytes(layout),
				fewest = 0,
				most = memory / row;

	/* of how many rows there is room for both, to a few bytes */
	while (most - fewest > 0.01)
	{
		double		rows = (fewest + most) / 2;

		if (rows * row + beside_arena(layout, ef_construction, rows, processes) <= memory)
			fewest = rows;
		else
			most = rows;
	}
	return (Size) (fewest * row);
}

void
hnsw_bulk_init(HnswBulk *bulk, HnswInserter *ins, HnswArena *arena, HnswBulkTable *table,
			   uint64 *entries)
{
	const HnswLayout *layout = ins->layout;

	memset(bulk, 0, sizeof(*bulk));
	bulk->ins = ins;
	bulk->arena = arena;
	bulk->layout = layout;
	hnsw_own_dense_layout(layout, &bulk->dense);
	bulk->dense_codes = hnsw_alloc(layout->dim);
	bulk->keep = hnsw_bulk_keep(layout, ins->ef);
	hnsw_bulk_stage_init(bulk, table, entries);
}

/* Scratch that the steps have in common. */
static void
make_scratch(HnswBulk *bulk)
{
	hnsw_own_block_init(&bulk->block, bulk->layout, HNSW_BULK_MOST_MEMBERS);
	hnsw_own_probes_init(&bulk->probes, bulk->layout, HNSW_BLOCK_STEP);
	bulk->dense_block = &bulk->block;
	bulk->dense_probes = &bulk->probes;
	if (bulk->layout->shape[HNSW_BASE].bits == 0)
	{
		bulk->dense_block = &bulk->uncoded_block;
		bulk->dense_probes = &bulk->uncoded_probes;
		hnsw_own_block_init(bulk->dense_block, &bulk->dense, HNSW_BULK_NEAR);
		hnsw_own_probes_init(bulk->dense_probes, &bulk->dense, HNSW_BLOCK_STEP);
	}
	bulk->g = hnsw_alloc(sizeof(float) * HNSW_BLOCK_STEP * HNSW_BLOCK_STEP);
	bulk->numbers = hnsw_alloc(sizeof(uint64) * 5 * bulk->keep);
}

void
hnsw_bulk_free(HnswBulk *bulk)
{
	if (bulk->table != NULL)
		hnsw_bulk_stage_free(bulk);
	if (bulk->dense_codes != NULL)
		hnsw_free(bulk->dense_codes);
	if (bulk->g == NULL)
		return;
	hnsw_own_block_free(&bulk->block);
	hnsw_own_probes_free(&bulk->probes);
	if (bulk->dense_block != &bulk->block)
	{
		hnsw_own_block_free(bulk->dense_block);
		hnsw_own_probes_free(bulk->dense_probes);
	}
	hnsw_free(bulk->g);
	hnsw_free(bulk->numbers);
	if (bulk->meetings != NULL)
	{
		hnsw_free(bulk->meetings);
		hnsw_free(bulk->limits);
	}
	if (bulk->met != NULL)
		hnsw_free(bulk->met);
	if (bulk->members != NULL)
	{
		hnsw_free(bulk->members);
		hnsw_free(bulk->places);
	}
}

/* The first leaf of a lane; they are handed out several at a time. */
static uint32
lane_start(const HnswBulkPlan *plan, uint32 lane)
{
	uint64		leaf = (uint64) plan->nleaves * lane / HNSW_BULK_LANES;

	return lane == HNSW_BULK_LANES ? plan->nleaves :
		(uint32) (leaf / HNSW_BULK_ASSIGNED * HNSW_BULK_ASSIGNED);
}

/* Where the processes begin, in the order in which they come: far from each other. */
static uint32
first_lane(HnswBulkPlan *plan, HnswBulkStep step)
{
	uint32		number = __atomic_fetch_add(&plan->progress->joined[step], 1, __ATOMIC_RELAXED),
				lane = 0;

	for (uint32 bit = HNSW_BULK_LANES / 2; bit > 0; bit /= 2, number /= 2)
		lane += number % 2 * bit;
	return lane;
}

/*
 * The next leaf of a step, from this lane or those behind it, of which "left" have not
 * been found to be at their end; nleaves when there is none.
 */
static uint32
hand_out(HnswBulkPlan *plan, HnswBulkStep step, uint32 *lane, int *left)
{
	HnswBulkProgress *progress = plan->progress;
	uint32		width = step == HNSW_BULK_CENTER || step == HNSW_BULK_ASSIGN ? HNSW_BULK_ASSIGNED : 1;

	for (; *left > 0; (*left)--)
	{
		uint32		leaf = lane_start(plan, *lane) +
		__atomic_fetch_add(&progress->next[step][*lane], width, __ATOMIC_RELAXED);
		uint32		end = lane_start(plan, *lane + 1);

		if (leaf < end)
		{
			__atomic_fetch_add(&progress->done[step], Min(width, end - leaf), __ATOMIC_RELAXED);
			return leaf;
		}
		*lane = (*lane + 1) % HNSW_BULK_LANES;
	}
	return plan->nleaves;
}

static void
work_on_leaves(HnswBulk *bulk, HnswBulkStep step)
{
	HnswBulkPlan *plan = &bulk->plan;
	int			left = HNSW_BULK_LANES;
	uint32		lane = first_lane(plan, step),
				leaf = hand_out(plan, step, &lane, &left);

	if (bulk->g == NULL)
		make_scratch(bulk);
	while (leaf < plan->nleaves)
	{
		uint32		next = hand_out(plan, step, &lane, &left);

		switch (step)
		{
			case HNSW_BULK_CENTER:
				HNSW_DEBUG_POINT("bulk-center");
				hnsw_bulk_center(bulk, leaf);
				break;
			case HNSW_BULK_ASSIGN:
				HNSW_DEBUG_POINT("bulk-assign");
				hnsw_bulk_assign(bulk, leaf);
				break;
			case HNSW_BULK_COMPARE:
				HNSW_DEBUG_POINT("bulk-compare");
				hnsw_bulk_compare(bulk, leaf, next);
				break;
			case HNSW_BULK_CHOOSE:
				HNSW_DEBUG_POINT("bulk-choose");
				hnsw_bulk_choose(bulk, leaf);
				break;
			default:
				HNSW_DEBUG_POINT("bulk-link");
				hnsw_bulk_link(bulk, leaf, step == HNSW_BULK_LINK_REST);
				break;
		}
		if (bulk->tick != NULL)
			bulk->tick(bulk->tick_arg);
		CHECK_FOR_INTERRUPTS();
		leaf = next;
	}
}

void
hnsw_bulk_work(HnswBulk *bulk, HnswBulkStep step)
{
	if (hnsw_bulk_needs(step, HNSW_BULK_TREE))
		hnsw_bulk_work_on_tree(bulk, step);
	else
		work_on_leaves(bulk, step);
}

void
hnsw_bulk_set_memory(HnswBulk *bulk, HnswBulkMemory which, uint32 nrows, uint32 nleaves,
					 void *memory)
{
	switch (which)
	{
		case HNSW_BULK_ROWS:
			bulk->tree.rows = bulk->plan.rows = memory;
			break;
		case HNSW_BULK_TREE:
			hnsw_bulk_tree_set_memory(&bulk->tree, &bulk->dense, nrows, memory);
			break;
		case HNSW_BULK_CENTERS:
			hnsw_bulk_centers_set_memory(bulk, nleaves, memory);
			break;
		default:
			hnsw_bulk_plan_set_memory(bulk, nrows, nleaves, memory);
			break;
	}
}

static void
provide(HnswBulk *bulk, const HnswBulkTeam *team, HnswBulkMemory which, Size bytes, uint32 nrows,
		uint32 nleaves)
{
	hnsw_bulk_set_memory(bulk, which, nrows, nleaves,
						 team->memory(team->arg, which, bytes, nrows, nleaves));
}

/* Puts the rows into a tree, and makes the plan of its leaves; false without rows. */
static bool
make_plan(HnswBulk *bulk, const HnswBulkTeam *team, uint32 space)
{
	uint32		nrows,
				nleaves;
	uint32	   *starts;

	provide(bulk, team, HNSW_BULK_TREE, hnsw_bulk_tree_bytes(&bulk->dense, space), space, 0);
	hnsw_bulk_collect(bulk);
	nrows = bulk->tree.top->nrows;
	if (nrows == 0)
	{
		team->release(team->arg, HNSW_BULK_TREE);
		return false;
	}
	team->work(team->arg, HNSW_BULK_TREE_ASSIGN);
	hnsw_bulk_tree_divide(&bulk->tree);
	team->work(team->arg, HNSW_BULK_TREE_SPLIT);

	nleaves = hnsw_bulk_tree_nleaves(&bulk->tree);
	starts = hnsw_alloc(sizeof(uint32) * ((Size) nleaves + 1));
	hnsw_bulk_tree_starts(&bulk->tree, starts);
	team->release(team->arg, HNSW_BULK_TREE);
	provide(bulk, team, HNSW_BULK_PLAN,
			hnsw_bulk_plan_bytes(bulk->layout, bulk->ins->ef, nrows, nleaves), nrows, nleaves);
	hnsw_bulk_plan_fill(bulk, starts);
	hnsw_free(starts);
	return true;
}

void
hnsw_bulk_complete(HnswBulk *bulk, const HnswBulkTeam *team)
{
	HnswPager  *pager = bulk->ins->pager;
	uint32		space = pager->ops->limit(pager, HNSW_BASE);

	if (space == 0)
		return;
	hnsw_bulk_stage_free(bulk);
	provide(bulk, team, HNSW_BULK_ROWS, sizeof(HnswId) * (Size) space, space, 0);
	if (make_plan(bulk, team, space))
	{
		uint32		nleaves = bulk->plan.nleaves;

		provide(bulk, team, HNSW_BULK_CENTERS, hnsw_bulk_centers_bytes(bulk->layout, nleaves),
				bulk->plan.nrows, nleaves);
		for (int step = HNSW_BULK_CENTER; step < HNSW_BULK_STEPS; step++)
		{
			team->work(team->arg, step);
			if (step == HNSW_BULK_ASSIGN)
				team->release(team->arg, HNSW_BULK_CENTERS);
		}
		team->release(team->arg, HNSW_BULK_PLAN);
	}
	team->release(team->arg, HNSW_BULK_ROWS);
}

/* ------------------------------------------------------------------------
 * A team of one
 * ------------------------------------------------------------------------
 */
typedef struct Alone
{
	HnswBulk   *bulk;
	void	   *memory[HNSW_BULK_MEMORIES];
} Alone;

static void *
memory_alone(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	Alone	   *alone = arg;

	return alone->memory[which] = hnsw_alloc(bytes);
}

static void
release_alone(void *arg, HnswBulkMemory which)
{
	hnsw_free(((Alone *) arg)->memory[which]);
}

static void
work_alone(void *arg, HnswBulkStep step)
{
	hnsw_bulk_work(((Alone *) arg)->bulk, step);
}

void
hnsw_bulk_finish(HnswBulk *bulk)
{
	Alone		alone = {.bulk = bulk};
	HnswBulkTeam team = {memory_alone, release_alone, work_alone, &alone};

	hnsw_bulk_complete(bulk, &team);
}
