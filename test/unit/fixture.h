/*-------------------------------------------------------------------------
 *
 * fixture.h
 *		An index in an arena, what is in it, and the right answers.
 *
 * Row i of a fixture has the vector at fixture_row(f, i) and the TID
 * fixture_tid(i).  Rows and queries are floats, one a coordinate, whatever the
 * element: bits are 0 and 1; sparse vectors have many zeros.  Header-only, like
 * unit.h.
 *
 * IDENTIFICATION
 *	  test/unit/fixture.h
 *-------------------------------------------------------------------------
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "unit.h"

#include "distance/kernels.h"
#include "graph/arena.h"
#include "graph/check.h"
#include "graph/insert.h"
#include "graph/stream.h"

#define FIXTURE_UNUSED	__attribute__((unused))

static const HnswCell fixture_cells[] FIXTURE_UNUSED = {
#define FIXTURE_CELL(e, m, n, c) {e, m, #n, c},
	HNSW_CELLS(FIXTURE_CELL)
#undef FIXTURE_CELL
};

/* coordinates that records of sparse vectors have room for; 0 = as planned */
static int	fixture_nonzeros FIXTURE_UNUSED = 0;

typedef struct Fixture
{
	HnswLayout	layout;
	HnswArena	arena;
	HnswInserter ins;
	HnswStream	stream;
	float	   *rows;
	bool	   *present;		/* is row i in the index? */
	int			nrows;			/* rows there are data for */
	int			dim;

	/* a vector as plain values */
	uint8	   *bytes;
	int32	   *index;
	float	   *value;
	HnswSparse	sparse;
} Fixture;

/* how rows are distributed */
typedef enum Shape
{
	SHAPE_GAUSS,
	SHAPE_CLUSTERED,			/* 20 clusters, a twentieth as wide as far
								 * apart */
	SHAPE_REPEATED,				/* 30 % are one of 20 vectors, bit by bit */
	SHAPE_EQUAL					/* all are the same */
} Shape;

static inline float *
fixture_row(const Fixture *f, int i)
{
	return f->rows + (size_t) i * f->dim;
}

static inline HnswTid
fixture_tid(int i)
{
	HnswTid		tid = {(uint16) (i / 100 >> 16), (uint16) (i / 100), (uint16) (i % 100 + 1)};

	return tid;
}

static inline int
fixture_row_of(HnswTid tid)
{
	return ((int) tid.block_hi << 16 | tid.block_lo) * 100 + tid.offset - 1;
}

/* A row or query as what the core takes, until the next call. */
static FIXTURE_UNUSED const void *
fixture_plain(Fixture *f, const float *x)
{
	int			n = 0;

	if (f->layout.form == HNSW_DENSE || x == NULL)
		return x;
	if (f->layout.form == HNSW_BITS)
	{
		memset(f->bytes, 0, (f->dim + 7) / 8);
		for (int i = 0; i < f->dim; i++)
			f->bytes[i / 8] |= (x[i] != 0) << (7 - i % 8);
		return f->bytes;
	}
	for (int i = 0; i < f->dim; i++)
		if (x[i] != 0)
		{
			f->index[n] = i;
			f->value[n++] = x[i];
		}
	f->sparse.index = f->index;
	f->sparse.value = f->value;
	f->sparse.n = n;
	return &f->sparse;
}

/*
 * Makes any floats a vector of the fixture's element.  A sparse vector keeps one
 * coordinate at least: without any it has no direction.
 */
static FIXTURE_UNUSED void
fixture_adapt(const HnswLayout *layout, float *x)
{
	int			most = 0;

	if (layout->form == HNSW_DENSE)
		return;
	for (int i = 0; i < (int) layout->dim; i++)
		if (fabsf(x[i]) > fabsf(x[most]))
			most = i;
	for (int i = 0; i < (int) layout->dim; i++)
		x[i] = layout->form == HNSW_BITS ? x[i] > 0.5f :
			fabsf(x[i]) >= 1 || i == most ? x[i] : 0;
}

static FIXTURE_UNUSED void
fixture_fill(Fixture *f, Shape shape)
{
	float	   *centers = malloc(sizeof(float) * 20 * f->dim);

	for (int i = 0; i < 20 * f->dim; i++)
		centers[i] = (float) unit_normal();
	for (int i = 0; i < f->nrows; i++)
	{
		const float *center = centers + (size_t) unit_below(20) * f->dim;
		bool		repeat = shape == SHAPE_EQUAL ||
		(shape == SHAPE_REPEATED && unit_below(10) < 3);

		for (int j = 0; j < f->dim; j++)
			fixture_row(f, i)[j] = shape == SHAPE_EQUAL ? centers[j] : repeat ? center[j] :
				shape == SHAPE_CLUSTERED ? center[j] + 0.05f * (float) unit_normal() :
				(float) unit_normal();
		fixture_adapt(&f->layout, fixture_row(f, i));
	}
	free(centers);
}

