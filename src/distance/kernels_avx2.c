/*-------------------------------------------------------------------------
 *
 * kernels_avx2.c
 *		The AVX2 column of the kernel grid (AVX2 and FMA).
 *
 * Built like kernels_avx512.c: a step over one vector of 8 lanes, given how
 * many lanes are left, run four times per iteration and then over the rest.
 * Where "left" is a constant 8 the tail handling vanishes at compile time.
 * Bytes have no masked loads here; their tails go through small buffers.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx2.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels_common.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KERNEL	__attribute__((target("avx2,fma")))
#define STEP	KERNEL __attribute__((always_inline)) static inline

/* lanes of a vector of floats */
#define LANES	8
/* coordinates per iteration of the unrolled loops */
#define STRIDE	(4 * LANES)

/* ---------------------------------------------------------------- lanes */

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

KERNEL static float
avx2_u8l1(const uint8 *a, float amin, float astep,
		  const uint8 *b, float bmin, float bstep, int n)
{
	__m256		vamin = _mm256_set1_ps(amin),
				vastep = _mm256_set1_ps(astep),
				vbmin = _mm256_set1_ps(bmin),
				vbstep = _mm256_set1_ps(bstep),
				s0 = _mm256_setzero_ps(),
				s1 = s0,
				d;
	int			i = 0;

	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		d = _mm256_sub_ps(own_values(a + i, vamin, vastep, LANES),
						  own_values(b + i, vbmin, vbstep, LANES));
		s0 = _mm256_add_ps(s0, abs_floats(d));
		d = _mm256_sub_ps(own_values(a + i + LANES, vamin, vastep, LANES),
						  own_values(b + i + LANES, vbmin, vbstep, LANES));
		s1 = _mm256_add_ps(s1, abs_floats(d));
	}
	for (; i < n; i += LANES)
	{
		d = _mm256_sub_ps(own_values(a + i, vamin, vastep, n - i),
						  own_values(b + i, vbmin, vbstep, n - i));
		s0 = _mm256_add_ps(s0, abs_floats(only_left(d, n - i)));
	}
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

/* butterflies across 1, 2, 4 or 8 vectors */
STEP void
hadamard_across(__m256 *y, int vectors)
{
	for (int h = 1; h < vectors; h *= 2)
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

/* ----------------------------------------------------------- edge codes */

/* 32-bit levels or packed values, all 0 .. 255, of 32 lanes as bytes in order */
STEP __m256i
narrow(__m256i a, __m256i b, __m256i c, __m256i d)
{
	__m256i		x = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));

	return _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

STEP __m256i
narrow_unsigned(__m256i a, __m256i b, __m256i c, __m256i d)
{
	__m256i		x = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));

	return _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* 32 coordinates as signed bytes; adds them to *sum */
STEP __m256i
pack8_step(const float *p, __m256 inv, __m256i *sum, int left)
{
	const __m256 low = _mm256_set1_ps(-127.0f),
				high = _mm256_set1_ps(127.0f);
	__m256i		q[4];

	for (int k = 0; k < 4; k++)
	{
		int			lanes = left - k * LANES;
		__m256		x = _mm256_mul_ps(load_floats(p + k * LANES, lanes), inv);

		/* the order of the operands makes -127 of a NaN */
		x = _mm256_min_ps(_mm256_max_ps(x, low), high);
		q[k] = _mm256_cvtps_epi32(only_left(x, lanes));
		*sum = _mm256_add_epi32(*sum, q[k]);
	}
	return narrow(q[0], q[1], q[2], q[3]);
}

KERNEL static int32
avx2_pack8(const float *p, float inv, int n, int npad, int8 *out)
{
	const __m256 vinv = _mm256_set1_ps(inv);
	__m256i		sum = _mm256_setzero_si256();
	int			i = 0;

	for (; i + 32 <= n; i += 32)
		_mm256_storeu_si256((__m256i *) (out + i), pack8_step(p + i, vinv, &sum, 32));
	if (i < n)
	{
		int8		tail[32];

		_mm256_storeu_si256((__m256i *) tail, pack8_step(p + i, vinv, &sum, n - i));
		memcpy(out + i, tail, n - i);
	}
	memset(out + n, 0, npad - n);
	return sum_ints(sum);
}

/* neighbours whose dot products are taken side by side */
#define GROUP	4

/* blocks whose sums fit 16 bits: 2 x 2 x 15 x 128 x 4 < 2^15 */
#define BLOCKS16	4

/*
 * One block of 64 code coordinates: the code is repeated over the vector, and
 * each part of the vector keeps its own bits, of the low nibbles for the first
 * half of the coordinates and of the high ones for the second half.  A part
 * keeps its place in the nibble, so its products are too large by a power of
 * two, which group_sums takes back.
 */
