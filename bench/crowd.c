/*-------------------------------------------------------------------------
 *
 * crowd.c
 *		Several connections at once, a thread each: queries, inserts, updates.
 *
 * Queries run for a time, while another connection looks at what the backends
 * wait for; inserts and updates run until their rows are used up.
 *
 * IDENTIFICATION
 *	  bench/crowd.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION		"vecbench crowd"
/* share of the time for which queries run before they count */
#define WARM_SHARE		0.2
#define LOOK_EVERY_US	20000
#define MAX_WAITS		128
#define INT4_OID		23
/* consecutive numbers of rows to update lie this far apart in the table */
#define UPDATE_STRIDE	7919

typedef enum CrowdState
{
	CROWD_READY,
	CROWD_WARM,
	CROWD_COUNT,
	CROWD_STOP
} CrowdState;

typedef struct Crowd
{
	const Options *opt;
	const Dataset *ds;
	Oid			vector_oid;
	char	   *sql;			/* the prepared statement */
	atomic_int	state;			/* CrowdState */
	atomic_int	next;			/* statement that nobody has taken yet */
	int			statements;
	double	   *took;			/* seconds of each statement */
} Crowd;

typedef struct Member
{
	Crowd	   *crowd;
	int			number;
	long		queries;		/* while counted */
	PGconn	   *conn;
	pthread_t	thread;
} Member;

static void
wait_for_start(Crowd *crowd)
{
	while (atomic_load(&crowd->state) == CROWD_READY)
		usleep(200);
}

static void *
query_main(void *arg)
{
	Member	   *m = arg;
	Crowd	   *crowd = m->crowd;
	const Dataset *ds = crowd->ds;
	char	   *param = bench_alloc(4 + 4 * (size_t) ds->dim);
	const char *values[1] = {param};
	int			formats[1] = {1};
	int			lengths[1];
	CrowdState	state;

	wait_for_start(crowd);
	for (long i = m->number; (state = atomic_load(&crowd->state)) != CROWD_STOP;
		 i += crowd->opt->clients)
	{
		lengths[0] = put_vector(param, ds->query + (size_t) (i % ds->nq) * ds->dim, ds->dim);
		PQclear(check(m->conn, PQexecPrepared(m->conn, "crowd", 1, values, lengths, formats, 1),
					  PGRES_TUPLES_OK, crowd->sql));
		m->queries += state == CROWD_COUNT;
	}
	free(param);
	return NULL;
}

static void *
insert_main(void *arg)
{
	Member	   *m = arg;
	Crowd	   *crowd = m->crowd;
	const Options *opt = crowd->opt;
	const Dataset *ds = crowd->ds;
	int			batch = opt->batch;
	size_t		row = 4 + 4 + 4 * (size_t) ds->dim;
	char	   *params = bench_alloc(batch * row);
	const char **values = bench_alloc(2 * batch * sizeof(char *));
	int		   *lengths = bench_alloc(2 * batch * sizeof(int));
	int		   *formats = bench_alloc(2 * batch * sizeof(int));
	int			s;

	wait_for_start(crowd);
	while ((s = atomic_fetch_add(&crowd->next, 1)) < crowd->statements)
	{
		double		start;

		for (int i = 0; i < batch; i++)
		{
			int			id = opt->first + s * batch + i;
			char	   *p = params + i * row;

			put_int4(p, id);
			values[2 * i] = p;
			lengths[2 * i] = 4;
			values[2 * i + 1] = p + 4;
			lengths[2 * i + 1] = put_vector(p + 4, ds->base + (size_t) id * ds->dim, ds->dim);
			formats[2 * i] = formats[2 * i + 1] = 1;
		}
		start = now();
		PQclear(check(m->conn, PQexecPrepared(m->conn, "crowd", 2 * batch, values, lengths, formats, 1),
					  PGRES_COMMAND_OK, "INSERT"));
		crowd->took[s] = now() - start;
	}
	free(params);
	free(values);
	free(lengths);
	free(formats);
	return NULL;
}

