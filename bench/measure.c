/*-------------------------------------------------------------------------
 *
 * measure.c
 *		Queries of vecbench: are the answers right, what do they read, how fast.
 *
 * IDENTIFICATION
 *	  bench/measure.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* plans asked with EXPLAIN for each ef: they cost more than they tell */
#define EXPLAIN_SAMPLE	50

/* What one ef gave. */
typedef struct Figures
{
	double		recall;
	double		qps,
				mean,
				p50,
				p99;			/* microseconds */
	double		node_blocks;	/* Index Scan node of EXPLAIN, a query */
	double		index_blocks,
				heap_blocks,
				toast_blocks;	/* block requests by relation, a query */
	double		heap_rows;		/* rows fetched from the heap, a query */
	int			out_of_order;	/* queries whose distances decrease */
	int			wrong_distance; /* rows whose distance is not the true one */
	int			short_results;	/* queries with fewer rows than LIMIT */
} Figures;

typedef struct Runner
{
	PGconn	   *conn;
	const Options *opt;
	const Dataset *ds;
	char	   *param;			/* the query vector in wire format */
	Oid			vector_oid;
	char		relcounters[512];	/* SQL: blocks and rows counted so far */
} Runner;

static PGresult *
exec_query(Runner *r, const char *stmt, int q)
{
	const char *values[1] = {r->param};
	int			formats[1] = {1};
	int			lengths[1];

	lengths[0] = put_vector(r->param, r->ds->query + (size_t) q * r->ds->dim, r->ds->dim);
	return check(r->conn, PQexecPrepared(r->conn, stmt, 1, values, lengths, formats, 1),
				 PGRES_TUPLES_OK, stmt);
}

/*
 * Block requests of this session so far to the index, the heap and the TOAST
 * table (with its index), and heap rows fetched through the index.  Exact
 * when taken twice in one transaction, because nothing is flushed between.
 */
static void
read_counters(Runner *r, double out[4])
{
	PGresult   *res = check(r->conn, PQexec(r->conn, r->relcounters), PGRES_TUPLES_OK, "counters");

	for (int i = 0; i < 4; i++)
		out[i] = atof(PQgetvalue(res, 0, i));
	PQclear(res);
}

int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * Checks the rows of query q: order, truth of the distances, and how many
 * belong to the exact answer.  A row counts as right when its distance is not
 * above that of the k-th exact neighbour, so that ties do not matter.
 */
static double
check_answer(Runner *r, int q, PGresult * res, Figures *fig)
{
	const Dataset *ds = r->ds;
	const float *query = ds->query + (size_t) q * ds->dim;
	int			k = r->opt->limit;
	int			rows = PQntuples(res);
	int			right = 0;
	double		kth = -HUGE_VAL;
	double		last = -HUGE_VAL;
	bool		ordered = true;

	for (int i = 0; i < k; i++)
	{
		int32_t		id = ds->gt[(size_t) q * ds->gtk + i];

		kth = fmax(kth, dataset_distance(ds->metric, query, ds->base + (size_t) id * ds->dim, ds->dim));
	}
	for (int i = 0; i < rows; i++)
	{
		int32_t		id = get_int4(res, i, 0);
		double		claimed = get_float8(res, i, 1);
		double		d;
		bool		seen = false;

		if (id < 0 || id >= ds->n)
			bench_fail("query %d returned id %d, which was never loaded", q, id);
		for (int j = 0; j < i; j++)
			seen = seen || get_int4(res, j, 0) == id;
		if (seen)
			bench_fail("query %d returned id %d twice", q, id);
		d = dataset_distance(ds->metric, query, ds->base + (size_t) id * ds->dim, ds->dim);
		right += d <= kth + 1e-6 * fabs(kth) + 1e-7;
		if (fabs(claimed - d) > 1e-4 * fabs(d) + 1e-5)
			fig->wrong_distance++;
		if (claimed < last)
			ordered = false;
		last = claimed;
	}
	fig->out_of_order += !ordered;
	fig->short_results += rows < k;
	return (double) right / k;
}

/*
 * Buffers of the Index Scan node (its own line in the plan, so the whole of
 * index, heap and TOAST), from EXPLAIN of the timed statement.
 */
