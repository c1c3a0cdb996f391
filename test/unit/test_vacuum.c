/*-------------------------------------------------------------------------
 *
 * test_vacuum.c
 *		Removing rows: what stays must be found, what goes must be gone, and
 *		the graph must be whole after each vacuum and after failed ones.
 *
 * IDENTIFICATION
 *	  test/unit/test_vacuum.c
 *-------------------------------------------------------------------------
 */
#include "fixture.h"

#include "base/debug.h"
#include "graph/vacuum.h"

/* of vacuum: as much as it needs, unless a test says otherwise */
static Size max_memory = 1024 * 1024;

/* every row that is not present is dead */
static bool
is_dead(void *arg, HnswTid tid)
{
	Fixture    *f = arg;
	int			i = fixture_row_of(tid);

	return i < 0 || i >= f->nrows || !f->present[i];
}

static HnswVacuumResult
vacuum(Fixture *f)
{
	HnswVacuumResult result;

	hnsw_graph_vacuum(&f->arena.pager, is_dead, f, max_memory, &result);
	return result;
}

static void
run_vacuum(void *arg)
{
	vacuum(arg);
}

/* Removes each present row with the given probability. */
static void
delete_some(Fixture *f, double share)
{
	for (int i = 0; i < f->nrows; i++)
		if (unit_uniform() < share)
			f->present[i] = false;
}

static void
test_subsets(const HnswCell *cell, int dim, int m, int m0, int nrows, Shape shape)
{
	static const double shares[] = {0.1, 0.5, 0.9, 1};
	Fixture		f;
	HnswVacuumResult result;
	int			before;

	for (int i = 0; i < (int) lengthof(shares); i++)
	{
		unit_group("vacuum %s, %d dimensions, m %d, shape %d, %.0f %% dead",
				   cell->name, dim, m, shape, shares[i] * 100);
		unit_seed(dim + i);
		fixture_open_cell(&f, cell, dim, m, m0, nrows, 40);
		fixture_fill(&f, shape);
		fixture_insert(&f, 0, nrows);
		result = vacuum(&f);
		CHECK_INT((int) result.live, nrows);
		CHECK_INT((int) result.removed, 0);
		delete_some(&f, shares[i]);
		before = rows_present(&f);
		result = vacuum(&f);
		CHECK_INT((int) result.live, before);
		CHECK_INT((int) result.removed, nrows - before);
		check_whole(&f, "vacuumed");
		check_clean(&f);
		check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
		if (before == 0)
		{
			CHECK_INT(f.arena.state->entry.id, HNSW_NO_ID);
			CHECK_INT(f.arena.state->entry.root[0], HNSW_NO_ID);
		}

		/* and the index can still be used */
		for (int j = 0; j < nrows / 4; j++)
			if (!f.present[j])
				fixture_insert(&f, j, j + 1);
		check_whole(&f, "inserted again");
		check_clean(&f);
		check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
		fixture_close(&f);
	}
}

/* The node of a record dies, with all its rows. */
static void
delete_node(Fixture *f, HnswKind kind, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(&f->arena.pager, kind, id);
	HnswId		base = rec->base;

	HNSW_RELEASE(&f->arena.pager);
	rec = HNSW_READ(&f->arena.pager, HNSW_BASE, base);
	for (int i = 0; i < HNSW_INLINE_TIDS; i++)
		if (hnsw_tid_used(&rec->tids[i]))
			f->present[fixture_row_of(rec->tids[i])] = false;
	HNSW_RELEASE(&f->arena.pager);
}

static void
test_roots(const HnswCell *cell)
{
	Fixture		f;

	unit_group("vacuum %s, entry point and roots", cell->name);
	unit_seed(3);
	fixture_open_cell(&f, cell, 8, 3, 0, 400, 20);
	fixture_fill(&f, SHAPE_GAUSS);
	fixture_insert(&f, 0, f.nrows);
	for (int round = 0; f.arena.state->entry.id != HNSW_NO_ID; round++)
	{
		HnswEntry	entry = f.arena.state->entry;

		delete_node(&f, entry.layer == 0 ? HNSW_BASE : HNSW_UPPER, entry.id);
		if (round % 3 != 0)
			delete_node(&f, HNSW_BASE, entry.root[0]);
		if (round % 3 == 2)
			for (int layer = 1; layer < HNSW_MAX_LAYERS; layer++)
				if (entry.root[layer] != HNSW_NO_ID)
					delete_node(&f, HNSW_UPPER, entry.root[layer]);
		delete_some(&f, 0.02);
		vacuum(&f);
		check_whole(&f, "vacuumed");
		check_clean(&f);
		if (round % 10 == 0)
			check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
		if (round > 1000)
			break;
	}
	CHECK_INT(rows_present(&f), 0);
	fixture_close(&f);
}