STEP __m256i
block_bytes(const uint8 *code, int bits)
{
	if (bits == 1)
	{
		int64		word;

		memcpy(&word, code, sizeof(word));
		return _mm256_set1_epi64x(word);
	}
	if (bits == 2)
		return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) code));
	return _mm256_loadu_si256((const __m256i *) code);
}

/* the bits of a nibble that each part keeps */
STEP __m256i
block_mask(int bits)
{
	if (bits == 1)
		return _mm256_setr_epi64x(0x0101010101010101, 0x0202020202020202,
								  0x0404040404040404, 0x0808080808080808);
	if (bits == 2)
		return _mm256_setr_epi64x(0x0303030303030303, 0x0303030303030303,
								  0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c);
	return _mm256_set1_epi8(15);
}

/* sums of the elements of four vectors, in order */
STEP __m128i
group_sums(const __m256i acc[GROUP], int bits)
{
	__m256i		x = _mm256_hadd_epi32(acc[0], acc[1]),
				y = _mm256_hadd_epi32(acc[2], acc[3]);

	/* even elements come from even 64-bit words now, odd ones from odd words */
	if (bits == 1 || bits == 2)
	{
		__m256i		shift = bits == 1 ? _mm256_setr_epi32(0, 1, 0, 1, 2, 3, 2, 3) :
		_mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2);

		x = _mm256_srav_epi32(x, shift);
		y = _mm256_srav_epi32(y, shift);
	}
	x = _mm256_hadd_epi32(x, y);
	return _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}

STEP void
store_sums(int32 *out, __m128i sums, int count)
{
	if (count >= GROUP)
		_mm_storeu_si128((__m128i *) out, sums);
	else
		_mm_maskstore_epi32(out, _mm256_castsi256_si128(lanes_left(count)), sums);
}

/*
 * The dot products of four codes with 1, 2 or 4 bits, of which the first
 * "count" are wanted: the others are computed from the last code and dropped.
 */
STEP void
edge_dots_group(const uint8 *codes, int stride, int count, const int8 *p8,
				int cdim, int32 *out, int bits)
{
	const __m256i mask = block_mask(bits),
				ones = _mm256_set1_epi16(1);
	const uint8 *code[GROUP];
	__m256i		acc[GROUP];

	for (int k = 0; k < GROUP; k++)
	{
		code[k] = codes + (Size) Min(k, count - 1) * stride;
		acc[k] = _mm256_setzero_si256();
	}
	for (int i = 0; i < cdim;)
	{
		int			end = Min(cdim, i + BLOCKS16 * HNSW_CODE_BLOCK);
		__m256i		acc16[GROUP];

		for (int k = 0; k < GROUP; k++)
			acc16[k] = _mm256_setzero_si256();
		for (; i < end; i += HNSW_CODE_BLOCK)
		{
			const __m256i p0 = _mm256_loadu_si256((const __m256i *) (p8 + i)),
						p1 = _mm256_loadu_si256((const __m256i *) (p8 + i + 32));

#pragma GCC unroll 4
			for (int k = 0; k < GROUP; k++)
			{
				__m256i		x = block_bytes(code[k] + i / 8 * bits, bits),
							low = _mm256_and_si256(x, mask),
							high = _mm256_and_si256(_mm256_srli_epi16(x, 4), mask);

				acc16[k] = _mm256_add_epi16(acc16[k],
											_mm256_add_epi16(_mm256_maddubs_epi16(low, p0),
															 _mm256_maddubs_epi16(high, p1)));
			}
		}
		for (int k = 0; k < GROUP; k++)
			acc[k] = _mm256_add_epi32(acc[k], _mm256_madd_epi16(acc16[k], ones));
	}
	store_sums(out, group_sums(acc, bits), count);
}

/* the same with 8 bits, where products of bytes do not fit vpmaddubsw */
STEP void
edge_dots_group8(const uint8 *codes, int stride, int count, const int8 *p8,
				 int cdim, int32 *out)
{
	const uint8 *code[GROUP];
	__m256i		acc[GROUP];

	for (int k = 0; k < GROUP; k++)
	{
		code[k] = codes + (Size) Min(k, count - 1) * stride;
		acc[k] = _mm256_setzero_si256();
	}
	for (int i = 0; i < cdim; i += 32)
	{
		const __m256i p = load_bytes(p8 + i, cdim - i),
					even = _mm256_srai_epi16(_mm256_slli_epi16(p, 8), 8),
					odd = _mm256_srai_epi16(p, 8);

#pragma GCC unroll 4
		for (int k = 0; k < GROUP; k++)
		{
			__m256i		x = load_bytes(code[k] + i, cdim - i);

			acc[k] = _mm256_add_epi32(acc[k], _mm256_madd_epi16(even_bytes(x), even));
			acc[k] = _mm256_add_epi32(acc[k], _mm256_madd_epi16(odd_bytes(x), odd));
		}
	}
	store_sums(out, group_sums(acc, 8), count);
}

