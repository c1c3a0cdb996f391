/*-------------------------------------------------------------------------
 *
 * build.c
 *		Building an index.
 *
 * A build loads the table (load.c), alone or with workers (parallel.c), into page
 * images in memory, and writes those to the index when all rows are there or when
 * they fill maintenance_work_mem.  The pages are logged once, whole, when the build
 * ends: until then nobody else sees the index, and after a crash nobody ever does.
 *
 * IDENTIFICATION
 *	  src/build/build.c
 *-------------------------------------------------------------------------
 */
#include "build/build_state.h"

#include "commands/progress.h"
#include "config/opclass.h"
#include "config/options.h"
#include "types/column.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"

/*
 * What each process of a parallel build takes at most besides the arena: its share of
 * our locks, and the server's state of a parallel context.
 */
#define PARALLEL_OVERHEAD	((Size) 512 * 1024)

char *
hnswbuildphasename(int64 phase)
{
	switch (phase)
	{
		case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
			return "initializing";
		case HNSW_PHASE_LOAD:
			return "loading tuples";
		case HNSW_PHASE_CLUSTER:
			return "clustering vectors";
		case HNSW_PHASE_GROUP:
			return "grouping vectors";
		case HNSW_PHASE_COMPARE:
			return "comparing vectors";
		case HNSW_PHASE_CHOOSE:
			return "choosing neighbors";
		case HNSW_PHASE_LINK:
			return "linking";
		case HNSW_PHASE_WRITE:
			return "writing pages";
		case HNSW_PHASE_LOG:
			return "logging pages";
		default:
			return NULL;
	}
}

/* "heap" and "info" are NULL where there are no rows to plan by. */
static void
plan_layout(Relation heap, Relation index, IndexInfo *info, HnswLayout *layout)
{
	HnswOptions options = hnsw_options(index);
	const HnswCell *cell = hnsw_opclass_cell(index);
	HnswLayoutRequest request = {
		.cell = cell,
		.dim = hnsw_column_dim(index, cell),
		.m = options.m,
		.m0 = options.m0,
		.nonzeros = options.nonzeros,
		.edge_bits = options.edge_bits,
	};

	hnsw_version_check(index);
	if (options.nonzeros > 0 && !hnsw_column_is_sparse(cell))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"nonzeros\" of index \"%s\" is for columns of type sparsevec",
						RelationGetRelationName(index))));
	if (options.edge_bits > 0 && !cell->coded)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"edge_bits\" of index \"%s\" is for vector and halfvec with L2, inner product or cosine distance",
						RelationGetRelationName(index))));
	if (request.nonzeros == 0 && heap != NULL && hnsw_column_is_sparse(cell))
		request.nonzeros = hnsw_sample_nonzeros(heap, index, info, cell);
	hnsw_layout_plan(&request, layout);
}

/* Writes what is still in memory, and logs the index. */
void
hnsw_build_finish(HnswBuild *build)
{
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64) build->tuples);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) build->tuples);
	if (build->place == HNSW_BUILD_ARENA)
	{
		hnsw_build_complete(build);
		hnsw_build_report_phase(build, HNSW_PHASE_WRITE, 0, build->arena->state->nblocks);
		hnsw_build_leave_arena(build, true);
	}
	hnsw_build_log(build);
}

/*
 * Rows in the table, as far as is known: counted by the last VACUUM or ANALYZE, and more
 * where the table has grown since; else guessed from its size.
 */
static double
estimate_rows(Relation heap)
{
	BlockNumber pages;
	double		rows = 0,
				all_visible;

	if (heap->rd_rel->reltuples <= 0 || heap->rd_rel->relpages > 0)
		table_relation_estimate_size(heap, NULL, &pages, &rows, &all_visible);
	return Max(rows, heap->rd_rel->reltuples);
}

/*
 * Can workers share the memory that the build will take?  If not it is better off
 * alone, in memory of its own, than with workers in shared buffers.
 */
