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
#include "config/options.h"
#include "graph/insert.h"
#include "graph/tids.h"
#include "nodes/execnodes.h"
#include "page/lock.h"
#include "page/shared.h"
#include "utils/memutils.h"
#if PG_VERSION_NUM >= 150000
#include "common/pg_prng.h"
#endif

/* What one statement's inserts share: scratch only, nothing of the index. */
typedef struct InsertState
{
	HnswSharedPager shared;
	HnswInserter inserter;
	MemoryContext row_context;
} InsertState;

static uint64
random_seed(void)
{
#if PG_VERSION_NUM >= 150000
	return pg_prng_uint64(&pg_global_prng_state);
#else
	return ((uint64) random() << 32) ^ (uint64) random();
#endif
}

static InsertState *
insert_state(Relation index, struct IndexInfo *index_info)
{
	InsertState *state = index_info->ii_AmCache;
	MemoryContext old;

	if (state != NULL)
	{
		/* another Relation may stand for the same index by now */
		state->shared.index = index;
		state->shared.pager.name = RelationGetRelationName(index);
		return state;
	}
	old = MemoryContextSwitchTo(index_info->ii_Context);
	state = palloc0(sizeof(InsertState));
	hnsw_shared_init(&state->shared, index);
	hnsw_inserter_init(&state->inserter, &state->shared.pager,
					   hnsw_options(index).ef_construction, random_seed());
	state->row_context = AllocSetContextCreate(index_info->ii_Context, "hnsw insert",
											   ALLOCSET_DEFAULT_SIZES);
	index_info->ii_AmCache = state;
	MemoryContextSwitchTo(old);
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

	/* before the lock: detoasting takes heavyweight locks of its own */
	if (!isnull[0])
		v = hnsw_column_plain(state->shared.pager.layout, values[0]);

	hnsw_lock_insert(index);
	if (v == NULL)
		hnsw_aside_insert(&state->shared.pager, HNSW_ASIDE_NULL, tid);
	else
	{
		/* arrays of the inserter grow where they were made */
		MemoryContextSwitchTo(index_info->ii_Context);
		hnsw_insert(&state->inserter, v, tid);
	}
	hnsw_unlock_insert(index);

	MemoryContextSwitchTo(old);
	MemoryContextReset(state->row_context);
	return false;
}
