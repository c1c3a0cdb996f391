/*-------------------------------------------------------------------------
 *
 * kernels_avx2.c
 *		The AVX2 column of the kernel grid (AVX2 and FMA).
 *
 * Built like kernels_avx512.c: a step over one vector of 8 lanes, given how
 * many lanes are left, run four times per iteration and then over the rest.
 * Bytes have no masked loads here; their tails go through small buffers.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx2.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx2.h"
#include "distance/kernels_quantise.h"

/* ------------------------------------------------------- float x float */

STEP __m256
l2sq_step(__m256 s, const float *a, const float *b, int left)
{
	__m256		d = _mm256_sub_ps(load_floats(a, left), load_floats(b, left));

	return _mm256_fmadd_ps(d, d, s);
}

STEP __m256
dot_step(__m256 s, const float *a, const float *b, int left)
{
	return _mm256_fmadd_ps(load_floats(a, left), load_floats(b, left), s);
}

STEP __m256
l1_step(__m256 s, const float *a, const float *b, int left)
{
	__m256		d = _mm256_sub_ps(load_floats(a, left), load_floats(b, left));

	return _mm256_add_ps(s, abs_floats(d));
}

#define FLOAT_KERNEL(op) \
KERNEL static float \
avx2_##op(const float *a, const float *b, int n) \
{ \
	__m256		s0 = _mm256_setzero_ps(), \
				s1 = s0, \
				s2 = s0, \
				s3 = s0; \
	int			i = 0; \
\
	for (; i + STRIDE <= n; i += STRIDE) \
	{ \
		s0 = op##_step(s0, a + i, b + i, LANES); \
		s1 = op##_step(s1, a + i + LANES, b + i + LANES, LANES); \
		s2 = op##_step(s2, a + i + 2 * LANES, b + i + 2 * LANES, LANES); \
		s3 = op##_step(s3, a + i + 3 * LANES, b + i + 3 * LANES, LANES); \
	} \
	for (; i < n; i += LANES) \
		s0 = op##_step(s0, a + i, b + i, n - i); \
	return sum4(s0, s1, s2, s3); \
}

FLOAT_KERNEL(l2sq)
FLOAT_KERNEL(dot)
FLOAT_KERNEL(l1)

STEP void
dot3_step(__m256 s[3], const float *a, const float *b, int left)
{
	__m256		x = load_floats(a, left),
				y = load_floats(b, left);

	s[0] = _mm256_fmadd_ps(x, y, s[0]);
	s[1] = _mm256_fmadd_ps(x, x, s[1]);
	s[2] = _mm256_fmadd_ps(y, y, s[2]);
}

KERNEL static void
avx2_dot3(const float *a, const float *b, int n, float out[3])
{
	__m256		s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = _mm256_setzero_ps();
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		dot3_step(s, a + i, b + i, LANES);
		dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = sum_floats(_mm256_add_ps(s[k], t[k]));
}

/* ---------------------------------------------------------- own vector */

HNSW_QUANTISE_KERNELS_DEFINE(avx2, KERNEL)

/* the values of up to 8 codes; lanes beyond "left" are not 0 */
STEP __m256
own_values(const uint8 *u, __m256 min, __m256 step, int left)
{
	return _mm256_fmadd_ps(load_bytes_as_floats(u, left), step, min);
}

STEP __m256
own_dot_step(__m256 s, const float *q, const uint8 *u, __m256 min, __m256 step, int left)
{
	__m256		x = only_left(own_values(u, min, step, left), left);

	return _mm256_fmadd_ps(load_floats(q, left), x, s);
}

STEP __m256
own_l1_step(__m256 s, const float *q, const uint8 *u, __m256 min, __m256 step, int left)
{
	__m256		d = _mm256_sub_ps(load_floats(q, left), own_values(u, min, step, left));

	return _mm256_add_ps(s, abs_floats(only_left(d, left)));
}

#define OWN_KERNEL(op) \
KERNEL static float \
avx2_##op(const float *q, const uint8 *u, float min, float step, int n) \
{ \
	__m256		vmin = _mm256_set1_ps(min), \
				vstep = _mm256_set1_ps(step), \
				s0 = _mm256_setzero_ps(), \
				s1 = s0, \
				s2 = s0, \
				s3 = s0; \
	int			i = 0; \
\
	for (; i + STRIDE <= n; i += STRIDE) \
	{ \
		s0 = op##_step(s0, q + i, u + i, vmin, vstep, LANES); \
		s1 = op##_step(s1, q + i + LANES, u + i + LANES, vmin, vstep, LANES); \
		s2 = op##_step(s2, q + i + 2 * LANES, u + i + 2 * LANES, vmin, vstep, LANES); \
		s3 = op##_step(s3, q + i + 3 * LANES, u + i + 3 * LANES, vmin, vstep, LANES); \
	} \
	for (; i < n; i += LANES) \
		s0 = op##_step(s0, q + i, u + i, vmin, vstep, n - i); \
	return sum4(s0, s1, s2, s3); \
}

