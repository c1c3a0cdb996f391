/*-------------------------------------------------------------------------
 *
 * load.c
 *		Rows of the table into the index that is being built.
 *
 * They go into page images in memory, by the very code that inserts serve with.
 * When those fill maintenance_work_mem they are written to the index, and rows go
 * into shared buffers from then on.  In a parallel build all processes change
 * over at once: nobody is between the beginning and the end of an insert.
 *
 * IDENTIFICATION
 *	  src/build/load.c
 *-------------------------------------------------------------------------
 */
#include "build/build_state.h"

#include "commands/progress.h"
#include "graph/tids.h"
#include "page/meta.h"
#include "storage/bufmgr.h"
#include "types/column.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

/* Rows go through this pager from now on. */
static void
use_pager(HnswBuild *build, HnswPager *pager)
{
	build->inserter.pager = pager;
	build->inserter.beam.pager = pager;
}

static void
use_buffers(HnswBuild *build)
{
	hnsw_shared_init_new(&build->buffers, build->index, &build->layout, false);
	if (build->parallel != NULL)
		build->buffers.extending = &build->parallel->extending;
	use_pager(build, &build->buffers.pager);
	build->place = HNSW_BUILD_BUFFERS;
	hnsw_build_stop_helping(build);
	if (hnsw_batch_suits(&build->layout))
	{
		hnsw_batch_init(&build->batch, &build->layout, build->batch_bytes);
		build->inserter.search_ef[HNSW_BASE] = build->inserter.search_ef[HNSW_UPPER] =
			HNSW_BATCH_EF(build->inserter.ef);
	}
}

void
hnsw_build_init(HnswBuild *build, int ef_construction, uint64 seed)
{
	hnsw_inserter_init(&build->inserter, &build->arena->pager, ef_construction, seed);
	build->row_context = AllocSetContextCreate(CurrentMemoryContext, "hnsw build row",
											   ALLOCSET_DEFAULT_SIZES);
	build->place = HNSW_BUILD_ARENA;
}

/* pages by which the index is extended; all are pinned together */
#define PAGES_AT_ONCE	64

/* Copies a page image of the arena into its buffer, a new one. */
static void
write_page(HnswBuild *build, BlockNumber block, Buffer buffer)
{
	const char *image = hnsw_arena_page(build->arena, block);
	const HnswPageSpecial *special =
	(const HnswPageSpecial *) (image + BLCKSZ - HNSW_PAGE_SPECIAL);
	HnswChange	change;
	Page		page;

	hnsw_buffer_lock(buffer);
	hnsw_change_begin(&change, build->index, false);
	page = hnsw_change_page(&change, buffer, true);
	hnsw_page_init(page, special->kind, special->part);
	memcpy(hnsw_page_contents(page), image + HNSW_PAGE_HEADER, BLCKSZ - HNSW_PAGE_HEADER);
	hnsw_page_reach_slots(page, &build->layout, special->kind);
	hnsw_change_commit(&change);
}

void
hnsw_build_leave_arena(HnswBuild *build, bool report)
{
	HnswArenaState *state = build->arena->state;

	hnsw_arena_list_pages(build->arena);
	hnsw_write_head(build->index, MAIN_FORKNUM, &build->layout, &state->entry,
					state->free_page);
	for (BlockNumber block = HNSW_FIRST_BLOCK; block < state->nblocks;)
	{
		Buffer		buffers[PAGES_AT_ONCE];
		int			count = hnsw_buffers_new(build->index, block,
											 Min(PAGES_AT_ONCE, state->nblocks - block), buffers);

		for (int i = 0; i < count; i++)
			write_page(build, block++, buffers[i]);
		hnsw_build_written(build, block, false);
		if (report)
			pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, block);
		CHECK_FOR_INTERRUPTS();
	}
	use_buffers(build);
}

static double
tuples_so_far(HnswBuild *build)
{
	return build->parallel == NULL ? build->tuples :
		(double) pg_atomic_read_u64(&build->parallel->tuples);
}

