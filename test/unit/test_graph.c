/*-------------------------------------------------------------------------
 *
 * test_graph.c
 *		The graph in an arena: building, searching, streaming, failing.
 *
 * IDENTIFICATION
 *	  test/unit/test_graph.c
 *-------------------------------------------------------------------------
 */
#include "fixture.h"

#include "base/debug.h"

typedef struct BuildCase
{
	int			dim;
	int			m;
	int			m0;
	int			rows;
	Shape		shape;
	double		recall;			/* of the 10 nearest at ef 40, at least */
} BuildCase;

static const BuildCase build_cases[] = {
	{1, 16, 0, 800, SHAPE_GAUSS, 0.95},
	{2, 16, 0, 800, SHAPE_GAUSS, 0.95},
	{3, 16, 0, 1500, SHAPE_GAUSS, 0.95},
	{3, 2, 2, 800, SHAPE_GAUSS, 0}, /* a chain */
	{3, 2, 0, 800, SHAPE_GAUSS, 0.7},
	{17, 5, 0, 800, SHAPE_CLUSTERED, 0.9},
	{64, 16, 0, 1000, SHAPE_GAUSS, 0.9},
	{64, 8, 0, 1000, SHAPE_REPEATED, 0.9},
	{64, 16, 0, 700, SHAPE_CLUSTERED, 0.9},
	{64, 100, 0, 350, SHAPE_GAUSS, 0.9},
	{64, 16, 0, 2000, SHAPE_EQUAL, 0},
	{768, 16, 0, 410, SHAPE_GAUSS, 0.8},
	{8192, 16, 0, 40, SHAPE_GAUSS, 0.9},
	{16000, 4, 8, 20, SHAPE_GAUSS, 0.9},
};

