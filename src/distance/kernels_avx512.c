/*-------------------------------------------------------------------------
 *
 * kernels_avx512.c
 *		The AVX-512 column of the kernel grid (F, BW, VL, DQ and VNNI).
 *
 * Every kernel is a step over one 16-lane vector, given how many lanes are
 * left, run four times per iteration with four accumulators (an FMA takes 4
 * cycles and two start per cycle, but two loads feed each) and then over the
 * rest.  Where "left" is a constant 16 the masks vanish at compile time.
 *
 * The target is an attribute of each function, not a compiler flag, so that
 * the file compiles into a library that must load on any x86-64; inlined
 * helpers need the same attribute.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx512.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels_common.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KERNEL \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))
#define STEP KERNEL __attribute__((always_inline)) static inline

/* lanes of a vector of floats */
#define LANES	16
/* coordinates per iteration of the unrolled loops */
#define STRIDE	(4 * LANES)

/* ---------------------------------------------------------------- lanes */

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

KERNEL static float
avx512_u8l1(const uint8 *a, float amin, float astep,
			const uint8 *b, float bmin, float bstep, int n)
{
	__m512		vamin = _mm512_set1_ps(amin),
				vastep = _mm512_set1_ps(astep),
				vbmin = _mm512_set1_ps(bmin),
				vbstep = _mm512_set1_ps(bstep),
				s0 = _mm512_setzero_ps(),
				s1 = s0,
				d;
	int			i = 0;

	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		d = _mm512_sub_ps(own_values(a + i, vamin, vastep, LANES),
						  own_values(b + i, vbmin, vbstep, LANES));
		s0 = _mm512_add_ps(s0, _mm512_abs_ps(d));
		d = _mm512_sub_ps(own_values(a + i + LANES, vamin, vastep, LANES),
						  own_values(b + i + LANES, vbmin, vbstep, LANES));
		s1 = _mm512_add_ps(s1, _mm512_abs_ps(d));
	}
	for (; i < n; i += LANES)
	{
		d = _mm512_sub_ps(own_values(a + i, vamin, vastep, n - i),
						  own_values(b + i, vbmin, vbstep, n - i));
		s0 = _mm512_add_ps(s0, _mm512_abs_ps(only_left(d, n - i)));
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

/* ----------------------------------------------------------- edge codes */

KERNEL static int32
avx512_pack8(const float *p, float inv, int n, int npad, int8 *out)
{
	const __m512 vinv = _mm512_set1_ps(inv),
				low = _mm512_set1_ps(-127.0f),
				high = _mm512_set1_ps(127.0f);
	__m512i		sum = _mm512_setzero_si512();

	for (int i = 0; i < n; i += LANES)
	{
		int			left = n - i;
		__m512		x = _mm512_mul_ps(load_floats(p + i, left), vinv);
		__m512i		q;

		/* the order of the operands makes -127 of a NaN */
		x = _mm512_min_ps(_mm512_max_ps(x, low), high);
		q = _mm512_maskz_cvtps_epi32(lanes_left(left), x);
		sum = _mm512_add_epi32(sum, q);
		if (left >= LANES)
			_mm_storeu_si128((__m128i *) (out + i), _mm512_cvtepi32_epi8(q));
		else
			_mm512_mask_cvtepi32_storeu_epi8(out + i, lanes_left(left), q);
	}
	memset(out + n, 0, npad - n);
	return _mm512_reduce_add_epi32(sum);
}

/* neighbours whose dot products are taken side by side */
#define GROUP	8

/*
 * One block of 64 code coordinates as bytes that vpdpbusd can take: the code
 * is repeated over the vector and each part of the vector keeps its own bits,
 * which saves the shift: what part j holds is level << j * bits, at most 240,
 * and its sum is shifted back once at the end, in group_sums.
 */
STEP __m512i
block_bytes(const uint8 *code, int bits)
{
	if (bits == 1)
	{
		int64		word;

		memcpy(&word, code, sizeof(word));
		return _mm512_set1_epi64(word);
	}
	if (bits == 2)
		return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *) code));
	if (bits == 4)
		return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *) code));
	return _mm512_loadu_si512(code);
}

