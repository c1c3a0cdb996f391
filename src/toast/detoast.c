/*-------------------------------------------------------------------------
 *
 * detoast.c
 *		Reads one out-of-line value of a table after the other.
 *
 * A scan measures more than ten rows, and for each the server's own detoasting
 * opens the TOAST table and its index, starts an index scan and closes all of
 * it, which takes longer than the reading.  Here they stay open, and the index is
 * not read where the caller knows the place.  Whatever is not as expected is left
 * to the server, which has errors for it.
 *
 * A place is a hint.  Vacuum may have given it to another value: the chunk there
 * has to have the id of the value, which is in the row that the scan sees, and must
 * not be deleted.  As long as chunks of a value are there no other gets its id.
 *
 * IDENTIFICATION
 *	  src/toast/detoast.c
 *-------------------------------------------------------------------------
 */
#include "toast/detoast.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_internals.h"
#include "catalog/pg_am_d.h"
#include "executor/tuptable.h"
#include "page/buffers.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

struct HnswDetoaster
{
	Oid			toast_id;		/* InvalidOid = leave all values alone */
	Relation	toast;			/* NULL until it is opened */
	Relation   *indexes;
	int			nindexes;
	IndexScanDesc scan;
	ScanKeyData key;			/* chunk_id = the value's */
	TupleTableSlot *slot;
	bool		has_places;		/* the TOAST table is a heap */
	BlockNumber nblocks;		/* of it, at least */
#if PG_VERSION_NUM < 180000
	SnapshotData snapshot;
#endif
	MemoryContext context;		/* of this struct and all it points to */
	struct varlena *value;
	Size		space;			/* bytes of it */
};

HnswDetoaster *
hnsw_detoast_begin(Relation table)
{
	HnswDetoaster *detoaster = palloc0(sizeof(HnswDetoaster));

	detoaster->context = CurrentMemoryContext;
	if (table->rd_rel->relam == HEAP_TABLE_AM_OID)
		detoaster->toast_id = table->rd_rel->reltoastrelid;
	return detoaster;
}

static void
open_toast(HnswDetoaster *detoaster)
{
	Relation	index;
	int			valid;

	detoaster->toast = table_open(detoaster->toast_id, AccessShareLock);
	valid = toast_open_indexes(detoaster->toast, AccessShareLock,
							   &detoaster->indexes, &detoaster->nindexes);
	index = detoaster->indexes[valid];
	ScanKeyInit(&detoaster->key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(InvalidOid));
#if PG_VERSION_NUM >= 180000
	detoaster->scan = index_beginscan(detoaster->toast, index, get_toast_snapshot(), NULL, 1, 0);
#else
	init_toast_snapshot(&detoaster->snapshot);
	detoaster->scan = index_beginscan(detoaster->toast, index, &detoaster->snapshot, 1, 0);
#endif
	detoaster->slot = table_slot_create(detoaster->toast, NULL);
	detoaster->has_places = detoaster->toast->rd_rel->relam == HEAP_TABLE_AM_OID;
	detoaster->nblocks = 0;
}

void
hnsw_detoast_end(HnswDetoaster *detoaster)
{
	if (detoaster->toast == NULL)
		return;
	ExecDropSingleTupleTableSlot(detoaster->slot);
	index_endscan(detoaster->scan);
	toast_close_indexes(detoaster->indexes, detoaster->nindexes, AccessShareLock);
	table_close(detoaster->toast, AccessShareLock);
	detoaster->toast = NULL;
}

/* Appends a chunk to the value; false when it is not the expected one. */
static bool
take_chunk(HnswDetoaster *detoaster, Datum number, Datum data, int32 expected, Size size,
		   Size *done)
{
	struct varlena *chunk = (struct varlena *) DatumGetPointer(data);
	Size		length;

	if (DatumGetInt32(number) != expected ||
		(VARATT_IS_EXTENDED(chunk) && !VARATT_IS_SHORT(chunk)))
		return false;
	length = VARSIZE_ANY_EXHDR(chunk);
	if (length > size - *done)
		return false;
	memcpy(VARDATA(detoaster->value) + *done, VARDATA_ANY(chunk), length);
	*done += length;
	return true;
}

/* The same of the chunk in the slot. */
static bool
take_found(HnswDetoaster *detoaster, int32 expected, Size size, Size *done)
{
	TupleTableSlot *slot = detoaster->slot;

	slot_getsomeattrs(slot, 3);
	return !slot->tts_isnull[1] && !slot->tts_isnull[2] &&
		take_chunk(detoaster, slot->tts_values[1], slot->tts_values[2], expected, size, done);
}

