/*-------------------------------------------------------------------------
 *
 * vector_math.c
 *		Type vector: distances, norms, arithmetic, parts.
 *
 * Distances are computed by the kernels, in float, and widened at the end:
 * squares and sums that are too large for a float give Infinity.
 *
 * IDENTIFICATION
 *	  src/types/vector_math.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "distance/kernels.h"
#include "types/value.h"
#include "types/vector.h"
#include "utils/float.h"
#include "utils/varbit.h"

static inline void
check_same_dim(const HnswVector *a, const HnswVector *b)
{
	hnsw_value_check_same_dim(&hnsw_vector_type, a->dim, b->dim);
}

static double
l2_squared_distance(const HnswVector *a, const HnswVector *b)
{
	check_same_dim(a, b);
	return hnsw_kernels->l2sq(a->x, b->x, a->dim);
}

static double
l2_distance(const HnswVector *a, const HnswVector *b)
{
	return sqrt(l2_squared_distance(a, b));
}

static double
inner_product(const HnswVector *a, const HnswVector *b)
{
	check_same_dim(a, b);
	return hnsw_kernels->dot(a->x, b->x, a->dim);
}

/* subtracted from zero, not negated: orthogonal vectors have 0, not -0 */
static double
negative_inner_product(const HnswVector *a, const HnswVector *b)
{
	return 0.0 - inner_product(a, b);
}

static double
l1_distance(const HnswVector *a, const HnswVector *b)
{
	check_same_dim(a, b);
	return hnsw_kernels->l1(a->x, b->x, a->dim);
}

/* out = {<a,b>, <a,a>, <b,b>} in double precision */
static void
dot3_double(const HnswVector *a, const HnswVector *b, double out[3])
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

	for (int i = 0; i < a->dim; i++)
	{
		double		x = a->x[i];
		double		y = b->x[i];

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	out[0] = ab;
	out[1] = aa;
	out[2] = bb;
}

static inline double
clamp_cosine(double c)
{
	return Max(-1.0, Min(1.0, c));
}

/*
 * 1 - cosine of the angle; NaN if a vector is zero.  The lengths do not matter
 * to an angle, so when a square leaves float's range all is done in doubles,
 * whose range holds the square of any float.
 */
static double
cosine_distance(const HnswVector *a, const HnswVector *b)
{
	float		sums[3];
	double		ab,
				aa,
				bb;

	check_same_dim(a, b);
	hnsw_kernels->dot3(a->x, b->x, a->dim, sums);
	ab = sums[0];
	aa = sums[1];
	bb = sums[2];
	/* below 1e-30 the squares of small coordinates have lost digits */
	if (!(aa > 1e-30 && aa <= FLT_MAX && bb > 1e-30 && bb <= FLT_MAX))
	{
		double		exact[3];

		dot3_double(a, b, exact);
		ab = exact[0];
		aa = exact[1];
		bb = exact[2];
	}
	if (aa == 0 || bb == 0)
		return get_float8_nan();
	return 1.0 - clamp_cosine(ab / sqrt(aa * bb));
}

/* The angle between vectors of length 1, in units of pi */
static double
spherical_distance(const HnswVector *a, const HnswVector *b)
{
	return acos(clamp_cosine(inner_product(a, b))) / M_PI;
}

HNSW_FLOAT8_FUNCTION(vector_l2_distance, HnswVector, PG_GETARG_HNSW_VECTOR, l2_distance)
HNSW_FLOAT8_FUNCTION(vector_l2_squared_distance, HnswVector, PG_GETARG_HNSW_VECTOR, l2_squared_distance)
HNSW_FLOAT8_FUNCTION(vector_inner_product, HnswVector, PG_GETARG_HNSW_VECTOR, inner_product)
HNSW_FLOAT8_FUNCTION(vector_negative_inner_product, HnswVector, PG_GETARG_HNSW_VECTOR, negative_inner_product)
HNSW_FLOAT8_FUNCTION(vector_cosine_distance, HnswVector, PG_GETARG_HNSW_VECTOR, cosine_distance)
HNSW_FLOAT8_FUNCTION(vector_spherical_distance, HnswVector, PG_GETARG_HNSW_VECTOR, spherical_distance)
HNSW_FLOAT8_FUNCTION(vector_l1_distance, HnswVector, PG_GETARG_HNSW_VECTOR, l1_distance)

