/*-------------------------------------------------------------------------
 *
 * kernels_avx512.h
 *		What both files of the AVX-512 column build on: lanes and tails.
 *
 * The target is an attribute of each function, not a compiler flag, so that
 * the code compiles into a library that must load on any x86-64; inlined
 * helpers need the same attribute.  Where "left", the number of elements that
 * remain, is a constant of at least a vector, tails vanish at compile time.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx512.h
 *-------------------------------------------------------------------------
 */
#ifndef KERNELS_AVX512_H
#define KERNELS_AVX512_H

#include "distance/kernels_common.h"

#include <immintrin.h>

#define KERNEL \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))
#define STEP KERNEL __attribute__((always_inline)) static inline

/*
 * Hides from gcc what becomes of a sum of integers after a loop.  -O3 would keep it
 * in two registers there, one for each of the vector types that it is cast to and
 * from, and copy one to the other in every round.
 */
#define KEEP(x)	__asm__("" : "+v" (x))

/* lanes of a vector of floats */
#define LANES	16
/* coordinates per iteration of the unrolled loops */
#define STRIDE	(4 * LANES)

STEP __mmask16
lanes_left(int left)
{
	return (__mmask16) (left >= LANES ? 0xffff : (1u << Max(left, 0)) - 1);
}

STEP __mmask64
bytes_left(int left)
{
	return left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

STEP __m512
load_floats(const float *p, int left)
{
	return left >= LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(lanes_left(left), p);
}

STEP void
store_floats(float *p, __m512 x, int left)
{
	if (left >= LANES)
		_mm512_storeu_ps(p, x);
	else
		_mm512_mask_storeu_ps(p, lanes_left(left), x);
}

/* sets the lanes beyond "left" to 0 */
STEP __m512
only_left(__m512 x, int left)
{
	return left >= LANES ? x : _mm512_maskz_mov_ps(lanes_left(left), x);
}

STEP __m512
load_bytes_as_floats(const uint8 *p, int left)
{
	__m128i		x;

	if (left >= LANES)
		x = _mm_loadu_si128((const __m128i *) p);
	else
		x = _mm_maskz_loadu_epi8(lanes_left(left), p);
	return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(x));
}

STEP __m512i
load_bytes(const void *p, int left)
{
	return left >= 64 ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi8(bytes_left(left), p);
}

STEP float
sum4(__m512 a, __m512 b, __m512 c, __m512 d)
{
	return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
}

/* max(m, |x|), a NaN counts as nothing */
STEP __m512
max_abs(__m512 m, __m512 x)
{
	return _mm512_range_ps(m, x, 0x0b);
}

HNSW_CODE_KERNELS_DECLARE(avx512)
HNSW_HALF_KERNELS_DECLARE(avx512)
HNSW_BIT_KERNELS_DECLARE(avx512)
HNSW_BIT_KERNELS_DECLARE(avx512vpopcntdq)

#endif							/* KERNELS_AVX512_H */
