/*-------------------------------------------------------------------------
 *
 * test_bulk.c
 *		Layer 0 of many vectors at once (graph/bulk.h).
 *
 * test_shared.c has the same in several threads.
 *
 * IDENTIFICATION
 *	  test/unit/test_bulk.c
 *-------------------------------------------------------------------------
 */
#include "tasks.h"

#include "graph/bulk.h"
#include "graph/bulk_batch.h"
#include "graph/vacuum.h"

typedef enum Rows
{
	ROWS_GAUSS,
	ROWS_UNIT,					/* of norm 1 */
	ROWS_NORMS,					/* norms between 1 and 10 */
	ROWS_EQUAL,
	ROWS_REPEATED,				/* 30 % are one of 20 vectors */
	ROWS_TWO,					/* one of two vectors */
	ROWS_TIGHT,					/* all but 100 are one code step apart */
	ROWS_LINE,
	ROWS_ZEROS,					/* every tenth is 0 */
	ROWS_GROUPS,				/* groups of 20, far from each other */
	ROWS_LARGE_GROUPS,			/* the same of 80 */
	ROWS_TWINS,					/* nearer to each other than floats can tell */
	ROWS_HUB					/* on a sphere, 2 % at its center: near all */
} Rows;

static const char *const rows_names[] = {
	"gauss", "unit", "norms", "equal", "repeated", "two", "tight", "line", "zeros", "groups",
	"large groups", "twins", "hub"
};

static void
fill_row(Fixture *f, Rows kind, int i, const float *base)
{
	float	   *x = fixture_row(f, i);
	int			dim = f->dim;
	bool		grouped = kind == ROWS_GROUPS || kind == ROWS_LARGE_GROUPS;
	int			which = kind == ROWS_REPEATED ? unit_below(20) : kind == ROWS_TWO ? unit_below(2) :
	grouped ? 20 + i / (kind == ROWS_GROUPS ? 20 : 80) : 0;
	bool		own = kind == ROWS_GAUSS || kind == ROWS_UNIT || kind == ROWS_NORMS ||
	kind == ROWS_ZEROS || (kind == ROWS_REPEATED && unit_below(10) >= 3) ||
	kind == ROWS_HUB || (kind == ROWS_TIGHT && i % (f->nrows / 100 + 1) == 0);
	double		norm = 0;

	if (grouped)
		unit_seed(1000 + which);
	for (int j = 0; j < dim; j++)
		x[j] = own || grouped ? (float) unit_normal() : base[which % 20 * dim + j];
	if (grouped)
	{
		unit_seed(100000 + i);
		for (int j = 0; j < dim; j++)
			x[j] += 0.002f * (float) unit_normal();
	}
	if (kind == ROWS_TIGHT && !own)
		for (int j = 0; j < dim; j++)
			x[j] += 0.02f * (float) unit_below(2);
	if (kind == ROWS_TWINS)
		for (int j = 0; j < dim; j++)
			x[j] += 1e-6f * (float) unit_normal();
	if (kind == ROWS_LINE)
		for (int j = 0; j < dim; j++)
			x[j] += (float) i / 100 * base[dim + j];
	if (kind == ROWS_ZEROS && i % 10 == 5)
		memset(x, 0, sizeof(float) * dim);
	if (kind != ROWS_UNIT && kind != ROWS_NORMS && kind != ROWS_HUB)
		return;
	for (int j = 0; j < dim; j++)
		norm += x[j] * x[j];
	norm = sqrt(norm) / (kind == ROWS_NORMS ? 1 + 9 * unit_uniform() : 1);
	if (kind == ROWS_HUB && i % 50 == 0)
		norm *= 100;
	for (int j = 0; j < dim; j++)
		x[j] /= (float) norm;
}

static void
fill_rows(Fixture *f, Rows kind, int seed)
{
	float	   *base = malloc(sizeof(float) * 20 * f->dim);

	unit_seed(seed);
	for (int i = 0; i < 20 * f->dim; i++)
		base[i] = (float) unit_normal();
	for (int i = 0; i < f->nrows; i++)
	{
		fill_row(f, kind, i, base);
		fixture_adapt(&f->layout, fixture_row(f, i));
	}
	free(base);
	unit_seed(seed + 1);
}

static bool
is_zero(const Fixture *f, int i)
{
	for (int j = 0; j < f->dim; j++)
		if (fixture_row(f, i)[j] != 0)
			return false;
	return true;
}

/* Stages one row. */
static void
stage(Fixture *f, HnswBulk *bulk, int i)
{
	bool		aside = f->layout.metric == HNSW_COSINE && is_zero(f, i);
	HnswInserted inserted = hnsw_bulk_add(bulk, fixture_plain(f, fixture_row(f, i)), fixture_tid(i));

	CHECK_INT(inserted == HNSW_INSERTED_ASIDE, aside);
	f->present[i] = !aside;
}

