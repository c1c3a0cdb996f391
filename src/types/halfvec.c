/*-------------------------------------------------------------------------
 *
 * halfvec.c
 *		Type halfvec: half-precision coordinates.
 *
 * Numbers come in by way of float: text and wider types are rounded to float
 * first, as clients that hold floats do.  Arithmetic on two halves is done in
 * float and rounded once more, which for sums, differences and products gives
 * what one rounding would (a float has more than twice the bits).
 *
 * IDENTIFICATION
 *	  src/types/halfvec.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "distance/kernels.h"
#include "types/halfvec.h"
#include "types/value.h"
#include "types/vector.h"

StaticAssertDecl(offsetof(HnswHalfvec, dim) == 4 && offsetof(HnswHalfvec, x) == 8,
				 "the layout of halfvec is pgvector's");

const HnswValueType hnsw_halfvec_type = {
	.name = "halfvec",
	.max_dim = HNSW_HALFVEC_MAX_DIM,
	/* 65504 is the largest half: the middle to the next, 65536, is too much */
	.overflow = 65520.0f,
	/* 2^-24 is the smallest: its half is even at 0 */
	.underflow = 1.0f / (1 << 25),
};

/* A halfvec of dim zeros; dim has been checked */
HnswHalfvec *
hnsw_halfvec_new(int dim)
{
	HnswHalfvec *v = palloc0(HNSW_HALFVEC_SIZE(dim));

	SET_VARSIZE(v, HNSW_HALFVEC_SIZE(dim));
	v->dim = dim;
	return v;
}

/* A halfvec of the given coordinates; they and dim have been checked */
HnswHalfvec *
hnsw_halfvec_make(const float *x, int dim)
{
	HnswHalfvec *v = hnsw_halfvec_new(dim);

	hnsw_kernels->float_to_half(x, v->x, dim);
	return v;
}

float *
hnsw_halfvec_floats(const HnswHalfvec *v)
{
	float	   *x = palloc(sizeof(float) * v->dim);

	hnsw_kernels->half_to_float(v->x, x, v->dim);
	return x;
}

static inline const float *
dense_floats(const HnswHalfvec *v)
{
	return hnsw_halfvec_floats(v);
}

static inline HnswHalfvec *
dense_make(const float *x, int dim)
{
	return hnsw_halfvec_make(x, dim);
}

/* halves are sign and magnitude; finite ones are in the order of these */
static inline int
order(uint16 h)
{
	return h & 0x8000 ? -(h & 0x7fff) : h;
}

#define DENSE_NAME halfvec
#define DENSE_STRUCT HnswHalfvec
#define DENSE_GETARG PG_GETARG_HNSW_HALFVEC
#define DENSE_TYPE hnsw_halfvec_type
#define DENSE_NEW hnsw_halfvec_new
#define DENSE_ELEMENT uint16
#define DENSE_KERNEL(op) hnsw_kernels->half_##op
#define DENSE_ORDER order
/* 0x8000 is -0 */
#define DENSE_IMAGE(x) ((x) == 0x8000 ? 0 : (x))
#define DENSE_BITS uint16
#define DENSE_SWAP pg_ntoh16
#include "types/value_dense.h"

/* Cast vector -> halfvec(n) */
HNSW_FUNCTION(vector_to_halfvec)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);

	hnsw_value_check_typmod(&hnsw_halfvec_type, v->dim, PG_GETARG_INT32(1), NULL);
	hnsw_value_check_elements(&hnsw_halfvec_type, v->x, v->dim);
	PG_RETURN_HNSW_HALFVEC(hnsw_halfvec_make(v->x, v->dim));
}

/* Cast halfvec -> vector(n) */
HNSW_FUNCTION(halfvec_to_vector)
{
	HnswHalfvec *v = PG_GETARG_HNSW_HALFVEC(0);

	hnsw_value_check_typmod(&hnsw_vector_type, v->dim, PG_GETARG_INT32(1), NULL);
	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(hnsw_halfvec_floats(v), v->dim));
}
