/*-------------------------------------------------------------------------
 *
 * detoast.c
 *		Reads one out-of-line value of a table after the other.
 *
 * A scan measures more than ten rows, and for each the server's own detoasting
 * opens the TOAST table and its index, starts an index scan and closes all of
 * it, which takes longer than the reading.  Here they stay open.  Whatever is
 * not as expected is left to the server, which has errors for it.
 *
 * IDENTIFICATION
 *	  src/types/detoast.c
 *-------------------------------------------------------------------------
 */
#include "types/detoast.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/heaptoast.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_internals.h"
#include "catalog/pg_am_d.h"
#include "executor/tuptable.h"
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

/* Appends the chunk in the slot to the value; false when it is not the expected one. */
static bool
take_chunk(HnswDetoaster *detoaster, int32 number, Size size, Size *done)
{
	bool		isnull;
	struct varlena *chunk;
	Size		length;

	if (DatumGetInt32(slot_getattr(detoaster->slot, 2, &isnull)) != number || isnull)
		return false;
	chunk = (struct varlena *) DatumGetPointer(slot_getattr(detoaster->slot, 3, &isnull));
	if (isnull || (VARATT_IS_EXTENDED(chunk) && !VARATT_IS_SHORT(chunk)))
		return false;
	length = VARSIZE_ANY_EXHDR(chunk);
	if (length > size - *done)
		return false;
	memcpy(VARDATA(detoaster->value) + *done, VARDATA_ANY(chunk), length);
	*done += length;
	return true;
}

static bool
read_value(HnswDetoaster *detoaster, Oid id, Size size)
{
	Size		done = 0;
	int32		number = 0;

	detoaster->key.sk_argument = ObjectIdGetDatum(id);
	index_rescan(detoaster->scan, &detoaster->key, 1, NULL, 0);
	while (done < size &&
		   index_getnext_slot(detoaster->scan, ForwardScanDirection, detoaster->slot) &&
		   take_chunk(detoaster, number, size, &done))
		number++;
	/* lets go of the pins */
	ExecClearTuple(detoaster->slot);
	index_rescan(detoaster->scan, &detoaster->key, 1, NULL, 0);
	SET_VARSIZE(detoaster->value, size + VARHDRSZ);
	return done == size;
}

Datum
hnsw_detoast_value(HnswDetoaster *detoaster, Datum value)
{
	struct varlena *attr = (struct varlena *) DatumGetPointer(value);
	struct varatt_external external;
	MemoryContext old;
	Size		size;

	if (!VARATT_IS_EXTERNAL_ONDISK(attr))
		return value;
	VARATT_EXTERNAL_GET_POINTER(external, attr);
	if (VARATT_EXTERNAL_IS_COMPRESSED(external) || external.va_toastrelid != detoaster->toast_id)
		return value;
	old = MemoryContextSwitchTo(detoaster->context);
	if (detoaster->toast == NULL)
		open_toast(detoaster);
	size = VARATT_EXTERNAL_GET_EXTSIZE(external);
	if (detoaster->space < size + VARHDRSZ)
	{
		if (detoaster->value != NULL)
			pfree(detoaster->value);
		detoaster->value = NULL;
		detoaster->space = 0;
		detoaster->value = palloc(size + VARHDRSZ);
		detoaster->space = size + VARHDRSZ;
	}
	if (read_value(detoaster, external.va_valueid, size))
		value = PointerGetDatum(detoaster->value);
	MemoryContextSwitchTo(old);
	return value;
}