static void
build_bulk(Fixture *f, int from, int to)
{
	HnswBulk	bulk;

	CHECK(hnsw_bulk_suits(&f->layout, f->ins.ef));
	hnsw_bulk_init(&bulk, &f->ins, &f->arena, NULL, NULL);
	for (int i = from; i < to; i++)
		stage(f, &bulk, i);
	hnsw_bulk_finish(&bulk);
	hnsw_bulk_free(&bulk);
}

/* What was staged is a graph like any other. */
static void
check_built(Fixture *f, const char *when)
{
	HnswPager  *pager = &f->arena.pager;
	int			bad = 0;

	check_whole(f, when);
	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_BASE, id + 1))
	{
		const HnswRecord *rec = HNSW_READ(pager, HNSW_BASE, id);

		bad += rec->state != HNSW_FREE && rec->state != HNSW_LINKED;
		bad += rec->reserved[0] != 0 || rec->reserved[1] != 0;
		HNSW_RELEASE(pager);
	}
	CHECK_INT(bad, 0);
	if (f->nrows > 0 && f->present[0])
		check_drained(f, fixture_row(f, 0), HNSW_ITERATIVE_STRICT);
}

typedef struct BulkCase
{
	HnswMetric	metric;
	int			dim;
	int			rows;
	Rows		kind;
	int			m;
	int			m0;
	int			ef;
	bool		recall;			/* compared with that of inserts */
} BulkCase;

static const BulkCase cases[] = {
	{HNSW_L2, 16, 0, ROWS_GAUSS, 16, 0, 64, false},
	{HNSW_L2, 16, 1, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 16, 2, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 16, 3, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 32, 10, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 32, 49, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_COSINE, 32, 50, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 100, 75, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_IP, 32, 76, ROWS_UNIT, 16, 0, 64, true},
	{HNSW_L2, 768, 76, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 16, 1000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 17, 1000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_COSINE, 30, 1000, ROWS_GAUSS, 8, 0, 64, true},
	{HNSW_IP, 31, 1000, ROWS_UNIT, 8, 0, 64, true},
	{HNSW_COSINE, 128, 1000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_IP, 100, 1000, ROWS_UNIT, 16, 0, 64, true},
	{HNSW_IP, 32, 1000, ROWS_NORMS, 16, 0, 64, true},
	{HNSW_L2, 768, 600, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L2, 16, 5000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_IP, 32, 5000, ROWS_UNIT, 16, 0, 64, true},
	{HNSW_L2, 128, 5000, ROWS_GAUSS, 16, 0, 64, false},
	{HNSW_L2, 16, 3000, ROWS_EQUAL, 16, 0, 64, false},
	{HNSW_COSINE, 32, 3000, ROWS_REPEATED, 16, 0, 64, true},
	{HNSW_L2, 16, 2000, ROWS_TWO, 16, 0, 64, false},
	{HNSW_L2, 32, 5100, ROWS_TIGHT, 16, 0, 64, true},
	{HNSW_L2, 16, 2000, ROWS_LINE, 16, 0, 64, true},
	{HNSW_COSINE, 16, 1000, ROWS_ZEROS, 16, 0, 64, false},
	{HNSW_IP, 16, 1000, ROWS_ZEROS, 16, 0, 64, false},
	{HNSW_L2, 16, 2000, ROWS_GROUPS, 16, 0, 64, true},
	{HNSW_L2, 32, 2000, ROWS_GROUPS, 16, 0, 12, true},
	/* some groups have no member that is inserted, and no neighbor outside */
	{HNSW_L2, 16, 4000, ROWS_LARGE_GROUPS, 32, 0, 64, true},
	{HNSW_L2, 16, 2000, ROWS_GAUSS, 4, 4, 64, true},
	{HNSW_L2, 16, 1000, ROWS_TIGHT, 4, 4, 16, false},
	{HNSW_L2, 32, 2000, ROWS_GAUSS, 16, 0, 4, true},
	{HNSW_L2, 32, 700, ROWS_GAUSS, 16, 0, 400, true},
	/* without codes */
	{HNSW_L1, 16, 0, ROWS_GAUSS, 16, 0, 64, false},
	{HNSW_L1, 16, 2, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L1, 32, 76, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L1, 33, 1000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L1, 16, 5000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_L1, 16, 3000, ROWS_EQUAL, 16, 0, 64, false},
	{HNSW_L1, 32, 5100, ROWS_TIGHT, 16, 0, 64, true},
	{HNSW_L1, 16, 2000, ROWS_GROUPS, 16, 0, 64, true},
	{HNSW_L1, 16, 4000, ROWS_LARGE_GROUPS, 32, 0, 64, true},
	{HNSW_L1, 16, 1000, ROWS_TIGHT, 4, 4, 16, false},
	{HNSW_L1, 32, 700, ROWS_GAUSS, 16, 0, 400, true},
	{HNSW_HAMMING, 64, 1, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_HAMMING, 63, 1000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_HAMMING, 256, 3000, ROWS_GAUSS, 16, 0, 64, false},
	{HNSW_HAMMING, 11, 3000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_HAMMING, 100, 3000, ROWS_REPEATED, 16, 0, 64, true},
	{HNSW_HAMMING, 100, 2000, ROWS_GROUPS, 8, 0, 12, true},
	{HNSW_HAMMING, 100, 2000, ROWS_GAUSS, 4, 4, 64, true},
	{HNSW_HAMMING, 16000, 60, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_JACCARD, 70, 3000, ROWS_GAUSS, 16, 0, 64, true},
	{HNSW_JACCARD, 40, 1000, ROWS_ZEROS, 16, 0, 64, false},
};

