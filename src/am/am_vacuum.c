/*-------------------------------------------------------------------------
 *
 * am_vacuum.c
 *		VACUUM.
 *
 * IDENTIFICATION
 *	  src/am/am_vacuum.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "commands/vacuum.h"
#include "types/column.h"
#include "graph/vacuum.h"
#include "base/debug.h"
#include "page/shared.h"
#include "postmaster/autovacuum.h"
#include "utils/memutils.h"

typedef struct DeadArg
{
	IndexBulkDeleteCallback callback;
	void	   *arg;
} DeadArg;

static bool
is_dead(void *arg, HnswTid tid)
{
	DeadArg    *dead = arg;
	ItemPointerData pointer = hnsw_tid_to_pointer(tid);

	return dead->callback(&pointer, dead->arg);
}

static Size
memory_limit(void)
{
#if PG_VERSION_NUM >= 170000
	bool		autovacuum = AmAutoVacuumWorkerProcess();
#else
	bool		autovacuum = IsAutoVacuumWorkerProcess();
#endif
	int			kb = autovacuum && autovacuum_work_mem != -1 ?
	autovacuum_work_mem : maintenance_work_mem;

#ifdef HNSW_DEBUG_POINTS
	if (hnsw_debug_memory > 0)
		return hnsw_debug_memory;
#endif
	return (Size) kb * 1024;
}

IndexBulkDeleteResult *
hnswbulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
			   IndexBulkDeleteCallback callback, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	HnswSharedPager shared;
	HnswVacuumResult result;
	DeadArg		dead = {callback, arg};

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	old = MemoryContextSwitchTo(context);
	hnsw_shared_init(&shared, info->index);
	shared.may_sleep = true;
	hnsw_graph_vacuum(&shared.pager, is_dead, &dead, memory_limit(), &result);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);

	stats->num_index_tuples = result.live;
	stats->tuples_removed += result.removed;
	stats->estimated_count = false;
	return stats;
}

IndexBulkDeleteResult *
hnswvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	if (info->analyze_only)
		return stats;
	if (stats == NULL)
	{
		/* nothing was deleted, so that nobody counted */
		stats = palloc0(sizeof(IndexBulkDeleteResult));
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = true;
	}
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	return stats;
}
