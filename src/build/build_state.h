/*-------------------------------------------------------------------------
 *
 * build_state.h
 *		What the parts of an index build have in common.
 *
 * IDENTIFICATION
 *	  src/build/build_state.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BUILD_STATE_H
#define HNSW_BUILD_STATE_H

#include "build/build.h"

#include "access/parallel.h"
#include "access/tableam.h"
#include "build/shared_arena.h"
#include "commands/progress.h"
#include "graph/bulk.h"
#include "graph/bulk_batch.h"
#include "graph/insert.h"
#include "page/shared.h"
#include "toast/detoast.h"

/* Values of pg_stat_progress_create_index.phase beyond the server's own. */
typedef enum HnswBuildPhase
{
	HNSW_PHASE_LOAD = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
	HNSW_PHASE_CLUSTER,
	HNSW_PHASE_GROUP,
	HNSW_PHASE_COMPARE,
	HNSW_PHASE_CHOOSE,
	HNSW_PHASE_LINK,
	HNSW_PHASE_WRITE,
	HNSW_PHASE_LOG
} HnswBuildPhase;

/* Where the rows go. */
typedef enum HnswBuildPlace
{
	HNSW_BUILD_ARENA,			/* page images in memory */
	HNSW_BUILD_LEAVING,			/* somebody is writing them to the index */
	HNSW_BUILD_BUFFERS			/* the index itself, through shared buffers */
} HnswBuildPlace;

/* What hnsw_bulk_set_memory wants, in a process that helps. */
typedef struct HnswBuildMemory
{
	dsm_handle	handle;
	uint32		nrows;
	uint32		nleaves;
} HnswBuildMemory;

/*
 * A parallel build's part of the parallel context's memory; behind it lies the
 * description of the parallel scan.
 */
typedef struct HnswParallelBuild
{
	/* set before the workers start */
	Oid			heap;
	Oid			index;
	bool		concurrent;
	int			ef_construction;
	uint64		seed;
	double		rows_expected;
	HnswLayout	layout;
	int			participants;	/* the most that there will be */
	Size		batch_bytes;	/* memory of each for rows that wait */
	bool		staging;		/* rows are staged, see complete.c */

	/*
	 * A row is inserted into the arena under this lock, shared; who leaves the
	 * arena takes it exclusively for a moment, so that no row is on its way.
	 */
	LWLock		gate;

	slock_t		mutex;			/* for what follows */
	ConditionVariable changed;	/* of any of it */
	HnswBuildPlace place;
	int			ndone;			/* participants that have no more rows */
	bool		may_leave;		/* workers: the leader has mapped the arena */
	double		heap_tuples;
	bool		broken_hot_chain;
	int			step;			/* HnswBulkStep to be helped with, or -1 */
	uint64		step_number;	/* counts what step has been */
	int			helping;		/* processes at work on a step, but for the
								 * one that directs */
	HnswBuildMemory memory[HNSW_BULK_MEMORIES];

	bool		logging;		/* workers: help with that */
	BlockNumber written;		/* pages that may be logged */
	bool		all_written;	/* and there are no more */
	BlockNumber log_next;		/* the first that nobody has taken */
	BlockNumber logged;			/* pages, in all */

	bool		extending;		/* HnswSharedPager's */
	HnswBulkTable table;		/* of staged rows */
	dsm_handle	table_entries;
	pg_atomic_uint64 tuples;	/* rows indexed so far */
	HnswSharedArena arena;
} HnswParallelBuild;