static void *
update_main(void *arg)
{
	Member	   *m = arg;
	Crowd	   *crowd = m->crowd;
	const Options *opt = crowd->opt;
	int			rows = opt->load_rows > 0 ? opt->load_rows : crowd->ds->n;
	char	   *ids = bench_alloc(12 * (size_t) opt->batch + 3);
	const char *values[1] = {ids};
	int			s;

	wait_for_start(crowd);
	while ((s = atomic_fetch_add(&crowd->next, 1)) < crowd->statements)
	{
		char	   *p = ids;
		double		start;

		for (int i = 0; i < opt->batch; i++)
		{
			long		number = (long) opt->first + (long) s * opt->batch + i;

			p += sprintf(p, "%c%ld", i ? ',' : '{', number * UPDATE_STRIDE % rows);
		}
		strcpy(p, "}");
		start = now();
		PQclear(check(m->conn, PQexecPrepared(m->conn, "crowd", 1, values, NULL, NULL, 0),
					  PGRES_COMMAND_OK, crowd->sql));
		crowd->took[s] = now() - start;
	}
	free(ids);
	return NULL;
}

/* Connects the members, each with the statement prepared and the ef set. */
static Member *
gather(Crowd *crowd, int nparams, const Oid *types, void *(*job) (void *))
{
	const Options *opt = crowd->opt;
	Member	   *members = bench_alloc(opt->clients * sizeof(Member));

	for (int i = 0; i < opt->clients; i++)
	{
		Member	   *m = &members[i];

		m->crowd = crowd;
		m->number = i;
		m->queries = 0;
		m->conn = open_session(opt);
		runf(m->conn, "SET application_name = '%s'", APPLICATION);
		runf(m->conn, "SET %s = %d", opt->ef_setting, opt->ef[0]);
		PQclear(check(m->conn, PQprepare(m->conn, "crowd", crowd->sql, nparams, types),
					  PGRES_COMMAND_OK, crowd->sql));
		if (pthread_create(&m->thread, NULL, job, m) != 0)
			bench_fail("could not start a thread");
	}
	return members;
}

/* Waits until all members have ended. */
static void
await(Member *members, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
}

/* Closes their connections; returns how many queries they counted. */
static long
dismiss(Member *members, int n)
{
	long		queries = 0;

	for (int i = 0; i < n; i++)
	{
		queries += members[i].queries;
		PQfinish(members[i].conn);
	}
	free(members);
	return queries;
}

/* ---------- queries, and what they wait for ---------- */

typedef struct Waits
{
	char		name[MAX_WAITS][96];
	long		seen[MAX_WAITS];
	int			n;
	long		total;			/* active backends seen, waiting or not */
} Waits;

static void
look(PGconn * conn, Waits *waits)
{
	PGresult   *res = check(conn, PQexecPrepared(conn, "look", 0, NULL, NULL, NULL, 0),
							PGRES_TUPLES_OK, "pg_stat_activity");

	for (int i = 0; i < PQntuples(res); i++)
	{
		const char *name = PQgetvalue(res, i, 0);
		long		count = atol(PQgetvalue(res, i, 1));
		int			k = 0;

		while (k < waits->n && strcmp(waits->name[k], name) != 0)
			k++;
		if (k == waits->n && waits->n < MAX_WAITS)
		{
			snprintf(waits->name[k], sizeof(waits->name[k]), "%s", name);
			waits->seen[k] = 0;
			waits->n++;
		}
		if (k < waits->n)
			waits->seen[k] += count;
		waits->total += count;
	}
	PQclear(res);
}

static void
report_waits(const Options *opt, const Dataset *ds, const Waits *waits)
{
	report(opt, ds, "samples", waits->total);
	for (int i = 0; i < waits->n; i++)
	{
		char		name[128];

		snprintf(name, sizeof(name), "wait %s %%", waits->name[i]);
		report(opt, ds, name, 100.0 * waits->seen[i] / waits->total);
	}
}

void
report_clients(PGconn * conn, const Options *opt, const Dataset *ds)
{
	static const char look_sql[] =
	"SELECT coalesce(wait_event_type || ':' || wait_event, 'none'), count(*)"
	" FROM pg_stat_activity WHERE application_name = '" APPLICATION "' AND state = 'active'"
	" GROUP BY 1";
	Crowd		crowd = {.opt = opt,.ds = ds};
	Waits		waits = {.n = 0};
	char		sql[512];
	Oid			type = (Oid) fetch_number(conn, "SELECT 'vector'::regtype::oid");
	Member	   *members;
	double		start,
				took;
	long		queries;

	require_index(conn, opt, ds);
	timed_statement(opt, sql, sizeof(sql));
	crowd.sql = sql;
	PQclear(check(conn, PQprepare(conn, "look", look_sql, 0, NULL), PGRES_COMMAND_OK, look_sql));
	members = gather(&crowd, 1, &type, query_main);

	atomic_store(&crowd.state, CROWD_WARM);
	usleep((useconds_t) (1e6 * WARM_SHARE * opt->seconds));
	start = now();
	atomic_store(&crowd.state, CROWD_COUNT);
	while (now() - start < opt->seconds)
	{
		look(conn, &waits);
		usleep(LOOK_EVERY_US);
	}
	atomic_store(&crowd.state, CROWD_STOP);
	took = now() - start;
	await(members, opt->clients);
	queries = dismiss(members, opt->clients);

	report(opt, ds, "qps", queries / took);
	report_waits(opt, ds, &waits);
}