static double
explain_blocks(Runner *r, const char *sql, int q)
{
	const char *values[1] = {r->param};
	int			formats[1] = {1};
	int			lengths[1];
	char	   *explain = bench_alloc(strlen(sql) + 100);
	PGresult   *res;
	const char *node;
	const char *hit;
	const char *readb;
	double		blocks;

	sprintf(explain, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) %s", sql);
	lengths[0] = put_vector(r->param, r->ds->query + (size_t) q * r->ds->dim, r->ds->dim);
	res = check(r->conn, PQexecParams(r->conn, explain, 1, &r->vector_oid, values, lengths, formats, 0),
				PGRES_TUPLES_OK, explain);
	node = strstr(PQgetvalue(res, 0, 0), "\"Node Type\": \"Index Scan\"");
	if (node == NULL)
		bench_fail("the plan does not use the index:\n%s", PQgetvalue(res, 0, 0));
	hit = strstr(node, "\"Shared Hit Blocks\": ");
	readb = strstr(node, "\"Shared Read Blocks\": ");
	if (hit == NULL || readb == NULL)
		bench_fail("no buffer counts in the plan:\n%s", PQgetvalue(res, 0, 0));
	blocks = atof(strchr(hit, ':') + 1) + atof(strchr(readb, ':') + 1);
	PQclear(res);
	free(explain);
	return blocks;
}

/* Recall, block requests by relation and wrong answers, over all queries. */
static void
check_pass(Runner *r, Figures *fig)
{
	int			nq = r->ds->nq;
	double		before[4];
	double		after[4];

	/* the first use of the index in a session reads its metadata */
	PQclear(exec_query(r, "checked", 0));

	run(r->conn, "BEGIN");
	read_counters(r, before);
	for (int q = 0; q < nq; q++)
	{
		PGresult   *res = exec_query(r, "checked", q);

		fig->recall += check_answer(r, q, res, fig) / nq;
		PQclear(res);
	}
	read_counters(r, after);
	run(r->conn, "COMMIT");
	fig->index_blocks = (after[0] - before[0]) / nq;
	fig->heap_blocks = (after[1] - before[1]) / nq;
	fig->toast_blocks = (after[2] - before[2]) / nq;
	fig->heap_rows = (after[3] - before[3]) / nq;
}

static void
explain_pass(Runner *r, const char *sql, Figures *fig)
{
	int			nq = r->ds->nq;
	int			sample = nq < EXPLAIN_SAMPLE ? nq : EXPLAIN_SAMPLE;

	for (int i = 0; i < sample; i++)
		fig->node_blocks += explain_blocks(r, sql, (int) ((long) i * nq / sample)) / sample;
}

static void
timed_passes(Runner *r, Figures *fig)
{
	int			nq = r->ds->nq;
	int			total = nq * r->opt->passes;
	double	   *took = bench_alloc(total * sizeof(double));
	double		sum = 0;

	for (int i = 0; i < r->opt->warmup; i++)
		PQclear(exec_query(r, "timed", i % nq));
	for (int i = 0; i < total; i++)
	{
		double		start = now();

		PQclear(exec_query(r, "timed", i % nq));
		took[i] = now() - start;
		sum += took[i];
	}
	if (total > 0)
	{
		qsort(took, total, sizeof(double), compare_doubles);
		fig->qps = total / sum;
		fig->mean = 1e6 * sum / total;
		fig->p50 = 1e6 * took[total / 2];
		fig->p99 = 1e6 * took[(int) (total * 0.99)];
	}
	free(took);
}

void
timed_statement(const Options *opt, char *sql, size_t size)
{
	snprintf(sql, size, "SELECT id FROM %s ORDER BY embedding %s $1 LIMIT %d",
			 opt->table, opt->op, opt->limit);
}

static void
prepare(Runner *r, char *timed, size_t timed_size)
{
	const Options *opt = r->opt;
	char		sql[512];
	int			heap;

	r->param = bench_alloc(4 + 4 * (size_t) r->ds->dim);
	r->vector_oid = (Oid) fetch_number(r->conn, "SELECT 'vector'::regtype::oid");
	timed_statement(opt, timed, timed_size);
	PQclear(check(r->conn, PQprepare(r->conn, "timed", timed, 1, &r->vector_oid),
				  PGRES_COMMAND_OK, timed));
	snprintf(sql, sizeof(sql), "SELECT id, embedding %s $1 FROM %s ORDER BY embedding %s $1 LIMIT %d",
			 opt->op, opt->table, opt->op, opt->limit);
	PQclear(check(r->conn, PQprepare(r->conn, "checked", sql, 1, &r->vector_oid),
				  PGRES_COMMAND_OK, sql));

	/* by number: looking names up would count too */
	snprintf(sql, sizeof(sql), "SELECT '%s'::regclass::oid", opt->table);
	heap = (int) fetch_number(r->conn, sql);
	snprintf(sql, sizeof(sql), "SELECT '%s_idx'::regclass::oid", opt->table);
	snprintf(r->relcounters, sizeof(r->relcounters),
			 "SELECT pg_stat_get_xact_blocks_fetched(%d), pg_stat_get_xact_blocks_fetched(%d),"
			 " pg_stat_get_xact_blocks_fetched(reltoastrelid) +"
			 " coalesce((SELECT pg_stat_get_xact_blocks_fetched(indexrelid) FROM pg_index"
			 " WHERE indrelid = reltoastrelid), 0), pg_stat_get_xact_tuples_fetched(%d)"
			 " FROM pg_class WHERE oid = %d",
			 (int) fetch_number(r->conn, sql), heap, (int) fetch_number(r->conn, sql), heap);
}

