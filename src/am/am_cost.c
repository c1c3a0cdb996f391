/*-------------------------------------------------------------------------
 *
 * am_cost.c
 *		What a scan costs.
 *
 * IDENTIFICATION
 *	  src/am/am_cost.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "access/genam.h"
#include "config/options.h"
#include "base/iterative.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "page/shared.h"
#include "utils/float.h"

/*
 * Records visited for each unit of ef (bench/README.md), and for each row that
 * is taken beyond the first round.
 */
#define VISITS_PER_EF		1.7
#define VISITS_PER_LAYER	6.0
#define VISITS_PER_ROW		2.0

/*
 * A visit reads one page at random.  An index in use is mostly cached, and the
 * pages near the entry always are.
 */
#define CACHED_SHARE		0.75

/*
 * Without codes each neighbor of what a search goes through is a visit of its own:
 * so many for one, for each slot of a record.  Many of them are visited by most
 * searches.
 */
#define UNCODED_VISITS_PER_SLOT	0.33
#define UNCODED_CACHED_SHARE	0.95

/* arithmetic on a record, in units of cpu_operator_cost for each kilobyte */
#define OPERATORS_PER_KB	20.0

/*
 * How many rows will be asked for: the LIMIT, blown up by what other conditions
 * let pass; -1 for all, 0 when nobody knows (a cursor, or LIMIT $1 in a generic
 * plan, which the server takes for a tenth of the rows).
 */
static double
rows_wanted(PlannerInfo *root, IndexPath *path)
{
	RelOptInfo *rel = path->indexinfo->rel;
	double		pass = rel->tuples > 0 ? rel->rows / rel->tuples : 1;

	if (root->limit_tuples > 0)
		return root->limit_tuples / Max(pass, 1e-9);
	if (root->tuple_fraction >= 1)
		return root->tuple_fraction / Max(pass, 1e-9);
	return root->tuple_fraction > 0 ? 0 : -1;
}

/*
 * A scan that cannot give all the rows asked for, because its budget will end
 * it first, is no substitute for a sort.
 */
static bool
budget_suffices(PlannerInfo *root, IndexPath *path, double tuples)
{
	double		wanted = rows_wanted(root, path);

	if (hnsw_iterative_scan == HNSW_ITERATIVE_OFF || tuples <= hnsw_max_scan_tuples)
		return true;
	return wanted >= 0 && wanted <= hnsw_max_scan_tuples;
}

void
hnswcostestimate(PlannerInfo *root, IndexPath *path, double loop_count,
				 Cost *startup_cost, Cost *total_cost,
				 Selectivity *selectivity, double *correlation, double *pages)
{
	IndexOptInfo *info = path->indexinfo;
	double		tuples = Max(info->tuples, 1);
	Relation	index;
	const HnswLayout *layout;
	const HnswShape *shape;
	double		times = 1,		/* visits in the place of one */
				cached = CACHED_SHARE,
				visits,
				per_visit,
				layers;
	int			ef;

	*selectivity = 1;
	*correlation = 0;
	*pages = info->pages;

	/*
	 * Without an order there is nothing to search for; and a second key,
	 * which the server would leave to us, too, is a sort's business.
	 */
	if (list_length(path->indexorderbys) != 1)
	{
		*startup_cost = get_float8_infinity();
		*total_cost = get_float8_infinity();
#if PG_VERSION_NUM >= 180000
		/* infinite costs lose only among equally disabled paths */
		path->path.disabled_nodes = 2;
#endif
		return;
	}

	index = index_open(info->indexoid, NoLock);
	layout = hnsw_index_layout(index);
	ef = hnsw_options_ef_search(index);
	shape = &layout->shape[HNSW_BASE];
	if (shape->bits == 0)
	{
		times = Max(1, UNCODED_VISITS_PER_SLOT * shape->slots);
		cached = UNCODED_CACHED_SHARE;
	}
	per_visit = shape->pages * random_page_cost * (1 - cached) +
		cpu_operator_cost * OPERATORS_PER_KB * shape->size / 1024.0;
	layers = log(Max(tuples, 2)) / log(layout->m);
	index_close(index, NoLock);

	visits = Min(tuples, times * (ef * VISITS_PER_EF + layers * VISITS_PER_LAYER));
	*startup_cost = visits * per_visit;
	*total_cost = *startup_cost +
		tuples * (times * VISITS_PER_ROW * per_visit + cpu_index_tuple_cost);
	if (!budget_suffices(root, path, tuples))
	{
#if PG_VERSION_NUM >= 180000
		path->path.disabled_nodes += 2;
#else
		*startup_cost += 2 * disable_cost;
		*total_cost += 2 * disable_cost;
#endif
	}
}