/* One process's view of a build. */
typedef struct HnswBuild
{
	Relation	heap;
	Relation	index;
	HnswLayout	layout;
	HnswParallelBuild *parallel;	/* NULL = this process is alone */
	bool		leader;
	HnswBuildPlace place;
	HnswArena  *arena;
	HnswArena	private_arena;
	HnswArenaMapping mapping;	/* of a shared arena */
	HnswSharedPager buffers;
	HnswInserter inserter;
	bool		staging;		/* rows are staged, not inserted */
	HnswBulk	bulk;
	HnswBulkStep step;
	uint64		step_number;	/* the last that this process has seen */
	dsm_segment *memory[HNSW_BULK_MEMORIES];	/* HnswParallelBuild's, where
												 * another process directs */
	dsm_segment *table;			/* entries of the shared table, while rows are
								 * staged */
	HnswBatch	batch;			/* rows that wait to be inserted through
								 * shared buffers; most = 0: none do */
	Size		batch_bytes;	/* memory for them */
	MemoryContext row_context;
	HnswDetoaster *detoaster;	/* while the table is scanned */
	double		rows_expected;
	double		tuples;			/* indexed by this process */
} HnswBuild;

/* Makes everything ready that takes rows. */
extern void hnsw_build_init(HnswBuild *build, int ef_construction, uint64 seed);

/*
 * Takes in the table's rows, all or (scan is not NULL) a share of them, and returns how
 * many the scan has seen.
 */
extern double hnsw_build_scan(HnswBuild *build, IndexInfo *index_info, TableScanDesc scan);

/* The last part: writes what is still in memory, and logs the index. */
extern void hnsw_build_finish(HnswBuild *build);

/*
 * Rows will be staged; the table is that of all processes, whose entries are this segment,
 * or NULL.
 */
extern void hnsw_build_stage(HnswBuild *build, HnswBulkTable *table, dsm_segment *entries);

/*
 * Entries of the table that the processes of a build share, for what an arena of so many
 * bytes can hold; 0 = rows are not staged.
 */
extern uint64 hnsw_build_table_space(const HnswBuild *build, Size max_bytes);

/* The leader shows a phase, in which so many blocks, or leaves, are to be done. */
extern void hnsw_build_report_phase(const HnswBuild *build, int64 phase, int64 done, int64 total);

/* Makes a graph of the rows that have been staged in the arena. */
extern void hnsw_build_complete(HnswBuild *build);

/*
 * Takes part in what another process is completing, if there is anything to do.  When
 * all has been done, hnsw_build_stop_helping.
 */
extern bool hnsw_build_help(HnswBuild *build);
extern void hnsw_build_stop_helping(HnswBuild *build);

/*
 * Writes the arena to the index; rows go to shared buffers from then on.  "report":
 * progress is counted in pages written.
 */
extern void hnsw_build_leave_arena(HnswBuild *build, bool report);

/* Logs the index, which has been written. */
extern void hnsw_build_log(HnswBuild *build);

/*
 * In a parallel build: are workers to log too?  Where they are, a worker logs behind the
 * leader, who says up to where pages have been written, and will not change.
 */
extern bool hnsw_build_logs_together(const HnswBuild *build);
extern void hnsw_build_help_log(HnswBuild *build);
extern void hnsw_build_written(HnswBuild *build, BlockNumber written, bool all);

/*
 * If another process has left the arena, or is about to, waits until it has, and
 * leaves it as well.
 */
extern void hnsw_build_follow(HnswBuild *build);

/* The leader: how many rows there are so far. */
extern void hnsw_build_report(HnswBuild *build);

/*
 * Processes that may help with the build, as the server's settings, the table's
 * and the size of the work have it.
 */
extern int	hnsw_build_workers(Relation heap, Relation index, IndexInfo *index_info,
							   double rows);

/*
 * Loads the table together with so many workers.  False, and nothing has been
 * done, when there is no worker or no shared memory to be had.
 */
extern bool hnsw_build_parallel(HnswBuild *build, IndexInfo *index_info, int workers,
								Size max_bytes, double *heap_tuples);

/* What a parallel worker runs. */
extern PGDLLEXPORT void hnsw_parallel_build_main(dsm_segment *seg, shm_toc *toc);

#endif							/* HNSW_BUILD_STATE_H */
