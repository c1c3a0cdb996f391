/*-------------------------------------------------------------------------
 *
 * vecbench.c
 *		Recall, speed, pages, build time and size of a vector index, over SQL.
 *
 * A plain libpq client: it knows a type with the wire format of "vector", an
 * index access method and a setting for the search width, so it measures this
 * extension and its peers alike.  One run is up to three steps:
 *
 *	load	a table (id int4, embedding vector(d)) by binary COPY
 *	build	CREATE INDEX, timed
 *	query	for each ef: one pass that checks the answers and counts pages,
 *			then timed passes of a prepared statement with a binary parameter
 *
 * and prints one line of CSV for each ef (see bench/README.md for the
 * columns).  --what asks for something else: builds in detail, many clients,
 * inserts, updates, a cold cache; those print a line a figure.
 *
 * IDENTIFICATION
 *	  bench/vecbench.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum OptionKind
{
	OPT_STRING,
	OPT_INT,
	OPT_OFF,					/* takes no value and clears a bool */
	OPT_ON,						/* takes no value and sets a bool */
	OPT_EFS,
	OPT_SET,
	OPT_WHAT,
	OPT_GENERATE,
	OPT_COLUMNS,
	OPT_HELP
} OptionKind;

#define FIELD(name)		offsetof(Options, name)

/* One line an option: its name, how to read it and where it goes. */
static const struct
{
	const char *name;
	OptionKind	kind;
	size_t		field;
}			option_table[] = {
	{"db", OPT_STRING, FIELD(conninfo)},
	{"label", OPT_STRING, FIELD(label)},
	{"data", OPT_STRING, FIELD(dir)},
	{"generate", OPT_GENERATE, 0},
	{"rows", OPT_INT, FIELD(n)},
	{"load-rows", OPT_INT, FIELD(load_rows)},
	{"key", OPT_ON, FIELD(key)},
	{"queries", OPT_INT, FIELD(nq)},
	{"metric", OPT_STRING, FIELD(metric)},
	{"opclass", OPT_STRING, FIELD(opclass)},
	{"operator", OPT_STRING, FIELD(op)},
	{"extension", OPT_STRING, FIELD(extension)},
	{"table", OPT_STRING, FIELD(table)},
	{"method", OPT_STRING, FIELD(method)},
	{"m", OPT_INT, FIELD(m)},
	{"ef-construction", OPT_INT, FIELD(efc)},
	{"with", OPT_STRING, FIELD(with)},
	{"workers", OPT_INT, FIELD(workers)},
	{"mem", OPT_STRING, FIELD(mem)},
	{"ef", OPT_EFS, 0},
	{"ef-setting", OPT_STRING, FIELD(ef_setting)},
	{"limit", OPT_INT, FIELD(limit)},
	{"passes", OPT_INT, FIELD(passes)},
	{"warmup", OPT_INT, FIELD(warmup)},
	{"set", OPT_SET, 0},
	{"what", OPT_WHAT, 0},
	{"phase", OPT_STRING, FIELD(phase)},
	{"step", OPT_STRING, FIELD(step)},
	{"round", OPT_INT, FIELD(round)},
	{"clients", OPT_INT, FIELD(clients)},
	{"seconds", OPT_INT, FIELD(seconds)},
	{"first", OPT_INT, FIELD(first)},
	{"count", OPT_INT, FIELD(count)},
	{"batch", OPT_INT, FIELD(batch)},
	{"data-directory", OPT_STRING, FIELD(datadir)},
	{"drop", OPT_STRING, FIELD(drop)},
	{"drop-each", OPT_ON, FIELD(drop_each)},
	{"no-load", OPT_OFF, FIELD(load)},
	{"no-build", OPT_OFF, FIELD(build)},
	{"no-query", OPT_OFF, FIELD(query)},
	{"no-header", OPT_OFF, FIELD(header)},
	{"print-rows", OPT_ON, FIELD(print_rows)},
	{"print-header", OPT_COLUMNS, 0},
	{"help", OPT_HELP, 0},
};

#define NUM_OPTIONS		((int) (sizeof(option_table) / sizeof(option_table[0])))

