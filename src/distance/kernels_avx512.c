/*-------------------------------------------------------------------------
 *
 * kernels_avx512.c
 *		The AVX-512 column of the kernel grid (F, BW, VL, DQ and VNNI).
 *
 * Every kernel is a step over one 16-lane vector, given how many lanes are
 * left, run four times per iteration with four accumulators (an FMA takes 4
 * cycles and two start per cycle, but two loads feed each) and then over the
 * rest.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx512.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx512.h"
#include "distance/kernels_quantise.h"

/* ------------------------------------------------------- float x float */

STEP __m512
l2sq_step(__m512 s, const float *a, const float *b, int left)
{
	__m512		d = _mm512_sub_ps(load_floats(a, left), load_floats(b, left));

	return _mm512_fmadd_ps(d, d, s);
}

STEP __m512
dot_step(__m512 s, const float *a, const float *b, int left)
{
	return _mm512_fmadd_ps(load_floats(a, left), load_floats(b, left), s);
}

STEP __m512
l1_step(__m512 s, const float *a, const float *b, int left)
{
	__m512		d = _mm512_sub_ps(load_floats(a, left), load_floats(b, left));

	return _mm512_add_ps(s, _mm512_abs_ps(d));
}

#define FLOAT_KERNEL(op) \
KERNEL static float \
avx512_##op(const float *a, const float *b, int n) \
{ \
	__m512		s0 = _mm512_setzero_ps(), \
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
dot3_step(__m512 s[3], const float *a, const float *b, int left)
{
	__m512		x = load_floats(a, left),
				y = load_floats(b, left);

	s[0] = _mm512_fmadd_ps(x, y, s[0]);
	s[1] = _mm512_fmadd_ps(x, x, s[1]);
	s[2] = _mm512_fmadd_ps(y, y, s[2]);
}

KERNEL static void
avx512_dot3(const float *a, const float *b, int n, float out[3])
{
	__m512		s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = _mm512_setzero_ps();
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		dot3_step(s, a + i, b + i, LANES);
		dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = _mm512_reduce_add_ps(_mm512_add_ps(s[k], t[k]));
}

/* ---------------------------------------------------------- own vector */

HNSW_QUANTISE_KERNELS_DEFINE(avx512, KERNEL)

/* the values of up to 16 codes; lanes beyond "left" are not 0 */
STEP __m512
own_values(const uint8 *u, __m512 min, __m512 step, int left)
{
	return _mm512_fmadd_ps(load_bytes_as_floats(u, left), step, min);
}

STEP __m512
own_dot_step(__m512 s, const float *q, const uint8 *u, __m512 min, __m512 step, int left)
{
	__m512		x = only_left(own_values(u, min, step, left), left);

	return _mm512_fmadd_ps(load_floats(q, left), x, s);
}

STEP __m512
own_l1_step(__m512 s, const float *q, const uint8 *u, __m512 min, __m512 step, int left)
{
	__m512		d = _mm512_sub_ps(load_floats(q, left), own_values(u, min, step, left));

	return _mm512_add_ps(s, _mm512_abs_ps(only_left(d, left)));
}

#define OWN_KERNEL(op) \
KERNEL static float \
avx512_##op(const float *q, const uint8 *u, float min, float step, int n) \
{ \
	__m512		vmin = _mm512_set1_ps(min), \
				vstep = _mm512_set1_ps(step), \
				s0 = _mm512_setzero_ps(), \
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
STEP __m512
own_residual_step(const float *q, const uint8 *u, __m512 min, __m512 step, float *p, int left)
{
	__m512		d = _mm512_sub_ps(load_floats(q, left), own_values(u, min, step, left));

	store_floats(p, d, left);
	return only_left(d, left);
}

KERNEL static float
avx512_own_residual(const float *q, const uint8 *u, float min, float step,
					int n, float *p, float *pmax)
{
	__m512		vmin = _mm512_set1_ps(min),
				vstep = _mm512_set1_ps(step),
				s[4],
				m[4],
				d;
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k] = m[k] = _mm512_setzero_ps();
	for (; i + STRIDE <= n; i += STRIDE)
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++)
		{
			int			j = i + k * LANES;

			d = own_residual_step(q + j, u + j, vmin, vstep, p + j, LANES);
			s[k] = _mm512_fmadd_ps(d, d, s[k]);
			m[k] = max_abs(m[k], d);
		}
	for (; i < n; i += LANES)
	{
		d = own_residual_step(q + i, u + i, vmin, vstep, p + i, n - i);
		s[0] = _mm512_fmadd_ps(d, d, s[0]);
		m[0] = max_abs(m[0], d);
	}
	m[0] = max_abs(max_abs(m[0], m[1]), max_abs(m[2], m[3]));
	*pmax = _mm512_reduce_max_ps(m[0]);
	return sum4(s[0], s[1], s[2], s[3]);
}