OWN_KERNEL(own_dot)
OWN_KERNEL(own_l1)

/* returns the residual, whose lanes beyond "left" are 0 */
STEP __m256
own_residual_step(const float *q, const uint8 *u, __m256 min, __m256 step, float *p, int left)
{
	__m256		d = _mm256_sub_ps(load_floats(q, left), own_values(u, min, step, left));

	store_floats(p, d, left);
	return only_left(d, left);
}

KERNEL static float
avx2_own_residual(const float *q, const uint8 *u, float min, float step,
				  int n, float *p, float *pmax)
{
	__m256		vmin = _mm256_set1_ps(min),
				vstep = _mm256_set1_ps(step),
				s[4],
				m[4],
				d;
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k] = m[k] = _mm256_setzero_ps();
	for (; i + STRIDE <= n; i += STRIDE)
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++)
		{
			int			j = i + k * LANES;

			d = own_residual_step(q + j, u + j, vmin, vstep, p + j, LANES);
			s[k] = _mm256_fmadd_ps(d, d, s[k]);
			m[k] = max_abs(m[k], d);
		}
	for (; i < n; i += LANES)
	{
		d = own_residual_step(q + i, u + i, vmin, vstep, p + i, n - i);
		s[0] = _mm256_fmadd_ps(d, d, s[0]);
		m[0] = max_abs(m[0], d);
	}
	*pmax = max_floats(max_abs(max_abs(m[0], m[1]), max_abs(m[2], m[3])));
	return sum4(s[0], s[1], s[2], s[3]);
}

KERNEL static void
avx2_own_decode(const uint8 *u, float min, float step, int n, float *out)
{
	__m256		vmin = _mm256_set1_ps(min),
				vstep = _mm256_set1_ps(step);
	int			i = 0;

	for (; i + LANES <= n; i += LANES)
		_mm256_storeu_ps(out + i, own_values(u + i, vmin, vstep, LANES));
	if (i < n)
		store_floats(out + i, own_values(u + i, vmin, vstep, n - i), n - i);
}

/* --------------------------------------------------------- byte x byte */

STEP void
u8dot_step(__m256i s[2], const uint8 *a, const uint8 *b, int left)
{
	__m256i		x = load_bytes(a, left),
				y = load_bytes(b, left);

	s[0] = _mm256_add_epi32(s[0], _mm256_madd_epi16(even_bytes(x), even_bytes(y)));
	s[1] = _mm256_add_epi32(s[1], _mm256_madd_epi16(odd_bytes(x), odd_bytes(y)));
}

KERNEL static uint32
avx2_u8dot(const uint8 *a, const uint8 *b, int n)
{
	__m256i		s[2],
				t[2];
	int			i = 0;

	s[0] = s[1] = t[0] = t[1] = _mm256_setzero_si256();
	for (; i + 64 <= n; i += 64)
	{
		u8dot_step(s, a + i, b + i, 32);
		u8dot_step(t, a + i + 32, b + i + 32, 32);
	}
	for (; i < n; i += 32)
		u8dot_step(s, a + i, b + i, n - i);
	return (uint32) sum_ints(_mm256_add_epi32(_mm256_add_epi32(s[0], s[1]),
											  _mm256_add_epi32(t[0], t[1])));
}

/* amin + astep * a - bmin - bstep * b, with min = amin - bmin */
STEP __m256
u8l1_step(__m256 s, const uint8 *a, const uint8 *b, __m256 min, __m256 astep, __m256 bstep, int left)
{
	__m256		d = _mm256_fmadd_ps(load_bytes_as_floats(a, left), astep, min);

	d = _mm256_fnmadd_ps(load_bytes_as_floats(b, left), bstep, d);
	return _mm256_add_ps(s, abs_floats(only_left(d, left)));
}

KERNEL static float
avx2_u8l1(const uint8 *a, float amin, float astep,
		  const uint8 *b, float bmin, float bstep, int n)
{
	__m256		vmin = _mm256_set1_ps(amin - bmin),
				vastep = _mm256_set1_ps(astep),
				vbstep = _mm256_set1_ps(bstep),
				s0 = _mm256_setzero_ps(),
				s1 = s0;
	int			i = 0;

	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		s0 = u8l1_step(s0, a + i, b + i, vmin, vastep, vbstep, LANES);
		s1 = u8l1_step(s1, a + i + LANES, b + i + LANES, vmin, vastep, vbstep, LANES);
	}
	for (; i < n; i += LANES)
		s0 = u8l1_step(s0, a + i, b + i, vmin, vastep, vbstep, n - i);
	return sum_floats(_mm256_add_ps(s0, s1));
}

