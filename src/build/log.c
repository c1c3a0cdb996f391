/*-------------------------------------------------------------------------
 *
 * log.c
 *		An index that has been built goes to WAL, each page once.
 *
 * One process logs its index when that is written.  In a parallel build the leader
 * writes, and says how far it is; workers log behind it, and the leader with them once
 * it has written all.  Nobody sees the index before the transaction commits, so in
 * which order its pages are logged does not matter.
 *
 * IDENTIFICATION
 *	  src/build/log.c
 *-------------------------------------------------------------------------
 */
#include "build/build_state.h"

#include "base/debug.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"
#include "utils/wait_event.h"

/* pages that a process logs at once, or between two reports */
#define LOG_STEP		256

/*
 * Buffers that there are to be for each process: it pins 32 of them, the leader 64, and
 * others need some as well.
 */
#define LOG_BUFFERS		256

bool
hnsw_build_logs_together(const HnswBuild *build)
{
	return RelationNeedsWAL(build->index) &&
		NBuffers / LOG_BUFFERS >= build->parallel->participants;
}

void
hnsw_build_written(HnswBuild *build, BlockNumber written, bool all)
{
	HnswParallelBuild *shared = build->parallel;
	BlockNumber before;

	if (shared == NULL || !shared->logging)
		return;
	SpinLockAcquire(&shared->mutex);
	before = shared->written;
	shared->written = written;
	shared->all_written = all;
	SpinLockRelease(&shared->mutex);
	/* less than a step is of no use to a worker */
	if (all || written / LOG_STEP != before / LOG_STEP)
		ConditionVariableBroadcast(&shared->changed);
}

static void
report(const HnswBuild *build, BlockNumber logged)
{
	if (build->leader)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, logged);
}

static void
log_alone(HnswBuild *build, BlockNumber nblocks)
{
	for (BlockNumber from = 0; from < nblocks;)
	{
		BlockNumber to = Min(from + LOG_STEP, nblocks);

		hnsw_log_new_pages(build->index, MAIN_FORKNUM, from, to);
		report(build, to);
		from = to;
	}
}

/* Logs what has been written and nobody has taken, until all of the index is logged. */
static void
log_together(HnswBuild *build)
{
	HnswParallelBuild *shared = build->parallel;
	BlockNumber from = 0,
				to = 0,
				mine = 0;

	for (;;)
	{
		BlockNumber logged;
		bool		ended;

		HNSW_DEBUG_POINT("build-log");
		SpinLockAcquire(&shared->mutex);
		mine += to - from;
		shared->logged += to - from;
		logged = shared->logged;
		ended = shared->all_written && logged == shared->written;
		from = to = shared->log_next;
		if (shared->all_written || shared->written - from >= LOG_STEP)
			to = Min(from + LOG_STEP, shared->written);
		shared->log_next = to;
		SpinLockRelease(&shared->mutex);

		report(build, logged);
		if (ended)
			break;
		if (from < to)
			hnsw_log_new_pages(build->index, MAIN_FORKNUM, from, to);
		else
			ConditionVariableSleep(&shared->changed, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	ereport(DEBUG1,
			(errmsg_internal("logged %u pages of index \"%s\"",
							 mine, RelationGetRelationName(build->index))));
	/* who has logged the last pages tells those that wait for that */
	ConditionVariableBroadcast(&shared->changed);
}

void
hnsw_build_help_log(HnswBuild *build)
{
	if (build->parallel->logging)
		log_together(build);
}

void
hnsw_build_log(HnswBuild *build)
{
	BlockNumber nblocks;

	if (!RelationNeedsWAL(build->index))
		return;
	nblocks = RelationGetNumberOfBlocks(build->index);
	hnsw_build_report_phase(build, HNSW_PHASE_LOG, 0, nblocks);
	if (build->parallel != NULL && build->parallel->logging)
	{
		hnsw_build_written(build, nblocks, true);
		log_together(build);
	}
	else
		log_alone(build, nblocks);
}
