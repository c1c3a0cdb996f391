/*-------------------------------------------------------------------------
 *
 * build.c
 *		Building an index.
 *
 * A build inserts one row after the other, by the very code that inserts serve
 * with, into page images in private memory.  When those fill maintenance_work_mem
 * they are written out, and the build goes on through shared buffers.  Either way
 * the pages are logged once, whole, when the build ends: until then nobody else
 * sees the index, and a crash removes it.
 *
 * IDENTIFICATION
 *	  src/build/build.c
 *-------------------------------------------------------------------------
 */
#include "build/build.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "types/column.h"
#include "config/opclass.h"
#include "config/options.h"
#include "graph/arena.h"
#include "graph/insert.h"
#include "graph/tids.h"
#include "page/shared.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"

/* values of pg_stat_progress_create_index.phase beyond the server's own */
#define PHASE_LOAD		(PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1)
#define PHASE_WRITE		(PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 2)
#define PHASE_LOG		(PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 3)

/* memory of a build beside the arena: scratch, and one value at a time */
#define BUILD_OVERHEAD	((Size) 256 * 1024)

/*
 * Seed of the level generator.  The same for each build: a serial build of the
 * same rows in the same order makes the same index.
 */
#define BUILD_SEED		UINT64_C(0x5EED)

typedef struct HnswBuild
{
	Relation	heap;
	Relation	index;
	HnswLayout	layout;
	HnswArena	arena;
	bool		in_arena;
	HnswSharedPager shared;
	HnswPager  *pager;			/* the one in use */
	HnswInserter inserter;
	MemoryContext row_context;
	double		tuples;			/* in the index */
}			HnswBuild;

char *
hnswbuildphasename(int64 phase)
{
	switch (phase)
	{
		case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
			return "initializing";
		case PHASE_LOAD:
			return "loading tuples";
		case PHASE_WRITE:
			return "writing pages";
		case PHASE_LOG:
			return "logging pages";
		default:
			return NULL;
	}
}

/* Copies a page image of the arena into its buffer. */
static void
write_page(HnswBuild *build, BlockNumber block)
{
	const char *image = hnsw_arena_page(&build->arena, block);
	const HnswPageSpecial *special =
		(const HnswPageSpecial *) (image + BLCKSZ - HNSW_PAGE_SPECIAL);
	HnswChange	change;
	Page		page;

	hnsw_change_begin(&change, build->index, false);
	page = hnsw_change_page(&change, hnsw_buffer_new(build->index, MAIN_FORKNUM, block), true);
	hnsw_page_init(page, special->kind, special->part);
	memcpy(hnsw_page_contents(page), image + HNSW_PAGE_HEADER, BLCKSZ - HNSW_PAGE_HEADER);
	hnsw_change_commit(&change);
}

/* Writes the arena to the index and leaves it. */
static void
leave_arena(HnswBuild *build)
{
	HnswArena  *arena = &build->arena;

	hnsw_write_head(build->index, MAIN_FORKNUM, &build->layout, &arena->entry,
					arena->free_page);
	for (BlockNumber block = HNSW_FIRST_BLOCK; block < arena->nblocks; block++)
	{
		write_page(build, block);
		CHECK_FOR_INTERRUPTS();
	}
	hnsw_arena_free(arena);
	build->in_arena = false;
}

/* The arena is full: goes on through shared buffers. */
static void
spill(HnswBuild *build)
{
	Size		used = (Size) build->arena.nblocks * BLCKSZ;
	double		rows = build->heap->rd_rel->reltuples;
	double		need = rows > build->tuples ? used / Max(build->tuples, 1) * rows : used * 2.0;

	ereport(NOTICE,
			(errmsg("hnsw graph no longer fits into maintenance_work_mem after " INT64_FORMAT " tuples",
					(int64) build->tuples),
			 errdetail("Building will take significantly more time. maintenance_work_mem is %d kB; about %.0f kB would be needed.",
					   maintenance_work_mem, ceil(need / 1024 * 1.05)),
			 errhint("Increase maintenance_work_mem to speed up builds.")));
	leave_arena(build);
	hnsw_shared_init_new(&build->shared, build->index, &build->layout, false);
	build->pager = &build->shared.pager;
	build->inserter.pager = build->pager;
	build->inserter.beam.pager = build->pager;
}

static void
build_row(Relation index, ItemPointer tid, Datum *values, bool *isnull,
		  bool tuple_is_alive, void *state)
{
	HnswBuild  *build = state;
	HnswTid		heap_tid = hnsw_tid_from_pointer(tid);

	if (build->in_arena && !hnsw_arena_has_room(&build->arena, HNSW_MAX_LAYERS / 8))
		spill(build);
	if (isnull[0])
		hnsw_aside_insert(build->pager, HNSW_ASIDE_NULL, heap_tid);
	else
	{
		MemoryContext old = MemoryContextSwitchTo(build->row_context);
		const float *x = hnsw_column_coordinates(index, &build->layout, values[0]);

		/* what the inserter and the arena keep is in the build's context */
		MemoryContextSwitchTo(old);
		hnsw_insert(&build->inserter, x, heap_tid);
		MemoryContextReset(build->row_context);
	}
	build->tuples++;
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) build->tuples);
	CHECK_FOR_INTERRUPTS();
}

static void
plan_layout(Relation index, const HnswOptions *options, HnswLayout *layout)
{
	HnswLayoutRequest request = {
		.cell = hnsw_opclass_cell(index),
		.dim = hnsw_column_dim(index),
		.m = options->m,
		.m0 = options->m0,
	};

	hnsw_layout_plan(&request, layout);
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
	double		reltuples;

	/* index.c does not call us for an index that has contents */
	if (RelationGetNumberOfBlocks(index) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));

	build = palloc0(sizeof(HnswBuild));
	build->heap = heap;
	build->index = index;
	plan_layout(index, &options, &build->layout);
	memory = memory > 2 * BUILD_OVERHEAD ? memory - BUILD_OVERHEAD : BUILD_OVERHEAD;
	hnsw_arena_init(&build->arena, &build->layout, RelationGetRelationName(index), memory);
	build->in_arena = true;
	build->pager = &build->arena.pager;
	hnsw_inserter_init(&build->inserter, build->pager, options.ef_construction, BUILD_SEED);
	build->row_context = AllocSetContextCreate(context, "hnsw build row",
											   ALLOCSET_DEFAULT_SIZES);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_LOAD);
	if (heap->rd_rel->reltuples > 0)
		pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL,
									 (int64) heap->rd_rel->reltuples);
	reltuples = table_index_build_scan(heap, index, index_info, true, true,
									   build_row, build, NULL);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64) build->tuples);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_WRITE);
	if (build->in_arena)
		leave_arena(build);
	if (RelationNeedsWAL(index))
	{
		pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_LOG);
		hnsw_log_new_index(index, MAIN_FORKNUM);
	}

	result = MemoryContextAlloc(old, sizeof(IndexBuildResult));
	result->heap_tuples = reltuples;
	result->index_tuples = build->tuples;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

/* The init fork of an unlogged index: always logged. */
void
hnswbuildempty(Relation index)
{
	HnswOptions options = hnsw_options(index);
	HnswLayout	layout;
	HnswEntry	entry;
	uint32		free_page[HNSW_NKINDS];

	plan_layout(index, &options, &layout);
	hnsw_entry_clear(&entry);
	for (int i = 0; i < HNSW_NKINDS; i++)
		free_page[i] = HNSW_NO_BLOCK;
	hnsw_write_head(index, INIT_FORKNUM, &layout, &entry, free_page);
	hnsw_log_new_index(index, INIT_FORKNUM);
}