/* the bits that each part keeps */
STEP __m512i
block_mask(int bits)
{
	if (bits == 1)
		return _mm512_sllv_epi64(_mm512_set1_epi8(1), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
	if (bits == 2)
		return _mm512_sllv_epi64(_mm512_set1_epi8(3), _mm512_setr_epi64(0, 0, 2, 2, 4, 4, 6, 6));
	if (bits == 4)
		return _mm512_sllv_epi64(_mm512_set1_epi8(15), _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4));
	return _mm512_set1_epi8(-1);
}

/* [sums of neighbouring pairs of a, the same of b] in each 128-bit lane */
STEP __m512i
add_pairs(__m512i a, __m512i b)
{
	__m512		x = _mm512_castsi512_ps(a),
				y = _mm512_castsi512_ps(b);

	return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
							_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
}

/*
 * Sums of the elements of eight vectors, in order.  After the first add_pairs
 * the even elements come from even 64-bit words and the odd ones from odd
 * words, so all that share a scale still stand apart.
 */
STEP __m256i
group_sums(const __m512i acc[GROUP], int bits)
{
	__m512i		shift = _mm512_setzero_si512(),
				x[4];

	if (bits == 1)
		shift = _mm512_setr_epi32(0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
	else if (bits == 2)
		shift = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
	else if (bits == 4)
		shift = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
	for (int k = 0; k < 4; k++)
	{
		x[k] = add_pairs(acc[2 * k], acc[2 * k + 1]);
		if (bits != 8)
			x[k] = _mm512_srav_epi32(x[k], shift);
	}
	x[0] = add_pairs(x[0], x[1]);
	x[2] = add_pairs(x[2], x[3]);
	x[0] = _mm512_add_epi32(_mm512_shuffle_i32x4(x[0], x[2], 0x44),
							_mm512_shuffle_i32x4(x[0], x[2], 0xee));
	x[0] = _mm512_add_epi32(_mm512_shuffle_i32x4(x[0], x[0], 0x88),
							_mm512_shuffle_i32x4(x[0], x[0], 0xdd));
	return _mm512_castsi512_si256(x[0]);
}

/*
 * The dot products of "group" (4 or 8) codes, of which the first "count" are
 * wanted: the others are computed from the last code and dropped.
 */
STEP void
edge_dots_group(const uint8 *codes, int stride, int count, const int8 *p8,
				int cdim, int32 *out, int bits, int group)
{
	const __m512i mask = block_mask(bits);
	const uint8 *code[GROUP];
	__m512i		acc[GROUP];
	int			i = 0;

	for (int k = 0; k < GROUP; k++)
		acc[k] = _mm512_setzero_si512();
	for (int k = 0; k < group; k++)
		code[k] = codes + (Size) Min(k, count - 1) * stride;
	for (; i + HNSW_CODE_BLOCK <= cdim; i += HNSW_CODE_BLOCK)
	{
		const __m512i p = _mm512_loadu_si512(p8 + i);

#pragma GCC unroll 8
		for (int k = 0; k < group; k++)
		{
			__m512i		x = block_bytes(code[k] + i / 8 * bits, bits);

			if (bits != 8)
				x = _mm512_and_si512(x, mask);
			acc[k] = _mm512_dpbusd_epi32(acc[k], x, p);
		}
	}
	if (bits == 8 && i < cdim)
	{
		const __m512i p = load_bytes(p8 + i, cdim - i);

		for (int k = 0; k < group; k++)
			acc[k] = _mm512_dpbusd_epi32(acc[k], load_bytes(code[k] + i, cdim - i), p);
	}
	_mm256_mask_storeu_epi32(out, (__mmask8) ((1u << Min(count, group)) - 1),
							 group_sums(acc, bits));
}

STEP void
edge_dots(const uint8 *codes, int stride, int count, const int8 *p8,
		  int cdim, int32 *out, int bits)
{
	int			k = 0;

	for (; count - k > GROUP / 2; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim,
						out + k, bits, GROUP);
	if (k < count)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim,
						out + k, bits, GROUP / 2);
}

/*
 * With 1 bit, byte i of a block holds coordinates 8i .. 8i+7, while the part
 * that keeps bit j wants coordinates j, j+8, ...: transposes each block of p8
 * as an 8 x 8 matrix.
 */