/*
 * With 1 bit, byte i of a block holds coordinates 8i .. 8i+7, while the part
 * that keeps bit j wants coordinates j, j+8, ...: transposes each block of p8
 * as an 8 x 8 matrix.
 */
STEP void
transpose_blocks(const int8 *p8, int cdim, int8 *out)
{
	const __m128i bytes = _mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);

	for (int i = 0; i < cdim; i += HNSW_CODE_BLOCK)
	{
		__m128i		x[4],
					a,
					b,
				   *to = (__m128i *) (out + i);

		for (int k = 0; k < 4; k++)
			x[k] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (p8 + i) + k), bytes);
		a = _mm_unpacklo_epi16(x[0], x[1]);
		b = _mm_unpacklo_epi16(x[2], x[3]);
		_mm_store_si128(to, _mm_unpacklo_epi32(a, b));
		_mm_store_si128(to + 1, _mm_unpackhi_epi32(a, b));
		a = _mm_unpackhi_epi16(x[0], x[1]);
		b = _mm_unpackhi_epi16(x[2], x[3]);
		_mm_store_si128(to + 2, _mm_unpacklo_epi32(a, b));
		_mm_store_si128(to + 3, _mm_unpackhi_epi32(a, b));
	}
}

KERNEL static void
avx2_edge_dots1(const uint8 *codes, int stride, int count,
				const int8 *p8, int cdim, int32 *out)
{
	int8		columns[HNSW_KERNEL_MAX_DIM] __attribute__((aligned(64)));

	transpose_blocks(p8, cdim, columns);
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, columns, cdim, out + k, 1);
}

KERNEL static void
avx2_edge_dots2(const uint8 *codes, int stride, int count,
				const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 2);
}

KERNEL static void
avx2_edge_dots4(const uint8 *codes, int stride, int count,
				const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 4);
}

KERNEL static void
avx2_edge_dots8(const uint8 *codes, int stride, int count,
				const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group8(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k);
}

/* first pass of edge_encode: fills rr and ru, returns max |r_i| */
STEP float
residual_sums(const float *v, const float *u, int n, HnswEdgeSums *sums)
{
	__m256		rr[2],
				ru[2],
				m[2];
	int			i = 0;

	for (int k = 0; k < 2; k++)
		rr[k] = ru[k] = m[k] = _mm256_setzero_ps();
	while (i < n)
#pragma GCC unroll 2
		for (int k = 0; k < 2 && i < n; k++, i += LANES)
		{
			__m256		y = load_floats(u + i, n - i),
						r = _mm256_sub_ps(load_floats(v + i, n - i), y);

			rr[k] = _mm256_fmadd_ps(r, r, rr[k]);
			ru[k] = _mm256_fmadd_ps(r, y, ru[k]);
			m[k] = max_abs(m[k], r);
		}
	sums->rr = sum_floats(_mm256_add_ps(rr[0], rr[1]));
	sums->ru = sum_floats(_mm256_add_ps(ru[0], ru[1]));
	return max_floats(max_abs(m[0], m[1]));
}

/* the levels of up to 8 coordinates, 0 beyond "left"; adds <x, r> to *xr */
STEP __m256i
levels_step(const float *v, const float *u, __m256 inv, __m256 *xr, int left, int bits)
{
	const __m256 half = _mm256_set1_ps((float) (1 << (bits - 1))),
				top = _mm256_set1_ps((float) ((1 << bits) - 1)),
				mid = _mm256_set1_ps(((1 << bits) - 1) / 2.0f);
	__m256		r = _mm256_sub_ps(load_floats(v, left), load_floats(u, left)),
				l = _mm256_add_ps(_mm256_floor_ps(_mm256_mul_ps(r, inv)), half);

	/* the order of the operands makes level 0 of a NaN */
	l = _mm256_min_ps(_mm256_max_ps(l, _mm256_setzero_ps()), top);
	*xr = _mm256_fmadd_ps(_mm256_sub_ps(l, mid), r, *xr);
	return _mm256_cvttps_epi32(only_left(l, left));
}

