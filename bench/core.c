/*-------------------------------------------------------------------------
 *
 * core.c
 *		The graph without a server: what a layout costs and finds.
 *
 *	core [--bulk] DIR|--generate=N,DIM [m [m0 [edge_bits [ef_construction [rows [turns]]]]]]
 *
 * Builds an index of a data set in an arena, row by row or all at once (--bulk, as
 * CREATE INDEX does it; with the seconds that each step takes), and searches it as a scan would, for
 * m0 slots and edge_bits code bits an edge (0: the plan's choice).  Prints a line
 * for each ef: recall@10, records visited in layer 0 and in all layers (each is a
 * page of a classic layout, and at most one here), rows measured for the exact
 * order, queries that found none of their answers, microseconds a query.  Then
 * replaces a fifth of the rows "turns" times, with a vacuum in between, and says the
 * same at ef 40.
 *
 * IDENTIFICATION
 *	  bench/core.c
 *-------------------------------------------------------------------------
 */
#include <time.h>

#include "dataset.h"
#include "distance/kernels.h"
#include "graph/arena.h"
#include "graph/bulk.h"
#include "graph/insert.h"
#include "graph/stream.h"
#include "graph/vacuum.h"

#define K 10

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static HnswTid
tid_of_row(uint32 row)
{
	HnswTid		tid = {row >> 24, (row >> 8) & 0xFFFF, (row & 0xFF) + 1};

	return tid;
}

static uint32
row_of_tid(HnswTid tid)
{
	return (uint32) tid.block_hi << 24 | (uint32) tid.block_lo << 8 | (tid.offset - 1);
}

/*
 * Takes rows from the stream until k of them are surely the nearest that it
 * will give, as am/am_exact.c does; their distances go to found.  Returns how
 * many rows were measured.
 */
static int
exact_rows(HnswStream *stream, const Dataset *ds, const float *q, double *found)
{
	double		kept[4096];
	int			nkept = 0,
				nfound = 0,
				measured = 0;
	HnswTid		tid;
	double		lower;

	while (nfound < K && hnsw_stream_next(stream, &tid, &lower))
	{
		for (;;)
		{
			int			best = -1;

			for (int i = 0; i < nkept; i++)
				if (best < 0 || kept[i] < kept[best])
					best = i;
			if (best < 0 || kept[best] > lower || nfound == K)
				break;
			found[nfound++] = kept[best];
			kept[best] = kept[--nkept];
		}
		if (nfound < K && nkept < (int) lengthof(kept))
		{
			kept[nkept++] = dataset_distance(ds->metric, q,
											 ds->base + (size_t) row_of_tid(tid) * ds->dim,
											 ds->dim);
			measured++;
		}
	}
	return measured;
}

static void
search(HnswPager *pager, const Dataset *ds, int ef)
{
	HnswStream	stream;
	HnswStreamOptions options = {ef, HNSW_ITERATIVE_STRICT, 1 << 30, (Size) 1 << 30};
	long		right = 0,
				astray = 0,
				base = 0,
				all = 0,
				measured = 0;
	double		start = seconds();

	hnsw_stream_init(&stream, pager);
	for (int i = 0; i < ds->nq; i++)
	{
		const float *q = ds->query + (size_t) i * ds->dim;
		double		found[K];
		int			hits = 0;
		double		farthest = dataset_distance(ds->metric, q, ds->base +
												(size_t) ds->gt[(size_t) i * ds->gtk + K - 1] * ds->dim,
												ds->dim);

		for (int k = 0; k < K; k++)
			found[k] = HUGE_VAL;
		hnsw_stream_start(&stream, &options, q);
		measured += exact_rows(&stream, ds, q, found);
		base += stream.beam.visited;
		all += stream.visited + stream.beam.visited;
		for (int k = 0; k < K; k++)
			hits += found[k] <= farthest + 1e-6;
		right += hits;
		astray += hits == 0;
	}
	printf("ef %d recall %.4f visits %.1f all %.1f measured %.1f us %.1f astray %ld\n", ef,
		   (double) right / ds->nq / K, (double) base / ds->nq, (double) all / ds->nq,
		   (double) measured / ds->nq, (seconds() - start) / ds->nq * 1e6, astray);
	hnsw_stream_free(&stream);
}

/* One row in five, another fifth each turn. */
static bool
is_dead(void *arg, HnswTid tid)
{
	return (int) (row_of_tid(tid) % 5) == *(int *) arg % 5;
}

static void
turn_over(HnswInserter *inserter, const Dataset *ds, int turn)
{
	HnswVacuumResult result;
	double		start = seconds(),
				vacuumed;

	hnsw_graph_vacuum(inserter->pager, is_dead, &turn, (Size) 64 << 20, &result);
	vacuumed = seconds();
	for (int i = turn % 5; i < ds->n; i += 5)
		hnsw_insert(inserter, ds->base + (size_t) i * ds->dim, tid_of_row(i));
	printf("turn %d vacuum %.2f s insert %.2f s ", turn, vacuumed - start, seconds() - vacuumed);
	search(inserter->pager, ds, 40);
}