STEP void
transpose_blocks(const int8 *p8, int cdim, int8 *out)
{
	const __m512i bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11,
															   4, 12, 5, 13, 6, 14, 7, 15));
	const __m512i words = _mm512_set_epi16(31, 23, 15, 7, 30, 22, 14, 6,
										   29, 21, 13, 5, 28, 20, 12, 4,
										   27, 19, 11, 3, 26, 18, 10, 2,
										   25, 17, 9, 1, 24, 16, 8, 0);

	for (int i = 0; i < cdim; i += HNSW_CODE_BLOCK)
	{
		__m512i		x = _mm512_shuffle_epi8(_mm512_loadu_si512(p8 + i), bytes);

		_mm512_store_si512(out + i, _mm512_permutexvar_epi16(words, x));
	}
}

KERNEL static void
avx512_edge_dots1(const uint8 *codes, int stride, int count,
				  const int8 *p8, int cdim, int32 *out)
{
	int8		columns[HNSW_KERNEL_MAX_DIM] __attribute__((aligned(64)));

	transpose_blocks(p8, cdim, columns);
	edge_dots(codes, stride, count, columns, cdim, out, 1);
}

#define EDGE_DOTS_KERNEL(b) \
KERNEL static void \
avx512_edge_dots##b(const uint8 *codes, int stride, int count, \
					const int8 *p8, int cdim, int32 *out) \
{ \
	edge_dots(codes, stride, count, p8, cdim, out, b); \
}

EDGE_DOTS_KERNEL(2)
EDGE_DOTS_KERNEL(4)
EDGE_DOTS_KERNEL(8)

/* first pass of edge_encode: fills rr and ru, returns max |r_i| */
STEP float
residual_sums(const float *v, const float *u, int n, HnswEdgeSums *sums)
{
	__m512		rr[2],
				ru[2],
				m[2];
	int			i = 0;

	for (int k = 0; k < 2; k++)
		rr[k] = ru[k] = m[k] = _mm512_setzero_ps();
	while (i < n)
#pragma GCC unroll 2
		for (int k = 0; k < 2 && i < n; k++, i += LANES)
		{
			__m512		y = load_floats(u + i, n - i),
						r = _mm512_sub_ps(load_floats(v + i, n - i), y);

			rr[k] = _mm512_fmadd_ps(r, r, rr[k]);
			ru[k] = _mm512_fmadd_ps(r, y, ru[k]);
			m[k] = max_abs(m[k], r);
		}
	sums->rr = _mm512_reduce_add_ps(_mm512_add_ps(rr[0], rr[1]));
	sums->ru = _mm512_reduce_add_ps(_mm512_add_ps(ru[0], ru[1]));
	return _mm512_reduce_max_ps(max_abs(m[0], m[1]));
}

/*
 * The levels of up to 16 coordinates, 0 beyond "left"; adds level * r to
 * *xr.  The caller corrects for the midpoint.
 */
