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

#include "commands/progress.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/wait_event.h"

#define NO_STEP		(-1)

/* What the leader shows of a step. */
static const int64 phases[HNSW_BULK_STEPS] = {
	[HNSW_BULK_ASSIGN] = HNSW_PHASE_GROUP,
	[HNSW_BULK_COMPARE] = HNSW_PHASE_COMPARE,
	[HNSW_BULK_CHOOSE] = HNSW_PHASE_CHOOSE,
	[HNSW_BULK_LINK] = HNSW_PHASE_LINK,
	[HNSW_BULK_LINK_REST] = HNSW_PHASE_LINK,
};

/* The second pass of linking is short, and shown as the end of the first. */
static void
report_leaves(void *arg)
{
	HnswBuild  *build = arg;
	const HnswBulkPlan *plan = &build->bulk.plan;

	if (build->leader && build->step != HNSW_BULK_LINK_REST)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE,
									 Min(plan->nleaves, plan->progress->next[build->step]));
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
	if (step != HNSW_BULK_LINK_REST)
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
hnsw_build_stage(HnswBuild *build, HnswBulkTable *table, uint64 *entries)
{
	hnsw_bulk_init(&build->bulk, &build->inserter, build->arena, table, entries);
	build->bulk.tick = report_leaves;
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

/* Nothing of it is needed any more. */
static void
end_staging(HnswBuild *build)
{
	if (!build->staging)
		return;
	build->staging = false;
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

static void
do_steps(HnswBuild *build, bool together)
{
	for (int step = 0; step < HNSW_BULK_STEPS; step++)
	{
		report_step(build, step);
		if (together)
			announce(build->parallel, step);
		hnsw_bulk_work(&build->bulk, step);
		if (together)
		{
			announce(build->parallel, NO_STEP);
			wait_for_helpers(build->parallel);
		}
		if (step == HNSW_BULK_ASSIGN)
			hnsw_bulk_members(&build->bulk);
	}
}

void
hnsw_build_complete(HnswBuild *build)
{
	HnswBulk   *bulk = &build->bulk;
	HnswParallelBuild *shared = build->parallel;
	dsm_segment *segment = NULL;
	void	   *memory = NULL;
	HnswBulkTree tree;
	Size		bytes;
	int64		scan[2];

	if (!build->staging)
		return;
	save_scan(scan);
	hnsw_build_report_phase(build, HNSW_PHASE_GROUP, 0, 1);
	hnsw_bulk_stage_free(bulk);
	hnsw_bulk_make_tree(bulk, &tree);
	if (tree.nrows > 0)
	{
		/* where there is no more shared memory, one process does it alone */
		bytes = hnsw_bulk_plan_bytes(&build->layout, build->inserter.ef, tree.nrows, tree.nleaves);
		if (shared != NULL)
			segment = hnsw_create_segment(bytes);
		memory = segment != NULL ? dsm_segment_address(segment) : hnsw_alloc(bytes);
		hnsw_bulk_plan_set_memory(bulk, tree.nrows, tree.nleaves, memory);
		hnsw_bulk_plan_fill(bulk, &tree);
	}
	hnsw_bulk_tree_free(&tree);
	if (segment != NULL)
	{
		SpinLockAcquire(&shared->mutex);
		shared->plan = dsm_segment_handle(segment);
		shared->plan_rows = tree.nrows;
		shared->plan_leaves = tree.nleaves;
		SpinLockRelease(&shared->mutex);
	}
	if (memory != NULL)
		do_steps(build, segment != NULL);
	if (segment != NULL)
		dsm_detach(segment);
	else if (memory != NULL)
		hnsw_free(memory);
	end_staging(build);
	hnsw_build_report_phase(build, HNSW_PHASE_LOAD, scan[0], scan[1]);
}

/* ------------------------------------------------------------------------
 * Who helps
 * ------------------------------------------------------------------------
 */
/*
 * The plan stays mapped to the end: it is there while a step is announced, unless the
 * process that directs is just ending, with an error.  False then; the error will be
 * here soon.
 */
static bool
map_plan(HnswBuild *build)
{
	HnswParallelBuild *shared = build->parallel;

	if (build->plan_segment != NULL)
		return true;
	build->plan_segment = dsm_attach(shared->plan);
	if (build->plan_segment == NULL)
		return false;
	hnsw_bulk_plan_set_memory(&build->bulk, shared->plan_rows, shared->plan_leaves,
							  dsm_segment_address(build->plan_segment));
	return true;
}

void
hnsw_build_stop_helping(HnswBuild *build)
{
	if (build->plan_segment != NULL)
		dsm_detach(build->plan_segment);
	build->plan_segment = NULL;
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

	helps = map_plan(build);
	if (helps)
	{
		save_scan(scan);
		report_step(build, step);
		hnsw_bulk_work(&build->bulk, step);
		hnsw_build_report_phase(build, HNSW_PHASE_LOAD, scan[0], scan[1]);
	}
	SpinLockAcquire(&shared->mutex);
	shared->helping--;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);
	return helps;
}