static void
test_case(const BulkCase *c, int seed)
{
	Fixture		f,
				plain;
	double		recall,
				inserted;

	unit_group("bulk, metric %d, %d dimensions, %d rows, %s, m %d, ef %d", c->metric, c->dim,
			   c->rows, rows_names[c->kind], c->m, c->ef);
	fixture_open(&f, c->metric, c->dim, c->m, c->m0, c->rows, c->ef);
	fill_rows(&f, c->kind, seed);
	build_bulk(&f, 0, c->rows);
	check_built(&f, "built");
	check_clean(&f);
	if (c->recall)
	{
		fixture_open(&plain, c->metric, c->dim, c->m, c->m0, c->rows, c->ef);
		memcpy(plain.rows, f.rows, sizeof(float) * c->dim * (size_t) c->rows);
		fixture_insert(&plain, 0, c->rows);
		unit_seed(seed);
		recall = fixture_recall(&f, 60, 10, 40);
		unit_seed(seed);
		inserted = fixture_recall(&plain, 60, 10, 40);
		CHECK_MSG(recall >= inserted - 0.02, "recall %.3f, of inserts %.3f", recall, inserted);
		fixture_close(&plain);
	}
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Layouts
 * ------------------------------------------------------------------------
 */
static void
test_suits(void)
{
	unit_group("layouts that suit");
	for (int i = 0; i < (int) lengthof(fixture_cells); i++)
	{
		const HnswCell *cell = &fixture_cells[i];
		HnswLayout	layout;

		for (int dim = 1; dim < 1500; dim += 1 + dim / 7)
			for (int m0 = 0; m0 <= 64; m0 += 4)
			{
				const HnswShape *shape = &layout.shape[HNSW_BASE];

				fixture_layout_cell(&layout, cell, dim, 8, m0);
				if (!hnsw_own_dense_suits(&layout))
					CHECK(!hnsw_bulk_suits(&layout, 64));
				else if (!cell->coded && shape->pages == 1)
					CHECK(hnsw_bulk_suits(&layout, 64));
				if (!hnsw_bulk_suits(&layout, 64))
					continue;
				CHECK(hnsw_bulk_keep(&layout, 64) > 0);
				CHECK(hnsw_bulk_keep(&layout, 64) <= 64);
				CHECK(shape->pages == 1);
				for (int ef = 4; ef <= 1000; ef += ef / 2)
				{
					int			search_ef = hnsw_bulk_insert_ef(&layout, ef);

					CHECK(search_ef <= ef && (search_ef >= Min(ef, shape->slots) || shape->bits == 0));
					CHECK(search_ef == ef || cell->coded);
				}
				CHECK(hnsw_bulk_common_bytes(&layout, 64, 1) > 0);
				CHECK(hnsw_bulk_scratch_bytes(&layout, 64) > 0);
			}
		fixture_layout_cell(&layout, cell, cell->element == HNSW_BIT ? 20000 : 64, 8, 0);
		CHECK_INT(hnsw_own_dense_suits(&layout), cell->element == HNSW_VECTOR ||
				  cell->element == HNSW_HALFVEC);
	}
}

/* Of what is asked for, so much is the arena's that it holds the rows. */
static void
check_division(const HnswLayout *layout, double rows)
{
	for (int processes = 1; processes <= 16; processes *= 4)
	{
		double		bytes = hnsw_bulk_build_bytes(layout, 64, rows, processes);
		double		asked = bytes - HNSW_BUILD_OVERHEAD;
		double		arena = !hnsw_bulk_pays(layout, 64, rows, (Size) asked, processes) ? asked :
		(double) hnsw_bulk_arena_bytes(layout, 64, (Size) asked, processes);

		/* with what is reserved for inserts, and levels drawn by lot */
		CHECK_MSG(arena + 64 >= hnsw_layout_build_bytes(layout, rows, processes) - HNSW_BUILD_OVERHEAD &&
				  arena <= bytes, "%.0f rows, %d: %.0f of %.0f bytes", rows, processes, arena, bytes);
	}
}

/* What keeps so many rows in memory does so by all accounts. */
static void
test_memory(void)
{
	HnswLayout	layout;

	unit_group("memory of a build");
	fixture_layout(&layout, HNSW_L1, 64, 16, 0);
	for (double rows = 100000; rows < 4e9; rows *= 7)
	{
		double		plain = hnsw_bulk_build_bytes(&layout, 64, rows, 1);
		double		staged = hnsw_bulk_staged_bytes(&layout, 64, rows, 1);

		/* what keeps it in memory does not suffice for what rows remember */
		CHECK(plain < staged && plain == hnsw_layout_build_bytes(&layout, rows, 1));
		CHECK(!hnsw_bulk_pays(&layout, 64, rows, (Size) plain, 1));
		CHECK(hnsw_bulk_pays(&layout, 64, rows, (Size) staged + 1, 1));
		CHECK((double) hnsw_bulk_arena_bytes(&layout, 64, (Size) staged + 1, 1) >=
			  rows * hnsw_layout_row_bytes(&layout));
	}
	fixture_layout(&layout, HNSW_L2, 768, 16, 0);
	for (double rows = 1; rows < 4e9; rows *= 7)
		check_division(&layout, rows);
	fixture_layout(&layout, HNSW_L2, 16, 16, 0);
	/* also where members take another byte */
	for (double rows = 65000; rows < 66000; rows += 33.5)
		check_division(&layout, floor(rows));
	for (double rows = 16600000; rows < 16900000; rows += 10001)
		check_division(&layout, rows);
	check_division(&layout, 65536);
	check_division(&layout, 16777216);

	/*
	 * no more than the index and 5 %, where there are enough rows for what
	 * each process has
	 */
	for (int dim = 128; dim <= 1536; dim *= dim == 128 ? 6 : 2)
		for (double rows = dim == 128 ? 200000 : 80000; rows < 1e9; rows *= 3)
			for (int processes = 1; processes <= 3; processes++)
			{
				double		bytes,
							index;

				fixture_layout(&layout, HNSW_L2, dim, 16, 0);
				index = rows * hnsw_layout_row_bytes(&layout);
				bytes = hnsw_bulk_build_bytes(&layout, 64, rows, processes);
				CHECK_MSG(bytes > index && bytes <= 1.05 * index, "%d dimensions, %.0f rows, %d: %.1f %%",
						  dim, rows, processes, 100 * bytes / index);
			}
	for (uint32 rows = 1; rows >= 1; rows = rows < 0x80000000 ? rows * 2 : 0)
	{
		HnswInserter ins = {0};
		HnswBulk	bulk = {.ins = &ins,.layout = &layout};
		Size		bytes;
		uint32		blocks;

		ins.ef = rows % 3 == 1 ? 64 : 400;
		bytes = hnsw_bulk_plan_bytes(&layout, ins.ef, rows, rows / 40 + 1);
		hnsw_bulk_plan_set_memory(&bulk, rows, rows / 40 + 1, NULL);
		blocks = hnsw_bulk_lists_init(&bulk.plan);
		CHECK((uint64) (rows - 1) >> (8 * bulk.plan.member_bytes) == 0);
		CHECK(bulk.plan.member_bytes == 1 || (rows - 1) >> (8 * (bulk.plan.member_bytes - 1)) > 0);
		CHECK((uint64) blocks * bulk.plan.per_block >= (uint64) rows * bulk.plan.fanout);
		CHECK(bulk.plan.fanout >= 1 && bytes > (Size) HNSW_BULK_BLOCK * blocks);
	}
}

/* ------------------------------------------------------------------------
 * Crowds
 * ------------------------------------------------------------------------
 */
typedef struct Observed
{
	HnswBulk   *bulk;
	HnswBulk   *last;			/* does the last step */
	bool		shuffled;		/* members are, before they meet */
	void	   *memory[HNSW_BULK_MEMORIES];
	uint32		most;			/* members of a leaf */
} Observed;

static void *
observed_memory(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	Observed   *o = arg;
	void	   *memory = malloc(bytes);

	hnsw_bulk_set_memory(o->last, which, nrows, nleaves, memory);
	return o->memory[which] = memory;
}

static void
observed_release(void *arg, HnswBulkMemory which)
{
	Observed   *o = arg;

	free(o->memory[which]);
	o->memory[which] = NULL;
}

/* Members of the leaf, each of which is there once, are counted in "times". */
static uint32
count_members(const HnswBulkPlan *plan, uint32 leaf, uint8 *times, uint32 *seen)
{
	HnswBulkCursor cursor = hnsw_bulk_list_open(plan, leaf);
	uint32		members[7],
				count = 0;
	int			n;

	while ((n = hnsw_bulk_list_take(plan, &cursor, lengthof(members), members)) > 0)
		for (int i = 0; i < n; i++)
		{
			CHECK(seen[members[i]] != leaf + 1);
			seen[members[i]] = leaf + 1;
			times[members[i]]++;
			count++;
		}
	CHECK_INT(count, plan->lists[leaf].count);
	return count;
}

/* Each row is a member of "fanout" leaves; the most that one has. */
static uint32
look_at_members(const HnswBulk *bulk)
{
	const HnswBulkPlan *plan = &bulk->plan;
	uint8	   *times = calloc(plan->nrows, 1);
	uint32	   *seen = calloc(plan->nrows, sizeof(uint32)),
				most = 0;

	for (uint32 leaf = 0; leaf < plan->nleaves; leaf++)
	{
		uint32		count = count_members(plan, leaf, times, seen);

		most = Max(most, count);
	}
	for (uint32 i = 0; i < plan->nrows; i++)
		CHECK_INT(times[i], plan->fanout);
	free(times);
	free(seen);
	return most;
}

/* As if many processes had entered them. */
static void
shuffle_members(HnswBulkPlan *plan)
{
	uint32	   *members = malloc(sizeof(uint32) * (Size) plan->nrows * plan->fanout),
			   *at = members;
	uint32	   *counts = malloc(sizeof(uint32) * plan->nleaves);

	for (uint32 leaf = 0; leaf < plan->nleaves; leaf++)
	{
		HnswBulkCursor cursor = hnsw_bulk_list_open(plan, leaf);

		counts[leaf] = hnsw_bulk_list_take(plan, &cursor, (int) cursor.count, at);
		for (uint32 i = counts[leaf]; i > 1; i--)
		{
			uint32		k = unit_random() % i,
						member = at[k];

			at[k] = at[i - 1];
			at[i - 1] = member;
		}
		at += counts[leaf];
	}
	plan->progress->nblocks = 0;
	memset(plan->lists, 0, sizeof(HnswBulkList) * plan->nleaves);
	at = members;
	for (uint32 leaf = 0; leaf < plan->nleaves; at += counts[leaf++])
		hnsw_bulk_list_add(plan, leaf, at, (int) counts[leaf]);
	free(members);
	free(counts);
}

/* The leaves are of all rows, in their order. */
static void
look_at_leaves(const HnswBulk *bulk)
{
	const HnswBulkPlan *plan = &bulk->plan;
	uint8	   *met = calloc(bulk->ins->pager->ops->limit(bulk->ins->pager, HNSW_BASE), 1);

	CHECK_INT(plan->starts[0], 0);
	CHECK_INT(plan->starts[plan->nleaves], plan->nrows);
	for (uint32 leaf = 0; leaf < plan->nleaves; leaf++)
		CHECK(plan->starts[leaf] < plan->starts[leaf + 1]);
	for (uint32 i = 0; i < plan->nrows; i++)
		CHECK(met[plan->rows[i]]++ == 0);
	free(met);
}

static void
observed_work(void *arg, HnswBulkStep step)
{
	Observed   *o = arg;

	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
		CHECK_INT(o->memory[i] != NULL, hnsw_bulk_needs(step, i));
	if (step == HNSW_BULK_CENTER)
		look_at_leaves(o->bulk);
	if (step == HNSW_BULK_COMPARE && o->shuffled)
		shuffle_members(&o->bulk->plan);
	hnsw_bulk_work(step == HNSW_BULK_LINK_REST ? o->last : o->bulk, step);
	if (step == HNSW_BULK_COMPARE)
		o->most = look_at_members(o->bulk);
}

/* All steps, the plan being looked at. */
static uint32
finish_by_steps(HnswBulk *bulk, HnswBulk *last, bool shuffled)
{
	Observed	observed = {.bulk = bulk,.last = last,.shuffled = shuffled};
	HnswBulkTeam team = {observed_memory, observed_release, observed_work, &observed};

	hnsw_bulk_complete(bulk, &team);
	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
		CHECK(observed.memory[i] == NULL);
	return observed.most;
}

static void
test_crowd(Rows kind, int dim, int nrows, bool crowded, bool shuffled)
{
	Fixture		f;
	HnswBulk	bulk;
	uint32		most;

	unit_group("%d rows near one center, %s%s", nrows, rows_names[kind], shuffled ? ", shuffled" : "");
	fixture_open(&f, HNSW_L2, dim, 16, 0, nrows, 64);
	fill_rows(&f, kind, 7);
	hnsw_bulk_init(&bulk, &f.ins, &f.arena, NULL, NULL);
	for (int i = 0; i < nrows; i++)
		stage(&f, &bulk, i);
	most = finish_by_steps(&bulk, &bulk, shuffled);
	CHECK_MSG(!crowded || most > HNSW_BULK_MOST_MEMBERS, "%u at most in a leaf", most);
	hnsw_bulk_free(&bulk);
	check_built(&f, "built");
	check_clean(&f);
	fixture_close(&f);
}

/* The last step by somebody who has not inserted or chosen anything. */
static void
test_late_helper(HnswMetric metric)
{
	Fixture		f;
	HnswBulk	bulk,
				late;
	HnswInserter ins;

	unit_group("a helper of the last step only, metric %d", metric);
	fixture_open(&f, metric, 16, 16, 0, 1000, 12);
	fill_rows(&f, ROWS_GROUPS, 8);
	hnsw_bulk_init(&bulk, &f.ins, &f.arena, NULL, NULL);
	for (int i = 0; i < f.nrows; i++)
		stage(&f, &bulk, i);
	hnsw_inserter_init(&ins, &f.arena.pager, 12, 9);
	hnsw_bulk_init(&late, &ins, &f.arena, bulk.table, bulk.entries);
	finish_by_steps(&bulk, &late, false);
	late.table = NULL;
	hnsw_bulk_free(&late);
	hnsw_bulk_free(&bulk);
	hnsw_inserter_free(&ins);
	check_built(&f, "built");
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Twice, and afterwards
 * ------------------------------------------------------------------------
 */
static void
test_again(HnswMetric metric, Rows kind, int nrows)
{
	Fixture		f[2];
	int			bad = 0;

	unit_group("the same pages twice, metric %d, %s", metric, rows_names[kind]);
	for (int i = 0; i < 2; i++)
	{
		fixture_open(&f[i], metric, 24, 8, 0, nrows, 40);
		fill_rows(&f[i], kind, 5);
		build_bulk(&f[i], 0, nrows);
	}
	CHECK_INT(f[0].arena.state->nblocks, f[1].arena.state->nblocks);
	CHECK(memcmp(&f[0].arena.state->entry, &f[1].arena.state->entry, sizeof(HnswEntry)) == 0);
	for (uint32 block = HNSW_FIRST_BLOCK; block < f[0].arena.state->nblocks; block++)
		bad += memcmp(hnsw_arena_page(&f[0].arena, block) + HNSW_PAGE_HEADER,
					  hnsw_arena_page(&f[1].arena, block) + HNSW_PAGE_HEADER,
					  BLCKSZ - HNSW_PAGE_HEADER) != 0;
	CHECK_INT(bad, 0);
	fixture_close(&f[0]);
	fixture_close(&f[1]);
}

static bool
is_dead(void *arg, HnswTid tid)
{
	Fixture    *f = arg;

	return !f->present[fixture_row_of(tid)];
}

static void
test_afterwards(HnswMetric metric, Rows kind, int nrows)
{
	Fixture		f;
	HnswVacuumResult result;

	unit_group("inserts and vacuum afterwards, metric %d, %s", metric, rows_names[kind]);
	fixture_open(&f, metric, 24, 8, 0, nrows, 40);
	fill_rows(&f, kind, 6);
	build_bulk(&f, 0, nrows * 2 / 3);
	fixture_insert(&f, nrows * 2 / 3, nrows);
	check_built(&f, "inserted");
	check_clean(&f);
	for (int i = 0; i < nrows; i++)
		f.present[i] = i == 0 || unit_below(3) > 0;
	hnsw_graph_vacuum(&f.arena.pager, is_dead, &f, 1024 * 1024, &result);
	CHECK_INT((int) result.live, rows_present(&f));
	check_built(&f, "vacuumed");
	check_clean(&f);
	for (int i = 0; i < nrows; i++)
		if (!f.present[i])
			fixture_insert(&f, i, i + 1);
	check_built(&f, "inserted again");
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Several at once, in any order
 * ------------------------------------------------------------------------
 */
typedef struct Helper
{
	Fixture    *f;
	HnswInserter ins;
	HnswBulk	bulk;
	int			from;
	int			to;
	int			step;
} Helper;

static void
stage_rows(void *arg)
{
	Helper	   *helper = arg;

	for (int i = helper->from; i < helper->to; i++)
		stage(helper->f, &helper->bulk, i);
}

static void
take_part(void *arg)
{
	Helper	   *helper = arg;

	hnsw_bulk_work(&helper->bulk, helper->step);
}

static Helper helpers[TASKS_MAX];
static int	nhelpers;
static void *memories[HNSW_BULK_MEMORIES];

static void *
memory_together(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	memories[which] = malloc(bytes);
	for (int i = 0; i < nhelpers; i++)
		hnsw_bulk_set_memory(&helpers[i].bulk, which, nrows, nleaves, memories[which]);
	return memories[which];
}

static void
release_together(void *arg, HnswBulkMemory which)
{
	free(memories[which]);
}

static void
work_together(void *arg, HnswBulkStep step)
{
	for (int i = 0; i < nhelpers; i++)
	{
		helpers[i].step = step;
		task_add(take_part, &helpers[i]);
	}
	tasks_run();
}

static void
test_together(HnswMetric metric, int seed, Rows kind, int nrows)
{
	HnswBulkTeam team = {memory_together, release_together, work_together, NULL};
	Fixture		f;
	HnswPagerOps ops;
	HnswBulkTable table = {0};
	uint64	   *entries;

	fixture_open(&f, metric, 12, 4, 0, nrows, 16);
	fill_rows(&f, kind, seed);
	/* sometimes too small */
	table.space = hnsw_bulk_table_space(nrows) / (seed % 4 == 0 ? 100 : 1) + 16;
	entries = malloc(sizeof(uint64) * table.space);
	memset(entries, 0xFF, sizeof(uint64) * table.space);
	tasks_take_over(&f.arena, &ops);
	for (int i = 0; i < nhelpers; i++)
	{
		helpers[i].f = &f;
		helpers[i].from = nrows * i / nhelpers;
		helpers[i].to = nrows * (i + 1) / nhelpers;
		hnsw_inserter_init(&helpers[i].ins, &f.arena.pager, 16, seed + i);
		hnsw_bulk_init(&helpers[i].bulk, &helpers[i].ins, &f.arena, &table, entries);
		task_add(stage_rows, &helpers[i]);
	}
	tasks_run();

	hnsw_bulk_complete(&helpers[0].bulk, &team);
	for (int i = 0; i < nhelpers; i++)
	{
		hnsw_bulk_free(&helpers[i].bulk);
		hnsw_inserter_free(&helpers[i].ins);
	}
	free(entries);
	check_built(&f, "built together");
	check_clean(&f);
	fixture_close(&f);
}

static void
test_schedules(void)
{
	static const Rows kinds[] = {ROWS_GAUSS, ROWS_REPEATED, ROWS_EQUAL, ROWS_GROUPS, ROWS_TWO};
	static const HnswMetric metrics[] = {HNSW_L2, HNSW_L1, HNSW_HAMMING};

	for (int k = 0; k < (int) lengthof(kinds); k++)
	{
		unit_group("several at once, %s", rows_names[kinds[k]]);
		for (int seed = 0; seed < 18; seed++)
		{
			nhelpers = 2 + seed % 3;
			test_together(metrics[seed / 2 % 3], seed, kinds[k], seed % 3 == 0 ? 3 + seed : 400);
		}
	}
}

/* ------------------------------------------------------------------------
 * Faults
 * ------------------------------------------------------------------------
 */
typedef struct FaultArg
{
	Fixture    *f;
	HnswBulk   *bulk;
	int			done;
} FaultArg;

static void
stage_all(void *arg)
{
	FaultArg   *fault = arg;

	for (; fault->done < fault->f->nrows; fault->done++)
		hnsw_bulk_add(fault->bulk, fixture_plain(fault->f, fixture_row(fault->f, fault->done)),
					  fixture_tid(fault->done));
}

static void
finish(void *arg)
{
	FaultArg   *fault = arg;

	hnsw_bulk_finish(fault->bulk);
}

/* An error at each call in turn ends the build; then all is freed. */
static void
test_faults(HnswMetric metric, Rows kind, int nrows)
{
	bool		failed = true;
	int			failures = 0;

	unit_group("failing at each call, metric %d, %s", metric, rows_names[kind]);
	for (int64 at = 1; failed; at += 1 + at / 40)
	{
		Fixture		f;
		HnswBulk	bulk;
		FaultArg	fault = {&f, &bulk, 0};
		bool		staged;

		fixture_open(&f, metric, 8, 4, 0, nrows, 12);
		fill_rows(&f, kind, 3);
		hnsw_bulk_init(&bulk, &f.ins, &f.arena, NULL, NULL);
		f.arena.fail_at = at;
		failed = raises(stage_all, &fault);
		staged = !failed;
		if (staged)
			failed = raises(finish, &fault);
		f.arena.fail_at = 0;
		failures += failed;
		if (!staged)
			CHECK(bulk.table->count <= (uint64) fault.done);
		if (!failed)
			check_whole(&f, "built");
		hnsw_bulk_free(&bulk);
		fixture_close(&f);
	}
	CHECK_MSG(failures > 50, "%d failures", failures);
}

/* ------------------------------------------------------------------------
 * Batches
 * ------------------------------------------------------------------------
 */
static void
count_one(void *arg)
{
	(*(int *) arg)++;
}

/* Rows that wait and are inserted in the order of a tree, in batches of some size. */
static void
test_batch(HnswMetric metric, Rows kind, int dim, int nrows, int most)
{
	Fixture		f;
	HnswBatch	batch;
	int			done = 0;

	unit_group("batches of %d, %s, %d rows", most, rows_names[kind], nrows);
	fixture_open(&f, metric, dim, 8, 0, nrows, 32);
	fill_rows(&f, kind, 500 + nrows);
	CHECK(hnsw_batch_suits(&f.layout));
	hnsw_batch_init(&batch, &f.layout, (Size) most * (dim + 64));
	for (int i = 0; i < nrows; i++)
	{
		/* half of them one by one: the other half finds them there */
		if (i % 2 == 0)
			hnsw_insert(&f.ins, fixture_plain(&f, fixture_row(&f, i)), fixture_tid(i));
		else
		{
			CHECK(hnsw_point_set(&f.ins.point, &f.layout, fixture_plain(&f, fixture_row(&f, i))));
			hnsw_batch_add(&batch, &f.ins.point, fixture_tid(i));
		}
		f.present[i] = true;
		if (hnsw_batch_is_full(&batch))
			hnsw_batch_insert(&batch, &f.ins, count_one, &done);
	}
	hnsw_batch_insert(&batch, &f.ins, count_one, &done);
	CHECK_INT(done, nrows / 2);
	check_built(&f, "inserted in batches");
	hnsw_batch_insert(&batch, &f.ins, count_one, &done);
	CHECK_INT(done, nrows / 2);
	hnsw_batch_free(&batch);
	hnsw_batch_free(&batch);
	fixture_close(&f);
}

int
main(void)
{
	hnsw_kernels_init();
	for (int i = 0; i < (int) lengthof(cases); i++)
		test_case(&cases[i], 100 + i);
	test_suits();
	test_memory();
	for (int shuffled = 0; shuffled < 2; shuffled++)
	{
		test_crowd(ROWS_TWINS, 16, 6000, false, shuffled);
		test_crowd(ROWS_HUB, 700, 4000, true, shuffled);
	}
	test_crowd(ROWS_GAUSS, 16, 2000, false, true);
	test_late_helper(HNSW_L2);
	test_late_helper(HNSW_L1);
	test_again(HNSW_L2, ROWS_GAUSS, 1500);
	test_again(HNSW_COSINE, ROWS_REPEATED, 1500);
	test_again(HNSW_IP, ROWS_NORMS, 600);
	test_again(HNSW_L1, ROWS_GAUSS, 1500);
	test_again(HNSW_HAMMING, ROWS_GAUSS, 1500);
	test_afterwards(HNSW_L2, ROWS_GAUSS, 1500);
	test_afterwards(HNSW_COSINE, ROWS_REPEATED, 1500);
	test_afterwards(HNSW_L2, ROWS_TIGHT, 1200);
	test_afterwards(HNSW_L1, ROWS_GAUSS, 1200);
	test_afterwards(HNSW_JACCARD, ROWS_REPEATED, 1200);
	test_schedules();
	test_faults(HNSW_L2, ROWS_REPEATED, 120);
	test_faults(HNSW_IP, ROWS_NORMS, 40);
	test_faults(HNSW_COSINE, ROWS_ZEROS, 60);
	test_faults(HNSW_L1, ROWS_REPEATED, 80);
	test_batch(HNSW_L2, ROWS_GAUSS, 30, 2600, 256);
	test_batch(HNSW_COSINE, ROWS_REPEATED, 64, 2600, 2000);
	test_batch(HNSW_IP, ROWS_NORMS, 17, 700, 1);
	test_batch(HNSW_L2, ROWS_EQUAL, 16, 600, 100);
	test_batch(HNSW_L1, ROWS_GAUSS, 30, 2000, 256);
	test_batch(HNSW_HAMMING, ROWS_GAUSS, 70, 2000, 256);
	return unit_done();
}