const char *const vecbench_columns =
"label,dataset,n,dim,metric,m,efc,with,workers,k,ef,recall,qps,mean_us,p50_us,p99_us,"
"node_blocks,index_blocks,heap_blocks,toast_blocks,heap_rows,out_of_order,wrong_distance,short,"
"build_s,index_bytes,bytes_per_vector";

/* A field of free text; commas would need quotes, so they become spaces. */
static void
print_text(const char *s, const char *end)
{
	for (; *s; s++)
		putchar(*s == ',' || *s == '\n' ? ' ' : *s);
	fputs(end, stdout);
}

static void
print_figures(const Options *opt, const Dataset *ds, int ef, const Figures *fig)
{
	print_text(opt->label, ",");
	print_text(ds->name, ",");
	printf("%d,%d,%s,%d,%d,", ds->n, ds->dim, metric_name(ds->metric), opt->m, opt->efc);
	print_text(opt->with, ",");
	printf("%d,%d,%d,%.4f,%.1f,%.1f,%.1f,%.1f,", opt->workers, opt->limit, ef,
		   fig->recall, fig->qps, fig->mean, fig->p50, fig->p99);
	printf("%.1f,%.1f,%.1f,%.1f,%.1f,%d,%d,%d,",
		   fig->node_blocks, fig->index_blocks, fig->heap_blocks, fig->toast_blocks,
		   fig->heap_rows, fig->out_of_order, fig->wrong_distance, fig->short_results);
}

void
require_index(PGconn * conn, const Options *opt, const Dataset *ds)
{
	Runner		r = {.conn = conn,.opt = opt,.ds = ds};
	char		timed[512];

	prepare(&r, timed, sizeof(timed));
	explain_blocks(&r, timed, 0);
	run(conn, "DEALLOCATE ALL");
	free(r.param);
}

double
measure_recall(PGconn * conn, const Options *opt, const Dataset *ds, int ef, int *wrong)
{
	Runner		r = {.conn = conn,.opt = opt,.ds = ds};
	Figures		fig = {0};
	char		timed[512];

	prepare(&r, timed, sizeof(timed));
	runf(conn, "SET %s = %d", opt->ef_setting, ef);
	check_pass(&r, &fig);
	run(conn, "DEALLOCATE ALL");
	free(r.param);
	*wrong += fig.out_of_order + fig.wrong_distance;
	return fig.recall;
}

bool
measure(PGconn * conn, const Options *opt, const Dataset *ds, double build_s)
{
	Runner		r = {.conn = conn,.opt = opt,.ds = ds};
	char		timed[512];
	char		sql[512];
	double		size;
	bool		sound = true;

	snprintf(sql, sizeof(sql), "SELECT pg_relation_size('%s_idx')", opt->table);
	size = fetch_number(conn, sql);
	prepare(&r, timed, sizeof(timed));
	if (opt->header)
		puts(vecbench_columns);
	for (int i = 0; i < opt->nef; i++)
	{
		Figures		fig = {0};

		snprintf(sql, sizeof(sql), "SET %s = %d", opt->ef_setting, opt->ef[i]);
		run(conn, sql);
		check_pass(&r, &fig);
		explain_pass(&r, timed, &fig);
		timed_passes(&r, &fig);
		print_figures(opt, ds, opt->ef[i], &fig);
		if (build_s >= 0)
			printf("%.2f", build_s);
		printf(",%.0f,%.1f\n", size, size / ds->n);
		fflush(stdout);
		if (fig.out_of_order || fig.wrong_distance)
			sound = false;
	}
	free(r.param);
	return sound;
}
