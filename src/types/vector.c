/*-------------------------------------------------------------------------
 *
 * vector.c
 *		Type vector: float4 coordinates.
 *
 * IDENTIFICATION
 *	  src/types/vector.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "types/value.h"
#include "types/vector.h"

StaticAssertDecl(offsetof(HnswVector, dim) == 4 && offsetof(HnswVector, x) == 8,
				 "the layout of vector is pgvector's");

const HnswValueType hnsw_vector_type = {
	.name = "vector",
	.max_dim = HNSW_VECTOR_MAX_DIM,
	.overflow = INFINITY,
	.underflow = 0,
};

/* A vector of dim zeros; dim has been checked */
HnswVector *
hnsw_vector_new(int dim)
{
	HnswVector *v = palloc0(HNSW_VECTOR_SIZE(dim));

	SET_VARSIZE(v, HNSW_VECTOR_SIZE(dim));
	v->dim = dim;
	return v;
}

/* A vector of the given coordinates; they and dim have been checked */
HnswVector *
hnsw_vector_make(const float *x, int dim)
{
	HnswVector *v = hnsw_vector_new(dim);

	memcpy(v->x, x, sizeof(float) * dim);
	return v;
}

static inline const float *
dense_floats(const HnswVector *v)
{
	return v->x;
}

static inline HnswVector *
dense_make(const float *x, int dim)
{
	return hnsw_vector_make(x, dim);
}

#define DENSE_NAME vector
#define DENSE_STRUCT HnswVector
#define DENSE_GETARG PG_GETARG_HNSW_VECTOR
#define DENSE_TYPE hnsw_vector_type
#define DENSE_NEW hnsw_vector_new
#define DENSE_ELEMENT float
#define DENSE_KERNEL(op) hnsw_kernels->op
#define DENSE_ORDER(x) (x)
/* -0 + 0 is 0 */
#define DENSE_IMAGE(x) ((x) + 0.0f)
#define DENSE_BITS uint32
#define DENSE_SWAP pg_ntoh32
#include "types/value_dense.h"
