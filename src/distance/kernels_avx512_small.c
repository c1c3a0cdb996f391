/*-------------------------------------------------------------------------
 *
 * kernels_avx512_small.c
 *		The AVX-512 column of the kernel grid: halves and bits.
 *
 * The bit kernels come twice: by the byte shuffle, and by VPOPCNTDQ, which not
 * every processor with the other instructions has.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx512_small.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx512.h"

/* -------------------------------------------------------------- halves */

/* 0 beyond "left" */
STEP __m512
load_halves(const uint16 *p, int left)
{
	return _mm512_cvtph_ps(left >= LANES ? _mm256_loadu_si256((const __m256i *) p) :
						   _mm256_maskz_loadu_epi16(lanes_left(left), p));
}

KERNEL void
hnsw_avx512_half_to_float(const uint16 *h, float *x, int n)
{
	int			i = 0;

	for (; i + LANES <= n; i += LANES)
		_mm512_storeu_ps(x + i, load_halves(h + i, LANES));
	if (i < n)
		store_floats(x + i, load_halves(h + i, n - i), n - i);
}

KERNEL void
hnsw_avx512_float_to_half(const float *x, uint16 *h, int n)
{
	for (int i = 0; i < n; i += LANES)
	{
		__m256i		y = _mm512_cvtps_ph(load_floats(x + i, n - i),
										_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);

		if (n - i >= LANES)
			_mm256_storeu_si256((__m256i *) (h + i), y);
		else
			_mm256_mask_storeu_epi16(h + i, lanes_left(n - i), y);
	}
}

STEP __m512
half_l2sq_step(__m512 s, const uint16 *a, const uint16 *b, int left)
{
	__m512		d = _mm512_sub_ps(load_halves(a, left), load_halves(b, left));

	return _mm512_fmadd_ps(d, d, s);
}

STEP __m512
half_dot_step(__m512 s, const uint16 *a, const uint16 *b, int left)
{
	return _mm512_fmadd_ps(load_halves(a, left), load_halves(b, left), s);
}

STEP __m512
half_l1_step(__m512 s, const uint16 *a, const uint16 *b, int left)
{
	__m512		d = _mm512_sub_ps(load_halves(a, left), load_halves(b, left));

	return _mm512_add_ps(s, _mm512_abs_ps(d));
}

#define HALF_KERNEL(op) \
KERNEL float \
hnsw_avx512_##op(const uint16 *a, const uint16 *b, int n) \
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

HALF_KERNEL(half_l2sq)
HALF_KERNEL(half_dot)
HALF_KERNEL(half_l1)

STEP void
half_dot3_step(__m512 s[3], const uint16 *a, const uint16 *b, int left)
{
	__m512		x = load_halves(a, left),
				y = load_halves(b, left);

	s[0] = _mm512_fmadd_ps(x, y, s[0]);
	s[1] = _mm512_fmadd_ps(x, x, s[1]);
	s[2] = _mm512_fmadd_ps(y, y, s[2]);
}

KERNEL void
hnsw_avx512_half_dot3(const uint16 *a, const uint16 *b, int n, float out[3])
{
	__m512		s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = _mm512_setzero_ps();
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		half_dot3_step(s, a + i, b + i, LANES);
		half_dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		half_dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = _mm512_reduce_add_ps(_mm512_add_ps(s[k], t[k]));
}

/* ---------------------------------------------------------------- bits */

/* the bits set in each 64-bit lane, by a table of the bits in a nibble */
STEP __m512i
popcount_avx512(__m512i x)
{
	const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
															   1, 2, 2, 3, 2, 3, 3, 4)),
				nibble = _mm512_set1_epi8(15);
	__m512i		low = _mm512_shuffle_epi8(table, _mm512_and_si512(x, nibble)),
				high = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble));

	return _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512());
}

#define KERNEL_VPOPCNTDQ \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,avx2,fma,f16c")))

KERNEL_VPOPCNTDQ __attribute__((always_inline)) static inline __m512i
popcount_avx512vpopcntdq(__m512i x)
{
	return _mm512_popcnt_epi64(x);
}

/*
 * The two kernels of a set.  A step is a macro and no function, because it is
 * inlined into functions of different targets.
 */
#define DIFFER_STEP(set, s, i, left) \
	s = _mm512_add_epi64(s, popcount_##set(_mm512_xor_si512(load_bytes(a + (i), left), \
															load_bytes(b + (i), left))))

#define OVERLAP_STEP(set, i, left) \
	do { \
		__m512i		x = load_bytes(a + (i), left), \
					y = load_bytes(b + (i), left); \
\
		both = _mm512_add_epi64(both, popcount_##set(_mm512_and_si512(x, y))); \
		either = _mm512_add_epi64(either, popcount_##set(_mm512_or_si512(x, y))); \
	} while (0)

#define BIT_KERNELS(set, TARGET) \
TARGET uint64 \
hnsw_##set##_bit_differ(const uint8 *a, const uint8 *b, int n) \
{ \
	__m512i		s = _mm512_setzero_si512(), \
				t = s; \
	int			i = 0; \
\
	for (; i + 128 <= n; i += 128) \
	{ \
		DIFFER_STEP(set, s, i, 64); \
		DIFFER_STEP(set, t, i + 64, 64); \
	} \
	for (; i < n; i += 64) \
		DIFFER_STEP(set, s, i, n - i); \
	return (uint64) _mm512_reduce_add_epi64(_mm512_add_epi64(s, t)); \
} \
\
TARGET void \
hnsw_##set##_bit_overlap(const uint8 *a, const uint8 *b, int n, uint64 out[2]) \
{ \
	__m512i		both = _mm512_setzero_si512(), \
				either = both; \
	int			i = 0; \
\
	for (; i + 64 <= n; i += 64) \
		OVERLAP_STEP(set, i, 64); \
	if (i < n) \
		OVERLAP_STEP(set, i, n - i); \
	out[0] = (uint64) _mm512_reduce_add_epi64(both); \
	out[1] = (uint64) _mm512_reduce_add_epi64(either); \
}

BIT_KERNELS(avx512, KERNEL)
BIT_KERNELS(avx512vpopcntdq, KERNEL_VPOPCNTDQ)

#endif							/* __x86_64__ */
