/*-------------------------------------------------------------------------
 *
 * complete.c
 *		Rows that have been staged become a graph.
 *
 * While rows are loaded they are only staged, where the layout allows it
 * (graph/bulk.h).  Before the page images leave the arena, because all rows are there
 * or memory has ended, layer 0 is built of them, in steps.
 *
 * In a parallel build one process directs: the leader when all rows are there, or who
 * has found the arena full.  It says which step is at hand; others that have to wait
 * anyhow, for the leader or for the arena to be left, take part in it.  How many they
 * are does not matter: each step hands out leaves until there are no more, and the next
 * one begins when nobody is at work on the last.
 *
 * IDENTIFICATION
 *	  src/build/complete.c
 *-------------------------------------------------------------------------
 */
#include "build/build_state.h"

#include "base/debug.h"
#include "commands/progress.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/wait_event.h"

#define NO_STEP		(-1)

/* What the leader shows of a step. */
static const int64 phases[HNSW_BULK_STEPS] = {
	[HNSW_BULK_TREE_ASSIGN] = HNSW_PHASE_CLUSTER,
	[HNSW_BULK_TREE_SPLIT] = HNSW_PHASE_CLUSTER,
	[HNSW_BULK_CENTER] = HNSW_PHASE_CLUSTER,
	[HNSW_BULK_ASSIGN] = HNSW_PHASE_GROUP,
	[HNSW_BULK_COMPARE] = HNSW_PHASE_COMPARE,
	[HNSW_BULK_CHOOSE] = HNSW_PHASE_CHOOSE,
	[HNSW_BULK_LINK] = HNSW_PHASE_LINK,
	[HNSW_BULK_LINK_REST] = HNSW_PHASE_LINK,
};

/* Leaves of this step that have been handed out, which other processes go on doing. */
static uint32
leaves_done(const HnswBulkPlan *plan, HnswBulkStep step)
{
	return __atomic_load_n(&plan->progress->done[step], __ATOMIC_RELAXED);
}

/* The first three steps are of all rows, one phase. */
static int64
clustered(const HnswBulk *bulk, HnswBulkStep step)
{
	const HnswBulkTreeTop *top = bulk->tree.top;
	uint64		next;

	switch (step)
	{
		case HNSW_BULK_TREE_ASSIGN:
			next = __atomic_load_n(&top->next_rows, __ATOMIC_RELAXED);
			return Min(top->nrows, next);
		case HNSW_BULK_TREE_SPLIT:
			return (int64) top->nrows + __atomic_load_n(&top->nsplit, __ATOMIC_RELAXED);
		default:
			return 2 * (int64) bulk->plan.nrows + bulk->plan.starts[leaves_done(&bulk->plan, step)];
	}
}

/* The second pass of linking is short, and shown as the end of the first. */
static void
report_work(void *arg)
{
	HnswBuild  *build = arg;
	HnswBulkStep step = build->step;

	if (build->leader && step != HNSW_BULK_LINK_REST)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE,
									 phases[step] == HNSW_PHASE_CLUSTER ? clustered(&build->bulk, step) :
									 leaves_done(&build->bulk.plan, step));
}

void
hnsw_build_report_phase(const HnswBuild *build, int64 phase, int64 done, int64 total)
{
	const int	params[] = {PROGRESS_CREATEIDX_SUBPHASE, PROGRESS_SCAN_BLOCKS_DONE, PROGRESS_SCAN_BLOCKS_TOTAL};
	const int64 values[] = {phase, done, total};

	if (build->leader)
		pgstat_progress_update_multi_param(lengthof(params), params, values);
}

static void
report_step(HnswBuild *build, HnswBulkStep step)
{
	build->step = step;
	if (phases[step] == HNSW_PHASE_CLUSTER)
		hnsw_build_report_phase(build, phases[step], clustered(&build->bulk, step),
								3 * (int64) (hnsw_bulk_needs(step, HNSW_BULK_TREE) ?
											 build->bulk.tree.top->nrows : build->bulk.plan.nrows));
	else if (step != HNSW_BULK_LINK_REST)
		hnsw_build_report_phase(build, phases[step], 0, build->bulk.plan.nleaves);
}