static void
usage(void)
{
	puts("usage: vecbench [option]...\n"
		 "  --db CONNINFO          libpq connection string (also PGHOST, PGPORT, PGDATABASE ...)\n"
		 "  --data DIR             base, query (.fvecs or .bvecs), groundtruth.ivecs, README.txt\n"
		 "  --generate N,DIM       a Gaussian mixture instead (20000,128)\n"
		 "  --rows N               the set is its first N vectors\n"
		 "  --load-rows N          load only the first N of them\n"
		 "  --key                  load a table with a primary key and a column to update\n"
		 "  --queries N            run only the first N queries\n"
		 "  --metric NAME          l2, ip, cosine or l1 (the data set's)\n"
		 "  --opclass NAME         operator class (vector_<metric>_ops)\n"
		 "  --operator OP          operator (the metric's)\n"
		 "  --extension NAME       CREATE EXTENSION IF NOT EXISTS first\n"
		 "  --table NAME           table; the index is NAME_idx (vecbench)\n"
		 "  --method NAME          index access method (hnsw)\n"
		 "  --m N                  (16)\n"
		 "  --ef-construction N    (64)\n"
		 "  --with 'a=1, b=2'      further index options\n"
		 "  --workers N            parallel workers of the build, whatever the planner thinks (0)\n"
		 "  --mem SIZE             maintenance_work_mem of the build (2GB)\n"
		 "  --ef LIST              values of the search setting (20,40,60,80,100,120,200)\n"
		 "  --ef-setting NAME      the search setting (hnsw.ef_search)\n"
		 "  --limit K              rows a query (10)\n"
		 "  --passes N             timed passes over the queries (3)\n"
		 "  --warmup N             untimed queries before them, after the checking pass (100)\n"
		 "  --set NAME=VALUE       a setting of the session; may be repeated\n"
		 "  --what WORK            search, or one of these, which print other columns:\n"
		 "                           build    time, WAL, memory, recall\n"
		 "                           clients  queries over --clients connections for --seconds\n"
		 "                           insert   rows --first to --first + --count, --batch a statement\n"
		 "                           update   as many rows of a table loaded with --key\n"
		 "                           cold     queries after --drop of the system's cache\n"
		 "  --phase, --step, --round   what those lines say of themselves\n"
		 "  --clients N            connections, a thread each (1)\n"
		 "  --seconds N            (5)\n"
		 "  --first N --count N    --batch N (1)\n"
		 "  --data-directory DIR   the server's, as seen here\n"
		 "  --drop HOW             caches (/proc/sys/vm/drop_caches), files (posix_fadvise) or auto\n"
		 "  --drop-each            before each query, not once\n"
		 "  --label NAME           first column of the output (hnsw)\n"
		 "  --no-load --no-build --no-query --no-header\n"
		 "  --print-rows           only how many rows the set has\n"
		 "  --print-header         only the names of the columns");
}

static void
parse_efs(Options *opt, const char *arg)
{
	opt->nef = 0;
	while (*arg)
	{
		char	   *end;
		long		v = strtol(arg, &end, 10);

		if (end == arg || v < 1 || opt->nef == MAX_EFS || (*end && *end != ','))
			bench_fail("invalid list of ef values at \"%s\"", arg);
		opt->ef[opt->nef++] = (int) v;
		arg = *end ? end + 1 : end;
	}
}

static int
parse_int(const char *name, const char *arg)
{
	char	   *end;
	long		v = strtol(arg, &end, 10);

	if (end == arg || *end || v < 0 || v > 1000000000)
		bench_fail("--%s wants a number, not \"%s\"", name, arg);
	return (int) v;
}

/* --what takes the first word of a line here. */
static const struct
{
	const char *name;
	Work		work;
}			works[] = {
	{"search", WORK_SEARCH},
	{"build", WORK_BUILD},
	{"clients", WORK_CLIENTS},
	{"insert", WORK_INSERT},
	{"update", WORK_UPDATE},
	{"cold", WORK_COLD},
};

static void
parse_what(Options *opt, const char *arg)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(arg, works[i].name) == 0)
		{
			opt->work = works[i].work;
			return;
		}
	bench_fail("--what wants search, build, clients, insert, update or cold, not \"%s\"", arg);
}

static void
parse_option(Options *opt, int which, const char *arg)
{
	const char *name = option_table[which].name;
	char	   *field = (char *) opt + option_table[which].field;

	switch (option_table[which].kind)
	{
		case OPT_STRING:
			*(const char **) field = arg;
			break;
		case OPT_INT:
			*(int *) field = parse_int(name, arg);
			break;
		case OPT_OFF:
			*(bool *) field = false;
			break;
		case OPT_ON:
			*(bool *) field = true;
			break;
		case OPT_EFS:
			parse_efs(opt, arg);
			break;
		case OPT_SET:
			if (opt->nsets == MAX_SETS || strchr(arg, '=') == NULL)
				bench_fail("--set wants NAME=VALUE, at most %d times", MAX_SETS);
			opt->sets[opt->nsets++] = arg;
			break;
		case OPT_WHAT:
			parse_what(opt, arg);
			break;
		case OPT_GENERATE:
			if (sscanf(arg, "%d,%d", &opt->gen_n, &opt->gen_dim) != 2 ||
				opt->gen_n < 1 || opt->gen_dim < 1 || opt->gen_dim > 16000)
				bench_fail("--generate wants N,DIM, not \"%s\"", arg);
			break;
		case OPT_COLUMNS:
			puts(vecbench_columns);
			exit(0);
		case OPT_HELP:
			usage();
			exit(0);
	}
}