/* Many rows with one vector: chunks go, and the ones behind the first stay. */
static void
test_chunks(void)
{
	Fixture		f;
	HnswCheckCounts counts;

	unit_group("vacuum, chains of chunks");
	unit_seed(4);
	fixture_open(&f, HNSW_L2, 4, 8, 0, 2000, 20);
	fixture_fill(&f, SHAPE_EQUAL);
	fixture_insert(&f, 0, f.nrows);
	for (int round = 0; round < 12; round++)
	{
		if (round % 4 == 0)
		{
			/* the newest */
			for (int i = f.nrows - 1, n = 0; i >= 0 && n < 300; i--)
				if (f.present[i])
				{
					f.present[i] = false;
					n++;
				}
		}
		else
			delete_some(&f, 0.2);
		vacuum(&f);
		check_whole(&f, "vacuumed");
		check_clean(&f);
		check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
		for (int i = 0; i < 50; i++)
		{
			int			row = unit_below(f.nrows);

			if (!f.present[row])
				fixture_insert(&f, row, row + 1);
		}
		check_whole(&f, "inserted");
	}
	memset(f.present, 0, f.nrows);
	vacuum(&f);
	check_whole(&f, "empty");
	hnsw_graph_count(&f.arena.pager, &counts);
	/* empty chunks stay only behind one that is not empty */
	CHECK_INT(counts.chunks, 0);
	CHECK_INT(counts.records[0][HNSW_LINKED], 0);
	fixture_close(&f);
}

/* Rounds of replacing a fifth: no growth, and recall as in a fresh build. */
static void
test_turnover(const HnswCell *cell, Shape shape, double slack)
{
	Fixture		f,
				fresh;
	int			kept = 1200,
				turned = kept / 5,
				nrows = kept + 10 * turned;
	int			at = kept;
	HnswId		limit;
	double		old,
				new;

	unit_group("vacuum %s, shape %d, replacing a fifth ten times", cell->name, shape);
	unit_seed(9);
	fixture_open_cell(&f, cell, 24, 8, 0, nrows, 64);
	fixture_fill(&f, shape);
	fixture_insert(&f, 0, kept);
	limit = f.arena.pager.ops->limit(&f.arena.pager, HNSW_BASE);
	while (at < nrows)
	{
		for (int n = 0; n < turned;)
		{
			int			row = unit_below(at);

			n += f.present[row];
			f.present[row] = false;
		}
		vacuum(&f);
		check_whole(&f, "vacuumed");
		fixture_insert(&f, at, at + turned);
		at += turned;
	}
	check_whole(&f, "at the end");
	check_clean(&f);
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	CHECK_MSG(f.arena.pager.ops->limit(&f.arena.pager, HNSW_BASE) <= limit + limit / 10,
			  "limit was %u, is %u", limit, f.arena.pager.ops->limit(&f.arena.pager, HNSW_BASE));

	fixture_open_cell(&fresh, cell, 24, 8, 0, nrows, 64);
	memcpy(fresh.rows, f.rows, sizeof(float) * 24 * (size_t) nrows);
	for (int i = 0; i < nrows; i++)
		if (f.present[i])
			fixture_insert(&fresh, i, i + 1);
	unit_seed(10);
	old = fixture_recall(&f, 100, 10, 30);
	unit_seed(10);
	new = fixture_recall(&fresh, 100, 10, 30);
	CHECK_MSG(old >= new - slack, "recall %.3f, of a fresh index %.3f", old, new);
	fixture_close(&fresh);
	fixture_close(&f);
}

/*
 * Vacuum fails at its first, second, third ... call to the pager, each time on
 * what the last failure has left, and is then run to its end.
 */
