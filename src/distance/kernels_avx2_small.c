/*-------------------------------------------------------------------------
 *
 * kernels_avx2_small.c
 *		The AVX2 column of the kernel grid: halves (F16C) and bits.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx2_small.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx2.h"

/* -------------------------------------------------------------- halves */

/* 0 beyond "left" */
STEP __m256
load_halves(const uint16 *p, int left)
{
	uint16		tail[LANES] = {0};

	if (left >= LANES)
		return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) p));
	memcpy(tail, p, left * sizeof(uint16));
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) tail));
}

KERNEL void
hnsw_avx2_half_to_float(const uint16 *h, float *x, int n)
{
	int			i = 0;

	for (; i + LANES <= n; i += LANES)
		_mm256_storeu_ps(x + i, load_halves(h + i, LANES));
	if (i < n)
		store_floats(x + i, load_halves(h + i, n - i), n - i);
}

KERNEL void
hnsw_avx2_float_to_half(const float *x, uint16 *h, int n)
{
	for (int i = 0; i < n; i += LANES)
	{
		__m128i		y = _mm256_cvtps_ph(load_floats(x + i, n - i),
										_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
		uint16		tail[LANES];

		if (n - i >= LANES)
		{
			_mm_storeu_si128((__m128i *) (h + i), y);
			continue;
		}
		_mm_storeu_si128((__m128i *) tail, y);
		memcpy(h + i, tail, (n - i) * sizeof(uint16));
	}
}

STEP __m256
half_l2sq_step(__m256 s, const uint16 *a, const uint16 *b, int left)
{
	__m256		d = _mm256_sub_ps(load_halves(a, left), load_halves(b, left));

	return _mm256_fmadd_ps(d, d, s);
}

STEP __m256
half_dot_step(__m256 s, const uint16 *a, const uint16 *b, int left)
{
	return _mm256_fmadd_ps(load_halves(a, left), load_halves(b, left), s);
}

STEP __m256
half_l1_step(__m256 s, const uint16 *a, const uint16 *b, int left)
{
	__m256		d = _mm256_sub_ps(load_halves(a, left), load_halves(b, left));

	return _mm256_add_ps(s, abs_floats(d));
}

#define HALF_KERNEL(op) \
KERNEL float \
hnsw_avx2_##op(const uint16 *a, const uint16 *b, int n) \
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

HALF_KERNEL(half_l2sq)
HALF_KERNEL(half_dot)
HALF_KERNEL(half_l1)

STEP void
half_dot3_step(__m256 s[3], const uint16 *a, const uint16 *b, int left)
{
	__m256		x = load_halves(a, left),
				y = load_halves(b, left);

	s[0] = _mm256_fmadd_ps(x, y, s[0]);
	s[1] = _mm256_fmadd_ps(x, x, s[1]);
	s[2] = _mm256_fmadd_ps(y, y, s[2]);
}

KERNEL void
hnsw_avx2_half_dot3(const uint16 *a, const uint16 *b, int n, float out[3])
{
	__m256		s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = _mm256_setzero_ps();
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		half_dot3_step(s, a + i, b + i, LANES);
		half_dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		half_dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = sum_floats(_mm256_add_ps(s[k], t[k]));
}

/* ---------------------------------------------------------------- bits */

/* the bits set in each 64-bit lane, by a table of the bits in a nibble */
STEP __m256i
popcount(__m256i x)
{
	const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
										   0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4),
				nibble = _mm256_set1_epi8(15);
	__m256i		low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble)),
				high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));

	return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

STEP uint64
sum_words(__m256i x)
{
	__m128i		s = _mm_add_epi64(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));

	return (uint64) _mm_cvtsi128_si64(s) + (uint64) _mm_extract_epi64(s, 1);
}

STEP __m256i
differ_step(__m256i s, const uint8 *a, const uint8 *b, int left)
{
	return _mm256_add_epi64(s, popcount(_mm256_xor_si256(load_bytes(a, left), load_bytes(b, left))));
}

KERNEL uint64
hnsw_avx2_bit_differ(const uint8 *a, const uint8 *b, int n)
{
	__m256i		s = _mm256_setzero_si256(),
				t = s;
	int			i = 0;

	for (; i + 64 <= n; i += 64)
	{
		s = differ_step(s, a + i, b + i, 32);
		t = differ_step(t, a + i + 32, b + i + 32, 32);
	}
	for (; i < n; i += 32)
		s = differ_step(s, a + i, b + i, n - i);
	return sum_words(_mm256_add_epi64(s, t));
}

STEP void
overlap_step(__m256i s[2], const uint8 *a, const uint8 *b, int left)
{
	__m256i		x = load_bytes(a, left),
				y = load_bytes(b, left);

	s[0] = _mm256_add_epi64(s[0], popcount(_mm256_and_si256(x, y)));
	s[1] = _mm256_add_epi64(s[1], popcount(_mm256_or_si256(x, y)));
}

KERNEL void
hnsw_avx2_bit_overlap(const uint8 *a, const uint8 *b, int n, uint64 out[2])
{
	__m256i		s[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
	int			i = 0;

	for (; i + 32 <= n; i += 32)
		overlap_step(s, a + i, b + i, 32);
	if (i < n)
		overlap_step(s, a + i, b + i, n - i);
	out[0] = sum_words(s[0]);
	out[1] = sum_words(s[1]);
}

#endif							/* __x86_64__ */