KERNEL static void
avx512_own_decode(const uint8 *u, float min, float step, int n, float *out)
{
	__m512		vmin = _mm512_set1_ps(min),
				vstep = _mm512_set1_ps(step);
	int			i = 0;

	for (; i + LANES <= n; i += LANES)
		_mm512_storeu_ps(out + i, own_values(u + i, vmin, vstep, LANES));
	if (i < n)
		store_floats(out + i, own_values(u + i, vmin, vstep, n - i), n - i);
}

/* --------------------------------------------------------- byte x byte */

/*
 * vpdpbusd wants one signed side: <a, b> = <a, b - 128> + 128 sum a, and
 * b - 128 as a signed byte is b with its top bit flipped.
 */
KERNEL static uint32
avx512_u8dot(const uint8 *a, const uint8 *b, int n)
{
	const __m512i flip = _mm512_set1_epi8((char) 0x80),
				ones = _mm512_set1_epi8(1);
	__m512i		s0 = _mm512_setzero_si512(),
				s1 = s0,
				a0 = s0,
				a1 = s0,
				x,
				y;
	int			i = 0;

	for (; i + 128 <= n; i += 128)
	{
		x = load_bytes(a + i, 64);
		y = load_bytes(b + i, 64);
		s0 = _mm512_dpbusd_epi32(s0, x, _mm512_xor_si512(y, flip));
		a0 = _mm512_dpbusd_epi32(a0, x, ones);
		x = load_bytes(a + i + 64, 64);
		y = load_bytes(b + i + 64, 64);
		s1 = _mm512_dpbusd_epi32(s1, x, _mm512_xor_si512(y, flip));
		a1 = _mm512_dpbusd_epi32(a1, x, ones);
	}
	for (; i < n; i += 64)
	{
		x = load_bytes(a + i, n - i);
		y = load_bytes(b + i, n - i);
		s0 = _mm512_dpbusd_epi32(s0, x, _mm512_xor_si512(y, flip));
		a0 = _mm512_dpbusd_epi32(a0, x, ones);
	}
	a0 = _mm512_slli_epi32(_mm512_add_epi32(a0, a1), 7);
	return (uint32) _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_add_epi32(s0, s1), a0));
}

/* amin + astep * a - bmin - bstep * b, with min = amin - bmin */
STEP __m512
u8l1_step(__m512 s, const uint8 *a, const uint8 *b, __m512 min, __m512 astep, __m512 bstep, int left)
{
	__m512		d = _mm512_fmadd_ps(load_bytes_as_floats(a, left), astep, min);

	d = _mm512_fnmadd_ps(load_bytes_as_floats(b, left), bstep, d);
	return _mm512_add_ps(s, _mm512_abs_ps(only_left(d, left)));
}

KERNEL static float
avx512_u8l1(const uint8 *a, float amin, float astep,
			const uint8 *b, float bmin, float bstep, int n)
{
	__m512		vmin = _mm512_set1_ps(amin - bmin),
				vastep = _mm512_set1_ps(astep),
				vbstep = _mm512_set1_ps(bstep),
				s0 = _mm512_setzero_ps(),
				s1 = s0;
	int			i = 0;

	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		s0 = u8l1_step(s0, a + i, b + i, vmin, vastep, vbstep, LANES);
		s1 = u8l1_step(s1, a + i + LANES, b + i + LANES, vmin, vastep, vbstep, LANES);
	}
	for (; i < n; i += LANES)
		s0 = u8l1_step(s0, a + i, b + i, vmin, vastep, vbstep, n - i);
	return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

/* ------------------------------------------------------------- rotation */