/* ------------------------------------------------------------- rotation */

/*
 * The transform of 8 consecutive floats: both halves are loaded repeated over
 * the vector, which costs no shuffle; two butterflies inside the halves follow.
 */
STEP __m256
hadamard8(const float *x, __m256 scale)
{
	const __m256 half = _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1),
				upper = _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1),
				odd = _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1);
	__m256		low = _mm256_broadcast_ps((const __m128 *) x),
				high = _mm256_broadcast_ps((const __m128 *) (x + 4)),
				s;

	s = _mm256_fmadd_ps(high, _mm256_mul_ps(half, scale), _mm256_mul_ps(low, scale));
	s = _mm256_fmadd_ps(s, upper, _mm256_permute_ps(s, 0x4e));
	return _mm256_fmadd_ps(s, odd, _mm256_permute_ps(s, 0xb1));
}

/* one stage across vectors, between those h apart */
STEP void
butterflies(__m256 *y, int vectors, int h)
{
#pragma GCC unroll 8
	for (int k = 0; k < vectors; k++)
		if (!(k & h))
		{
			__m256		a = y[k],
						b = y[k + h];

			y[k] = _mm256_add_ps(a, b);
			y[k + h] = _mm256_sub_ps(a, b);
		}
}

/* all stages across 1, 2, 4 or 8 vectors; a loop here would keep y in memory */
STEP void
hadamard_across(__m256 *y, int vectors)
{
	if (vectors > 1)
		butterflies(y, vectors, 1);
	if (vectors > 2)
		butterflies(y, vectors, 2);
	if (vectors > 4)
		butterflies(y, vectors, 4);
}

/* the stages inside runs of "vectors" vectors */
STEP void
hadamard_first(float *x, int n, float scale, int vectors)
{
	const __m256 vscale = _mm256_set1_ps(scale);

	for (int i = 0; i < n; i += LANES * vectors)
	{
		__m256		y[8];

#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			y[k] = hadamard8(x + i + k * LANES, vscale);
		hadamard_across(y, vectors);
#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			_mm256_storeu_ps(x + i + k * LANES, y[k]);
	}
}

/* log2(vectors) stages more, between floats h, 2h, ... apart */
STEP void
hadamard_next(float *x, int n, int h, int vectors)
{
	for (int i = 0; i < n; i += h * vectors)
		for (int j = i; j < i + h; j += LANES)
		{
			__m256		y[8];

#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				y[k] = _mm256_loadu_ps(x + j + k * h);
			hadamard_across(y, vectors);
#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				_mm256_storeu_ps(x + j + k * h, y[k]);
		}
}

/* three stages a pass: 8 of the 16 registers hold data */
KERNEL static void
avx2_hadamard(float *x, int log2n)
{
	int			n = 1 << log2n,
				done = Min(log2n, 6);
	float		scale;

	if (log2n < 3)
	{
		hnsw_kernels_scalar.hadamard(x, log2n);
		return;
	}
	scale = hnsw_hadamard_scale(log2n);
	if (log2n == 3)
		hadamard_first(x, n, scale, 1);
	else if (log2n == 4)
		hadamard_first(x, n, scale, 2);
	else if (log2n == 5)
		hadamard_first(x, n, scale, 4);
	else
		hadamard_first(x, n, scale, 8);
	for (; log2n - done >= 3; done += 3)
		hadamard_next(x, n, 1 << done, 8);
	if (log2n - done == 2)
		hadamard_next(x, n, 1 << done, 4);
	else if (log2n - done == 1)
		hadamard_next(x, n, 1 << done, 2);
}

const HnswKernels hnsw_kernels_avx2 = {
	.name = "avx2",
	.l2sq = avx2_l2sq,
	.dot = avx2_dot,
	.l1 = avx2_l1,
	.dot3 = avx2_dot3,
	HNSW_HALF_KERNELS(avx2),
	HNSW_BIT_KERNELS(avx2),
	.own_residual = avx2_own_residual,
	.own_dot = avx2_own_dot,
	.own_l1 = avx2_own_l1,
	HNSW_QUANTISE_KERNELS(avx2),
	.own_decode = avx2_own_decode,
	.u8dot = avx2_u8dot,
	.u8l1 = avx2_u8l1,
	HNSW_CODE_KERNELS(avx2),
	.hadamard = avx2_hadamard,
};

#endif							/* __x86_64__ */
