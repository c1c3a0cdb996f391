/*-------------------------------------------------------------------------
 *
 * column.h
 *		From the indexed column's values to what the core takes.
 *
 * IDENTIFICATION
 *	  src/types/column.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_COLUMN_H
#define HNSW_COLUMN_H

#include "hnsw.h"

#include "code/layout.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

/*
 * The coordinates of a value of the indexed column, and those of a query;
 * detoasted in the current context.  Raise an error when it has other dimensions
 * than the index.
 */
extern const float *hnsw_column_coordinates(Relation index, const HnswLayout *layout,
											Datum value);
extern const float *hnsw_query_coordinates(Relation index, const HnswLayout *layout,
										   Datum value);

/* Dimensions of the indexed column; raises an error when it has none. */
extern int	hnsw_column_dim(Relation index);

static inline HnswTid
hnsw_tid_from_pointer(ItemPointer pointer)
{
	HnswTid		tid;

	StaticAssertStmt(sizeof(HnswTid) == sizeof(ItemPointerData),
					 "HnswTid must be an ItemPointerData");
	memcpy(&tid, pointer, sizeof(tid));
	return tid;
}

static inline ItemPointerData
hnsw_tid_to_pointer(HnswTid tid)
{
	ItemPointerData pointer;

	memcpy(&pointer, &tid, sizeof(pointer));
	return pointer;
}

#endif							/* HNSW_COLUMN_H */
