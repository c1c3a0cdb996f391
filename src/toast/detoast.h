/*-------------------------------------------------------------------------
 *
 * detoast.h
 *		Reads one out-of-line value of a table after the other.
 *
 * IDENTIFICATION
 *	  src/toast/detoast.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_DETOAST_H
#define HNSW_DETOAST_H

#include "hnsw.h"

#include "storage/itemptr.h"
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
 *
 * *at is where the value's first chunk is expected in the TOAST table, or invalid;
 * it is set to where the chunk was, invalid when the value was not read here.
 */
extern Datum hnsw_detoast_value(HnswDetoaster *detoaster, Datum value, ItemPointerData *at);

/* A value there will be read soon: its page may come into the processor's cache. */
extern void hnsw_detoast_expect(HnswDetoaster *detoaster, const ItemPointerData *at);

#endif							/* HNSW_DETOAST_H */
