/*-------------------------------------------------------------------------
 *
 * kernels_avx2.h
 *		What both files of the AVX2 column build on: lanes and tails.
 *
 * The target is an attribute of each function, not a compiler flag, so that
 * the code compiles into a library that must load on any x86-64; inlined
 * helpers need the same attribute.  Where "left", the number of elements that
 * remain, is a constant of at least a vector, tails vanish at compile time.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx2.h
 *-------------------------------------------------------------------------
 */
#ifndef KERNELS_AVX2_H
#define KERNELS_AVX2_H

#include "distance/kernels_common.h"

#include <immintrin.h>

#define KERNEL	__attribute__((target("avx2,fma,f16c")))
#define STEP	KERNEL __attribute__((always_inline)) static inline

/*
 * Hides from gcc what becomes of a sum of integers after a loop.  -O3 would keep it
 * in two registers there, one for each of the vector types that it is cast to and
 * from, and copy one to the other in every round.
 */
#define KEEP(x)	__asm__("" : "+x" (x))

/* lanes of a vector of floats */
#define LANES	8
/* coordinates per iteration of the unrolled loops */
#define STRIDE	(4 * LANES)

STEP __m256i
lanes_left(int left)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

STEP __m256
load_floats(const float *p, int left)
{
	return left >= LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes_left(left));
}

STEP void
store_floats(float *p, __m256 x, int left)
{
	if (left >= LANES)
		_mm256_storeu_ps(p, x);
	else
		_mm256_maskstore_ps(p, lanes_left(left), x);
}

/* sets the lanes beyond "left" to 0 */
STEP __m256
only_left(__m256 x, int left)
{
	return left >= LANES ? x : _mm256_and_ps(x, _mm256_castsi256_ps(lanes_left(left)));
}

STEP __m256
load_bytes_as_floats(const uint8 *p, int left)
{
	int64		word = 0;

	memcpy(&word, p, left >= LANES ? LANES : left);
	return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(word)));
}

STEP __m256i
load_bytes(const void *p, int left)
{
	uint8		tail[32] = {0};

	if (left >= 32)
		return _mm256_loadu_si256((const __m256i *) p);
	memcpy(tail, p, left);
	return _mm256_loadu_si256((const __m256i *) tail);
}

STEP __m256
abs_floats(__m256 x)
{
	return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

/* max(m, |x|), a NaN counts as nothing */
STEP __m256
max_abs(__m256 m, __m256 x)
{
	return _mm256_max_ps(abs_floats(x), m);
}

STEP float
sum_floats(__m256 x)
{
	__m128		s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

STEP float
max_floats(__m256 x)
{
	__m128		s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

	s = _mm_max_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

STEP float
sum4(__m256 a, __m256 b, __m256 c, __m256 d)
{
	return sum_floats(_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d)));
}

STEP int32
sum_ints(__m256i x)
{
	__m128i		s = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));

	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
	return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

/* even and odd bytes as 16-bit numbers */
STEP __m256i
even_bytes(__m256i x)
{
	return _mm256_and_si256(x, _mm256_set1_epi16(0xff));
}

STEP __m256i
odd_bytes(__m256i x)
{
	return _mm256_srli_epi16(x, 8);
}

HNSW_CODE_KERNELS_DECLARE(avx2)
HNSW_HALF_KERNELS_DECLARE(avx2)
HNSW_BIT_KERNELS_DECLARE(avx2)

#endif							/* KERNELS_AVX2_H */