/* encodes up to 64 coordinates; writes 8 * bits bytes */
STEP void
encode_block(const float *v, const float *u, __m256 inv, __m256 xr[2],
			 int left, uint8 *code, int bits)
{
	__m256i		l[8];

#pragma GCC unroll 8
	for (int k = 0; k < 8; k++)
		l[k] = levels_step(v + k * LANES, u + k * LANES, inv, &xr[k & 1],
						   left - k * LANES, bits);
	if (bits == 8)
	{
		_mm256_storeu_si256((__m256i *) code, narrow_unsigned(l[0], l[1], l[2], l[3]));
		_mm256_storeu_si256((__m256i *) (code + 32), narrow_unsigned(l[4], l[5], l[6], l[7]));
	}
	else if (bits == 4)
	{
		for (int k = 0; k < 4; k++)
			l[k] = _mm256_or_si256(l[k], _mm256_slli_epi32(l[k + 4], 4));
		_mm256_storeu_si256((__m256i *) code, narrow_unsigned(l[0], l[1], l[2], l[3]));
	}
	else
	{
		for (int k = 0; k < 2; k++)
			l[k] = _mm256_or_si256(_mm256_or_si256(l[k], _mm256_slli_epi32(l[k + 2], 2)),
								   _mm256_or_si256(_mm256_slli_epi32(l[k + 4], 4),
												   _mm256_slli_epi32(l[k + 6], 6)));
		_mm_storeu_si128((__m128i *) code,
						 _mm256_castsi256_si128(narrow_unsigned(l[0], l[1], l[0], l[1])));
	}
}

/* the same with 1 bit: level = r > 0, and level - 1/2 times r is |r| / 2 */
STEP void
encode_block1(const float *v, const float *u, __m256 xr[2], int left, uint8 *code)
{
	for (int k = 0; k < 8; k++)
	{
		int			lanes = left - k * LANES;
		__m256		r = _mm256_sub_ps(load_floats(v + k * LANES, lanes),
									  load_floats(u + k * LANES, lanes));

		xr[k & 1] = _mm256_add_ps(xr[k & 1], abs_floats(r));
		code[k] = (uint8) _mm256_movemask_ps(_mm256_cmp_ps(r, _mm256_setzero_ps(), _CMP_GT_OQ));
	}
}

STEP void
edge_encode(const float *v, const float *u, int n, int cdim,
			uint8 *code, HnswEdgeSums *sums, int bits)
{
	float		rmax = residual_sums(v, u, n, sums);
	__m256		inv = _mm256_set1_ps(hnsw_edge_inverse_step(bits, sums->rr, rmax, n)),
				xr[2];
	int			m = Min(n, cdim),
				i = 0,
				done;

	xr[0] = xr[1] = _mm256_setzero_ps();
	for (; i + HNSW_CODE_BLOCK <= m; i += HNSW_CODE_BLOCK)
	{
		if (bits == 1)
			encode_block1(v + i, u + i, xr, HNSW_CODE_BLOCK, code + i / 8);
		else
			encode_block(v + i, u + i, inv, xr, HNSW_CODE_BLOCK, code + i / 8 * bits, bits);
	}
	done = i / 8 * bits;
	if (i < m)
	{
		uint8		tail[HNSW_TAIL_MAX];
		int			bytes = hnsw_edge_code_bytes(bits, Min(cdim - i, HNSW_CODE_BLOCK));

		if (bits == 1)
			encode_block1(v + i, u + i, xr, m - i, tail);
		else
			encode_block(v + i, u + i, inv, xr, m - i, tail, bits);
		memcpy(code + done, tail, bytes);
		done += bytes;
	}
	memset(code + done, 0, hnsw_edge_code_bytes(bits, cdim) - done);
	sums->xr = sum_floats(_mm256_add_ps(xr[0], xr[1])) * (bits == 1 ? 0.5f : 1.0f);
}

#define EDGE_ENCODE_KERNEL(b) \
KERNEL static void \
avx2_edge_encode##b(const float *v, const float *u, int n, int cdim, \
					uint8 *code, HnswEdgeSums *sums) \
{ \
	edge_encode(v, u, n, cdim, code, sums, b); \
}

EDGE_ENCODE_KERNEL(1)
EDGE_ENCODE_KERNEL(2)
EDGE_ENCODE_KERNEL(4)
EDGE_ENCODE_KERNEL(8)

const HnswKernels hnsw_kernels_avx2 = {
	.name = "avx2",
	.l2sq = avx2_l2sq,
	.dot = avx2_dot,
	.l1 = avx2_l1,
	.dot3 = avx2_dot3,
	.own_residual = avx2_own_residual,
	.own_dot = avx2_own_dot,
	.own_l1 = avx2_own_l1,
	.own_decode = avx2_own_decode,
	.u8dot = avx2_u8dot,
	.u8l1 = avx2_u8l1,
	.pack8 = avx2_pack8,
	.edge_dots = {
		[1] = avx2_edge_dots1,
		[2] = avx2_edge_dots2,
		[4] = avx2_edge_dots4,
		[8] = avx2_edge_dots8,
	},
	.edge_encode = {
		[1] = avx2_edge_encode1,
		[2] = avx2_edge_encode2,
		[4] = avx2_edge_encode4,
		[8] = avx2_edge_encode8,
	},
	.hadamard = avx2_hadamard,
};

#endif							/* __x86_64__ */
