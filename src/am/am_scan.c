/*-------------------------------------------------------------------------
 *
 * am_scan.c
 *		Ordered index scans.
 *
 * The graph's rows come first, in the order of lower bounds of their distances.
 * A row is measured in the table when its turn by lower bound has come, and is
 * returned when no lower bound to come is below its distance.  Bit strings are in
 * the index as they are, and their bounds are the distances.  Then follow the
 * rows whose distance is NaN and those whose vector is NULL, as a sort would
 * place them.
 *
 * IDENTIFICATION
 *	  src/am/am_scan.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "access/relscan.h"
#include "am/am_exact.h"
#include "catalog/pg_am_d.h"
#include "types/column.h"
#include "config/options.h"
#include "graph/stream.h"
#include "page/shared.h"
#include "pgstat.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

typedef enum ScanPhase
{
	SCAN_BEFORE,				/* nothing done yet */
	SCAN_GRAPH,
	SCAN_ASIDE,
	SCAN_DONE
} ScanPhase;

typedef struct ScanState
{
	MemoryContext context;		/* of this struct and all it points to */
	MemoryContext query_context;	/* of the detoasted query, while it is
									 * read */
	HnswSharedPager shared;
	HnswStream	stream;
	HnswExact  *exact;			/* NULL until the scan measures rows */
	double		lower;			/* no row to come is nearer than this */
	bool		stream_ended;
	ScanPhase	phase;
	bool		query_is_null;
	bool		query_is_nan;	/* orders nothing: every distance is NaN */
	bool		measures;		/* rows, because the index does not know their
								 * distances */
	HnswAsideList list;			/* being returned */
	HnswId		page;			/* the next page of it */
	HnswId		pages_read;		/* of those kept aside */
	HnswTidList aside;
	Size		next_aside;
	bool		told;			/* the user knows that the scan ended early */
	BlockNumber heap_blocks;	/* of the table, at least */
} ScanState;

IndexScanDesc
hnswbeginscan(Relation index, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScanState  *state = palloc0(sizeof(ScanState));

	state->context = context;
	state->query_context = AllocSetContextCreate(context, "hnsw query", ALLOCSET_SMALL_SIZES);
	hnsw_shared_init(&state->shared, index);
	hnsw_stream_init(&state->stream, &state->shared.pager);
	MemoryContextSwitchTo(old);
	scan->opaque = state;
	if (norderbys > 0)
	{
		scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
		scan->xs_orderbynulls = palloc(sizeof(bool) * norderbys);
		memset(scan->xs_orderbynulls, true, sizeof(bool) * norderbys);
	}
	return scan;
}

void
hnswrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
	ScanState  *state = scan->opaque;

	if (keys != NULL && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys != NULL && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
	state->phase = SCAN_BEFORE;
	state->aside.count = 0;
	state->next_aside = 0;
	state->pages_read = 0;
	state->told = false;
	if (state->exact != NULL)
		hnsw_exact_reset(state->exact);
}

static Size
memory_limit(void)
{
	double		bytes = (double) work_mem * hnsw_scan_mem_multiplier * 1024.0;

	return (Size) Min(bytes, (double) (SIZE_MAX / 2));
}