/* Plans the layout; m0 may be 0. */
static FIXTURE_UNUSED void
fixture_layout_cell(HnswLayout *layout, const HnswCell *cell, int dim, int m, int m0)
{
	HnswLayoutRequest request = {cell, dim, m, m0, 0, fixture_nonzeros};

	hnsw_layout_plan(&request, layout);
}

static FIXTURE_UNUSED void
fixture_layout(HnswLayout *layout, HnswMetric metric, int dim, int m, int m0)
{
	fixture_layout_cell(layout, hnsw_cell_find(HNSW_VECTOR, metric), dim, m, m0);
}

static FIXTURE_UNUSED void
fixture_open_cell(Fixture *f, const HnswCell *cell, int dim, int m, int m0, int nrows, int ef)
{
	memset(f, 0, sizeof(*f));
	fixture_layout_cell(&f->layout, cell, dim, m, m0);
	hnsw_arena_init(&f->arena, &f->layout, "test", 0);
	hnsw_inserter_init(&f->ins, &f->arena.pager, ef, 1);
	hnsw_stream_init(&f->stream, &f->arena.pager);
	f->dim = dim;
	f->nrows = nrows;
	f->rows = malloc(sizeof(float) * dim * (size_t) nrows);
	f->present = calloc(nrows, 1);
	f->bytes = malloc((dim + 7) / 8);
	f->index = malloc(sizeof(int32) * dim);
	f->value = malloc(sizeof(float) * dim);
}

/* Vectors, or bit strings where the metric is one of theirs. */
static FIXTURE_UNUSED void
fixture_open(Fixture *f, HnswMetric metric, int dim, int m, int m0, int nrows, int ef)
{
	const HnswCell *cell = hnsw_cell_find(HNSW_VECTOR, metric);

	fixture_open_cell(f, cell != NULL ? cell : hnsw_cell_find(HNSW_BIT, metric),
					  dim, m, m0, nrows, ef);
}

static FIXTURE_UNUSED void
fixture_close(Fixture *f)
{
	hnsw_stream_free(&f->stream);
	hnsw_inserter_free(&f->ins);
	hnsw_arena_free(&f->arena);
	free(f->rows);
	free(f->present);
	free(f->bytes);
	free(f->index);
	free(f->value);
}

static FIXTURE_UNUSED void
fixture_insert(Fixture *f, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		hnsw_insert(&f->ins, fixture_plain(f, fixture_row(f, i)), fixture_tid(i));
		f->present[i] = true;
	}
}

/* The distance as SQL means it, in double precision. */
static FIXTURE_UNUSED double
true_distance(HnswMetric metric, const float *a, const float *b, int dim)
{
	double		l2 = 0,
				l1 = 0,
				ab = 0,
				aa = 0,
				bb = 0,
				both = 0,
				either = 0,
				differ = 0;

	for (int i = 0; i < dim; i++)
	{
		double		x = a[i],
					y = b[i];

		l2 += (x - y) * (x - y);
		l1 += fabs(x - y);
		ab += x * y;
		aa += x * x;
		bb += y * y;
		both += x != 0 && y != 0;
		either += x != 0 || y != 0;
		differ += (x != 0) != (y != 0);
	}
	switch (metric)
	{
		case HNSW_L2:
			return sqrt(l2);
		case HNSW_IP:
			return -ab;
		case HNSW_COSINE:
			return 1 - fmax(-1, fmin(1, ab / sqrt(aa) / sqrt(bb)));
		case HNSW_HAMMING:
			return differ;
		case HNSW_JACCARD:
			return both == 0 ? 1 : 1 - both / either;
		default:
			return l1;
	}
}

static FIXTURE_UNUSED int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The k-th smallest distance (from 1) of the rows present. */
static FIXTURE_UNUSED double
fixture_kth(const Fixture *f, const float *q, int k)
{
	double	   *d = malloc(sizeof(double) * f->nrows);
	double		result;
	int			n = 0;

	for (int i = 0; i < f->nrows; i++)
		if (f->present[i])
			d[n++] = true_distance(f->layout.metric, q, fixture_row(f, i), f->dim);
	qsort(d, n, sizeof(double), compare_doubles);
	result = n == 0 ? HUGE_VAL : d[Min(k, n) - 1];
	free(d);
	return result;
}

static FIXTURE_UNUSED HnswStreamOptions
fixture_options(int ef, HnswIterative iterative)
{
	HnswStreamOptions options = {ef, iterative, INT64_MAX, SIZE_MAX};

	return options;
}

/*
 * How many of the k nearest rows a query finds that orders rows by their exact
 * distance as the executor does, and stops after k.
 */