static void
test_faults(const HnswCell *cell, int dim, int m, int m0, int step, bool insert_between)
{
	Fixture		f;
	int			failures = 0;
	bool		failed = true;

	unit_group("vacuum %s, m %d, failing at each %d. call%s", cell->name, m, step,
			   insert_between ? ", with inserts" : "");
	unit_seed(20);
	fixture_open_cell(&f, cell, dim, m, m0, 150, 20);
	fixture_fill(&f, SHAPE_REPEATED);
	fixture_insert(&f, 0, 100);
	for (int at = 1; failed; at += step)
	{
		if (at % (step * 8) == 1)
			delete_some(&f, 0.1);
		f.arena.fail_at = f.arena.calls + at;
		failed = raises(run_vacuum, &f);
		f.arena.fail_at = 0;
		failures += failed;
		check_whole(&f, "after the failure");
		if (insert_between || rows_present(&f) < 40)
			for (int n = 0; n < 10; n++)
			{
				int			row = unit_below(f.nrows);

				if (!f.present[row] && n < 3)
				{
					/* the dead row may still be there: sweep its TID first */
					vacuum(&f);
					fixture_insert(&f, row, row + 1);
				}
			}
		if (at % (step * 5) == 1)
		{
			vacuum(&f);
			check_whole(&f, "after a second vacuum");
			check_clean(&f);
			check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
		}
		if (at > 200000)
			break;
	}
	CHECK_MSG(failures > 10, "%d failures", failures);
	vacuum(&f);
	check_whole(&f, "at the end");
	check_clean(&f);
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/*
 * One record is the parent of all others, every slot of it is pinned, and a
 * vacuum is stopped when all the others are dying: an insert must find room.
 */
static void
test_dying_hub(void)
{
	Fixture		f;
	HnswCheckCounts counts;
	bool		hub_left = false;

	unit_group("insert below a full record whose children are dying");
	fixture_open(&f, HNSW_L2, 24, 4, 6, 60, 16);
	fixture_fill(&f, SHAPE_GAUSS);
	memset(fixture_row(&f, 0), 0, sizeof(float) * f.dim);
	fixture_insert(&f, 0, 50);
	for (int i = 1; i < 50; i++)
		f.present[i] = false;
	for (int at = 20; !hub_left && at < 2000; at += 10)
	{
		f.arena.fail_at = f.arena.calls + at;
		raises(run_vacuum, &f);
		f.arena.fail_at = 0;
		hnsw_graph_count(&f.arena.pager, &counts);
		hub_left = counts.records[0][HNSW_DYING] == 49;
	}
	CHECK(hub_left);
	fixture_insert(&f, 50, 60);
	check_whole(&f, "after inserts below the hub");
	vacuum(&f);
	check_whole(&f, "after a second vacuum");
	check_clean(&f);
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

static int	buried;				/* rounds that came to freeing records */

static void
count_rounds(const char *name)
{
	buried += strcmp(name, "vacuum-repaired") == 0;
}

/*
 * What vacuum remembers is bounded for records of all layers: with little memory
 * those above layer 0 take several rounds, too.
 */
static void
test_ranges(int memory)
{
	Fixture		f;
	HnswCheckCounts counts;
	int			range = Max(memory / 8 * 3, 1) * 8,
				upper = 0,
				base_rounds,
				upper_rounds,
				most;

	unit_group("vacuum with %d bytes for bits", memory);
	unit_seed(8);
	fixture_open(&f, HNSW_L2, 4, 2, 0, 200, 16);
	fixture_fill(&f, SHAPE_GAUSS);
	fixture_insert(&f, 0, 200);
	hnsw_graph_count(&f.arena.pager, &counts);
	for (int layer = 1; layer < HNSW_MAX_LAYERS; layer++)
		upper += counts.records[layer][HNSW_LINKED];
	base_rounds = (counts.records[0][HNSW_LINKED] + range - 1) / range;
	upper_rounds = (upper + range - 1) / range;
	CHECK(upper > 60);
	/* ids have gaps where extents belong to other kinds */
	most = f.arena.pager.ops->limit(&f.arena.pager, HNSW_BASE) / range +
		f.arena.pager.ops->limit(&f.arena.pager, HNSW_UPPER) / range + 2;
	memset(f.present, 0, f.nrows);
	max_memory = memory;
	buried = 0;
	hnsw_debug_hook = count_rounds;
	vacuum(&f);
	hnsw_debug_hook = NULL;
	max_memory = 1024 * 1024;

	/* the last range above goes with the first of layer 0 */
	CHECK_MSG(buried >= base_rounds + upper_rounds - 1 && buried <= most,
			  "%d rounds; ranges: %d of layer 0, %d above", buried, base_rounds, upper_rounds);
	check_whole(&f, "vacuumed");
	check_clean(&f);
	CHECK_INT(f.arena.state->entry.id, HNSW_NO_ID);
	fixture_insert(&f, 0, 200);
	check_whole(&f, "inserted again");
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

int
main(void)
{
	hnsw_kernels_init();
	for (int i = 0; i < (int) lengthof(fixture_cells); i++)
	{
		const HnswCell *cell = &fixture_cells[i];

		/* the same records as of vector */
		if (cell->element == HNSW_HALFVEC)
			continue;
		test_subsets(cell, 16, 8, 0, 400, SHAPE_GAUSS);
		test_roots(cell);
		/* without codes a vacuum knows less of what it offers instead */
		test_turnover(cell, SHAPE_GAUSS, cell->coded ? 0.02 : 0.04);
	}
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 3, 2, 2, 300, SHAPE_GAUSS);
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 3, 2, 3, 300, SHAPE_CLUSTERED);
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_COSINE), 32, 4, 0, 400, SHAPE_REPEATED);
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_IP), 9000, 4, 0, 40, SHAPE_GAUSS);
	/* queries that miss their whole cluster come and go with the levels drawn */
	test_turnover(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), SHAPE_CLUSTERED, 0.15);
	test_chunks();
	test_dying_hub();
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 4, 2, 2, 7, false);
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 4, 2, 0, 7, true);
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_L1), 4, 3, 4, 7, false);
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_COSINE), 9000, 2, 2, 11, false);

	/* ranges of ids, one after the other */
	test_ranges(4);
	test_ranges(10);
	max_memory = 10;
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 16, 8, 0, 400, SHAPE_GAUSS);
	test_subsets(hnsw_cell_find(HNSW_VECTOR, HNSW_L1), 3, 2, 3, 300, SHAPE_CLUSTERED);
	test_roots(hnsw_cell_find(HNSW_VECTOR, HNSW_L2));
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 4, 2, 0, 13, true);
	return unit_done();
}