void
hnsw_build_report(HnswBuild *build)
{
	double		tuples = tuples_so_far(build);

	/* the total is an estimate: where it was too low it goes along */
	if (tuples > build->rows_expected)
	{
		const int	params[] = {PROGRESS_CREATEIDX_TUPLES_TOTAL, PROGRESS_CREATEIDX_TUPLES_DONE};
		const int64 values[] = {(int64) tuples, (int64) tuples};

		pgstat_progress_update_multi_param(lengthof(params), params, values);
	}
	else
		pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) tuples);
}

/* Says that the rest will be slower, and what would help. */
static void
report_full(HnswBuild *build)
{
	const HnswLayout *layout = &build->layout;
	int			ef = build->inserter.ef;
	double		tuples = tuples_so_far(build);
	Size		used = (Size) build->arena->state->nblocks * BLCKSZ;
	double		rows = build->rows_expected > tuples ? build->rows_expected : 2 * tuples;
	int			processes = build->parallel == NULL ? 1 : build->parallel->participants;
	double		need;

	/*
	 * Nodes as the rows so far have it, since equal vectors share one, and a little more,
	 * since the rest will differ somewhat.  The first rows tell little.
	 */
	need = 1.02 * used / hnsw_layout_row_bytes(layout) * (rows / Max(tuples, 1));
	need = build->staging ? hnsw_bulk_staged_bytes(layout, ef, Min(need, rows), processes) :
		hnsw_bulk_build_bytes(layout, ef, Min(need, rows), processes);
	if (build->parallel != NULL && build->parallel->arena.short_of_memory)
		ereport(WARNING,
				(errmsg("no more shared memory for the hnsw graph after " INT64_FORMAT " tuples",
						(int64) tuples),
				 errdetail("The build goes on in shared buffers, which takes longer. It had %zu kB; about %.0f kB would be needed.",
						   used / 1024, ceil(need / 1024)),
				 errhint("Give the server more dynamic shared memory (in a container: a larger /dev/shm), or set max_parallel_maintenance_workers to 0.")));
	else
		ereport(NOTICE,
				(errmsg("hnsw graph no longer fits into maintenance_work_mem after " INT64_FORMAT " tuples",
						(int64) tuples),
				 errdetail("Building will take significantly more time. maintenance_work_mem is %d kB; about %.0f kB would be needed.",
						   maintenance_work_mem, ceil(need / 1024)),
				 errhint("Increase maintenance_work_mem to speed up builds.")));
}

/* The arena is full: goes on in shared buffers, with all the others. */
static void
change_over(HnswBuild *build)
{
	HnswParallelBuild *parallel = build->parallel;
	bool		mine;

	if (parallel == NULL)
	{
		report_full(build);
		hnsw_build_complete(build);
		hnsw_build_leave_arena(build, false);
		hnsw_arena_free(build->arena);
		return;
	}

	LWLockAcquire(&parallel->gate, LW_EXCLUSIVE);
	SpinLockAcquire(&parallel->mutex);
	mine = parallel->place == HNSW_BUILD_ARENA;
	if (mine)
		parallel->place = HNSW_BUILD_LEAVING;
	SpinLockRelease(&parallel->mutex);
	LWLockRelease(&parallel->gate);
	if (mine)
	{
		report_full(build);
		hnsw_build_complete(build);
		hnsw_build_leave_arena(build, false);
		hnsw_arena_detach(&build->mapping);
		SpinLockAcquire(&parallel->mutex);
		parallel->place = HNSW_BUILD_BUFFERS;
		SpinLockRelease(&parallel->mutex);
		ConditionVariableBroadcast(&parallel->changed);
	}
}

