/*-------------------------------------------------------------------------
 *
 * place.c
 *		Where the value of a row that has just been inserted is.
 *
 * An index gets the value as it was before the table moved it out of line, so the row
 * is read once more: it says which value it is.  Of the TOAST table only a page or two
 * are looked at, into which this backend has just written: looking it up in the TOAST
 * table's index would take longer than one search of many is worth.
 *
 * IDENTIFICATION
 *	  src/toast/place.c
 *-------------------------------------------------------------------------
 */
#include "toast/place.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "executor/tuptable.h"
#include "page/buffers.h"
#include "types/measured.h"
#include "utils/snapmgr.h"

/* a row's largest values are moved out first, and only those of rows above 2 kB */
#define LEAST_BYTES		512

/* Pages behind that of the last value on which the next may begin: it may take two. */
#define PAGES_AHEAD		2

/* Which value the row has. */
static HnswOutOfLine
value_of_row(Relation table, AttrNumber column, ItemPointer row)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	HnswOutOfLine which = {InvalidOid, InvalidOid};

	if (table_tuple_fetch_row_version(table, row, SnapshotAny, slot))
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, column, &isnull);

		if (!isnull)
			which = hnsw_out_of_line(value);
	}
	ExecDropSingleTupleTableSlot(slot);
	return which;
}

/* A value that came compressed, or out of line from another table, may be any size. */
static bool
may_be_out_of_line(Datum value)
{
	return VARATT_IS_EXTERNAL(DatumGetPointer(value)) || VARATT_IS_COMPRESSED(DatumGetPointer(value)) ||
		VARSIZE_ANY(DatumGetPointer(value)) >= LEAST_BYTES;
}

static bool
is_first_chunk(Relation toast, Page page, OffsetNumber offset, Oid id)
{
	ItemId		item = PageGetItemId(page, offset);
	HeapTupleData tuple;
	bool		isnull;

	if (!ItemIdIsNormal(item))
		return false;
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple.t_len = ItemIdGetLength(item);
	return DatumGetObjectId(heap_getattr(&tuple, 1, RelationGetDescr(toast), &isnull)) == id &&
		DatumGetInt32(heap_getattr(&tuple, 2, RelationGetDescr(toast), &isnull)) == 0;
}

/* Looks for the first chunk on a page, from the end, where new ones are. */
static bool
find_on_page(Relation toast, BlockNumber block, Oid id, ItemPointerData *at)
{
	Buffer		buffer = hnsw_buffer_get_of_table(toast, block);
	Page		page = BufferGetPage(buffer);
	OffsetNumber offset;

	for (offset = PageGetMaxOffsetNumber(page); offset >= FirstOffsetNumber; offset--)
		if (is_first_chunk(toast, page, offset, id))
			break;
	hnsw_buffer_release(buffer);
	if (offset < FirstOffsetNumber)
		return false;
	ItemPointerSet(at, block, offset);
	return true;
}

static void
find_chunk(Relation toast, Oid id, BlockNumber *last, ItemPointerData *at)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(toast);
	BlockNumber target = RelationGetTargetBlock(toast);

	if (target < nblocks && find_on_page(toast, target, id, at))
		*last = target;
	else
		for (int i = 0; i <= PAGES_AHEAD; i++)
		{
			BlockNumber block = *last + i;

			if (*last != InvalidBlockNumber && block < nblocks && block != target &&
				find_on_page(toast, block, id, at))
			{
				*last = block;
				break;
			}
		}
}

void
hnsw_place_find(Relation table, AttrNumber column, ItemPointer row, Datum value,
				BlockNumber *last, ItemPointerData *at)
{
	HnswOutOfLine which;
	Relation	toast;

	ItemPointerSetInvalid(at);
	if (column == 0 || table->rd_rel->relam != HEAP_TABLE_AM_OID)
		return;
	if (!OidIsValid(table->rd_rel->reltoastrelid))
		return;
	which = hnsw_out_of_line(value);
	/* otherwise it has just been moved out, here or from another table */
	if (which.table != table->rd_rel->reltoastrelid && may_be_out_of_line(value))
		which = value_of_row(table, column, row);
	if (which.table != table->rd_rel->reltoastrelid)
		return;
	toast = table_open(which.table, AccessShareLock);
	if (toast->rd_rel->relam == HEAP_TABLE_AM_OID)
		find_chunk(toast, which.id, last, at);
	table_close(toast, AccessShareLock);
}
