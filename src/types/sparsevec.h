/*-------------------------------------------------------------------------
 *
 * sparsevec.h
 *		The value of SQL type sparsevec: the float4 coordinates that are not 0.
 *
 * IDENTIFICATION
 *	  src/types/sparsevec.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_SPARSEVEC_H
#define HNSW_SPARSEVEC_H

#include "fmgr.h"

#include "distance/sparse.h"

#define HNSW_SPARSEVEC_MAX_DIM	1000000000
#define HNSW_SPARSEVEC_MAX_NNZ	16000

/*
 * The layout on disk, the same as pgvector's: nnz indices, then nnz values.
 * Indices count from 0, are below dim and ascend; values are finite and not 0:
 * every way in sees to that.
 */
typedef struct HnswSparsevec
{
	int32		vl_len_;		/* varlena header, only for SET_VARSIZE */
	int32		dim;			/* 1 .. HNSW_SPARSEVEC_MAX_DIM */
	int32		nnz;			/* 0 .. HNSW_SPARSEVEC_MAX_NNZ */
	int32		unused;			/* always 0 */
	int32		index[FLEXIBLE_ARRAY_MEMBER];
} HnswSparsevec;

#define HNSW_SPARSEVEC_SIZE(nnz) \
	(offsetof(HnswSparsevec, index) + (sizeof(int32) + sizeof(float)) * (nnz))
#define HNSW_SPARSEVEC_VALUES(v)	((float *) ((v)->index + (v)->nnz))

/* these detoast, and so return a value that is aligned and whole */
#define DatumGetHnswSparsevec(d)	((HnswSparsevec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_HNSW_SPARSEVEC(n) DatumGetHnswSparsevec(PG_GETARG_DATUM(n))
#define PG_RETURN_HNSW_SPARSEVEC(v) PG_RETURN_POINTER(v)

/* the pairs, for the functions of distance/sparse.h; they stay where they are */
static inline HnswSparse
hnsw_sparsevec_pairs(const HnswSparsevec *v)
{
	HnswSparse	pairs = {v->index, HNSW_SPARSEVEC_VALUES(v), v->nnz};

	return pairs;
}

/*
 * New values, palloc'd in the current context.  hnsw_sparsevec_new leaves its
 * nnz pairs to the caller; hnsw_sparsevec_make takes those of n pairs whose
 * value is not 0, and raises an error when they are too many.  dim, indices
 * and values must be valid.
 */
extern HnswSparsevec *hnsw_sparsevec_new(int dim, int nnz);
extern HnswSparsevec *hnsw_sparsevec_make(int dim, const int32 *index, const float *value, int n);
extern void hnsw_sparsevec_too_many(void) pg_attribute_noreturn();

#endif							/* HNSW_SPARSEVEC_H */