/* The number of dimensions */
HNSW_FUNCTION(vector_dims)
{
	/* the header is enough: do not fetch all of a toasted value */
	HnswVector *v = (HnswVector *) PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0,
														  offsetof(HnswVector, x) - VARHDRSZ);

	PG_RETURN_INT32(v->dim);
}

/* The Euclidean length, in doubles: no square of a float overflows them */
static double
length(const HnswVector *v)
{
	double		sum = 0;

	for (int i = 0; i < v->dim; i++)
		sum += (double) v->x[i] * (double) v->x[i];
	return sqrt(sum);
}

HNSW_FUNCTION(vector_norm)
{
	PG_RETURN_FLOAT8(length(PG_GETARG_HNSW_VECTOR(0)));
}

/* The vector of length 1 in the same direction; the zero vector stays zero */
HNSW_FUNCTION(vector_l2_normalize)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	HnswVector *result = hnsw_vector_new(v->dim);
	double		norm = length(v);

	if (norm > 0)
		for (int i = 0; i < v->dim; i++)
			result->x[i] = v->x[i] / norm;
	PG_RETURN_HNSW_VECTOR(result);
}

/* Raises an error if arithmetic left float's range */
static HnswVector *
check_overflow(HnswVector *v)
{
	for (int i = 0; i < v->dim; i++)
		if (unlikely(isinf(v->x[i])))
			float_overflow_error();
	return v;
}

HNSW_FUNCTION(vector_add)
{
	HnswVector *a = PG_GETARG_HNSW_VECTOR(0);
	HnswVector *b = PG_GETARG_HNSW_VECTOR(1);
	HnswVector *result;

	check_same_dim(a, b);
	result = hnsw_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
		result->x[i] = a->x[i] + b->x[i];
	PG_RETURN_HNSW_VECTOR(check_overflow(result));
}

HNSW_FUNCTION(vector_sub)
{
	HnswVector *a = PG_GETARG_HNSW_VECTOR(0);
	HnswVector *b = PG_GETARG_HNSW_VECTOR(1);
	HnswVector *result;

	check_same_dim(a, b);
	result = hnsw_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
		result->x[i] = a->x[i] - b->x[i];
	PG_RETURN_HNSW_VECTOR(check_overflow(result));
}

/* Element by element; a product that vanishes is an underflow */
HNSW_FUNCTION(vector_mul)
{
	HnswVector *a = PG_GETARG_HNSW_VECTOR(0);
	HnswVector *b = PG_GETARG_HNSW_VECTOR(1);
	HnswVector *result;

	check_same_dim(a, b);
	result = hnsw_vector_new(a->dim);
	for (int i = 0; i < a->dim; i++)
	{
		result->x[i] = a->x[i] * b->x[i];
		if (unlikely(result->x[i] == 0) && a->x[i] != 0 && b->x[i] != 0)
			float_underflow_error();
	}
	PG_RETURN_HNSW_VECTOR(check_overflow(result));
}

HNSW_FUNCTION(vector_concat)
{
	HnswVector *a = PG_GETARG_HNSW_VECTOR(0);
	HnswVector *b = PG_GETARG_HNSW_VECTOR(1);
	HnswVector *result;

	hnsw_value_check_dim(&hnsw_vector_type, (int64) a->dim + b->dim, NULL);
	result = hnsw_vector_new(a->dim + b->dim);
	memcpy(result->x, a->x, sizeof(float) * a->dim);
	memcpy(result->x + a->dim, b->x, sizeof(float) * b->dim);
	PG_RETURN_HNSW_VECTOR(result);
}

/* "count" coordinates from "start", which counts from 1; clipped like substring */
HNSW_FUNCTION(vector_subvector)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	int64		start = PG_GETARG_INT32(1);
	int64		end = start + PG_GETARG_INT32(2);

	start = Max(start, 1);
	end = Min(end, v->dim + 1);
	hnsw_value_check_dim(&hnsw_vector_type, end - start, NULL);
	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(v->x + start - 1, end - start));
}

/* A bit per coordinate: is it greater than 0? */
HNSW_FUNCTION(vector_binary_quantize)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	VarBit	   *result = palloc0(VARBITTOTALLEN(v->dim));
	bits8	   *bits = VARBITS(result);

	SET_VARSIZE(result, VARBITTOTALLEN(v->dim));
	VARBITLEN(result) = v->dim;
	for (int i = 0; i < v->dim; i++)
		if (v->x[i] > 0)
			bits[i / BITS_PER_BYTE] |= HIGHBIT >> (i % BITS_PER_BYTE);
	PG_RETURN_VARBIT_P(result);
}
