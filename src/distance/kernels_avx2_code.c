/*-------------------------------------------------------------------------
 *
 * kernels_avx2_code.c
 *		The AVX2 kernels for edge codes: quantise, score, encode.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx2_code.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx2.h"

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

KERNEL int32
hnsw_avx2_pack8(const float *p, float inv, int n, int npad, int8 *out)
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

STEP void
edge_dots_step8(__m256i acc[GROUP], const uint8 *const code[GROUP], const int8 *p8, int i, int left)
{
	const __m256i p = load_bytes(p8 + i, left),
				even = _mm256_srai_epi16(_mm256_slli_epi16(p, 8), 8),
				odd = _mm256_srai_epi16(p, 8);

#pragma GCC unroll 4
	for (int k = 0; k < GROUP; k++)
	{
		__m256i		x = load_bytes(code[k] + i, left);

		acc[k] = _mm256_add_epi32(acc[k],
								  _mm256_add_epi32(_mm256_madd_epi16(even_bytes(x), even),
												   _mm256_madd_epi16(odd_bytes(x), odd)));
	}
}

/* the same with 8 bits, where products of bytes do not fit vpmaddubsw */
STEP void
edge_dots_group8(const uint8 *codes, int stride, int count, const int8 *p8,
				 int cdim, int32 *out)
{
	const uint8 *code[GROUP];
	__m256i		acc[GROUP];
	int			i = 0;

	for (int k = 0; k < GROUP; k++)
	{
		code[k] = codes + (Size) Min(k, count - 1) * stride;
		acc[k] = _mm256_setzero_si256();
	}
	for (; i + 32 <= cdim; i += 32)
		edge_dots_step8(acc, code, p8, i, 32);
	if (i < cdim)
		edge_dots_step8(acc, code, p8, i, cdim - i);
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

KERNEL void
hnsw_avx2_edge_dots1(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	int8		columns[HNSW_KERNEL_MAX_DIM] __attribute__((aligned(64)));

	transpose_blocks(p8, cdim, columns);
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, columns, cdim, out + k, 1);
}

KERNEL void
hnsw_avx2_edge_dots2(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 2);
}

KERNEL void
hnsw_avx2_edge_dots4(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 4);
}

KERNEL void
hnsw_avx2_edge_dots8(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group8(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k);
}

/* codes and rows whose products are taken side by side: 16 registers hold it all */
#define CROSS_CODES	GROUP
#define CROSS_ROWS	2

/* 16 bytes; those beyond "left" are 0 */
STEP __m128i
load_half(const void *p, int left)
{
	return left >= 16 ? _mm_loadu_si128((const __m128i *) p) :
		_mm256_castsi256_si128(load_bytes(p, left));
}

/* 16 coordinates as words, whose products vpmaddwd adds in pairs without loss */
STEP void
cross_step(__m256i acc[CROSS_ROWS][CROSS_CODES], const uint8 *const code[CROSS_CODES],
		   const int8 *const row[CROSS_ROWS], int i, int left)
{
	__m256i		x0 = _mm256_cvtepu8_epi16(load_half(code[0] + i, left)),
				x1 = _mm256_cvtepu8_epi16(load_half(code[1] + i, left)),
				x2 = _mm256_cvtepu8_epi16(load_half(code[2] + i, left)),
				x3 = _mm256_cvtepu8_epi16(load_half(code[3] + i, left));

#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
	{
		__m256i		y = _mm256_cvtepi8_epi16(load_half(row[r] + i, left));

		acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(x0, y));
		acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(x1, y));
		acc[r][2] = _mm256_add_epi32(acc[r][2], _mm256_madd_epi16(x2, y));
		acc[r][3] = _mm256_add_epi32(acc[r][3], _mm256_madd_epi16(x3, y));
	}
}

/*
 * Eight products at once, so that what has been widened serves several.  Strings
 * beyond the last are the last one again, and dropped.
 */
