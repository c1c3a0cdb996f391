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
 * Plain values (code/own.h) of a value of the indexed column, or of a query,
 * detoasted in the current context.  Raises an error when it has other dimensions
 * than the index.
 */
extern const void *hnsw_column_plain(const HnswLayout *layout, Datum value);

/* Dimensions of the indexed column; raises an error when it has none. */
extern int	hnsw_column_dim(Relation index, const HnswCell *cell);

/*
 * May vectors have fewer coordinates than dimensions?  If so, how many a value
 * has; in the current context.
 */
extern bool hnsw_column_is_sparse(const HnswCell *cell);
extern int	hnsw_column_nonzeros(const HnswCell *cell, Datum value);

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
