/*-------------------------------------------------------------------------
 *
 * place.h
 *		Where the value of a row that has just been inserted is.
 *
 * IDENTIFICATION
 *	  src/toast/place.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_PLACE_H
#define HNSW_PLACE_H

#include "hnsw.h"

#include "storage/itemptr.h"
#include "utils/rel.h"

/*
 * Sets *at to the first chunk of a column's value in the TOAST table: a hint for
 * hnsw_detoast_value.  "value" is the column's as the executor has it, "row" where
 * the row is.  Invalid when the value is in its row, the column an expression (0), or
 * the chunk not where this backend has put its last ones.  *last is for the next row:
 * the block, InvalidBlockNumber at first.
 */
extern void hnsw_place_find(Relation table, AttrNumber column, ItemPointer row, Datum value,
							BlockNumber *last, ItemPointerData *at);

#endif							/* HNSW_PLACE_H */
