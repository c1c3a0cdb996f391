/*-------------------------------------------------------------------------
 *
 * am_exact.h
 *		Exact order from lower bounds: the rows of a scan that have been
 *		measured and not yet returned.
 *
 * IDENTIFICATION
 *	  src/am/am_exact.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_AM_EXACT_H
#define HNSW_AM_EXACT_H

#include "hnsw.h"

#include "access/genam.h"

typedef struct HnswExact HnswExact;

/*
 * For a scan that has its table, snapshot and order.  Everything is allocated in
 * the current context; end lets go of what memory alone does not free.
 */
extern HnswExact *hnsw_exact_begin(IndexScanDesc scan);
extern void hnsw_exact_end(HnswExact *exact);

/* Forgets all rows: the scan starts again. */
extern void hnsw_exact_reset(HnswExact *exact);

/*
 * Fetches the row that the scan's snapshot sees at this place and measures it
 * with the scan's operator; keeps nothing when it sees none.  "value_at" is where its
 * vector probably is in the TOAST table, or invalid.  No lock is held, and no pin
 * stays.
 */
extern void hnsw_exact_add(HnswExact *exact, ItemPointerData tid, ItemPointerData value_at);

/* The nearest row kept.  False when there is none. */
extern bool hnsw_exact_nearest(HnswExact *exact, ItemPointerData *tid, double *distance);

/*
 * Removes it, because it is being returned: its distance is known when the executor
 * asks for it (types/measured.h).
 */
extern void hnsw_exact_take_nearest(HnswExact *exact);

#endif							/* HNSW_AM_EXACT_H */