static void
start_scan(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;
	Relation	index = scan->indexRelation;
	HnswStreamOptions options;
	const void *query = NULL;
	MemoryContext old;

	/* the planner makes no plan without an order, and no other AM user exists */
	if (scan->numberOfOrderBys != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot scan hnsw index \"%s\" without one order",
						RelationGetRelationName(index))));

	/* TIDs are safe to return without a pin only under an MVCC snapshot */
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("non-MVCC snapshots are not supported with hnsw index \"%s\"",
						RelationGetRelationName(index))));

	options.ef = hnsw_options_ef_search(index);
	options.iterative = hnsw_iterative_scan;
	/* a single round ends by itself */
	options.max_visits = hnsw_iterative_scan == HNSW_ITERATIVE_OFF ? INT_MAX : hnsw_max_scan_tuples;
	options.max_memory = memory_limit();

	old = MemoryContextSwitchTo(state->query_context);
	state->query_is_null = (scan->orderByData[0].sk_flags & SK_ISNULL) != 0;
	if (!state->query_is_null)
		query = hnsw_column_plain(state->shared.pager.layout,
								  scan->orderByData[0].sk_argument);
	state->query_is_nan = !hnsw_stream_start(&state->stream, &options, query) &&
		!state->query_is_null;
	MemoryContextSwitchTo(state->context);
	state->measures = query != NULL && !state->query_is_nan &&
		!hnsw_layout_own(state->shared.pager.layout)->exact;
	if (state->exact == NULL && state->measures)
		state->exact = hnsw_exact_begin(scan);
	state->lower = -get_float8_infinity();
	state->stream_ended = false;
	state->phase = SCAN_GRAPH;
	MemoryContextSwitchTo(old);
	/* the stream has made its own of it */
	MemoryContextReset(state->query_context);

	pgstat_count_index_scan(index);
#if PG_VERSION_NUM >= 180000
	if (scan->instrument)
		scan->instrument->nsearches++;
#endif
}

/* Says once that rows may be missing, because a limit of the user's ended it. */
static void
tell_end(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;
	const char *name = RelationGetRelationName(scan->indexRelation);

	if (state->told)
		return;
	state->told = true;
	if (state->stream.end == HNSW_STREAM_VISITS)
		ereport(NOTICE,
				(errmsg("scan of hnsw index \"%s\" ended after %d records", name,
						hnsw_max_scan_tuples),
				 errdetail("Matching rows beyond them were not looked for."),
				 errhint("Increase hnsw.max_scan_tuples to find more.")));
	else if (state->stream.end == HNSW_STREAM_MEMORY)
		ereport(NOTICE,
				(errmsg("scan of hnsw index \"%s\" ended after %lld records, when its memory was used up",
						name, (long long) (state->stream.visited + state->stream.beam.visited)),
				 errdetail("Matching rows beyond them were not looked for."),
				 errhint("Increase work_mem or hnsw.scan_mem_multiplier to find more.")));
}

/*
 * The executor trusts what it is given: a read of InvalidBlockNumber would
 * extend the table.  Nobody shortens the table under a scan's lock.
 */
static void
check_tid(IndexScanDesc scan, const ItemPointerData *tid)
{
	ScanState  *state = scan->opaque;
	Relation	heap = scan->heapRelation;
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);

	if (likely(block < state->heap_blocks))
		return;
	if (heap == NULL || heap->rd_rel->relam != HEAP_TABLE_AM_OID)
		state->heap_blocks = InvalidBlockNumber;
	else
		state->heap_blocks = RelationGetNumberOfBlocks(heap);
	if (block >= state->heap_blocks)
		hnsw_corrupt("index \"%s\" refers to block %u of its table, which is not there",
					 RelationGetRelationName(scan->indexRelation), block);
}

static void
return_tid(IndexScanDesc scan, ItemPointerData tid, bool is_null, double value)
{
	scan->xs_heaptid = tid;
	check_tid(scan, &scan->xs_heaptid);
	scan->xs_recheck = false;
	scan->xs_recheckorderby = false;
	scan->xs_orderbyvals[0] = Float8GetDatum(value);
	scan->xs_orderbynulls[0] = is_null;
}

/*
 * The distance is known without the row: the index has the whole value, or the query
 * orders nothing, and all distances are NULL or NaN.
 */
static bool
next_unmeasured(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;
	HnswTid		tid;

	if (!hnsw_stream_next(&state->stream, &tid, &state->lower))
		return false;
	return_tid(scan, hnsw_tid_to_pointer(tid), state->query_is_null,
			   state->query_is_null ? 0 :
			   state->query_is_nan ? get_float8_nan() : state->lower);
	return true;
}

