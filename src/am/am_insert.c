/*-------------------------------------------------------------------------
 *
 * am_insert.c
 *		Inserting a row's vector.
 *
 * IDENTIFICATION
 *	  src/am/am_insert.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "types/column.h"
#include "toast/place.h"
#include "config/options.h"
#include "graph/bulk.h"
#include "graph/tids.h"
#include "nodes/execnodes.h"
#include "page/lock.h"
#include "page/shared.h"
#include "utils/memutils.h"
#if PG_VERSION_NUM >= 150000
#include "common/pg_prng.h"
#endif

/*
 * What one statement's inserts share: scratch only, nothing of the index.  It is kept
 * for the next statement: giving some 100 kB back to the system and asking for them
 * again took a sixth of the time of a statement that inserts one row.
 */
typedef struct InsertState
{
	HnswSharedPager shared;
	HnswLayout	layout;
	HnswInserter inserter;
	MemoryContext context;		/* of all of it */
	MemoryContext row_context;
	BlockNumber value_block;	/* hnsw_place_find's */
	bool		busy;			/* still so at the end: an error has left it
								 * anyhow */
	MemoryContextCallback at_end;
} InsertState;

/* those in no statement's use */
static InsertState *spares[4];

/* more than this is not kept */
#define SPARE_BYTES		(2 * 1024 * 1024)

static uint64
random_seed(void)
{
#if PG_VERSION_NUM >= 150000
	return pg_prng_uint64(&pg_global_prng_state);
#else
	return ((uint64) random() << 32) ^ (uint64) random();
#endif
}

static void
keep_or_free(void *arg)
{
	InsertState *state = arg;

	if (!state->busy && MemoryContextMemAllocated(state->context, true) <= SPARE_BYTES)
		for (int i = 0; i < (int) lengthof(spares); i++)
			if (spares[i] == NULL)
			{
				spares[i] = state;
				return;
			}
	MemoryContextDelete(state->context);
}

/* A spare for an index of this layout; when there is none but no room either, one goes. */
static InsertState *
take_spare(const HnswLayout *layout, int ef_construction)
{
	static int	next = 0;
	InsertState *state;
	bool		full = true;

	for (int i = 0; i < (int) lengthof(spares); i++)
	{
		state = spares[i];
		if (state != NULL && state->inserter.ef == ef_construction &&
			memcmp(&state->layout, layout, sizeof(HnswLayout)) == 0)
		{
			spares[i] = NULL;
			return state;
		}
		full &= state != NULL;
	}
	if (!full)
		return NULL;
	next = (next + 1) % (int) lengthof(spares);
	state = spares[next];
	spares[next] = NULL;
	MemoryContextDelete(state->context);
	return NULL;
}

static InsertState *
new_state(Relation index, const HnswLayout *layout, int ef_construction)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "hnsw insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	InsertState *state = palloc0(sizeof(InsertState));

	state->context = context;
	state->layout = *layout;
	state->value_block = InvalidBlockNumber;
	state->busy = true;
	hnsw_shared_init_new(&state->shared, index, &state->layout, true);
	hnsw_inserter_init(&state->inserter, &state->shared.pager, ef_construction, random_seed());
	state->inserter.search_ef[HNSW_BASE] = state->inserter.search_ef[HNSW_UPPER] =
		hnsw_bulk_insert_ef(layout, ef_construction);
	state->row_context = AllocSetContextCreate(context, "hnsw insert, row",
											   ALLOCSET_DEFAULT_SIZES);
	state->busy = false;
	MemoryContextSwitchTo(old);
	return state;
}

static InsertState *
insert_state(Relation index, struct IndexInfo *index_info)
{
	InsertState *state = index_info->ii_AmCache;
	const HnswLayout *layout;
	int			ef_construction;

	if (state != NULL)
	{
		/* another Relation may stand for the same index by now */
		state->shared.index = index;
		state->shared.pager.name = RelationGetRelationName(index);
		return state;
	}
	layout = hnsw_index_layout(index);
	ef_construction = hnsw_options(index).ef_construction;
	state = take_spare(layout, ef_construction);
	if (state == NULL)
		state = new_state(index, layout, ef_construction);
	hnsw_shared_reset(&state->shared, index);
	state->at_end.func = keep_or_free;
	state->at_end.arg = state;
	MemoryContextRegisterResetCallback(index_info->ii_Context, &state->at_end);
	index_info->ii_AmCache = state;
	return state;
}

bool
hnswinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
		   Relation heap, IndexUniqueCheck check_unique,
		   bool index_unchanged, struct IndexInfo *index_info)
{
	InsertState *state = insert_state(index, index_info);
	HnswTid		tid = hnsw_tid_from_pointer(heap_tid);
	MemoryContext old = MemoryContextSwitchTo(state->row_context);
	const void *v = NULL;

	state->busy = true;

	/* before the lock: detoasting takes heavyweight locks of its own */
	if (!isnull[0])
	{
		ItemPointerData at;

		v = hnsw_column_plain(state->shared.pager.layout, values[0]);
		hnsw_place_find(heap, index->rd_index->indkey.values[0], heap_tid, values[0],
						&state->value_block, &at);
		state->inserter.point.value = hnsw_tid_from_pointer(&at);
	}

	hnsw_lock_insert(index);
	if (v == NULL)
		hnsw_aside_insert(&state->shared.pager, HNSW_ASIDE_NULL, tid);
	else
	{
		/* arrays of the inserter grow where they were made */
		MemoryContextSwitchTo(state->context);
		hnsw_insert(&state->inserter, v, tid);
	}
	hnsw_unlock_insert(index);

	MemoryContextSwitchTo(old);
	MemoryContextReset(state->row_context);
	state->busy = false;
	return false;
}
