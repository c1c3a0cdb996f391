/*-------------------------------------------------------------------------
 *
 * halfvec.h
 *		The value of SQL type halfvec: half-precision coordinates.
 *
 * IDENTIFICATION
 *	  src/types/halfvec.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_HALFVEC_H
#define HNSW_HALFVEC_H

#include "fmgr.h"

#define HNSW_HALFVEC_MAX_DIM	16000

/*
 * The layout on disk, the same as pgvector's.  Coordinates are IEEE 754
 * binary16 numbers, as bits; distance/kernels.h has what there is to do with
 * them.  They are finite: every way in rejects NaN and infinity.
 */
typedef struct HnswHalfvec
{
	int32		vl_len_;		/* varlena header, only for SET_VARSIZE */
	int16		dim;			/* 1 .. HNSW_HALFVEC_MAX_DIM */
	int16		unused;			/* always 0 */
	uint16		x[FLEXIBLE_ARRAY_MEMBER];
} HnswHalfvec;

#define HNSW_HALFVEC_SIZE(dim)	(offsetof(HnswHalfvec, x) + sizeof(uint16) * (dim))

/* these detoast, and so return a value that is aligned and whole */
#define DatumGetHnswHalfvec(d)	((HnswHalfvec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_HNSW_HALFVEC(n) DatumGetHnswHalfvec(PG_GETARG_DATUM(n))
#define PG_RETURN_HNSW_HALFVEC(v) PG_RETURN_POINTER(v)

/*
 * New values, palloc'd in the current context: zeros, or the coordinates in x,
 * rounded to halves.  dim and the coordinates must be valid; nothing is
 * checked here.
 */
extern HnswHalfvec *hnsw_halfvec_new(int dim);
extern HnswHalfvec *hnsw_halfvec_make(const float *x, int dim);

/* the coordinates as floats, palloc'd in the current context */
extern float *hnsw_halfvec_floats(const HnswHalfvec *v);

#endif							/* HNSW_HALFVEC_H */
