/*-------------------------------------------------------------------------
 *
 * value_math.c
 *		Arithmetic on the coordinates of dense values, as floats.
 *
 * IDENTIFICATION
 *	  src/types/value_math.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "types/value.h"
#include "utils/float.h"

/* Raises an error if a result does not fit the type */
static inline void
check_overflow(const HnswValueType *type, const float *x, int n)
{
	for (int i = 0; i < n; i++)
		if (unlikely(fabsf(x[i]) >= type->overflow))
			float_overflow_error();
}

void
hnsw_value_add(const HnswValueType *type, const float *a, const float *b, int n, float *out)
{
	for (int i = 0; i < n; i++)
		out[i] = a[i] + b[i];
	check_overflow(type, out, n);
}

void
hnsw_value_sub(const HnswValueType *type, const float *a, const float *b, int n, float *out)
{
	for (int i = 0; i < n; i++)
		out[i] = a[i] - b[i];
	check_overflow(type, out, n);
}

/* A product that vanishes is an underflow; the first that does not fit decides which error it is */
void
hnsw_value_mul(const HnswValueType *type, const float *a, const float *b, int n, float *out)
{
	for (int i = 0; i < n; i++)
	{
		float		x = a[i] * b[i];

		if (unlikely(fabsf(x) >= type->overflow))
			float_overflow_error();
		if (unlikely(fabsf(x) <= type->underflow) && a[i] != 0 && b[i] != 0)
			float_underflow_error();
		out[i] = x;
	}
}

/* The Euclidean length, in doubles: no square of a float overflows them */
double
hnsw_value_length(const float *x, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double) x[i] * (double) x[i];
	return sqrt(sum);
}

/* The same direction with length 1; zero stays zero */
void
hnsw_value_normalize(const float *x, int n, float *out)
{
	double		length = hnsw_value_length(x, n);

	for (int i = 0; i < n; i++)
		out[i] = length > 0 ? x[i] / length : 0;
}

static inline double
clamp_cosine(double c)
{
	return Max(-1.0, Min(1.0, c));
}

/*
 * 1 - cosine of the angle, from <a,b>, <a,a> and <b,b>, which have not lost
 * anything to a small range; NaN if a value is zero, or so large that its
 * square is beyond a float.  (It would not need to be, but applications know it
 * so.)  What has no direction here has none in an index: hnsw_point_set_query.
 */
double
hnsw_value_cosine_distance(double ab, double aa, double bb)
{
	if (aa == 0 || bb == 0 || aa > FLT_MAX || bb > FLT_MAX)
		return get_float8_nan();
	return 1.0 - clamp_cosine(ab / sqrt(aa * bb));
}

/* The same from the coordinates, in doubles, whose range holds any square */
double
hnsw_value_cosine_distance_exact(const float *a, const float *b, int n)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

	for (int i = 0; i < n; i++)
	{
		double		x = a[i];
		double		y = b[i];

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	return hnsw_value_cosine_distance(ab, aa, bb);
}

/* The angle between values of length 1, in units of pi, from <a,b> */
double
hnsw_value_spherical_distance(double ab)
{
	return acos(clamp_cosine(ab)) / M_PI;
}

/*
 * A bit per coordinate: is it greater than 0?  Signs are as good as random, so there is
 * no branch on them.
 */
VarBit *
hnsw_value_signs(const float *x, int n)
{
	VarBit	   *result = palloc0(VARBITTOTALLEN(n));
	bits8	   *bits = VARBITS(result);

	SET_VARSIZE(result, VARBITTOTALLEN(n));
	VARBITLEN(result) = n;
	for (int from = 0; from < n; from += BITS_PER_BYTE)
	{
		int			count = Min(BITS_PER_BYTE, n - from);
		bits8		byte = 0;

		for (int i = 0; i < count; i++)
			byte |= (bits8) (x[from + i] > 0) << (BITS_PER_BYTE - 1 - i);
		*bits++ = byte;
	}
	return result;
}

/*
 * Of "count" coordinates from "start", which counts from 1, those that are
 * there: from *first, which counts from 0.  Returns how many, which is at least
 * one.
 */
int
hnsw_value_part(const HnswValueType *type, int dim, int start, int count, int *first)
{
	int64		from = Max(start, 1);
	int64		to = Min((int64) start + count, (int64) dim + 1);

	hnsw_value_check_dim(type, to - from, NULL);
	*first = from - 1;
	return to - from;
}
