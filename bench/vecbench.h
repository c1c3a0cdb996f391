/*-------------------------------------------------------------------------
 *
 * vecbench.h
 *		What the parts of vecbench share: options, a connection, wire formats.
 *
 * IDENTIFICATION
 *	  bench/vecbench.h
 *-------------------------------------------------------------------------
 */
#ifndef VECBENCH_H
#define VECBENCH_H

#include <libpq-fe.h>

#include "dataset.h"

#define MAX_EFS			64
#define MAX_SETS		32

typedef struct Options
{
	const char *conninfo;		/* libpq connection string */
	const char *label;
	const char *dir;			/* data set folder, or NULL */
	int			gen_n,			/* generator, when dir is NULL */
				gen_dim;
	int			n;				/* rows to load, 0 for all */
	int			nq;				/* queries to run, 0 for all */
	const char *metric;			/* NULL: the data set's */
	const char *opclass;		/* NULL: vector_<metric>_ops */
	const char *op;				/* NULL: the metric's */
	const char *table;
	const char *method;
	const char *extension;		/* CREATE EXTENSION IF NOT EXISTS, or NULL */
	int			m;
	int			efc;
	const char *with;			/* further WITH options, or "" */
	int			workers;		/* max_parallel_maintenance_workers */
	const char *mem;			/* maintenance_work_mem */
	const char *ef_setting;
	int			ef[MAX_EFS];
	int			nef;
	int			limit;
	int			passes;
	int			warmup;
	const char *sets[MAX_SETS];
	int			nsets;
	bool		load,
				build,
				query;
	bool		header;
} Options;

/* ---------- client.c: libpq with every failure fatal ---------- */

/* monotonic seconds */
extern double now(void);

/* Returns res when its status is the wanted one, else exits naming what. */
extern PGresult * check(PGconn * conn, PGresult * res, ExecStatusType want, const char *what);

/* Runs a command without a result. */
extern void run(PGconn * conn, const char *sql);

/* Runs a query that returns one number. */
extern double fetch_number(PGconn * conn, const char *sql);

/* Connects, applies --set and --extension. */
extern PGconn * open_session(const Options *opt);

/* Writes int16 dim, int16 0, float4[dim] in network order; returns 4 + 4 * dim. */
extern int	put_vector(char *p, const float *v, int dim);

/* Fields of a binary result. */
extern int32_t get_int4(const PGresult * res, int row, int col);
extern double get_float8(const PGresult * res, int row, int col);

/* Makes and fills the table by binary COPY, then VACUUM ANALYZE. */
extern void load_table(PGconn * conn, const Options *opt, const Dataset *ds);

/* Makes the index anew; returns the seconds that CREATE INDEX took. */
extern double build_index(PGconn * conn, const Options *opt);

/* ---------- measure.c ---------- */

/* names of the columns, separated by commas */
extern const char *const vecbench_columns;

/*
 * Measures every ef and prints a line for each; build_s below 0 prints as an
 * empty field.  False when an answer had wrong distances or a wrong order.
 */
extern bool measure(PGconn * conn, const Options *opt, const Dataset *ds, double build_s);

#endif							/* VECBENCH_H */
