/*-------------------------------------------------------------------------
 *
 * point.h
 *		A vector made ready: for being compared, and for being stored.
 *
 * Graph distances ("g") order candidates; they are squared L2 for L2 and cosine
 * (on unit vectors; of sparse vectors 2 - 2 <q, v>, which is the same but for what
 * is left out of v), the negative inner product, and the other distances
 * themselves.
 *
 * IDENTIFICATION
 *	  src/code/point.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_POINT_H
#define HNSW_POINT_H

#include "code/own.h"

/* Allocates a point's arrays for this layout. */
extern void hnsw_point_init(HnswPoint *point, const HnswLayout *layout);
extern void hnsw_point_free(HnswPoint *point);

/*
 * Sets x only (a query needs no more).  False when the vector has no direction
 * and the metric is cosine: it belongs in the NaN list.
 */
extern bool hnsw_point_set_query(HnswPoint *point, const HnswLayout *layout, const void *v);

/* Sets everything. */
extern bool hnsw_point_set(HnswPoint *point, const HnswLayout *layout, const void *v);

/*
 * The largest value, in the operator's own scale, that surely is not above the
 * distance between the query and a vector whose record has this score and
 * residual bound resid.
 */
extern double hnsw_point_lower_bound(const HnswPoint *query, const HnswLayout *layout,
									 HnswScore score, float resid);

#endif							/* HNSW_POINT_H */