static bool
memory_can_be_shared(const HnswBuild *build, int workers, Size max_bytes)
{
	double		rows = build->rows_expected;
	double		arena = hnsw_layout_build_bytes(&build->layout, rows, workers + 1),
				plan = build->staging ?
	hnsw_bulk_common_bytes(&build->layout, build->inserter.ef, rows) : 0;
	Size		table = sizeof(uint64) * hnsw_build_table_space(build, max_bytes),
				bytes = (Size) Min(arena, (double) max_bytes) +
	Max(table, (Size) Min(plan, (double) (build->batch_bytes - max_bytes)));

	if (hnsw_shared_memory_available(bytes + PARALLEL_OVERHEAD * (workers + 1)))
		return true;
	ereport(WARNING,
			(errmsg("not enough shared memory for a parallel build of index \"%s\"",
					RelationGetRelationName(build->index)),
			 errdetail("It needs about %zu kB. The index is built by one process.", bytes / 1024),
			 errhint("Give the server more dynamic shared memory (in a container: a larger /dev/shm).")));
	return false;
}

IndexBuildResult *
hnswbuild(Relation heap, Relation index, IndexInfo *index_info)
{
	HnswBuild  *build;
	HnswOptions options = hnsw_options(index);
	IndexBuildResult *result;
	Size		memory = (Size) maintenance_work_mem * 1024;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	double		heap_tuples;
	int			workers;

	/* index.c does not call us for an index that has contents */
	if (RelationGetNumberOfBlocks(index) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));

	build = palloc0(sizeof(HnswBuild));
	build->heap = heap;
	build->index = index;
	build->leader = true;
	build->rows_expected = estimate_rows(heap);
	plan_layout(heap, index, index_info, &build->layout);
	memory = memory > 2 * HNSW_BUILD_OVERHEAD ? memory - HNSW_BUILD_OVERHEAD : HNSW_BUILD_OVERHEAD;
	workers = hnsw_build_workers(heap, index, index_info, build->rows_expected);
	build->batch_bytes = memory;
	build->staging = hnsw_bulk_pays(&build->layout, options.ef_construction, build->rows_expected,
									memory, workers + 1);
	if (build->staging)
		memory = hnsw_bulk_arena_bytes(&build->layout, options.ef_construction, memory,
									   workers + 1);
	hnsw_arena_init(&build->private_arena, &build->layout, RelationGetRelationName(index),
					memory);
	build->arena = &build->private_arena;
	hnsw_build_init(build, options.ef_construction, (uint64) hnsw_seed);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, HNSW_PHASE_LOAD);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64) build->rows_expected);
	if (workers == 0 || !memory_can_be_shared(build, workers, memory) ||
		!hnsw_build_parallel(build, index_info, workers, memory, &heap_tuples))
	{
		if (build->staging)
			hnsw_build_stage(build, NULL, NULL);
		heap_tuples = hnsw_build_scan(build, index_info, NULL);
		hnsw_build_finish(build);
	}

	result = MemoryContextAlloc(old, sizeof(IndexBuildResult));
	result->heap_tuples = heap_tuples;
	result->index_tuples = build->tuples;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

/* The init fork of an unlogged index: always logged. */
void
hnswbuildempty(Relation index)
{
	HnswLayout	layout;
	HnswEntry	entry;
	uint32		free_page[HNSW_NKINDS];

	plan_layout(NULL, index, NULL, &layout);
	hnsw_entry_clear(&entry);
	for (int i = 0; i < HNSW_NKINDS; i++)
		free_page[i] = HNSW_NO_BLOCK;
	hnsw_write_head(index, INIT_FORKNUM, &layout, &entry, free_page);
	hnsw_log_new_pages(index, INIT_FORKNUM, 0,
					   RelationGetNumberOfBlocksInFork(index, INIT_FORKNUM));
}
