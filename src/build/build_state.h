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
#include "graph/insert.h"
#include "page/shared.h"

/* Where the rows go. */
typedef enum HnswBuildPlace
{
	HNSW_BUILD_ARENA,			/* page images in memory */
	HNSW_BUILD_LEAVING,			/* somebody is writing them to the index */
	HNSW_BUILD_BUFFERS			/* the index itself, through shared buffers */
} HnswBuildPlace;

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
	MemoryContext row_context;
	double		rows_expected;
	double		tuples;			/* indexed by this process */
} HnswBuild;

/* Makes everything ready that takes rows. */
extern void hnsw_build_init(HnswBuild *build, int ef_construction, uint64 seed);

/* The callback of table_index_build_scan; state is the HnswBuild. */
extern void hnsw_build_row(Relation index, ItemPointer tid, Datum *values, bool *isnull,
						   bool tuple_is_alive, void *state);

/* The last part: writes what is still in memory, and logs the index. */
extern void hnsw_build_finish(HnswBuild *build);

/*
 * Writes the arena to the index; rows go to shared buffers from then on.  "report":
 * progress is counted in pages written.
 */
extern void hnsw_build_leave_arena(HnswBuild *build, bool report);

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