/*
 * The transform of 16 consecutive floats.  The four groups of four are loaded
 * repeated over the vector, which costs no shuffle, and added with the signs
 * of the 4 x 4 matrix; two butterflies inside the groups follow.
 */
STEP __m512
hadamard16(const float *x, __m512 scale)
{
	const __m512 sign1 = _mm512_setr_ps(1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1),
				sign2 = _mm512_setr_ps(1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1),
				sign3 = _mm512_setr_ps(1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1),
				odd = _mm512_setr_ps(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1),
				upper = _mm512_setr_ps(1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1);
	__m512		s;

	s = _mm512_mul_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(x)), scale);
	s = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(x + 4)), _mm512_mul_ps(sign1, scale), s);
	s = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(x + 8)), _mm512_mul_ps(sign2, scale), s);
	s = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(x + 12)), _mm512_mul_ps(sign3, scale), s);
	s = _mm512_fmadd_ps(s, upper, _mm512_permute_ps(s, 0x4e));
	return _mm512_fmadd_ps(s, odd, _mm512_permute_ps(s, 0xb1));
}

/* one stage across vectors, between those h apart */
STEP void
butterflies(__m512 *y, int vectors, int h)
{
#pragma GCC unroll 8
	for (int k = 0; k < vectors; k++)
		if (!(k & h))
		{
			__m512		a = y[k],
						b = y[k + h];

			y[k] = _mm512_add_ps(a, b);
			y[k + h] = _mm512_sub_ps(a, b);
		}
}

/* all stages across 1, 2, 4 or 8 vectors; a loop here would keep y in memory */
STEP void
hadamard_across(__m512 *y, int vectors)
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
	const __m512 vscale = _mm512_set1_ps(scale);

	for (int i = 0; i < n; i += LANES * vectors)
	{
		__m512		y[8];

#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			y[k] = hadamard16(x + i + k * LANES, vscale);
		hadamard_across(y, vectors);
#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			_mm512_storeu_ps(x + i + k * LANES, y[k]);
	}
}

/* log2(vectors) stages more, between floats h, 2h, ... apart */
STEP void
hadamard_next(float *x, int n, int h, int vectors)
{
	for (int i = 0; i < n; i += h * vectors)
		for (int j = i; j < i + h; j += LANES)
		{
			__m512		y[8];

#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				y[k] = _mm512_loadu_ps(x + j + k * h);
			hadamard_across(y, vectors);
#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				_mm512_storeu_ps(x + j + k * h, y[k]);
		}
}

/*
 * Three stages a pass: more would need 16 loads at a distance that is a power
 * of two, which do not fit one set of the first-level cache.
 */
KERNEL static void
avx512_hadamard(float *x, int log2n)
{
	int			n = 1 << log2n,
				done = Min(log2n, 7);
	float		scale;

	if (log2n < 4)
	{
		hnsw_kernels_scalar.hadamard(x, log2n);
		return;
	}
	scale = hnsw_hadamard_scale(log2n);
	if (log2n == 4)
		hadamard_first(x, n, scale, 1);
	else if (log2n == 5)
		hadamard_first(x, n, scale, 2);
	else if (log2n == 6)
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

/* the processors with VPOPCNTDQ are newer, and differ in the bit kernels only */
#define AVX512_SET(set) { \
	.name = #set, \
	HNSW_BIT_KERNELS(set), \
	.l2sq = avx512_l2sq, \
	.dot = avx512_dot, \
	.l1 = avx512_l1, \
	.dot3 = avx512_dot3, \
	HNSW_HALF_KERNELS(avx512), \
	.own_residual = avx512_own_residual, \
	.own_dot = avx512_own_dot, \
	.own_l1 = avx512_own_l1, \
	HNSW_QUANTISE_KERNELS(avx512), \
	.own_decode = avx512_own_decode, \
	.u8dot = avx512_u8dot, \
	.u8l1 = avx512_u8l1, \
	HNSW_CODE_KERNELS(avx512), \
	.hadamard = avx512_hadamard \
}

const HnswKernels hnsw_kernels_avx512 = AVX512_SET(avx512);
const HnswKernels hnsw_kernels_avx512vpopcntdq = AVX512_SET(avx512vpopcntdq);

#endif							/* __x86_64__ */
