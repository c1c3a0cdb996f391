/*-------------------------------------------------------------------------
 *
 * report.c
 *		Figures of vecbench beyond searches: a line each, and builds in detail.
 *
 * IDENTIFICATION
 *	  bench/report.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <stdio.h>
#include <stdlib.h>

void
report(const Options *opt, const Dataset *ds, const char *measure, double value)
{
	printf("%s,%s,%d,%d,%s,%s,%d,%s,%s,%.6g\n", opt->phase, ds->name, ds->n, ds->dim,
		   metric_name(ds->metric), opt->label, opt->round, opt->step, measure, value);
	fflush(stdout);
}

WalCount
wal_count(PGconn * conn)
{
	WalCount	count;

	count.bytes = fetch_number(conn, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
	count.images = fetch_number(conn, "SELECT wal_fpi FROM pg_stat_wal");
	return count;
}

void
report_times(const Options *opt, const Dataset *ds, double *took, int n)
{
	double		sum = 0;

	qsort(took, n, sizeof(double), compare_doubles);
	for (int i = 0; i < n; i++)
		sum += took[i];
	report(opt, ds, "mean_us", 1e6 * sum / n);
	report(opt, ds, "p50_us", 1e6 * took[n / 2]);
	report(opt, ds, "p99_us", 1e6 * took[(int) (n * 0.99)]);
}

bool
report_build(PGconn * conn, const Options *opt, const Dataset *ds)
{
	MemoryWatch *watch = memory_watch_start(PQbackendPID(conn));
	double		wal = wal_count(conn).bytes;
	double		seconds = build_index(conn, opt);
	MemoryPeak	peak = memory_watch_end(watch);
	double		size = fetchf(conn, "SELECT pg_relation_size('%s_idx')", opt->table);
	double		setting = fetch_number(conn, "SELECT pg_size_bytes(current_setting('maintenance_work_mem'))");
	int			wrong = 0;

	/* build_index checkpoints first, which is a few hundred bytes of this */
	wal = wal_count(conn).bytes - wal;
	report(opt, ds, "build_s", seconds);
	report(opt, ds, "workers", peak.workers);
	report(opt, ds, "index_bytes", size);
	report(opt, ds, "wal_bytes", wal);
	report(opt, ds, "wal_per_index", wal / size);
	report(opt, ds, "mem_bytes", setting);
	report(opt, ds, "peak_bytes", peak.bytes);
	report(opt, ds, "peak_per_mem", peak.bytes / setting);
	report(opt, ds, "peak_per_index", peak.bytes / size);
	for (int i = 0; opt->query && i < opt->nef; i++)
	{
		char		name[32];

		snprintf(name, sizeof(name), "recall_ef%d", opt->ef[i]);
		report(opt, ds, name, measure_recall(conn, opt, ds, opt->ef[i], &wrong));
	}
	return wrong == 0;
}