STEP __m512i
levels_step(const float *v, const float *u, __m512 inv, __m512 *xr, int left, int bits)
{
	const __m512i half = _mm512_set1_epi32(1 << (bits - 1)),
				top = _mm512_set1_epi32((1 << bits) - 1);
	const __m512 mid = _mm512_set1_ps(((1 << bits) - 1) / 2.0f);
	__m512		r = _mm512_sub_ps(load_floats(v, left), load_floats(u, left));
	__m512i		l;

	/*
	 * |r * inv| is at most a few times sqrt(n), so the conversion does not
	 * overflow; a NaN makes INT_MIN, which ends as level 0.
	 */
	l = _mm512_cvt_roundps_epi32(_mm512_mul_ps(r, inv),
								 _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
	l = _mm512_add_epi32(l, half);
	l = _mm512_min_epi32(_mm512_max_epi32(l, _mm512_setzero_si512()), top);
	*xr = _mm512_fmadd_ps(_mm512_sub_ps(_mm512_cvtepi32_ps(l), mid), r, *xr);
	return left >= LANES ? l : _mm512_maskz_mov_epi32(lanes_left(left), l);
}

/* encodes up to 64 coordinates; writes 8 * bits bytes */
STEP void
encode_block(const float *v, const float *u, __m512 inv, __m512 xr[4],
			 int left, uint8 *code, int bits)
{
	__m512i		l[4];

	for (int k = 0; k < 4; k++)
		l[k] = levels_step(v + k * LANES, u + k * LANES, inv, &xr[k], left - k * LANES, bits);
	if (bits == 2)
	{
		l[0] = _mm512_or_si512(l[0], _mm512_slli_epi32(l[1], 2));
		l[2] = _mm512_or_si512(l[2], _mm512_slli_epi32(l[3], 2));
		l[0] = _mm512_or_si512(l[0], _mm512_slli_epi32(l[2], 4));
	}
	else if (bits == 4)
	{
		l[0] = _mm512_or_si512(l[0], _mm512_slli_epi32(l[2], 4));
		l[1] = _mm512_or_si512(l[1], _mm512_slli_epi32(l[3], 4));
	}
	for (int k = 0; k < bits / 2; k++)
		_mm_storeu_si128((__m128i *) (code + k * 16), _mm512_cvtepi32_epi8(l[k]));
}

/* the same with 1 bit: level = r > 0, and level - 1/2 times r is |r| / 2 */
STEP void
encode_block1(const float *v, const float *u, __m512 xr[4], int left, uint8 *code)
{
	uint64		word = 0;

	for (int k = 0; k < 4; k++)
	{
		int			lanes = left - k * LANES;
		__m512		r = _mm512_setzero_ps();

		if (lanes > 0)
			r = _mm512_sub_ps(load_floats(v + k * LANES, lanes),
							  load_floats(u + k * LANES, lanes));
		xr[k] = _mm512_add_ps(xr[k], _mm512_abs_ps(r));
		word |= (uint64) _mm512_cmp_ps_mask(r, _mm512_setzero_ps(), _CMP_GT_OQ) << (k * LANES);
	}
	memcpy(code, &word, sizeof(word));
}

STEP void
edge_encode(const float *v, const float *u, int n, int cdim,
			uint8 *code, HnswEdgeSums *sums, int bits)
{
	float		rmax = residual_sums(v, u, n, sums);
	__m512		inv = _mm512_set1_ps(hnsw_edge_inverse_step(bits, sums->rr, rmax, n)),
				xr[4];
	int			m = Min(n, cdim),
				i = 0,
				done;

	for (int k = 0; k < 4; k++)
		xr[k] = _mm512_setzero_ps();
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
	sums->xr = sum4(xr[0], xr[1], xr[2], xr[3]) * (bits == 1 ? 0.5f : 1.0f);
}

#define EDGE_ENCODE_KERNEL(b) \
KERNEL static void \
avx512_edge_encode##b(const float *v, const float *u, int n, int cdim, \
					  uint8 *code, HnswEdgeSums *sums) \
{ \
	edge_encode(v, u, n, cdim, code, sums, b); \
}

EDGE_ENCODE_KERNEL(1)
EDGE_ENCODE_KERNEL(2)
EDGE_ENCODE_KERNEL(4)
EDGE_ENCODE_KERNEL(8)

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

/* butterflies across 1, 2, 4 or 8 vectors */
STEP void
hadamard_across(__m512 *y, int vectors)
{
	for (int h = 1; h < vectors; h *= 2)
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

const HnswKernels hnsw_kernels_avx512 = {
	.name = "avx512",
	.l2sq = avx512_l2sq,
	.dot = avx512_dot,
	.l1 = avx512_l1,
	.dot3 = avx512_dot3,
	.own_residual = avx512_own_residual,
	.own_dot = avx512_own_dot,
	.own_l1 = avx512_own_l1,
	.own_decode = avx512_own_decode,
	.u8dot = avx512_u8dot,
	.u8l1 = avx512_u8l1,
	.pack8 = avx512_pack8,
	.edge_dots = {
		[1] = avx512_edge_dots1,
		[2] = avx512_edge_dots2,
		[4] = avx512_edge_dots4,
		[8] = avx512_edge_dots8,
	},
	.edge_encode = {
		[1] = avx512_edge_encode1,
		[2] = avx512_edge_encode2,
		[4] = avx512_edge_encode4,
		[8] = avx512_edge_encode8,
	},
	.hadamard = avx512_hadamard,
};

#endif							/* __x86_64__ */
