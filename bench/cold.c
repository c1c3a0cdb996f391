/*-------------------------------------------------------------------------
 *
 * cold.c
 *		Queries when little is in memory: blocks read, bytes from disk, time.
 *
 * Whoever calls has made shared_buffers small and restarted the server; this
 * drops what the operating system has cached, once or before each query.
 *
 * IDENTIFICATION
 *	  bench/cold.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "vecbench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DROP_CACHES		"/proc/sys/vm/drop_caches"

/* Block reads of this session so far. */
typedef struct Reads
{
	double		index;
	double		table;			/* with TOAST and its index */
	double		disk;			/* bytes, of all of the server's processes */
} Reads;

typedef struct Cold
{
	PGconn	   *conn;
	const Options *opt;
	const Dataset *ds;
	bool		by_kernel;		/* DROP_CACHES, else file by file */
	int			postmaster;		/* pid, 0 when not seen here */
	char		counters[1024];
} Cold;

static bool
drop_by_kernel(void)
{
	int			fd = open(DROP_CACHES, O_WRONLY);
	bool		done = fd >= 0 && write(fd, "3", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Drops the clean pages of all regular files below a folder; choose_drop has written the dirty ones. */
static void
drop_files(const char *folder)
{
	DIR		   *dir = opendir(folder);
	struct dirent *entry;

	if (dir == NULL)
		bench_fail("could not read \"%s\"", folder);
	while ((entry = readdir(dir)) != NULL)
	{
		char		path[4096];
		struct stat st;
		int			fd;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			drop_files(path);
		else if (S_ISREG(st.st_mode) && (fd = open(path, O_RDONLY)) >= 0)
		{
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			close(fd);
		}
	}
	closedir(dir);
}

static void
drop_cache(const Cold *cold)
{
	char		path[4096];

	if (cold->by_kernel)
	{
		if (!drop_by_kernel())
			bench_fail("could not write to " DROP_CACHES);
		return;
	}
	snprintf(path, sizeof(path), "%s/base", cold->opt->datadir);
	drop_files(path);
}

/* Decides how; dirty pages would stay, so they are written first. */
static void
choose_drop(Cold *cold)
{
	const char *how = cold->opt->drop;

	if (strcmp(how, "caches") != 0 && strcmp(how, "files") != 0 && strcmp(how, "auto") != 0)
		bench_fail("--drop wants caches, files or auto, not \"%s\"", how);
	run(cold->conn, "CHECKPOINT");
	sync();
	cold->by_kernel = strcmp(how, "files") != 0 && drop_by_kernel();
	if (!cold->by_kernel && strcmp(how, "caches") == 0)
		bench_fail("could not write to " DROP_CACHES);
	if (!cold->by_kernel && cold->opt->datadir == NULL)
		bench_fail("--drop of files wants --data-directory");
}

/* Bytes that the server's processes have read from disk; -1 when not told. */
static double
disk_bytes(const Cold *cold)
{
	DIR		   *proc = cold->postmaster > 0 ? opendir("/proc") : NULL;
	struct dirent *entry;
	double		sum = -1;

	if (proc == NULL)
		return -1;
	while ((entry = readdir(proc)) != NULL)
	{
		int			pid = atoi(entry->d_name);
		char		path[64];
		char		line[128];
		FILE	   *f;

		if (pid <= 0 || process_parent(pid) != cold->postmaster)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/io", pid);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof(line), f))
			if (strncmp(line, "read_bytes: ", 12) == 0)
				sum = (sum < 0 ? 0 : sum) + atof(line + 12);
		fclose(f);
	}
	closedir(proc);
	return sum;
}

/* Exact when taken twice in one transaction, as in measure.c. */
static Reads
count_reads(const Cold *cold)
{
	PGresult   *res = check(cold->conn, PQexec(cold->conn, cold->counters), PGRES_TUPLES_OK, "counters");
	Reads		reads;

	reads.index = atof(PQgetvalue(res, 0, 0));
	reads.table = atof(PQgetvalue(res, 0, 1));
	PQclear(res);
	reads.disk = disk_bytes(cold);
	return reads;
}

static void
prepare_cold(Cold *cold)
{
	const Options *opt = cold->opt;
	char		sql[512];
	Oid			type = (Oid) fetch_number(cold->conn, "SELECT 'vector'::regtype::oid");
	int			index = (int) fetchf(cold->conn, "SELECT '%s_idx'::regclass::oid", opt->table);
	int			heap = (int) fetchf(cold->conn, "SELECT '%s'::regclass::oid", opt->table);

	snprintf(cold->counters, sizeof(cold->counters),
			 "SELECT pg_stat_get_xact_blocks_fetched(%d) - pg_stat_get_xact_blocks_hit(%d),"
			 " sum(pg_stat_get_xact_blocks_fetched(r) - pg_stat_get_xact_blocks_hit(r))"
			 " FROM (SELECT oid AS r FROM pg_class WHERE oid = %d"
			 " UNION ALL SELECT reltoastrelid FROM pg_class WHERE oid = %d AND reltoastrelid <> 0"
			 " UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid ="
			 " (SELECT reltoastrelid FROM pg_class WHERE oid = %d)) t",
			 index, index, heap, heap, heap);
	runf(cold->conn, "SET %s = %d", opt->ef_setting, opt->ef[0]);
	timed_statement(opt, sql, sizeof(sql));
	PQclear(check(cold->conn, PQprepare(cold->conn, "cold", sql, 1, &type), PGRES_COMMAND_OK, sql));
	cold->postmaster = process_parent(PQbackendPID(cold->conn));
}

/* Runs query q; returns its seconds. */
static double
cold_query(const Cold *cold, char *param, int q)
{
	const Dataset *ds = cold->ds;
	const char *values[1] = {param};
	int			formats[1] = {1};
	int			lengths[1];
	double		start;

	lengths[0] = put_vector(param, ds->query + (size_t) q * ds->dim, ds->dim);
	start = now();
	PQclear(check(cold->conn, PQexecPrepared(cold->conn, "cold", 1, values, lengths, formats, 1),
				  PGRES_TUPLES_OK, "query"));
	return now() - start;
}

void
report_cold(PGconn * conn, const Options *opt, const Dataset *ds)
{
	Cold		cold = {.conn = conn,.opt = opt,.ds = ds};
	char	   *param = bench_alloc(4 + 4 * (size_t) ds->dim);
	double	   *took = bench_alloc(ds->nq * sizeof(double));
	int			timed = ds->nq - 1;
	Reads		before;
	Reads		after;

	if (timed < 1)
		bench_fail("a cold run wants two queries at least");
	require_index(conn, opt, ds);
	choose_drop(&cold);
	prepare_cold(&cold);

	/*
	 * the first query of a session reads catalogs; the last one of the set is
	 * for that
	 */
	cold_query(&cold, param, timed);
	run(conn, "BEGIN");
	drop_cache(&cold);
	before = count_reads(&cold);
	for (int q = 0; q < timed; q++)
	{
		if (opt->drop_each)
			drop_cache(&cold);
		took[q] = cold_query(&cold, param, q);
	}
	after = count_reads(&cold);
	run(conn, "COMMIT");

	report(opt, ds, "dropped_by_kernel", cold.by_kernel);
	report(opt, ds, "index_reads", (after.index - before.index) / timed);
	report(opt, ds, "table_reads", (after.table - before.table) / timed);
	if (after.disk >= 0)
		report(opt, ds, "disk_kb", (after.disk - before.disk) / 1024 / timed);
	report_times(opt, ds, took, timed);
	free(param);
	free(took);
}