static void
test_build(const HnswCell *cell, const BuildCase *b)
{
	Fixture		f;
	double		recall;

	unit_group("build %s, %d dimensions, m %d, shape %d", cell->name, b->dim,
			   b->m, b->shape);
	unit_seed(b->dim + b->shape);
	fixture_open_cell(&f, cell, b->dim, b->m, b->m0, b->rows, 64);
	fixture_fill(&f, b->shape);
	check_whole(&f, "empty");
	fixture_insert(&f, 0, b->rows / 3);
	check_whole(&f, "a third");
	fixture_insert(&f, b->rows / 3, b->rows);
	check_whole(&f, "full");
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	check_drained(&f, fixture_row(&f, 1), HNSW_ITERATIVE_RELAXED);
	recall = fixture_recall(&f, 20, 10, 40);
	CHECK_MSG(recall >= b->recall, "recall %.3f", recall);
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Streams
 * ------------------------------------------------------------------------
 */

/* Reads a stream to its end; how many TIDs came. */
static int
drain(Fixture *f, const HnswStreamOptions *options, const float *q)
{
	HnswTid		tid;
	double		lower;
	int			n = 0;

	hnsw_stream_start(&f->stream, options, fixture_plain(f, q));
	while (hnsw_stream_next(&f->stream, &tid, &lower))
		n++;
	/* and the end is the end */
	CHECK(!hnsw_stream_next(&f->stream, &tid, &lower));
	return n;
}

static void
test_stream_ends(const HnswCell *cell)
{
	Fixture		f;
	HnswStreamOptions options;
	int			n,
				fresh;

	unit_group("stream %s, ends", cell->name);
	unit_seed(31);
	fixture_open_cell(&f, cell, 24, 8, 0, 1000, 40);
	fixture_fill(&f, SHAPE_GAUSS);

	options = fixture_options(10, HNSW_ITERATIVE_STRICT);
	CHECK_INT(drain(&f, &options, fixture_row(&f, 0)), 0);
	CHECK_INT(f.stream.end, HNSW_STREAM_COMPLETE);

	fixture_insert(&f, 0, f.nrows);
	for (int ef = 1; ef <= 90; ef += 8)
	{
		options = fixture_options(ef, HNSW_ITERATIVE_OFF);
		CHECK_INT(drain(&f, &options, fixture_row(&f, ef)), ef);
		CHECK_INT(f.stream.end, HNSW_STREAM_EF);
	}
	/* more than there are */
	options = fixture_options(2000, HNSW_ITERATIVE_OFF);
	CHECK_INT(drain(&f, &options, fixture_row(&f, 0)), 1000);
	CHECK_INT(f.stream.end, HNSW_STREAM_COMPLETE);

	options = fixture_options(10, HNSW_ITERATIVE_STRICT);
	options.max_visits = 300;
	n = drain(&f, &options, fixture_row(&f, 0));
	CHECK_MSG(n >= 100 && n < 1000, "%d rows", n);
	CHECK_INT(f.stream.end, HNSW_STREAM_VISITS);
	/* one record without codes brings all its neighbors */
	CHECK_MSG(f.stream.beam.visited <= 300 + HNSW_MAX_SLOTS, "%lld visits",
			  (long long) f.stream.beam.visited);

	options = fixture_options(10, HNSW_ITERATIVE_RELAXED);
	options.max_memory = 1000;
	n = drain(&f, &options, fixture_row(&f, 0));
	CHECK_MSG(n >= 10 && n < 1000, "%d rows", n);
	CHECK_INT(f.stream.end, HNSW_STREAM_MEMORY);

	/*
	 * what deep searches have left is not counted against the next one; it is
	 * a round apart at most
	 */
	options.max_memory = 40000;
	n = drain(&f, &options, fixture_row(&f, 0));
	hnsw_stream_free(&f.stream);
	hnsw_stream_init(&f.stream, &f.arena.pager);
	fresh = drain(&f, &options, fixture_row(&f, 0));
	CHECK_MSG(n >= fresh / 4, "%d rows, %d of a stream without a past", n, fresh);
	fixture_close(&f);
}

/* Estimates of minus infinity, from corrupted factors, do not go round for ever. */
static void
test_infinite_estimates(HnswMetric metric)
{
	Fixture		f;
	HnswStreamOptions options = fixture_options(10, HNSW_ITERATIVE_STRICT);

	unit_group("factors without end, metric %d", metric);
	unit_seed(33);
	fixture_open(&f, metric, 24, 8, 0, 1000, 40);
	fixture_fill(&f, SHAPE_GAUSS);
	fixture_insert(&f, 0, f.nrows);
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
		for (HnswId id = f.arena.pager.ops->seek(&f.arena.pager, kind, 0); id != HNSW_NO_ID;
			 id = f.arena.pager.ops->seek(&f.arena.pager, kind, id + 1))
		{
			HnswRecord *rec = (HnswRecord *) HNSW_READ(&f.arena.pager, kind, id);
			uint16	   *scale = hnsw_record_scale(rec, &f.layout.shape[kind]);

			for (int i = 0; i < rec->count; i++)
				scale[i] = 0xFF00;
			HNSW_RELEASE(&f.arena.pager);
		}
	CHECK_INT(drain(&f, &options, fixture_row(&f, 1)), 1000);
	CHECK_MSG(f.stream.visited + f.stream.beam.visited <= 3000, "%lld visits",
			  (long long) (f.stream.visited + f.stream.beam.visited));
	fixture_close(&f);
}

/* Without a query all rows come, in any order. */
static void
test_stream_walk(void)
{
	Fixture		f;
	HnswStreamOptions options = fixture_options(10, HNSW_ITERATIVE_STRICT);
	float		zero[8] = {0};

	unit_group("stream without a direction");
	unit_seed(32);
	fixture_open(&f, HNSW_COSINE, 8, 8, 0, 500, 40);
	fixture_fill(&f, SHAPE_REPEATED);
	fixture_insert(&f, 0, f.nrows);
	CHECK_INT(drain(&f, &options, NULL), 500);
	CHECK_INT(drain(&f, &options, zero), 500);
	CHECK_INT(drain(&f, &options, fixture_row(&f, 3)), 500);
	fixture_close(&f);
}

static void
test_chunks(void)
{
	Fixture		f;
	HnswCheckCounts counts;

	unit_group("10,000 TIDs of one vector");
	unit_seed(33);
	fixture_open(&f, HNSW_COSINE, 5, 8, 0, 10000, 20);
	fixture_fill(&f, SHAPE_EQUAL);
	fixture_row(&f, 7)[0] += 1;
	fixture_insert(&f, 0, f.nrows);
	check_whole(&f, "full");
	hnsw_graph_count(&f.arena.pager, &counts);
	CHECK_INT(counts.tids, 10000);
	CHECK_INT(counts.records[0][HNSW_LINKED], 2);
	CHECK_INT(counts.chunks, (9999 - HNSW_INLINE_TIDS + HNSW_CHUNK_TIDS - 1) / HNSW_CHUNK_TIDS);
	CHECK_INT(counts.loose_chunks, 0);
	check_drained(&f, fixture_row(&f, 7), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/* Reads a list of those kept aside to its end. */
static int
count_aside(Fixture *f, HnswAsideList which)
{
	HnswTidList list = {NULL, 0, 0};
	HnswId		page = f->arena.state->entry.aside[which];
	int			n;

	while (page != HNSW_NO_ID)
		page = hnsw_aside_read(&f->arena.pager, which, page, &list);
	n = (int) list.count;
	if (list.tids != NULL)
		hnsw_free(list.tids);
	return n;
}

static void
test_aside(void)
{
	Fixture		f;
	HnswCheckCounts counts;

	unit_group("rows kept aside");
	unit_seed(34);
	fixture_open(&f, HNSW_COSINE, 3, 8, 0, 6000, 20);
	fixture_fill(&f, SHAPE_GAUSS);
	for (int i = 0; i < f.nrows; i++)
		if (i % 3 == 0)
			hnsw_aside_insert(&f.arena.pager, HNSW_ASIDE_NULL, fixture_tid(i));
		else if (i % 3 == 1)
		{
			memset(fixture_row(&f, i), 0, sizeof(float) * 3);
			CHECK_INT(hnsw_insert(&f.ins, fixture_row(&f, i), fixture_tid(i)),
					  HNSW_INSERTED_ASIDE);
		}
		else if (i < 600)
			fixture_insert(&f, i, i + 1);
	check_whole(&f, "full");
	hnsw_graph_count(&f.arena.pager, &counts);
	for (int which = 0; which < HNSW_ASIDE_LISTS; which++)
	{
		CHECK_INT(count_aside(&f, which), 2000);
		CHECK_INT(counts.aside_tids[which], 2000);
		CHECK_INT(counts.aside_pages[which], (2000 + HNSW_ASIDE_TIDS - 1) / HNSW_ASIDE_TIDS);
	}
	check_drained(&f, fixture_row(&f, 2), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Faults
 * ------------------------------------------------------------------------
 */
typedef struct InsertArg
{
	Fixture    *f;
	int			row;
} InsertArg;

static void
insert_row(void *arg)
{
	InsertArg  *insert = arg;

	fixture_insert(insert->f, insert->row, insert->row + 1);
}

/*
 * Each insert fails at its first, second, third ... call to the pager until it
 * no longer does, then the next one begins at its first again.  A row whose
 * insert has failed may be found, as its tuple is dead, so that it is no longer
 * a row that must not be there.
 */
static void
test_faults(const HnswCell *cell, int dim, int m, int m0, int nrows)
{
	Fixture		f;
	int			failures = 0;
	int			at = 1;

	unit_group("insert %s, %d dimensions, m %d, failing at each call", cell->name,
			   dim, m);
	unit_seed(41);
	fixture_open_cell(&f, cell, dim, m, m0, nrows, 20);
	fixture_fill(&f, SHAPE_REPEATED);
	for (int i = 0; i < f.nrows; i++)
	{
		InsertArg	insert = {&f, i};
		bool		failed;

		f.arena.fail_at = i % 2 == 0 ? 0 : f.arena.calls + at;
		failed = raises(insert_row, &insert);
		f.arena.fail_at = 0;
		failures += failed;
		CHECK_INT(failed && i % 2 == 0, false);
		if (i % 2 == 1)
			at = failed ? at + 1 : 1;
		if (failed || i % 20 == 0)
			check_whole(&f, failed ? "after a failure" : "after an insert");
	}
	CHECK_MSG(failures > nrows / 3, "%d failures", failures);

	/* every other row is there; what failed may be */
	for (int i = 0; i < f.nrows; i++)
		if (!f.present[i])
		{
			HnswStreamOptions options = fixture_options(20, HNSW_ITERATIVE_STRICT);
			HnswTid		tid;
			double		lower;

			hnsw_stream_start(&f.stream, &options, fixture_row(&f, i));
			while (hnsw_stream_next(&f.stream, &tid, &lower))
				f.present[fixture_row_of(tid)] = true;
			break;
		}
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * The check finds what is wrong, and survives whatever is
 * ------------------------------------------------------------------------
 */
static void
run_check(void *arg)
{
	Fixture    *f = arg;
	Problems	problems = {0};

	hnsw_graph_check(&f->arena.pager, note_problem, &problems);
	if (problems.count > 0)
		hnsw_limit("problems");
}

static void
run_stream(void *arg)
{
	Fixture    *f = arg;
	HnswStreamOptions options = fixture_options(20, HNSW_ITERATIVE_STRICT);

	drain(f, &options, fixture_row(f, 0));
}

/* Changes one thing in a record and expects a report, then mends it. */
#define EXPECT_REPORT(f, rec, field, value) \
	do { \
		__typeof__(field) expect_saved = (field); \
\
		(field) = (value); \
		CHECK(raises(run_check, (f))); \
		(field) = expect_saved; \
		CHECK(!raises(run_check, (f))); \
	} while (0)

static void
test_reports(const HnswCell *cell)
{
	Fixture		f;
	HnswPager  *pager = &f.arena.pager;
	const HnswShape *shape = &f.layout.shape[HNSW_BASE];

	unit_group("check %s, one thing wrong", cell->name);
	unit_seed(51);
	fixture_open_cell(&f, cell, 12, 4, 0, 300, 20);
	fixture_fill(&f, SHAPE_REPEATED);
	fixture_insert(&f, 0, f.nrows);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.id, HNSW_NO_ID);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.id, 5000000);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.layer, 31);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.root[0], HNSW_NO_ID);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.root[0], f.arena.state->entry.root[0] + 1);
	EXPECT_REPORT(&f, rec, f.arena.state->entry.aside[0], 0);
	for (int i = 0; i < 12; i++)
	{
		HnswId		id = pager->ops->seek(pager, HNSW_BASE, 1 + i * 11);
		HnswRecord *rec = (HnswRecord *) HNSW_READ(pager, HNSW_BASE, id);
		uint32	   *ids = hnsw_record_ids(rec, shape);
		uint8	   *pinned = hnsw_record_pinned(rec, shape);
		int			slot = unit_below(rec->count);

		EXPECT_REPORT(&f, rec, rec->state, HNSW_FREE);
		EXPECT_REPORT(&f, rec, rec->state, 9);
		EXPECT_REPORT(&f, rec, rec->layer, 1);
		EXPECT_REPORT(&f, rec, rec->count, HNSW_MAX_SLOTS + 1);
		EXPECT_REPORT(&f, rec, rec->base, rec->base + 1);
		EXPECT_REPORT(&f, rec, rec->down, 70000);
		EXPECT_REPORT(&f, rec, rec->parent, HNSW_NO_ID);
		EXPECT_REPORT(&f, rec, rec->parent, rec->parent + 1);
		EXPECT_REPORT(&f, rec, rec->vstep, rec->vstep * 2 + 1);
		EXPECT_REPORT(&f, rec, rec->tids[0], fixture_tid(0));
		EXPECT_REPORT(&f, rec, ids[slot], HNSW_NO_ID);
		EXPECT_REPORT(&f, rec, ids[slot], id);
		EXPECT_REPORT(&f, rec, ids[slot], ids[(slot + 1) % rec->count]);
		EXPECT_REPORT(&f, rec, ids[slot], 0xFFFFFFFE);
		EXPECT_REPORT(&f, rec, pinned[slot / 8], (uint8) (pinned[slot / 8] ^ 1 << slot % 8));
		EXPECT_REPORT(&f, rec, hnsw_record_bias(rec, shape)[slot],
					  (uint16) (hnsw_record_bias(rec, shape)[slot] + 400));
	}
	fixture_close(&f);
}

/* Random bytes of pages are changed; an error is all right, a crash is not. */
static void
test_noise(const HnswCell *cell, int dim, int rounds)
{
	Fixture		f;
	int			raised = 0;

	unit_group("random bytes changed, %s, %d dimensions", cell->name, dim);
	unit_seed(61);
	fixture_open_cell(&f, cell, dim, 4, 0, 60, 20);
	fixture_fill(&f, SHAPE_REPEATED);
	fixture_insert(&f, 0, 50);
	for (int i = 0; i < 10; i++)
		hnsw_aside_insert(&f.arena.pager, HNSW_ASIDE_NULL, fixture_tid(1000 + i));
	for (int round = 0; round < rounds; round++)
	{
		uint32		block = HNSW_FIRST_BLOCK + unit_below(f.arena.state->nblocks - HNSW_FIRST_BLOCK);
		char	   *page = hnsw_arena_page(&f.arena, block) + HNSW_PAGE_HEADER;
		int			n = 1 + unit_below(8);
		int			at = unit_below(HNSW_PAGE_ROOM - n);
		char		saved[8];

		memcpy(saved, page + at, n);
		for (int i = 0; i < n; i++)
			page[at + i] = (char) (unit_below(3) == 0 ? 0xFF : unit_random());
		raised += raises(run_check, &f);
		raises(run_stream, &f);
		memcpy(page + at, saved, n);
	}
	CHECK_MSG(raised > rounds / 40, "%d raised", raised);
	check_whole(&f, "mended");
	fixture_close(&f);
}

static void
read_first(void *arg)
{
	Fixture    *f = arg;

	HNSW_READ(&f->arena.pager, HNSW_BASE, 0);
}

/* Records of several pages are checked when they are read, and ids do not wrap. */
static void
test_large_records(void)
{
	static const HnswId beyond[] = {40, 0x55555555, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE};
	Fixture		f;
	HnswPager  *pager = &f.arena.pager;
	HnswRecord *rec;

	unit_group("records of several pages");
	unit_seed(71);
	fixture_open(&f, HNSW_L2, 9000, 4, 0, 12, 20);
	fixture_fill(&f, SHAPE_GAUSS);
	fixture_insert(&f, 0, f.nrows);
	for (int i = 0; i < (int) lengthof(beyond); i++)
		for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
			CHECK(HNSW_READ(pager, kind, beyond[i]) == NULL);
	CHECK(!raises(read_first, &f));
	rec = HNSW_MODIFY(pager, HNSW_BASE, 0);
	rec->count = 60000;
	HNSW_COMMIT(pager);
	CHECK(raises(read_first, &f));
	CHECK(raises(run_check, &f));
	fixture_close(&f);
}

/*
 * Where all vectors are about equally far from each other, estimates tell little:
 * an insert must give up before it has visited the whole index.
 */
static void
test_without_contrast(void)
{
	Fixture		f;
	int64		most = 0;
	HnswStreamOptions options = fixture_options(20, HNSW_ITERATIVE_STRICT);

	unit_group("insert where all are equally far");
	unit_seed(35);
	fixture_open(&f, HNSW_L2, 300, 40, 0, 1500, 16);
	for (int i = 0; i < f.nrows * f.dim; i++)
		fixture_row(&f, 0)[i] = 2 * unit_uniform() - 1;
	for (int i = 0; i < f.nrows; i++)
	{
		fixture_insert(&f, i, i + 1);
		most = Max(most, f.ins.visited);
	}
	CHECK_MSG(most < 200, "an insert visited %ld of %d", (long) most, f.nrows);
	check_whole(&f, "full");
	CHECK_INT(drain(&f, &options, fixture_row(&f, 3)), f.nrows);
	fixture_close(&f);
}

static Fixture *disturbed;
static int	disturbances;

/* The record that the search has stopped at is gone when the insert comes back to it. */
static void
take_away(const char *name)
{
	Fixture    *f = disturbed;
	const HnswFoundSet *set = &f->ins.found[0];

	if (strcmp(name, "insert-searched") != 0)
		return;
	CHECK(f->ins.equal >= 0);
	if (f->ins.equal < 0)
		return;
	((HnswRecord *) HNSW_MODIFY(&f->arena.pager, HNSW_BASE,
								set->items[f->ins.equal].id))->generation++;
	HNSW_COMMIT(&f->arena.pager);
	disturbances++;
}

/*
 * An insert ends its search where it meets the very same vector, so that another
 * version of a row costs a fraction of a new one; and carries it on, as far as
 * without, when that record is gone meanwhile.
 */
static void
test_equal(const HnswCell *cell)
{
	Fixture		f;
	int64		anew = 0,
				again = 0,
				without = 0;
	int			nodes = 0;

	unit_group("insert of an equal, %s", cell->name);
	unit_seed(36);
	fixture_open_cell(&f, cell, 48, 8, 0, 2000, 64);
	fixture_fill(&f, SHAPE_GAUSS);
	memcpy(fixture_row(&f, 1000), fixture_row(&f, 0), sizeof(float) * f.dim * 1000);
	for (int i = 0; i < f.nrows - 100; i++)
	{
		fixture_insert(&f, i, i + 1);
		if (i >= 900 && i < 1000)
			anew += f.ins.visited;
		else if (i >= f.nrows - 200)
			again += f.ins.visited;
	}
	CHECK_MSG(again < anew / 2, "%ld visits, %ld before", (long) again, (long) anew);
	check_whole(&f, "twice");

	disturbed = &f;
	for (int i = f.nrows - 100; i < f.nrows; i++)
	{
		hnsw_debug_hook = take_away;
		nodes += hnsw_insert(&f.ins, fixture_plain(&f, fixture_row(&f, i)),
							 fixture_tid(i)) == HNSW_INSERTED_NODE;
		hnsw_debug_hook = NULL;
		f.present[i] = true;
		without += f.ins.visited;
	}
	CHECK_INT(disturbances, 100);
	CHECK_MSG(nodes >= 99, "%d nodes", nodes);
	CHECK_MSG(without > again * 3 / 2, "%ld visits, %ld before", (long) without, (long) again);
	disturbances = 0;
	check_whole(&f, "gone meanwhile");
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/* What a record would make of the new edge is what the insert's search says of it. */
static void
check_declines(const char *name)
{
	Fixture    *f = disturbed;
	const HnswShape *shape = &f->layout.shape[HNSW_BASE];
	const HnswFoundSet *set = &f->ins.found[0];

	if (strcmp(name, "insert-searched") != 0)
		return;
	for (int i = 0; i < set->count; i++)
	{
		const HnswFound *c = &set->items[i];
		const HnswRecord *rec = HNSW_READ(&f->arena.pager, HNSW_BASE, c->id);
		HnswOfferPlan plan;

		hnsw_link_plan(&f->ins.linker, shape, rec, HNSW_NO_ID - 1, f->ins.point.xhat, false, &plan);
		CHECK_INT(c->declines, rec->count == shape->slots && plan.is_pruned);
		CHECK(!c->declines || !plan.changes);
		disturbances += c->declines;
		HNSW_RELEASE(&f->arena.pager);
	}
}

static int
edges_to(Fixture *f, HnswId id)
{
	const HnswShape *shape = &f->layout.shape[HNSW_BASE];
	int			edges = 0;

	for (HnswId at = f->arena.pager.ops->seek(&f->arena.pager, HNSW_BASE, 0); at != HNSW_NO_ID;
		 at = f->arena.pager.ops->seek(&f->arena.pager, HNSW_BASE, at + 1))
	{
		const HnswRecord *rec = HNSW_READ(&f->arena.pager, HNSW_BASE, at);

		edges += rec->state != HNSW_FREE && hnsw_link_find(shape, rec, id) >= 0;
		HNSW_RELEASE(&f->arena.pager);
	}
	return edges;
}

/* Neighbors that are not asked for an edge back: those that would decline, and no others. */
static void
test_edges_back(HnswMetric metric, int least, int most)
{
	Fixture		f;
	int			edges = 0;

	unit_group("edges back, metric %d", metric);
	unit_seed(37);
	fixture_open(&f, metric, 24, 16, 0, 1100, 64);
	fixture_fill(&f, SHAPE_GAUSS);
	fixture_insert(&f, 0, 1000);
	disturbed = &f;
	for (int i = 1000; i < f.nrows; i++)
	{
		hnsw_debug_hook = check_declines;
		fixture_insert(&f, i, i + 1);
		hnsw_debug_hook = NULL;
		edges += edges_to(&f, f.ins.node);
	}
	CHECK_MSG(disturbances > 500, "%d decline", disturbances);
	disturbances = 0;
	CHECK_MSG(edges >= least && edges <= most, "%d edges to 100 rows", edges);
	check_whole(&f, "full");
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
		for (int j = 0; j < (int) lengthof(build_cases); j++)
			test_build(cell, &build_cases[j]);
		test_stream_ends(cell);
		test_equal(cell);
		test_faults(cell, 6, 2, 0, 400);
		test_reports(cell);
		test_noise(cell, 10, 300);
	}
	test_infinite_estimates(HNSW_L2);
	test_infinite_estimates(HNSW_IP);
	test_stream_walk();
	test_without_contrast();
	/* all asked: 1408, 1165, 1881; pruned ones never: 1065, 930, 1749 */
	test_edges_back(HNSW_L2, 1330, 1480);
	test_edges_back(HNSW_IP, 1110, 1220);
	test_edges_back(HNSW_COSINE, 1830, 1930);
	test_chunks();
	test_aside();
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_L2), 9000, 2, 4, 120);
	test_faults(hnsw_cell_find(HNSW_VECTOR, HNSW_IP), 3, 3, 2, 500);
	test_noise(hnsw_cell_find(HNSW_VECTOR, HNSW_COSINE), 9000, 60);
	test_large_records();
	return unit_done();
}
