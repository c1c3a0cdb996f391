/*-------------------------------------------------------------------------
 *
 * kernels_quantise.h
 *		What makes an own vector, in plain C for each instruction set's compiler.
 *
 * A value is kept for each of some lanes, so that the compiler may turn the inner loops
 * into instructions on vectors without changing the order of a sum; it does so in
 * functions that may use them (gcc from 12 on with -O2, clang).  That is about as fast as
 * intrinsics would be: the loops wait for memory or division.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_quantise.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_KERNELS_QUANTISE_H
#define HNSW_KERNELS_QUANTISE_H

#include "distance/kernels.h"

#define QUANTISE_LANES	8
#define QUANTISE_BODY	__attribute__((always_inline)) static inline

QUANTISE_BODY double
sum_of_lanes(const double *s)
{
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

QUANTISE_BODY double
square_body(const float *x, int n)
{
	double		s[QUANTISE_LANES] = {0};
	int			i = 0;

	for (; i + QUANTISE_LANES <= n; i += QUANTISE_LANES)
		for (int k = 0; k < QUANTISE_LANES; k++)
			s[k] += (double) x[i + k] * x[i + k];
	for (; i < n; i++)
		s[0] += (double) x[i] * x[i];
	return sum_of_lanes(s);
}

QUANTISE_BODY double
square_between_body(const float *x, const float *y, int n)
{
	double		s[QUANTISE_LANES] = {0};
	int			i = 0;

	for (; i + QUANTISE_LANES <= n; i += QUANTISE_LANES)
		for (int k = 0; k < QUANTISE_LANES; k++)
		{
			double		d = (double) x[i + k] - y[i + k];

			s[k] += d * d;
		}
	for (; i < n; i++)
	{
		double		d = (double) x[i] - y[i];

		s[0] += d * d;
	}
	return sum_of_lanes(s);
}

QUANTISE_BODY void
divide_body(const float *x, double by, int n, float *out)
{
	int			i = 0;

	for (; i + QUANTISE_LANES <= n; i += QUANTISE_LANES)
		for (int k = 0; k < QUANTISE_LANES; k++)
			out[i + k] = (float) (x[i + k] / by);
	for (; i < n; i++)
		out[i] = (float) (x[i] / by);
}

QUANTISE_BODY void
range_body(const float *x, int n, float *min, float *max)
{
	float		lo[QUANTISE_LANES],
				hi[QUANTISE_LANES];
	int			i = 0;

	for (int k = 0; k < QUANTISE_LANES; k++)
		lo[k] = hi[k] = x[0];
	for (; i + QUANTISE_LANES <= n; i += QUANTISE_LANES)
		for (int k = 0; k < QUANTISE_LANES; k++)
		{
			lo[k] = x[i + k] < lo[k] ? x[i + k] : lo[k];
			hi[k] = x[i + k] > hi[k] ? x[i + k] : hi[k];
		}
	for (; i < n; i++)
	{
		lo[0] = Min(lo[0], x[i]);
		hi[0] = Max(hi[0], x[i]);
	}
	for (int k = 1; k < QUANTISE_LANES; k++)
	{
		lo[0] = Min(lo[0], lo[k]);
		hi[0] = Max(hi[0], hi[k]);
	}
	*min = lo[0];
	*max = hi[0];
}

/* The code is below 256.01 before it is bounded: x - min and its product are rounded. */
QUANTISE_BODY void
own_encode_body(const float *x, float min, float inv, int n, uint8 *out)
{
	int			i = 0;

	for (; i + 2 * QUANTISE_LANES <= n; i += 2 * QUANTISE_LANES)
	{
		int32		codes[2 * QUANTISE_LANES];

		for (int k = 0; k < 2 * QUANTISE_LANES; k++)
			codes[k] = (int32) ((x[i + k] - min) * inv + 0.5f);
		for (int k = 0; k < 2 * QUANTISE_LANES; k++)
			out[i + k] = (uint8) Min(codes[k], 255);
	}
	for (; i < n; i++)
		out[i] = (uint8) Min((int32) ((x[i] - min) * inv + 0.5f), 255);
}

/* The kernels of a set, whose functions have these attributes. */
#define HNSW_QUANTISE_KERNELS_DEFINE(set, attributes) \
attributes static double \
set##_square(const float *x, int n) \
{ \
	return square_body(x, n); \
} \
attributes static double \
set##_square_between(const float *x, const float *y, int n) \
{ \
	return square_between_body(x, y, n); \
} \
attributes static void \
set##_divide(const float *x, double by, int n, float *out) \
{ \
	divide_body(x, by, n, out); \
} \
attributes static void \
set##_range(const float *x, int n, float *min, float *max) \
{ \
	range_body(x, n, min, max); \
} \
attributes static void \
set##_own_encode(const float *x, float min, float inv, int n, uint8 *out) \
{ \
	own_encode_body(x, min, inv, n, out); \
}

#define HNSW_QUANTISE_KERNELS(set) \
	.square = set##_square, \
	.square_between = set##_square_between, \
	.divide = set##_divide, \
	.range = set##_range, \
	.own_encode = set##_own_encode

#endif							/* HNSW_KERNELS_QUANTISE_H */