static bool
next_from_graph(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;
	ItemPointerData nearest;
	double		distance;
	HnswTid		tid;

	if (!state->measures)
		return next_unmeasured(scan);
	for (;;)
	{
		if (hnsw_exact_nearest(state->exact, &nearest, &distance) &&
			(state->stream_ended || distance <= state->lower))
		{
			hnsw_exact_take_nearest(state->exact);
			return_tid(scan, nearest, false, distance);
			return true;
		}
		if (state->stream_ended)
			return false;
		if (hnsw_stream_next(&state->stream, &tid, &state->lower))
		{
			nearest = hnsw_tid_to_pointer(tid);
			check_tid(scan, &nearest);
			hnsw_exact_add(state->exact, nearest,
						   hnsw_tid_to_pointer(hnsw_stream_value(&state->stream)));
		}
		else
			state->stream_ended = true;
		CHECK_FOR_INTERRUPTS();
	}
}

static bool
next_aside(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;
	bool		is_null = state->query_is_null || state->list == HNSW_ASIDE_NULL;

	while (state->next_aside >= state->aside.count)
	{
		CHECK_FOR_INTERRUPTS();
		state->aside.count = 0;
		state->next_aside = 0;
		if (state->page != HNSW_NO_ID)
		{
			HnswPager  *pager = &state->shared.pager;

			/* a chain that is longer than there are pages is a loop */
			if (state->pages_read++ > pager->ops->limit(pager, HNSW_ASIDE))
				hnsw_corrupt("index \"%s\": pages of tuples kept aside form a loop",
							 RelationGetRelationName(scan->indexRelation));
			state->page = hnsw_aside_read(pager, state->list, state->page, &state->aside);
		}
		else if (state->list + 1 < HNSW_ASIDE_LISTS)
		{
			HnswEntry	entry;

			state->list++;
			state->shared.pager.ops->get_entry(&state->shared.pager, &entry);
			state->page = entry.aside[state->list];
			is_null = state->query_is_null || state->list == HNSW_ASIDE_NULL;
		}
		else
			return false;
	}
	return_tid(scan, hnsw_tid_to_pointer(state->aside.tids[state->next_aside++]), is_null,
			   is_null ? 0 : get_float8_nan());
	return true;
}

bool
hnswgettuple(IndexScanDesc scan, ScanDirection direction)
{
	ScanState  *state = scan->opaque;
	MemoryContext old;
	bool		found = false;

	/* amcanbackward is false, so that nobody asks for another direction */
	Assert(ScanDirectionIsForward(direction));
	if (state->phase == SCAN_BEFORE)
		start_scan(scan);

	old = MemoryContextSwitchTo(state->context);
	if (state->phase == SCAN_GRAPH)
	{
		found = next_from_graph(scan);
		if (!found && state->stream.end == HNSW_STREAM_COMPLETE)
		{
			HnswEntry	entry;

			state->phase = SCAN_ASIDE;
			state->list = HNSW_ASIDE_NAN;
			state->shared.pager.ops->get_entry(&state->shared.pager, &entry);
			state->page = entry.aside[HNSW_ASIDE_NAN];
			if (hnsw_nulls == HNSW_NULLS_OMIT)
				state->phase = SCAN_DONE;
		}
		else if (!found)
		{
			tell_end(scan);
			state->phase = SCAN_DONE;
		}
	}
	if (!found && state->phase == SCAN_ASIDE)
	{
		found = next_aside(scan);
		if (!found)
			state->phase = SCAN_DONE;
	}
	MemoryContextSwitchTo(old);
	return found;
}

void
hnswendscan(IndexScanDesc scan)
{
	ScanState  *state = scan->opaque;

	if (state->exact != NULL)
		hnsw_exact_end(state->exact);
	MemoryContextDelete(state->context);
	scan->opaque = NULL;
}