static FIXTURE_UNUSED int
fixture_hits(Fixture *f, const float *q, int k, int ef)
{
	HnswStreamOptions options = fixture_options(ef, HNSW_ITERATIVE_STRICT);
	double		bar = fixture_kth(f, q, k);
	double	   *best = malloc(sizeof(double) * (k + 1));
	HnswTid		tid;
	double		lower;
	int			n = 0,
				hits = 0;

	hnsw_stream_start(&f->stream, &options, fixture_plain(f, q));
	while (hnsw_stream_next(&f->stream, &tid, &lower) && (n < k || lower <= best[k - 1]))
	{
		double		d = true_distance(f->layout.metric, q,
									  fixture_row(f, fixture_row_of(tid)), f->dim);
		int			at = n < k ? n++ : k;

		for (; at > 0 && best[at - 1] > d; at--)
			best[at] = best[at - 1];
		best[at] = d;
	}
	for (int i = 0; i < n; i++)
		hits += best[i] <= bar;
	free(best);
	return hits;
}

/* Recall of the k nearest over some queries near and off the rows. */
static FIXTURE_UNUSED double
fixture_recall(Fixture *f, int queries, int k, int ef)
{
	float	   *q = malloc(sizeof(float) * f->dim);
	int			hits = 0;

	for (int i = 0; i < queries; i++)
	{
		const float *row = fixture_row(f, unit_below(f->nrows));

		for (int j = 0; j < f->dim; j++)
			q[j] = row[j] + 0.3f * (float) unit_normal();
		fixture_adapt(&f->layout, q);
		hits += fixture_hits(f, q, k, ef);
	}
	free(q);
	return (double) hits / (queries * k);
}

typedef struct Problems
{
	int			count;
	char		first[256];
} Problems;

static FIXTURE_UNUSED void
note_problem(void *arg, HnswKind kind, HnswId id, const char *problem)
{
	Problems   *problems = arg;

	if (problems->count++ == 0)
		snprintf(problems->first, sizeof(problems->first), "kind %d, %u: %s",
				 kind, id, problem);
}

/* Checks that the index is whole. */
static FIXTURE_UNUSED void
check_whole(Fixture *f, const char *when)
{
	Problems	problems = {0};

	hnsw_graph_check(&f->arena.pager, note_problem, &problems);
	CHECK_MSG(problems.count == 0, "%s: %d problems, first: %s", when,
			  problems.count, problems.first);
}

static FIXTURE_UNUSED int
rows_present(const Fixture *f)
{
	int			n = 0;

	for (int i = 0; i < f->nrows; i++)
		n += f->present[i];
	return n;
}

/* No dying or pending record is left, and all TIDs are those of rows. */
static FIXTURE_UNUSED void
check_clean(Fixture *f)
{
	HnswCheckCounts counts;
	int64		leftovers = 0;

	hnsw_graph_count(&f->arena.pager, &counts);
	for (int layer = 0; layer < HNSW_MAX_LAYERS; layer++)
		leftovers += counts.records[layer][HNSW_DYING] + counts.records[layer][HNSW_PENDING];
	CHECK_INT(leftovers, 0);
	CHECK_INT(counts.bare, 0);
	CHECK_INT(counts.loose_chunks, 0);
	CHECK_INT(counts.tids, rows_present(f));
}

/*
 * Drains a stream for q and checks that it brings each row present once, in
 * order, with lower bounds below the distances.
 */
static FIXTURE_UNUSED void
check_drained(Fixture *f, const float *q, HnswIterative iterative)
{
	HnswStreamOptions options = fixture_options(20, iterative);
	char	   *seen = calloc(f->nrows, 1);
	HnswTid		tid;
	double		lower,
				last = -HUGE_VAL;
	int			turns = 0,
				missing = 0;

	hnsw_stream_start(&f->stream, &options, fixture_plain(f, q));
	while (hnsw_stream_next(&f->stream, &tid, &lower))
	{
		int			i = fixture_row_of(tid);

		if (i < 0 || i >= f->nrows || !f->present[i] || seen[i])
		{
			CHECK_MSG(false, "row %d returned %s", i,
					  i >= 0 && i < f->nrows && seen[i] ? "twice" : "though not present");
			continue;
		}
		seen[i] = 1;
		CHECK_MSG(lower <= true_distance(f->layout.metric, q, fixture_row(f, i), f->dim),
				  "row %d: bound %.17g, distance %.17g", i, lower,
				  true_distance(f->layout.metric, q, fixture_row(f, i), f->dim));
		turns += lower < last;
		last = lower;
	}
	for (int i = 0; i < f->nrows; i++)
		missing += f->present[i] && !seen[i];
	CHECK_INT(missing, 0);
	CHECK_INT(f->stream.end, HNSW_STREAM_COMPLETE);
	if (iterative == HNSW_ITERATIVE_STRICT)
		CHECK_MSG(turns <= 1, "the order turned back %d times", turns);
	free(seen);
}

/*
 * Does the function raise an error?  A function of its own because variables of
 * the caller of setjmp need not survive the jump.
 */
static FIXTURE_UNUSED __attribute__((noinline))
bool
raises(void (*function) (void *arg), void *arg)
{
	jmp_buf		jump;

	hnsw_fail_jump = &jump;
	if (setjmp(jump) != 0)
	{
		hnsw_fail_jump = NULL;
		return true;
	}
	function(arg);
	hnsw_fail_jump = NULL;
	return false;
}

#endif							/* FIXTURE_H */
