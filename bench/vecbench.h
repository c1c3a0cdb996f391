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

typedef enum Work
{
	WORK_SEARCH,
	WORK_BUILD,
	WORK_CLIENTS,
	WORK_INSERT,
	WORK_UPDATE,
	WORK_COLD
} Work;

typedef struct Options
{
	const char *conninfo;		/* libpq connection string */
	const char *label;
	const char *dir;			/* data set folder, or NULL */
	int			gen_n,			/* generator, when dir is NULL */
				gen_dim;
	int			n;				/* rows of the set, 0 for all */
	int			load_rows;		/* rows to load, 0 for all of them */
	bool		key;			/* load with a primary key and a note */
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
	int			workers;		/* of the build, beside the leader */
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
	bool		print_rows;		/* and nothing else */

	/* for work other than searching */
	Work		work;
	const char *phase;			/* first columns of a reported figure */
	const char *step;
	int			round;
	int			clients;
	int			seconds;
	int			first,			/* rows to insert or update */
				count,
				batch;			/* rows a statement */
	const char *datadir;		/* the server's, as seen here, or NULL */
	const char *drop;			/* "caches", "files" or "auto" */
	bool		drop_each;
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

/* The same with arguments for printf. */
extern void runf(PGconn * conn, const char *fmt,...) __attribute__((format(printf, 2, 3)));
extern double fetchf(PGconn * conn, const char *fmt,...) __attribute__((format(printf, 2, 3)));

/* Connects, applies --set and --extension. */
extern PGconn * open_session(const Options *opt);

/* Writes an int4 in network order. */
extern void put_int4(char *p, int32_t v);

/* Writes int16 dim, int16 0, float4[dim] in network order; returns 4 + 4 * dim. */
extern int	put_vector(char *p, const float *v, int dim);

/* Fields of a binary result. */
extern int32_t get_int4(const PGresult * res, int row, int col);
extern double get_float8(const PGresult * res, int row, int col);

/* Makes and fills the table by binary COPY, then VACUUM ANALYZE; with a key when asked. */
extern void load_table(PGconn * conn, const Options *opt, const Dataset *ds);

/* Makes the index anew; returns the seconds that CREATE INDEX took. */
extern double build_index(PGconn * conn, const Options *opt);

/* ---------- report.c ---------- */

/* Prints "phase,dataset,n,dim,metric,label,round,step,measure,value". */
extern void report(const Options *opt, const Dataset *ds, const char *measure, double value);

/* Bytes of WAL, and full page images in it, that the server has written so far. */
typedef struct WalCount
{
	double		bytes;
	double		images;
} WalCount;

extern WalCount wal_count(PGconn * conn);

/* Sorts; mean, median and 99th percentile in microseconds of n > 0 seconds. */
extern void report_times(const Options *opt, const Dataset *ds, double *took, int n);

/* CREATE INDEX in detail, then recall at each ef; false when answers were wrong. */
extern bool report_build(PGconn * conn, const Options *opt, const Dataset *ds);

/* ---------- memory.c ---------- */

typedef struct MemoryWatch MemoryWatch;

/* What a backend and its parallel workers had at most. */
typedef struct MemoryPeak
{
	double		bytes;			/* private, and dynamic shared memory */
	int			workers;
} MemoryPeak;

/*
 * Watches a backend on this machine from a thread until memory_watch_end.
 * Shared memory is counted once, shared_buffers not at all.
 */
extern MemoryWatch *memory_watch_start(int backend_pid);
extern MemoryPeak memory_watch_end(MemoryWatch *watch);

/* pid of the parent of a process; 0 when unknown */
extern int	process_parent(int pid);

/* ---------- crowd.c: several connections, a thread each ---------- */

extern void report_clients(PGconn * conn, const Options *opt, const Dataset *ds);
extern void report_inserts(PGconn * conn, const Options *opt, const Dataset *ds);
extern void report_updates(PGconn * conn, const Options *opt, const Dataset *ds);

/* ---------- cold.c ---------- */

extern void report_cold(PGconn * conn, const Options *opt, const Dataset *ds);

/* ---------- measure.c ---------- */

/* names of the columns, separated by commas */
extern const char *const vecbench_columns;

/*
 * Measures every ef and prints a line for each; build_s below 0 prints as an
 * empty field.  False when an answer had wrong distances or a wrong order.
 */
extern bool measure(PGconn * conn, const Options *opt, const Dataset *ds, double build_s);

/*
 * Recall at one ef, not timed.  Adds to *wrong the rows and queries whose
 * distances or order are not right.
 */
extern double measure_recall(PGconn * conn, const Options *opt, const Dataset *ds, int ef,
							 int *wrong);

/* Exits when the plan of the timed statement has no index scan. */
extern void require_index(PGconn * conn, const Options *opt, const Dataset *ds);

/* The statement that is timed, with $1 for the query vector. */
extern void timed_statement(const Options *opt, char *sql, size_t size);

extern int	compare_doubles(const void *a, const void *b);

#endif							/* VECBENCH_H */