static void
parse_command_line(Options *opt, int argc, char **argv)
{
	struct option longs[NUM_OPTIONS + 1] = {0};
	int			which;
	int			c;

	for (int i = 0; i < NUM_OPTIONS; i++)
	{
		OptionKind	kind = option_table[i].kind;

		longs[i].name = option_table[i].name;
		longs[i].has_arg = kind == OPT_OFF || kind == OPT_ON || kind >= OPT_COLUMNS ?
			no_argument : required_argument;
	}
	while ((c = getopt_long(argc, argv, "", longs, &which)) != -1)
	{
		if (c != 0)
			exit(1);
		parse_option(opt, which, optarg);
	}
	if (optind < argc)
		bench_fail("unexpected argument \"%s\"; try \"vecbench --help\"", argv[optind]);
	if (opt->limit < 1 || opt->clients < 1 || opt->seconds < 1 || opt->batch < 1)
		bench_fail("--limit, --clients, --seconds and --batch must be at least 1");
}

/* Fills in what follows from the metric. */
static void
metric_defaults(Options *opt, Dataset *ds)
{
	static const char *const operators[] = {"<->", "<#>", "<=>", "<+>"};
	static char opclass[64];

	if (opt->metric != NULL && metric_parse(opt->metric) != ds->metric)
	{
		/* stored answers are those of the data set's own metric */
		ds->metric = metric_parse(opt->metric);
		free(ds->gt);
		ds->gt = NULL;
	}
	snprintf(opclass, sizeof(opclass), "vector_%s_ops", metric_name(ds->metric));
	if (opt->opclass == NULL)
		opt->opclass = opclass;
	if (opt->op == NULL)
		opt->op = operators[ds->metric];
}

static void
open_dataset(const Options *opt, Dataset *ds)
{
	char		generated[64];

	snprintf(generated, sizeof(generated), "--generate=%d,%d", opt->gen_n, opt->gen_dim);
	dataset_open(ds, opt->dir ? opt->dir : generated, opt->n, opt->nq);
}

/* Load, build and queries; false when an answer was wrong. */
static bool
search(PGconn * conn, const Options *opt, const Dataset *ds)
{
	double		build_s = opt->build ? build_index(conn, opt) : -1;

	return opt->query ? measure(conn, opt, ds, build_s) : true;
}

int
main(int argc, char **argv)
{
	Options		opt = {
		.conninfo = "",.label = "hnsw",.gen_n = 20000,.gen_dim = 128,
		.table = "vecbench",.method = "hnsw",.m = 16,.efc = 64,.with = "",
		.mem = "2GB",.ef_setting = "hnsw.ef_search",.limit = 10,.passes = 3,
		.warmup = 100,.load = true,.build = true,.query = true,.header = true,
		.phase = "",.step = "",.round = 1,.clients = 1,.seconds = 5,.batch = 1,
		.drop = "auto"
	};
	Dataset		ds;
	PGconn	   *conn;
	bool		sound = true;

	parse_efs(&opt, "20,40,60,80,100,120,200");
	parse_command_line(&opt, argc, argv);

	open_dataset(&opt, &ds);
	if (opt.print_rows)
	{
		printf("%d\n", ds.n);
		return 0;
	}
	metric_defaults(&opt, &ds);
	if (opt.query && (opt.work == WORK_SEARCH || opt.work == WORK_BUILD))
		dataset_exact(&ds, opt.limit);

	conn = open_session(&opt);
	if (opt.load)
		load_table(conn, &opt, &ds);
	switch (opt.work)
	{
		case WORK_SEARCH:
			sound = search(conn, &opt, &ds);
			break;
		case WORK_BUILD:
			sound = report_build(conn, &opt, &ds);
			break;
		case WORK_CLIENTS:
			report_clients(conn, &opt, &ds);
			break;
		case WORK_INSERT:
			report_inserts(conn, &opt, &ds);
			break;
		case WORK_UPDATE:
			report_updates(conn, &opt, &ds);
			break;
		case WORK_COLD:
			report_cold(conn, &opt, &ds);
			break;
	}
	PQfinish(conn);
	if (!sound)
		bench_fail("wrong distances or wrong order: see the columns out_of_order and wrong_distance");
	return 0;
}
