/*-------------------------------------------------------------------------
 *
 * vector.h
 *		The value of SQL type vector: float4 coordinates.
 *
 * IDENTIFICATION
 *	  src/types/vector.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_VECTOR_H
#define HNSW_VECTOR_H

#include "fmgr.h"

#define HNSW_VECTOR_MAX_DIM	16000

/*
 * The layout on disk, the same as pgvector's, so that a binary upgrade of the
 * values is possible.  Coordinates are finite: every way in rejects NaN and
 * infinity.
 */
typedef struct HnswVector
{
	int32		vl_len_;		/* varlena header, only for SET_VARSIZE */
	int16		dim;			/* 1 .. HNSW_VECTOR_MAX_DIM */
	int16		unused;			/* always 0 */
	float		x[FLEXIBLE_ARRAY_MEMBER];
} HnswVector;

#define HNSW_VECTOR_SIZE(dim)	(offsetof(HnswVector, x) + sizeof(float) * (dim))

/* these detoast, and so return a value that is aligned and whole */
#define DatumGetHnswVector(d)	((HnswVector *) PG_DETOAST_DATUM(d))
#define PG_GETARG_HNSW_VECTOR(n) DatumGetHnswVector(PG_GETARG_DATUM(n))
#define PG_RETURN_HNSW_VECTOR(v) PG_RETURN_POINTER(v)

/*
 * New values, palloc'd in the current context: zeros, or the coordinates in
 * x.  dim and the coordinates must be valid; nothing is checked here.
 */
extern HnswVector *hnsw_vector_new(int dim);
extern HnswVector *hnsw_vector_make(const float *x, int dim);

#endif							/* HNSW_VECTOR_H */