void
hnsw_build_follow(HnswBuild *build)
{
	HnswParallelBuild *parallel = build->parallel;
	HnswBuildPlace place;

	if (build->place != HNSW_BUILD_ARENA)
		return;
	for (;;)
	{
		SpinLockAcquire(&parallel->mutex);
		place = parallel->place;
		SpinLockRelease(&parallel->mutex);
		if (place != HNSW_BUILD_LEAVING)
			break;
		if (hnsw_build_help(build))
			continue;
		ConditionVariableSleep(&parallel->changed, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	if (place == HNSW_BUILD_ARENA)
		return;
	use_buffers(build);
	hnsw_arena_detach(&build->mapping);
}

/* One more row is in the index, or staged. */
static void
count_row(void *arg)
{
	HnswBuild  *build = arg;

	build->tuples++;
	if (build->parallel != NULL)
		pg_atomic_fetch_add_u64(&build->parallel->tuples, 1);
	if (build->leader)
		hnsw_build_report(build);
}

/* Inserts rows that wait. */
static void
flush(HnswBuild *build)
{
	if (build->batch.count > 0)
		hnsw_batch_insert(&build->batch, &build->inserter, count_row, build);
}

/* Inserts a row; v is NULL for a NULL value. */
static void
insert_row(HnswBuild *build, const void *v, HnswTid tid)
{
	if (v == NULL)
		hnsw_aside_insert(build->inserter.pager, HNSW_ASIDE_NULL, tid);
	else if (build->staging)
		hnsw_bulk_add(&build->bulk, v, tid);
	else
		hnsw_insert(&build->inserter, v, tid);
	count_row(build);
}

/* Through shared buffers: rows with a place in the graph may wait for others. */
static void
insert_into_buffers(HnswBuild *build, const void *v, HnswTid tid)
{
	HnswPoint  *point = &build->inserter.point;

	if (v == NULL || build->batch.most == 0 || !hnsw_point_set(point, &build->layout, v))
	{
		insert_row(build, v, tid);
		return;
	}
	hnsw_batch_add(&build->batch, point, tid);
	if (hnsw_batch_is_full(&build->batch))
		flush(build);
}

/* False when the row has to go elsewhere: the arena is full, or has been left. */
static bool
insert_into_arena(HnswBuild *build, const void *v, HnswTid tid)
{
	HnswParallelBuild *parallel = build->parallel;
	bool		here;

	if (!hnsw_arena_has_room(build->arena, parallel == NULL ? 1 : parallel->participants))
	{
		change_over(build);
		return false;
	}
	if (parallel == NULL)
	{
		insert_row(build, v, tid);
		return true;
	}
	/* without the mutex: who ends this has the gate to itself */
	LWLockAcquire(&parallel->gate, LW_SHARED);
	here = parallel->place == HNSW_BUILD_ARENA;
	if (here)
		insert_row(build, v, tid);
	LWLockRelease(&parallel->gate);
	return here;
}

/* The callback of table_index_build_scan; state is the HnswBuild. */
static void
build_row(Relation index, ItemPointer tid, Datum *values, bool *isnull,
		  bool tuple_is_alive, void *state)
{
	HnswBuild  *build = state;
	HnswTid		heap_tid = hnsw_tid_from_pointer(tid);
	const void *v = NULL;

	/* while the server scans the first block, it says that it has done them all */
	if (build->leader && build->tuples == 0)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, 0);
	if (!isnull[0])
	{
		/* what the inserter and the arena keep is in the build's context */
		MemoryContext old = MemoryContextSwitchTo(build->row_context);
		ItemPointerData value_at;

		ItemPointerSetInvalid(&value_at);
		v = hnsw_column_plain(&build->layout,
							  hnsw_detoast_value(build->detoaster, values[0], &value_at));
		build->inserter.point.value = hnsw_tid_from_pointer(&value_at);
		MemoryContextSwitchTo(old);
	}
	if (build->place != HNSW_BUILD_ARENA || !insert_into_arena(build, v, heap_tid))
	{
		hnsw_build_follow(build);
		insert_into_buffers(build, v, heap_tid);
	}
	MemoryContextReset(build->row_context);
	CHECK_FOR_INTERRUPTS();
}

double
hnsw_build_scan(HnswBuild *build, IndexInfo *index_info, TableScanDesc scan)
{
	double		rows;

	build->detoaster = hnsw_detoast_begin(build->heap);
	rows = table_index_build_scan(build->heap, build->index, index_info, true,
								  build->leader, build_row, build, scan);
	flush(build);
	hnsw_detoast_end(build->detoaster);
	return rows;
}
