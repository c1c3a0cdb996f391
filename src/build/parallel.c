/*-------------------------------------------------------------------------
 *
 * parallel.c
 *		Building an index with several processes.
 *
 * The leader and its workers scan the table together and insert into one arena in
 * dynamic shared memory, under locks of its own (shared_arena.c).  What they make
 * is the same page images as one process makes; in which order rows come differs
 * from build to build.
 *
 * IDENTIFICATION
 *	  src/build/parallel.c
 *-------------------------------------------------------------------------
 */
#include "build/build_state.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_proc.h"
#include "commands/progress.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "tcop/tcopprot.h"
#include "utils/backend_progress.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#define KEY_BUILD			UINT64_C(0xB001)
#define KEY_QUERY_TEXT		UINT64_C(0xB002)
#define KEY_WAL_USAGE		UINT64_C(0xB003)
#define KEY_BUFFER_USAGE	UINT64_C(0xB004)

/* rows that are worth a process: a few tenths of a second of work */
#define ROWS_A_PROCESS	2000

/* how often a leader that waits says how far the workers are, in ms */
#define REPORT_INTERVAL	200

typedef struct Leader
{
	ParallelContext *context;
	HnswParallelBuild *shared;
	dsm_segment *entries;		/* of the table of staged rows */
	Snapshot	snapshot;
	WalUsage   *wal_usage;
	BufferUsage *buffer_usage;
} Leader;

static ParallelTableScanDesc
scan_of(HnswParallelBuild *shared)
{
	return (ParallelTableScanDesc) ((char *) shared + BUFFERALIGN(sizeof(HnswParallelBuild)));
}

/* May workers evaluate what the index is on? */
static bool
is_parallel_safe_index(IndexInfo *index_info)
{
	PlannerInfo *root = makeNode(PlannerInfo);

	root->parse = makeNode(Query);
	root->query_level = 1;
	root->glob = makeNode(PlannerGlobal);
	root->glob->maxParallelHazard = PROPARALLEL_UNSAFE;
	return is_parallel_safe(root, (Node *) index_info->ii_Expressions) &&
		is_parallel_safe(root, (Node *) index_info->ii_Predicate);
}

/*
 * The planner's own estimate (plan_create_index_workers) counts pages of the table,
 * of which there are few where vectors are TOASTed; the work is in the rows.
 */
int
hnsw_build_workers(Relation heap, Relation index, IndexInfo *index_info, double rows)
{
	int			workers = RelationGetParallelWorkers(heap, -1);

	if (max_parallel_maintenance_workers == 0 || workers == 0 ||
		RelationUsesLocalBuffers(heap) || !is_parallel_safe_index(index_info))
		return 0;
	if (workers < 0)
	{
		workers = max_parallel_maintenance_workers;
		if (rows < (double) ROWS_A_PROCESS * (workers + 1))
			workers = Max(0, (int) (rows / ROWS_A_PROCESS) - 1);
	}
	return Min(workers, max_parallel_maintenance_workers);
}

/* ------------------------------------------------------------------------
 * What each process does
 * ------------------------------------------------------------------------
 */

/* Scans its share of the table, and says so when it is through. */
static void
load_share(HnswBuild *build, IndexInfo *index_info)
{
	HnswParallelBuild *shared = build->parallel;
	TableScanDesc scan = table_beginscan_parallel(build->heap, scan_of(shared));
	double		rows = hnsw_build_scan(build, index_info, scan);

	SpinLockAcquire(&shared->mutex);
	shared->ndone++;
	shared->heap_tuples += rows;
	if (index_info->ii_BrokenHotChain)
		shared->broken_hot_chain = true;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);
}

static void
join_build(HnswBuild *build, HnswParallelBuild *shared, dsm_segment *entries, int number)
{
	build->parallel = shared;
	build->layout = shared->layout;
	build->rows_expected = shared->rows_expected;
	build->batch_bytes = shared->batch_bytes;
	hnsw_arena_attach(&build->mapping, &shared->arena, &build->layout,
					  RelationGetRelationName(build->index));
	build->arena = &build->mapping.arena;
	hnsw_build_init(build, shared->ef_construction,
					hnsw_mix64(shared->seed + (uint64) number));
	if (entries != NULL)
		hnsw_build_stage(build, &shared->table, entries);
}