/* The same of a chunk in a page that is locked, if it is one of this value. */
static bool
take_placed(HnswDetoaster *detoaster, Buffer buffer, OffsetNumber offset, Oid id,
			int32 expected, Size size, Size *done)
{
	Page		page = BufferGetPage(buffer);
	TupleDesc	desc = RelationGetDescr(detoaster->toast);
	HeapTupleData tuple;
	Datum		values[3];
	bool		isnull[3];
	ItemId		item;

	if (offset > PageGetMaxOffsetNumber(page))
		return false;
	item = PageGetItemId(page, offset);
	if (!ItemIdIsNormal(item))
		return false;
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple.t_len = ItemIdGetLength(item);
	tuple.t_tableOid = RelationGetRelid(detoaster->toast);
	ItemPointerSet(&tuple.t_self, BufferGetBlockNumber(buffer), offset);

	/*
	 * one that has been deleted may have lost its index entry, and its id to
	 * another
	 */
	if (!HeapTupleSatisfiesVisibility(&tuple, detoaster->scan->xs_snapshot, buffer) ||
		!(tuple.t_data->t_infomask & HEAP_XMAX_INVALID))
		return false;
	heap_deform_tuple(&tuple, desc, values, isnull);
	return !isnull[0] && !isnull[1] && !isnull[2] && DatumGetObjectId(values[0]) == id &&
		take_chunk(detoaster, values[1], values[2], expected, size, done);
}

/*
 * Reads the value where its first chunk is expected: the others follow it, on the
 * same page or from the beginning of the next.
 */
static bool
read_placed(HnswDetoaster *detoaster, Oid id, Size size, const ItemPointerData *at)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(at);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(at);
	Size		done = 0;
	int32		number = 0;

	while (done < size)
	{
		int32		before = number;
		Buffer		buffer;

		if (block >= detoaster->nblocks)
			detoaster->nblocks = RelationGetNumberOfBlocks(detoaster->toast);
		if (block >= detoaster->nblocks)
			return false;
		buffer = hnsw_buffer_get_of_table(detoaster->toast, block);
		while (done < size &&
			   take_placed(detoaster, buffer, offset, id, number, size, &done))
		{
			number++;
			offset++;
		}
		hnsw_buffer_release(buffer);
		if (number == before)
			return false;
		block++;
		offset = FirstOffsetNumber;
	}
	return true;
}

static bool
read_indexed(HnswDetoaster *detoaster, Oid id, Size size, ItemPointerData *at)
{
	ItemPointerData first;
	Size		done = 0;
	int32		number = 0;

	detoaster->key.sk_argument = ObjectIdGetDatum(id);
	index_rescan(detoaster->scan, &detoaster->key, 1, NULL, 0);
	while (done < size &&
		   index_getnext_slot(detoaster->scan, ForwardScanDirection, detoaster->slot) &&
		   take_found(detoaster, number, size, &done))
		if (number++ == 0)
			first = detoaster->slot->tts_tid;
	/* lets go of the pins */
	ExecClearTuple(detoaster->slot);
	index_rescan(detoaster->scan, &detoaster->key, 1, NULL, 0);
	if (done < size)
		return false;
	if (number > 0)
		*at = first;
	return true;
}

/* Has room for a value of this size, its header not counted. */
static void
make_room(HnswDetoaster *detoaster, Size size)
{
	if (detoaster->space >= size + VARHDRSZ)
		return;
	if (detoaster->value != NULL)
		pfree(detoaster->value);
	detoaster->value = NULL;
	detoaster->space = 0;
	detoaster->value = palloc(size + VARHDRSZ);
	detoaster->space = size + VARHDRSZ;
}

void
hnsw_detoast_expect(HnswDetoaster *detoaster, const ItemPointerData *at)
{
	if (ItemPointerIsValid(at) && detoaster->toast != NULL)
		hnsw_buffer_expect(detoaster->toast, ItemPointerGetBlockNumber(at), 0, 0);
}

Datum
hnsw_detoast_value(HnswDetoaster *detoaster, Datum value, ItemPointerData *at)
{
	struct varlena *attr = (struct varlena *) DatumGetPointer(value);
	struct varatt_external external;
	ItemPointerData hint = *at;
	MemoryContext old;
	Size		size;

	ItemPointerSetInvalid(at);
	if (!VARATT_IS_EXTERNAL_ONDISK(attr))
		return value;
	VARATT_EXTERNAL_GET_POINTER(external, attr);
	if (VARATT_EXTERNAL_IS_COMPRESSED(external) || external.va_toastrelid != detoaster->toast_id)
		return value;
	old = MemoryContextSwitchTo(detoaster->context);
	if (detoaster->toast == NULL)
		open_toast(detoaster);
	size = VARATT_EXTERNAL_GET_EXTSIZE(external);
	make_room(detoaster, size);
	SET_VARSIZE(detoaster->value, size + VARHDRSZ);
	if (detoaster->has_places && ItemPointerIsValid(&hint) &&
		read_placed(detoaster, external.va_valueid, size, &hint))
	{
		*at = hint;
		value = PointerGetDatum(detoaster->value);
	}
	else if (read_indexed(detoaster, external.va_valueid, size, at))
		value = PointerGetDatum(detoaster->value);
	MemoryContextSwitchTo(old);
	return value;
}
