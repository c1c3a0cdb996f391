/*-------------------------------------------------------------------------
 *
 * sparse.h
 *		Distances between sparse vectors.
 *
 * A sparse vector is n pairs of an index and a value, the indices ascending;
 * n may be 0.  Where two of them have an index in common is a matter of
 * merging, which no instruction set does better than plain C.  The dimensions
 * are the caller's business.
 *
 * Sums are in double precision: merging takes longer than adding.
 *
 * IDENTIFICATION
 *	  src/distance/sparse.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_SPARSE_H
#define HNSW_SPARSE_H

#include "base/base.h"

typedef struct HnswSparse
{
	const int32 *index;
	const float *value;
	int			n;
} HnswSparse;

/* sum of squares of differences, of products, of |differences| */
extern double hnsw_sparse_l2sq(const HnswSparse *a, const HnswSparse *b);
extern double hnsw_sparse_dot(const HnswSparse *a, const HnswSparse *b);
extern double hnsw_sparse_l1(const HnswSparse *a, const HnswSparse *b);

/* sum of squares */
extern double hnsw_sparse_square(const HnswSparse *a);

#endif							/* HNSW_SPARSE_H */
