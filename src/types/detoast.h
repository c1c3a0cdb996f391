/*-------------------------------------------------------------------------
 *
 * detoast.h
 *		Reads one out-of-line value of a table after the other.
 *
 * IDENTIFICATION
 *	  src/types/detoast.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_DETOAST_H
#define HNSW_DETOAST_H

#include "hnsw.h"

#include "utils/rel.h"

typedef struct HnswDetoaster HnswDetoaster;

/*
 * For values of this table, allocated in the current context.  Opens nothing
 * until the first value that is out of line; end closes what was opened.
 */
extern HnswDetoaster *hnsw_detoast_begin(Relation table);
extern void hnsw_detoast_end(HnswDetoaster *detoaster);

/*
 * The varlena value in one piece where it was out of line and uncompressed, valid
 * until the next call; otherwise as it is given, and DatumGet... of its type does
 * the rest.  No pin stays; the locks on the TOAST table and its index stay until
 * the end.
 */
extern Datum hnsw_detoast_value(HnswDetoaster *detoaster, Datum value);

#endif							/* HNSW_DETOAST_H */
