/*-------------------------------------------------------------------------
 *
 * am_exact.c
 *		Exact order from lower bounds: the rows of a scan that have been
 *		measured and not yet returned.
 *
 * The executor has a queue of its own for index scans whose order is not exact
 * (xs_recheckorderby).  It is of no use here: a row that has been through it has
 * lost its ctid (ExecForceStoreHeapTuple leaves tts_tid invalid, in all releases
 * so far), so that SELECT ... FOR UPDATE and whatever else finds a row again by
 * its ctid fails.  So the access method measures the rows itself, and gives the
 * executor distances that need no recheck.
 *
 * IDENTIFICATION
 *	  src/am/am_exact.c
 *-------------------------------------------------------------------------
 */
#include "am/am_exact.h"

#include "access/relscan.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "lib/pairingheap.h"
#include "pgstat.h"
#include "toast/detoast.h"
#include "types/measured.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/memutils.h"

typedef struct ExactRow
{
	pairingheap_node node;
	double		distance;
	ItemPointerData tid;
	HnswOutOfLine value;
} ExactRow;

struct HnswExact
{
	IndexScanDesc scan;
	IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	HnswDetoaster *detoaster;
	AttrNumber	column;			/* of the table; 0 = an expression */
	IndexInfo  *info;			/* for an expression */
	EState	   *estate;			/* likewise */
	MemoryContext context;		/* of the rows and the query */
	Datum		query;			/* of the rows that were returned; 0 = not yet
								 * there */
	MemoryContext row_context;	/* for measuring one row */
	pairingheap *rows;
	int64		kept;			/* how many they are */
	MemoryContextCallback at_end;	/* an error ends no scan */
};

/* The nearest row is the first of the heap; NaN is farthest, as in a sort. */
static int
compare_rows(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	const ExactRow *ra = pairingheap_const_container(ExactRow, node, a);
	const ExactRow *rb = pairingheap_const_container(ExactRow, node, b);

	return float8_cmp_internal(rb->distance, ra->distance);
}

static void
forget_measured(void *exact)
{
	hnsw_measured_forget(exact);
}

HnswExact *
hnsw_exact_begin(IndexScanDesc scan)
{
	HnswExact  *exact = palloc0(sizeof(HnswExact));

	exact->scan = scan;
	exact->fetch = table_index_fetch_begin(scan->heapRelation);
	exact->slot = table_slot_create(scan->heapRelation, NULL);
	exact->detoaster = hnsw_detoast_begin(scan->heapRelation);
	exact->column = scan->indexRelation->rd_index->indkey.values[0];
	if (exact->column == 0)
	{
		exact->info = BuildIndexInfo(scan->indexRelation);
		exact->estate = CreateExecutorState();
	}
	exact->context = AllocSetContextCreate(CurrentMemoryContext, "hnsw measured rows",
										   ALLOCSET_DEFAULT_SIZES);
	exact->row_context = AllocSetContextCreate(CurrentMemoryContext, "hnsw measuring",
											   ALLOCSET_DEFAULT_SIZES);
	exact->rows = pairingheap_allocate(compare_rows, NULL);
	exact->at_end.func = forget_measured;
	exact->at_end.arg = exact;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &exact->at_end);
	return exact;
}

/*
 * Rows that are returned are counted by the executor, which fetches them again;
 * these were fetched in vain.
 */
static void
count_kept(HnswExact *exact)
{
	for (; exact->kept > 0; exact->kept--)
		pgstat_count_heap_fetch(exact->scan->indexRelation);
}

void
hnsw_exact_end(HnswExact *exact)
{
	count_kept(exact);
	hnsw_measured_forget(exact);
	table_index_fetch_end(exact->fetch);
	hnsw_detoast_end(exact->detoaster);
	ExecDropSingleTupleTableSlot(exact->slot);
	if (exact->estate != NULL)
		FreeExecutorState(exact->estate);
}

void
hnsw_exact_reset(HnswExact *exact)
{
	count_kept(exact);
	hnsw_measured_forget(exact);
	pairingheap_reset(exact->rows);
	MemoryContextReset(exact->context);
	exact->query = (Datum) 0;
}

/*
 * The indexed value of the row in the slot, and which it is; false when it is NULL.
 * "at" is as in detoast.h.
 */
static bool
indexed_value(HnswExact *exact, ItemPointerData at, Datum *value, HnswOutOfLine *which)
{
	bool		isnull;

	if (exact->column != 0)
	{
		*value = slot_getattr(exact->slot, exact->column, &isnull);
		if (!isnull)
		{
			*which = hnsw_out_of_line(*value);
			*value = hnsw_detoast_value(exact->detoaster, *value, &at);
		}
	}
	else
	{
		GetPerTupleExprContext(exact->estate)->ecxt_scantuple = exact->slot;
		FormIndexDatum(exact->info, exact->slot, exact->estate, value, &isnull);
	}
	return !isnull;
}

void
hnsw_exact_add(HnswExact *exact, ItemPointerData tid, ItemPointerData value_at)
{
	ScanKey		order = &exact->scan->orderByData[0];
	ItemPointerData at = tid;
	bool		call_again = false;
	ExactRow   *row;

	hnsw_detoast_expect(exact->detoaster, &value_at);
	/* "at" moves along a HOT chain; the executor starts from its root again */
	if (table_index_fetch_tuple(exact->fetch, &at, exact->scan->xs_snapshot, exact->slot,
								&call_again, NULL))
	{
		MemoryContext old = MemoryContextSwitchTo(exact->row_context);
		HnswOutOfLine which = {InvalidOid, InvalidOid};
		double		distance = get_float8_nan();
		Datum		value;

		if (indexed_value(exact, value_at, &value, &which))
			distance = DatumGetFloat8(FunctionCall2Coll(&order->sk_func, order->sk_collation,
														value, order->sk_argument));
		MemoryContextSwitchTo(exact->context);
		row = palloc(sizeof(ExactRow));
		row->distance = distance;
		row->tid = tid;
		row->value = which;
		pairingheap_add(exact->rows, &row->node);
		exact->kept++;
		MemoryContextSwitchTo(old);
		MemoryContextReset(exact->row_context);
		if (exact->estate != NULL)
			ResetPerTupleExprContext(exact->estate);
	}
	/* a cursor must not keep vacuum from pages that it has read ahead */
	ExecClearTuple(exact->slot);
	table_index_fetch_reset(exact->fetch);
}

bool
hnsw_exact_nearest(HnswExact *exact, ItemPointerData *tid, double *distance)
{
	ExactRow   *row;

	if (pairingheap_is_empty(exact->rows))
		return false;
	row = pairingheap_container(ExactRow, node, pairingheap_first(exact->rows));
	*tid = row->tid;
	*distance = row->distance;
	return true;
}

void
hnsw_exact_take_nearest(HnswExact *exact)
{
	ExactRow   *row = pairingheap_container(ExactRow, node, pairingheap_remove_first(exact->rows));
	ScanKey		order = &exact->scan->orderByData[0];

	/* a copy: the executor's is gone before it starts the scan again */
	if (OidIsValid(row->value.table) && exact->query == (Datum) 0)
	{
		MemoryContext old = MemoryContextSwitchTo(exact->context);

		exact->query = datumCopy(order->sk_argument, false, -1);
		MemoryContextSwitchTo(old);
	}
	hnsw_measured_set(exact, order->sk_func.fn_oid, row->value, exact->query, row->distance);
	pfree(row);
	exact->kept--;
}
