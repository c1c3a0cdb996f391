/*-------------------------------------------------------------------------
 *
 * sparse.h
 *		Distances between sparse vectors.
 *
 * A sparse vector is n pairs of an index and a value, the indices ascending;
 * n may be 0.  Where two of them have an index in common is a matter of
 * merging; blocks of four compared at a time make that several times faster than
 * merging index by index, and every instruction set has those.  The dimensions are
 * the caller's business.
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

/* A sparse vector in codes: the values are a step times them. */
typedef struct HnswSparseCode
{
	const int32 *index;
	const int16 *code;
	int			n;
} HnswSparseCode;

/*
 * Over the indices that both have.  Products: out = {sum of value * code, of
 * |value|, of |value * code|}, of two codes the sum alone, which is exact.  Common:
 * the sum of |x| + |y| - |x - y|.
 *
 * Indices that do not ascend give some number, and nothing worse.
 */
extern void hnsw_sparse_code_dot(const HnswSparse *a, const HnswSparseCode *b, double out[3]);
extern double hnsw_sparse_code_common(const HnswSparse *a, const HnswSparseCode *b, double step);
extern int64 hnsw_sparse_codes_dot(const HnswSparseCode *a, const HnswSparseCode *b);
extern double hnsw_sparse_codes_common(const HnswSparseCode *a, double astep,
									   const HnswSparseCode *b, double bstep);

#endif							/* HNSW_SPARSE_H */