/* What the server's scan of the table says; our phases come in between. */
static void
save_scan(int64 scan[2])
{
	scan[0] = MyBEEntry->st_progress_param[PROGRESS_SCAN_BLOCKS_DONE];
	scan[1] = MyBEEntry->st_progress_param[PROGRESS_SCAN_BLOCKS_TOTAL];
}

void
hnsw_build_stage(HnswBuild *build, HnswBulkTable *table, dsm_segment *entries)
{
	build->table = entries;
	hnsw_bulk_init(&build->bulk, &build->inserter, build->arena, table,
				   entries == NULL ? NULL : dsm_segment_address(entries));
	build->bulk.tick = report_work;
	build->bulk.tick_arg = build;
	build->staging = true;
}

uint64
hnsw_build_table_space(const HnswBuild *build, Size max_bytes)
{
	double		rows = Min(build->rows_expected,
						   (double) max_bytes / hnsw_layout_row_bytes(&build->layout));

	return build->staging ? hnsw_bulk_table_space(rows * HNSW_BULK_TABLE_FACTOR) : 0;
}

/* Nothing will be staged any more. */
static void
drop_table(HnswBuild *build)
{
	hnsw_bulk_stage_free(&build->bulk);
	if (build->table != NULL)
		dsm_detach(build->table);
	build->table = NULL;
}

/* Nothing of it is needed any more. */
static void
end_staging(HnswBuild *build)
{
	if (!build->staging)
		return;
	build->staging = false;
	drop_table(build);
	hnsw_bulk_free(&build->bulk);
}

/* ------------------------------------------------------------------------
 * Who directs
 * ------------------------------------------------------------------------
 */
static void
announce(HnswParallelBuild *shared, int step)
{
	SpinLockAcquire(&shared->mutex);
	shared->step = step;
	shared->step_number++;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);
}