void
hnsw_parallel_build_main(dsm_segment *seg, shm_toc *toc)
{
	HnswParallelBuild *shared = shm_toc_lookup(toc, KEY_BUILD, false);
	WalUsage   *wal_usage = shm_toc_lookup(toc, KEY_WAL_USAGE, false);
	BufferUsage *buffer_usage = shm_toc_lookup(toc, KEY_BUFFER_USAGE, false);
	HnswBuild  *build = palloc0(sizeof(HnswBuild));
	IndexInfo  *index_info;

	/* the locks that index.c has taken in the leader */
	LOCKMODE	heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
	LOCKMODE	index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY_TEXT, true);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);

	build->heap = table_open(shared->heap, heap_lock);
	build->index = index_open(shared->index, index_lock);
	index_info = BuildIndexInfo(build->index);
	index_info->ii_Concurrent = shared->concurrent;

	/* if the table has gone the arena is being left already: no row is staged */
	join_build(build, shared, shared->staging ? dsm_attach(shared->table_entries) : NULL,
			   ParallelWorkerNumber + 1);

	InstrStartParallelQuery();
	load_share(build, index_info);

	/*
	 * What this process has made of the arena goes when nobody maps it, so it
	 * waits for the leader.
	 */
	for (;;)
	{
		bool		may_leave;

		SpinLockAcquire(&shared->mutex);
		may_leave = shared->may_leave;
		SpinLockRelease(&shared->mutex);
		if (may_leave)
			break;
		if (hnsw_build_help(build))
			continue;
		ConditionVariableSleep(&shared->changed, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	hnsw_build_stop_helping(build);
	hnsw_arena_detach(&build->mapping);
	hnsw_build_help_log(build);
	InstrEndParallelQuery(&buffer_usage[ParallelWorkerNumber],
						  &wal_usage[ParallelWorkerNumber]);
	index_close(build->index, index_lock);
	table_close(build->heap, heap_lock);
}

/* ------------------------------------------------------------------------
 * What the leader does besides
 * ------------------------------------------------------------------------
 */
static void
estimate(ParallelContext *context, Size shared_size)
{
	shm_toc_estimate_chunk(&context->estimator, shared_size);
	shm_toc_estimate_chunk(&context->estimator, mul_size(sizeof(WalUsage), context->nworkers));
	shm_toc_estimate_chunk(&context->estimator,
						   mul_size(sizeof(BufferUsage), context->nworkers));
	shm_toc_estimate_keys(&context->estimator, 3);
	if (debug_query_string)
	{
		shm_toc_estimate_chunk(&context->estimator, strlen(debug_query_string) + 1);
		shm_toc_estimate_keys(&context->estimator, 1);
	}
}

static void *
store(ParallelContext *context, uint64 key, Size size)
{
	void	   *p = shm_toc_allocate(context->toc, size);

	shm_toc_insert(context->toc, key, p);
	return p;
}

static void
init_shared(HnswParallelBuild *shared, const HnswBuild *build, const IndexInfo *index_info,
			Size max_bytes, int participants)
{
	memset(shared, 0, sizeof(*shared));
	shared->heap = RelationGetRelid(build->heap);
	shared->index = RelationGetRelid(build->index);
	shared->concurrent = index_info->ii_Concurrent;
	shared->ef_construction = build->inserter.ef;
	shared->seed = build->inserter.random;
	shared->rows_expected = build->rows_expected;
	shared->layout = build->layout;
	shared->participants = participants;
	shared->batch_bytes = build->batch_bytes / participants;
	LWLockInitialize(&shared->gate, hnsw_build_tranche());
	SpinLockInit(&shared->mutex);
	ConditionVariableInit(&shared->changed);
	shared->place = HNSW_BUILD_ARENA;
	shared->step = -1;
	pg_atomic_init_u64(&shared->tuples, 0);
	hnsw_shared_arena_init(&shared->arena, max_bytes);
}

/* A table for so many staged rows; false when there is no memory for it. */
static bool
make_table(Leader *leader, uint64 space)
{
	Size		bytes = mul_size(sizeof(uint64), space);

	leader->entries = hnsw_create_segment(bytes);
	if (leader->entries == NULL)
		return false;
	memset(dsm_segment_address(leader->entries), 0xFF, bytes);
	leader->shared->table.space = space;
	leader->shared->table_entries = dsm_segment_handle(leader->entries);
	leader->shared->staging = true;
	return true;
}

/* All that the workers find when they start; false when there is no memory for it. */
static bool
prepare(Leader *leader, HnswBuild *build, IndexInfo *index_info, Size size, Size max_bytes)
{
	ParallelContext *context = leader->context;
	uint64		space = hnsw_build_table_space(build, max_bytes);

	if (context->seg == NULL)
		return false;
	leader->shared = store(context, KEY_BUILD, size);
	init_shared(leader->shared, build, index_info, max_bytes, context->nworkers + 1);
	if (space > 0 && !make_table(leader, space))
		return false;
	table_parallelscan_initialize(build->heap, scan_of(leader->shared), leader->snapshot);
	leader->wal_usage = store(context, KEY_WAL_USAGE,
							  mul_size(sizeof(WalUsage), context->nworkers));
	leader->buffer_usage = store(context, KEY_BUFFER_USAGE,
								 mul_size(sizeof(BufferUsage), context->nworkers));
	if (debug_query_string)
		strcpy(store(context, KEY_QUERY_TEXT, strlen(debug_query_string) + 1),
			   debug_query_string);
	return true;
}

/* Starts the workers; false when there are none, with everything undone. */
static bool
start_workers(Leader *leader, HnswBuild *build, IndexInfo *index_info, int workers,
			  Size max_bytes)
{
	ParallelContext *context;
	Size		size;

	EnterParallelMode();
	context = leader->context = CreateParallelContext("hnsw", "hnsw_parallel_build_main",
													  workers);
	leader->snapshot = index_info->ii_Concurrent ?
		RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
	size = add_size(BUFFERALIGN(sizeof(HnswParallelBuild)),
					table_parallelscan_estimate(build->heap, leader->snapshot));
	estimate(context, size);
	InitializeParallelDSM(context);
	if (prepare(leader, build, index_info, size, max_bytes))
	{
		LaunchParallelWorkers(context);
		ereport(DEBUG1,
				(errmsg_internal("building index \"%s\" with %d of %d parallel workers",
								 RelationGetRelationName(build->index),
								 context->nworkers_launched, workers)));
		if (context->nworkers_launched > 0)
			return true;
	}
	if (leader->entries != NULL)
		dsm_detach(leader->entries);
	if (IsMVCCSnapshot(leader->snapshot))
		UnregisterSnapshot(leader->snapshot);
	DestroyParallelContext(context);
	ExitParallelMode();
	return false;
}

/* Waits for all participants, and tells how far they are meanwhile. */
static void
wait_for_workers(Leader *leader, HnswBuild *build)
{
	HnswParallelBuild *shared = leader->shared;

	/* raises an error when one could not start */
	WaitForParallelWorkersToAttach(leader->context);
	for (;;)
	{
		int			ndone;

		SpinLockAcquire(&shared->mutex);
		ndone = shared->ndone;
		SpinLockRelease(&shared->mutex);
		hnsw_build_report(build);
		if (ndone == leader->context->nworkers_launched + 1)
			break;
		if (hnsw_build_help(build))
			continue;
		ConditionVariableTimedSleep(&shared->changed, REPORT_INTERVAL,
									WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
	}
	ConditionVariableCancelSleep();
}

static void
end_workers(Leader *leader)
{
	WaitForParallelWorkersToFinish(leader->context);
	for (int i = 0; i < leader->context->nworkers_launched; i++)
		InstrAccumParallelQuery(&leader->buffer_usage[i], &leader->wal_usage[i]);
	if (IsMVCCSnapshot(leader->snapshot))
		UnregisterSnapshot(leader->snapshot);
	DestroyParallelContext(leader->context);
	ExitParallelMode();
}

bool
hnsw_build_parallel(HnswBuild *build, IndexInfo *index_info, int workers, Size max_bytes,
					double *heap_tuples)
{
	Leader		leader = {0};
	HnswParallelBuild *shared;

	if (!start_workers(&leader, build, index_info, workers, max_bytes))
		return false;
	shared = leader.shared;
	hnsw_inserter_free(&build->inserter);
	join_build(build, shared, leader.entries, 0);
	load_share(build, index_info);
	wait_for_workers(&leader, build);

	/* a worker may have left the arena after this process's last row */
	hnsw_build_follow(build);
	if (build->place == HNSW_BUILD_ARENA)
	{
		hnsw_build_complete(build);
		hnsw_arena_map_all(&build->mapping);
	}
	SpinLockAcquire(&shared->mutex);
	shared->logging = hnsw_build_logs_together(build);
	shared->may_leave = true;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);

	*heap_tuples = shared->heap_tuples;
	build->tuples = (double) pg_atomic_read_u64(&shared->tuples);
	index_info->ii_BrokenHotChain = shared->broken_hot_chain;
	hnsw_build_finish(build);
	hnsw_arena_detach(&build->mapping);
	build->parallel = NULL;
	end_workers(&leader);
	return true;
}