/* Says how long it has been since *from, and starts again. */
static void
lap(const char *what, double *from)
{
	double		now = seconds();

	printf("%s %.2f s ", what, now - *from);
	*from = now;
}

typedef struct Timed
{
	HnswBulk	bulk;
	void	   *memory[HNSW_BULK_MEMORIES];
	Size		bytes;			/* of the plan */
	double		from;
} Timed;

static void *
timed_memory(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	Timed	   *timed = arg;

	timed->bytes += which == HNSW_BULK_TREE ? 0 : bytes;
	return timed->memory[which] = hnsw_alloc(bytes);
}

static void
timed_release(void *arg, HnswBulkMemory which)
{
	hnsw_free(((Timed *) arg)->memory[which]);
}

static void
timed_work(void *arg, HnswBulkStep step)
{
	static const char *const steps[] = {"tree: assign", "tree: split", "center", "assign", "compare", "choose", "link",
	"link the rest"};
	Timed	   *timed = arg;

	hnsw_bulk_work(&timed->bulk, step);
	lap(steps[step], &timed->from);
}

static void
build_bulk(HnswInserter *inserter, HnswArena *arena, const Dataset *ds)
{
	const HnswLayout *layout = inserter->layout;
	Timed		timed = {.from = seconds()};
	HnswBulkTeam team = {timed_memory, timed_release, timed_work, &timed};

	if (!hnsw_bulk_suits(layout, inserter->ef))
		bench_fail("this layout is built row by row");
	hnsw_bulk_init(&timed.bulk, inserter, arena, NULL, NULL);
	for (int i = 0; i < ds->n; i++)
		hnsw_bulk_add(&timed.bulk, ds->base + (size_t) i * ds->dim, tid_of_row(i));
	lap("stage", &timed.from);
	hnsw_bulk_complete(&timed.bulk, &team);
	printf("leaves %u, compared %.0f and %.1f bytes a row\n", timed.bulk.plan.nleaves,
		   (double) timed.bulk.compared / ds->n, (double) timed.bytes / ds->n);
	hnsw_bulk_free(&timed.bulk);
}

int
main(int argc, char **argv)
{
	static const int efs[] = {20, 40, 60, 80, 120, 200};
	static const HnswMetric metrics[] = {HNSW_L2, HNSW_IP, HNSW_COSINE, HNSW_L1};
	int			args[] = {16, 0, 0, 64, 0, 0};
	Dataset		ds;
	HnswLayout	layout;
	HnswLayoutRequest request = {0};
	HnswArena	arena;
	HnswInserter inserter;
	const HnswShape *shape = &layout.shape[HNSW_BASE];
	int64		visits = 0,
				most = 0;
	double		start,
				took;
	bool		in_bulk = argc > 1 && strcmp(argv[1], "--bulk") == 0;

	argc -= in_bulk;
	argv += in_bulk;
	if (argc < 2)
		bench_fail("usage: core [--bulk] DIR|--generate=N,DIM [m [m0 [edge_bits [ef_construction [rows [turns]]]]]]");
	for (int i = 2; i < argc && i < 2 + (int) lengthof(args); i++)
		args[i - 2] = atoi(argv[i]);
	dataset_open(&ds, argv[1], args[4], 0);
	dataset_exact(&ds, K);

	hnsw_kernels_init();
	request.cell = hnsw_cell_find(HNSW_VECTOR, metrics[ds.metric]);
	request.dim = ds.dim;
	request.m = args[0];
	request.m0 = args[1];
	request.edge_bits = args[2];
	hnsw_layout_plan(&request, &layout);
	printf("%s %s: %d slots, %d bits on %d coordinates, %d records a page, error %.3f, kernels %s\n",
		   ds.name, metric_name(ds.metric), shape->slots, shape->bits, shape->cdim,
		   shape->per_page, shape->error, hnsw_kernels->name);

	hnsw_arena_init(&arena, &layout, "bench", 0);
	hnsw_inserter_init(&inserter, &arena.pager, args[3], 1);
	start = seconds();
	if (in_bulk)
		build_bulk(&inserter, &arena, &ds);
	for (int i = 0; i < ds.n && !in_bulk; i++)
	{
		hnsw_insert(&inserter, ds.base + (size_t) i * ds.dim, tid_of_row(i));
		visits += inserter.visited;
		most = Max(most, inserter.visited);
	}
	took = seconds() - start;
	printf("build %.1f s, %.1f us a row, %.0f bytes a row, visits %.1f, at most %ld\n", took,
		   took / ds.n * 1e6, (double) arena.state->nblocks * BLCKSZ / ds.n,
		   (double) visits / ds.n, (long) most);
	for (int i = 0; i < (int) lengthof(efs); i++)
		search(&arena.pager, &ds, efs[i]);
	for (int turn = 1; turn <= args[5]; turn++)
		turn_over(&inserter, &ds, turn);
	hnsw_inserter_free(&inserter);
	hnsw_arena_free(&arena);
	return 0;
}