/* Waits until nobody works on the step, which is not announced any more. */
static void
wait_for_helpers(HnswParallelBuild *shared)
{
	for (;;)
	{
		int			helping;

		SpinLockAcquire(&shared->mutex);
		helping = shared->helping;
		SpinLockRelease(&shared->mutex);
		if (helping == 0)
			break;
		ConditionVariableSleep(&shared->changed, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

/* What the process that directs has provided. */
typedef struct Provided
{
	HnswBuild  *build;
	dsm_segment *segments[HNSW_BULK_MEMORIES];	/* NULL where it had to be of
												 * its own */
	void	   *memory[HNSW_BULK_MEMORIES];
	bool		warned;
} Provided;

/* Once, and not where the arena has been short of it before. */
static void
warn_of_shortage(Provided *provided, Size bytes)
{
	if (!provided->warned && !provided->build->parallel->arena.short_of_memory)
		ereport(WARNING,
				(errmsg("no more shared memory for what the rows of index \"%s\" are compared by",
						RelationGetRelationName(provided->build->index)),
				 errdetail("Another %zu kB were needed. One process does it alone, which takes longer.", bytes / 1024),
				 errhint("Give the server more dynamic shared memory (in a container: a larger /dev/shm), or set max_parallel_maintenance_workers to 0.")));
	provided->warned = true;
}

static void *
provide(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	Provided   *provided = arg;
	HnswParallelBuild *shared = provided->build->parallel;
	dsm_segment *segment;

	HNSW_DEBUG_POINT("build-memory");
	segment = shared == NULL ? NULL : hnsw_create_segment(bytes);
	if (shared != NULL && segment == NULL)
		warn_of_shortage(provided, bytes);
	provided->segments[which] = segment;
	provided->memory[which] = segment != NULL ? dsm_segment_address(segment) : hnsw_alloc(bytes);
	if (segment != NULL)
	{
		SpinLockAcquire(&shared->mutex);
		shared->memory[which].handle = dsm_segment_handle(segment);
		shared->memory[which].nrows = nrows;
		shared->memory[which].nleaves = nleaves;
		SpinLockRelease(&shared->mutex);
	}
	return provided->memory[which];
}

static void
release(void *arg, HnswBulkMemory which)
{
	Provided   *provided = arg;

	if (provided->segments[which] != NULL)
		dsm_detach(provided->segments[which]);
	else
		hnsw_free(provided->memory[which]);
}

/* Is all that the step needs in shared memory? */
static bool
is_shared(const Provided *provided, HnswBulkStep step)
{
	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
		if (hnsw_bulk_needs(step, i) && provided->segments[i] == NULL)
			return false;
	return true;
}

static void
direct(void *arg, HnswBulkStep step)
{
	Provided   *provided = arg;
	HnswBuild  *build = provided->build;
	bool		together = is_shared(provided, step);

	report_step(build, step);
	if (together)
		announce(build->parallel, step);
	hnsw_bulk_work(&build->bulk, step);
	if (together)
	{
		announce(build->parallel, NO_STEP);
		wait_for_helpers(build->parallel);
	}
}

void
hnsw_build_complete(HnswBuild *build)
{
	Provided	provided = {.build = build};
	HnswBulkTeam team = {provide, release, direct, &provided};
	int64		scan[2];

	if (!build->staging)
		return;
	save_scan(scan);
	drop_table(build);
	hnsw_bulk_complete(&build->bulk, &team);
	end_staging(build);
	hnsw_build_report_phase(build, HNSW_PHASE_LOAD, scan[0], scan[1]);
}

/* ------------------------------------------------------------------------
 * Who helps
 * ------------------------------------------------------------------------
 */
static void
unmap_memory(HnswBuild *build, HnswBulkMemory which)
{
	if (build->memory[which] != NULL)
		dsm_detach(build->memory[which]);
	build->memory[which] = NULL;
}

/*
 * What a step needs is there while the step is announced, unless the process that directs
 * is just ending, with an error.  False then; the error will be here soon.
 */
static bool
map_memory(HnswBuild *build, HnswBulkStep step)
{
	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
	{
		const HnswBuildMemory *memory = &build->parallel->memory[i];

		if (build->memory[i] != NULL || !hnsw_bulk_needs(step, i))
			continue;
		build->memory[i] = dsm_attach(memory->handle);
		if (build->memory[i] == NULL)
			return false;
		hnsw_bulk_set_memory(&build->bulk, i, memory->nrows, memory->nleaves,
							 dsm_segment_address(build->memory[i]));
	}
	return true;
}

/* After a step, what the next one does not need: it goes when nobody has it mapped. */
static void
unmap_after(HnswBuild *build, HnswBulkStep step)
{
	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
		if (step + 1 == HNSW_BULK_STEPS || !hnsw_bulk_needs(step + 1, i))
			unmap_memory(build, i);
}

void
hnsw_build_stop_helping(HnswBuild *build)
{
	for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
		unmap_memory(build, i);
	end_staging(build);
}

bool
hnsw_build_help(HnswBuild *build)
{
	HnswParallelBuild *shared = build->parallel;
	int64		scan[2];
	int			step;
	bool		helps;

	if (!build->staging)
		return false;
	SpinLockAcquire(&shared->mutex);
	step = shared->step_number != build->step_number ? shared->step : NO_STEP;
	build->step_number = shared->step_number;
	if (step != NO_STEP)
		shared->helping++;
	SpinLockRelease(&shared->mutex);
	if (step == NO_STEP)
		return false;

	drop_table(build);
	helps = map_memory(build, step);
	if (helps)
	{
		save_scan(scan);
		report_step(build, step);
		hnsw_bulk_work(&build->bulk, step);
		hnsw_build_report_phase(build, HNSW_PHASE_LOAD, scan[0], scan[1]);
		unmap_after(build, step);
	}
	SpinLockAcquire(&shared->mutex);
	shared->helping--;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);
	return helps;
}
