/*-------------------------------------------------------------------------
 *
 * client.c
 *		The connection of vecbench: libpq calls, the wire format, load and build.
 *
 * IDENTIFICATION
 *	  bench/client.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

PGresult *
check(PGconn * conn, PGresult * res, ExecStatusType want, const char *what)
{
	if (PQresultStatus(res) != want)
		bench_fail("%s: %s", what, PQerrorMessage(conn));
	return res;
}

void
run(PGconn * conn, const char *sql)
{
	PQclear(check(conn, PQexec(conn, sql), PGRES_COMMAND_OK, sql));
}

/* A query that returns one number. */
double
fetch_number(PGconn * conn, const char *sql)
{
	PGresult   *res = check(conn, PQexec(conn, sql), PGRES_TUPLES_OK, sql);
	double		value;

	if (PQntuples(res) != 1 || PQgetisnull(res, 0, 0))
		bench_fail("no value for: %s", sql);
	value = atof(PQgetvalue(res, 0, 0));
	PQclear(res);
	return value;
}

void
runf(PGconn * conn, const char *fmt,...)
{
	char		sql[1024];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(sql, sizeof(sql), fmt, args);
	va_end(args);
	run(conn, sql);
}

double
fetchf(PGconn * conn, const char *fmt,...)
{
	char		sql[1024];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(sql, sizeof(sql), fmt, args);
	va_end(args);
	return fetch_number(conn, sql);
}

static void
on_notice(void *arg __attribute__((unused)), const char *message)
{
	/* "already exists, skipping" and "does not exist, skipping" are no news */
	if (strstr(message, "skipping") == NULL)
		fputs(message, stderr);
}

PGconn *
open_session(const Options *opt)
{
	PGconn	   *conn = PQconnectdb(opt->conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
		bench_fail("%s", PQerrorMessage(conn));
	PQsetNoticeProcessor(conn, on_notice, NULL);
	for (int i = 0; i < opt->nsets; i++)
	{
		const char *eq = strchr(opt->sets[i], '=');

		runf(conn, "SET %.*s = '%s'", (int) (eq - opt->sets[i]), opt->sets[i], eq + 1);
	}
	if (opt->extension != NULL)
		runf(conn, "CREATE EXTENSION IF NOT EXISTS %s", opt->extension);
	return conn;
}

/* ---------- the wire format of a vector ---------- */

static void
put16(char *p, uint16_t v)
{
	v = htons(v);
	memcpy(p, &v, sizeof(v));
}

static void
put32(char *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

void
put_int4(char *p, int32_t v)
{
	put32(p, (uint32_t) v);
}

/* int16 dim, int16 0, float4[dim], network order; returns its length */
int
put_vector(char *p, const float *v, int dim)
{
	put16(p, dim);
	put16(p + 2, 0);
	for (int i = 0; i < dim; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &v[i], sizeof(bits));
		put32(p + 4 + 4 * i, bits);
	}
	return 4 + 4 * dim;
}

int32_t
get_int4(const PGresult * res, int row, int col)
{
	uint32_t	v;

	memcpy(&v, PQgetvalue(res, row, col), sizeof(v));
	return (int32_t) ntohl(v);
}

double
get_float8(const PGresult * res, int row, int col)
{
	const unsigned char *p = (const unsigned char *) PQgetvalue(res, row, col);
	uint64_t	bits = 0;
	double		v;

	for (int i = 0; i < 8; i++)
		bits = bits << 8 | p[i];
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* ---------- load and build ---------- */

void
load_table(PGconn * conn, const Options *opt, const Dataset *ds)
{
	static const char header[19] = "PGCOPY\n\377\r\n\0";
	char		sql[512];
	char	   *row = bench_alloc(32 + 4 * (size_t) ds->dim);
	int			n = opt->load_rows > 0 && opt->load_rows < ds->n ? opt->load_rows : ds->n;
	double		start = now();

	runf(conn, "DROP TABLE IF EXISTS %s", opt->table);
	runf(conn, "CREATE TABLE %s (id int4, embedding vector(%d)%s)", opt->table, ds->dim,
		 opt->key ? ", note int4 DEFAULT 0" : "");
	snprintf(sql, sizeof(sql), "COPY %s (id, embedding) FROM STDIN (FORMAT binary)", opt->table);
	PQclear(check(conn, PQexec(conn, sql), PGRES_COPY_IN, sql));
	PQputCopyData(conn, header, sizeof(header));
	for (int i = 0; i < n; i++)
	{
		int			len = put_vector(row + 14, ds->base + (size_t) i * ds->dim, ds->dim);

		put16(row, 2);
		put32(row + 2, 4);
		put32(row + 6, i);
		put32(row + 10, len);
		if (PQputCopyData(conn, row, 14 + len) != 1)
			bench_fail("%s: %s", sql, PQerrorMessage(conn));
	}
	PQputCopyData(conn, "\377\377", 2);
	if (PQputCopyEnd(conn, NULL) != 1)
		bench_fail("%s: %s", sql, PQerrorMessage(conn));
	PQclear(check(conn, PQgetResult(conn), PGRES_COMMAND_OK, sql));
	PQclear(PQgetResult(conn));
	if (opt->key)
		runf(conn, "ALTER TABLE %s ADD PRIMARY KEY (id)", opt->table);
	runf(conn, "VACUUM ANALYZE %s", opt->table);
	fprintf(stderr, "%s: loaded %d x %d in %.1f s\n", opt->label, n, ds->dim, now() - start);
	free(row);
}

/*
 * Returns the seconds that CREATE INDEX took.  The planner's choice of workers
 * goes by the main fork of the table, which is small where vectors are
 * TOASTed; the storage parameter settles it.
 */
double
build_index(PGconn * conn, const Options *opt)
{
	char		sql[1024];
	double		start;

	runf(conn, "DROP INDEX IF EXISTS %s_idx", opt->table);
	runf(conn, "SET max_parallel_maintenance_workers = %d", opt->workers);
	runf(conn, "SET maintenance_work_mem = '%s'", opt->mem);
	runf(conn, "ALTER TABLE %s SET (parallel_workers = %d)", opt->table, opt->workers);
	run(conn, "CHECKPOINT");
	snprintf(sql, sizeof(sql),
			 "CREATE INDEX %s_idx ON %s USING %s (embedding %s) WITH (m = %d, ef_construction = %d%s%s)",
			 opt->table, opt->table, opt->method, opt->opclass, opt->m, opt->efc,
			 opt->with[0] ? ", " : "", opt->with);
	start = now();
	run(conn, sql);
	start = now() - start;
	runf(conn, "ALTER TABLE %s RESET (parallel_workers)", opt->table);
	fprintf(stderr, "%s: built in %.1f s\n", opt->label, start);
	return start;
}