STEP void
cross_tile(const uint8 *const *codes, int ncodes, const int8 *const *rows, int nrows, int n,
		   int32 *out, int stride)
{
	const uint8 *code[CROSS_CODES];
	const int8 *row[CROSS_ROWS];
	__m256i		acc[CROSS_ROWS][CROSS_CODES];
	int			i = 0;

	for (int k = 0; k < CROSS_CODES; k++)
		code[k] = codes[Min(k, ncodes - 1)];
#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
	{
		row[r] = rows[Min(r, nrows - 1)];
#pragma GCC unroll 4
		for (int k = 0; k < CROSS_CODES; k++)
			acc[r][k] = _mm256_setzero_si256();
	}
	for (; i + 16 <= n; i += 16)
		cross_step(acc, code, row, i, 16);
#pragma GCC unroll 4
	for (int r = 0; r < CROSS_ROWS; r++)
#pragma GCC unroll 4
		for (int k = 0; k < CROSS_CODES; k++)
			KEEP(acc[r][k]);
	if (i < n)
		cross_step(acc, code, row, i, n - i);
#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
		if (r < nrows)
			store_sums(out + r * stride, group_sums(acc[r], 8), ncodes);
}

KERNEL void
hnsw_avx2_cross_dots(const uint8 *const *codes, int ncodes,
					 const int8 *const *rows, int nrows, int n, int32 *out)
{
	for (int k = 0; k < ncodes; k += CROSS_CODES)
		for (int r = 0; r < nrows; r += CROSS_ROWS)
			cross_tile(codes + k, ncodes - k, rows + r, nrows - r, n, out + r * ncodes + k, ncodes);
}

KERNEL void
hnsw_avx2_within(const float *g, int n, float limit, const float *limits, uint64 near[2])
{
	__m256		all = _mm256_set1_ps(limit);

	near[0] = near[1] = 0;
	for (int i = 0; i < n; i += LANES)
	{
		__m256		x = load_floats(g + i, n - i);

		near[0] |= (uint64) _mm256_movemask_ps(_mm256_cmp_ps(x, all, _CMP_LE_OQ)) << i;
		near[1] |= (uint64) _mm256_movemask_ps(_mm256_cmp_ps(x, load_floats(limits + i, n - i),
															 _CMP_LE_OQ)) << i;
	}
	if (n < 64)
	{
		near[0] &= (UINT64_C(1) << n) - 1;
		near[1] &= (UINT64_C(1) << n) - 1;
	}
}

STEP void
residual_step(__m256 s[3], const float *v, const float *u, int left)
{
	__m256		y = load_floats(u, left),
				r = _mm256_sub_ps(load_floats(v, left), y);

	s[0] = _mm256_fmadd_ps(r, r, s[0]);
	s[1] = _mm256_fmadd_ps(r, y, s[1]);
	s[2] = max_abs(s[2], r);
}

/* first pass of edge_encode: fills rr and ru, returns max |r_i| */
STEP float
residual_sums(const float *v, const float *u, int n, HnswEdgeSums *sums)
{
	__m256		s[3][3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k][0] = s[k][1] = s[k][2] = _mm256_setzero_ps();
	for (; i + 3 * LANES <= n; i += 3 * LANES)
	{
		residual_step(s[0], v + i, u + i, LANES);
		residual_step(s[1], v + i + LANES, u + i + LANES, LANES);
		residual_step(s[2], v + i + 2 * LANES, u + i + 2 * LANES, LANES);
	}
	for (; i < n; i += LANES)
		residual_step(s[0], v + i, u + i, n - i);
	sums->rr = sum_floats(_mm256_add_ps(_mm256_add_ps(s[0][0], s[1][0]), s[2][0]));
	sums->ru = sum_floats(_mm256_add_ps(_mm256_add_ps(s[0][1], s[1][1]), s[2][1]));
	return max_floats(max_abs(max_abs(s[0][2], s[1][2]), s[2][2]));
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
KERNEL void \
hnsw_avx2_edge_encode##b(const float *v, const float *u, int n, int cdim, \
					uint8 *code, HnswEdgeSums *sums) \
{ \
	edge_encode(v, u, n, cdim, code, sums, b); \
}

EDGE_ENCODE_KERNEL(1)
EDGE_ENCODE_KERNEL(2)
EDGE_ENCODE_KERNEL(4)
EDGE_ENCODE_KERNEL(8)

#endif							/* __x86_64__ */