/* ---------- rows ---------- */

/*
 * Lets the crowd run through its statements.  Counters of a backend are
 * complete in the server's statistics when it has gone.
 */
static void
run_statements(PGconn * conn, Crowd *crowd, int nparams, const Oid *types, void *(*job) (void *))
{
	const Options *opt = crowd->opt;
	Member	   *members;
	WalCount	before;
	WalCount	after;
	double		took;

	if (opt->count < 1 || opt->count % opt->batch != 0)
		bench_fail("--count %d is not a multiple of --batch %d", opt->count, opt->batch);
	crowd->statements = opt->count / opt->batch;
	crowd->took = bench_alloc(crowd->statements * sizeof(double));
	members = gather(crowd, nparams, types, job);
	before = wal_count(conn);
	took = now();
	atomic_store(&crowd->state, CROWD_COUNT);
	await(members, opt->clients);
	took = now() - took;
	dismiss(members, opt->clients);
	for (int tries = 0; tries < 100; tries++)
	{
		if (fetch_number(conn, "SELECT count(*) FROM pg_stat_activity WHERE application_name = '"
						 APPLICATION "'") == 0)
			break;
		usleep(20000);
	}
	after = wal_count(conn);

	report(opt, crowd->ds, "rows_per_s", opt->count / took);
	report_times(opt, crowd->ds, crowd->took, crowd->statements);
	report(opt, crowd->ds, "wal_bytes_per_row", (after.bytes - before.bytes) / opt->count);
	report(opt, crowd->ds, "wal_images_per_row", (after.images - before.images) / opt->count);
	free(crowd->took);
}

void
report_inserts(PGconn * conn, const Options *opt, const Dataset *ds)
{
	Crowd		crowd = {.opt = opt,.ds = ds};
	Oid			vector_oid = (Oid) fetch_number(conn, "SELECT 'vector'::regtype::oid");
	Oid		   *types = bench_alloc(2 * opt->batch * sizeof(Oid));
	size_t		room = 128 + strlen(opt->table) + 32 * (size_t) opt->batch;
	char	   *p;

	if ((long) opt->first + opt->count > ds->n)
		bench_fail("rows %d to %d of %d", opt->first, opt->first + opt->count, ds->n);
	if (opt->batch > 32767)
		bench_fail("--batch can be at most 32767");
	p = crowd.sql = bench_alloc(room);
	p += sprintf(p, "INSERT INTO %s (id, embedding) VALUES ", opt->table);
	for (int i = 0; i < opt->batch; i++)
	{
		p += sprintf(p, "%s($%d, $%d)", i ? ", " : "", 2 * i + 1, 2 * i + 2);
		types[2 * i] = INT4_OID;
		types[2 * i + 1] = vector_oid;
	}
	run_statements(conn, &crowd, 2 * opt->batch, types, insert_main);
	free(crowd.sql);
	free(types);
}

void
report_updates(PGconn * conn, const Options *opt, const Dataset *ds)
{
	static const char counters[] =
	"SELECT pg_stat_get_tuples_hot_updated('%s'::regclass)";
	Crowd		crowd = {.opt = opt,.ds = ds};
	char		sql[512];
	double		hot = fetchf(conn, counters, opt->table);

	snprintf(sql, sizeof(sql), "UPDATE %s SET note = note + 1 WHERE id = ANY ($1::int4[])", opt->table);
	crowd.sql = sql;
	run_statements(conn, &crowd, 1, NULL, update_main);
	hot = fetchf(conn, counters, opt->table) - hot;
	report(opt, ds, "hot_percent", 100 * hot / opt->count);
}
