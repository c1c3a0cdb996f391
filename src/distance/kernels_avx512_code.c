/*-------------------------------------------------------------------------
 *
 * kernels_avx512_code.c
 *		The AVX-512 kernels for edge codes: quantise, score, encode.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_avx512_code.c
 *-------------------------------------------------------------------------
 */
#if defined(__x86_64__)

#include "distance/kernels_avx512.h"

/* up to 16 coordinates, clamped; the order of the operands makes -127 of a NaN */
STEP __m512i
pack8_step(const float *p, __m512 inv, int left)
{
	__m512		x = _mm512_mul_ps(load_floats(p, left), inv);

	x = _mm512_max_ps(x, _mm512_set1_ps(-127.0f));
	return _mm512_cvtps_epi32(_mm512_min_ps(x, _mm512_set1_ps(127.0f)));
}

KERNEL int32
hnsw_avx512_pack8(const float *p, float inv, int n, int npad, int8 *out)
{
	const __m512 vinv = _mm512_set1_ps(inv);
	const __m512i ones = _mm512_set1_epi8(1),
				order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
	__m512i		sum = _mm512_setzero_si512();
	int			i = 0;

	for (; i + STRIDE <= n; i += STRIDE)
	{
		__m512i		x = _mm512_packs_epi32(pack8_step(p + i, vinv, LANES),
										   pack8_step(p + i + LANES, vinv, LANES)),
					y = _mm512_packs_epi32(pack8_step(p + i + 2 * LANES, vinv, LANES),
										   pack8_step(p + i + 3 * LANES, vinv, LANES));

		/* packing works inside 128-bit lanes: four coordinates at a time */
		x = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(x, y));
		_mm512_storeu_si512(out + i, x);
		sum = _mm512_dpbusd_epi32(sum, ones, x);
	}
	for (; i < n; i += LANES)
	{
		__mmask16	mask = lanes_left(n - i);
		__m512i		x = _mm512_maskz_mov_epi32(mask, pack8_step(p + i, vinv, n - i));

		sum = _mm512_add_epi32(sum, x);
		_mm512_mask_cvtepi32_storeu_epi8(out + i, mask, x);
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
 * and its sum is shifted back once at the end, in add_four.
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
 * [sums of a, b, c, d] in each 128-bit lane, to be added up over the lanes.
 * After the first add_pairs the even elements come from even 64-bit words and
 * the odd ones from odd words, so all that share a scale still stand apart.
 */
STEP __m512i
add_four(const __m512i acc[4], int bits)
{
	__m512i		shift = _mm512_setzero_si512(),
				x = add_pairs(acc[0], acc[1]),
				y = add_pairs(acc[2], acc[3]);

	if (bits == 8)
		return add_pairs(x, y);
	if (bits == 1)
		shift = _mm512_setr_epi32(0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
	else if (bits == 2)
		shift = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
	else
		shift = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
	return add_pairs(_mm512_srav_epi32(x, shift), _mm512_srav_epi32(y, shift));
}

/* stores the sums of "group" (4 or 8) accumulators, the first "count" of them */
STEP void
store_sums(int32 *out, const __m512i *acc, int count, int bits, int group)
{
	__mmask8	mask = (__mmask8) ((1u << Min(count, group)) - 1);
	__m512i		x = add_four(acc, bits);
	__m256i		y;

	if (group == 8)
	{
		__m512i		z = add_four(acc + 4, bits);

		x = _mm512_add_epi32(_mm512_shuffle_i32x4(x, z, 0x44), _mm512_shuffle_i32x4(x, z, 0xee));
		x = _mm512_add_epi32(_mm512_shuffle_i32x4(x, x, 0x88), _mm512_shuffle_i32x4(x, x, 0xdd));
		_mm256_mask_storeu_epi32(out, mask, _mm512_castsi512_si256(x));
		return;
	}
	y = _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
	_mm_mask_storeu_epi32(out, mask, _mm_add_epi32(_mm256_castsi256_si128(y),
												   _mm256_extracti128_si256(y, 1)));
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

	for (int k = 0; k < group; k++)
	{
		code[k] = codes + (Size) Min(k, count - 1) * stride;
		acc[k] = _mm512_setzero_si512();
	}
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
	store_sums(out, acc, count, bits, group);
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

KERNEL void
hnsw_avx512_edge_dots1(const uint8 *codes, int stride, int count,
					   const int8 *p8, int cdim, int32 *out)
{
	int8		columns[HNSW_KERNEL_MAX_DIM] __attribute__((aligned(64)));

	transpose_blocks(p8, cdim, columns);
	edge_dots(codes, stride, count, columns, cdim, out, 1);
}

#define EDGE_DOTS_KERNEL(b) \
KERNEL void \
hnsw_avx512_edge_dots##b(const uint8 *codes, int stride, int count, \
					const int8 *p8, int cdim, int32 *out) \
{ \
	edge_dots(codes, stride, count, p8, cdim, out, b); \
}

EDGE_DOTS_KERNEL(2)
EDGE_DOTS_KERNEL(4)
EDGE_DOTS_KERNEL(8)

/* strings of either side whose products are taken side by side */
#define CROSS	4

STEP void
cross_step(__m512i acc[CROSS][CROSS], const uint8 *const code[CROSS],
		   const int8 *const row[CROSS], int i, int left)
{
	__m512i		x0 = load_bytes(code[0] + i, left),
				x1 = load_bytes(code[1] + i, left),
				x2 = load_bytes(code[2] + i, left),
				x3 = load_bytes(code[3] + i, left);

#pragma GCC unroll 4
	for (int r = 0; r < CROSS; r++)
	{
		__m512i		y = load_bytes(row[r] + i, left);

		acc[r][0] = _mm512_dpbusd_epi32(acc[r][0], x0, y);
		acc[r][1] = _mm512_dpbusd_epi32(acc[r][1], x1, y);
		acc[r][2] = _mm512_dpbusd_epi32(acc[r][2], x2, y);
		acc[r][3] = _mm512_dpbusd_epi32(acc[r][3], x3, y);
	}
}

/*
 * 16 products at once, so that a load serves four.  Strings beyond the last are the
 * last one again, and dropped.
 */
STEP void
cross_tile(const uint8 *const *codes, int ncodes, const int8 *const *rows, int nrows, int n,
		   int32 *out, int stride)
{
	const uint8 *code[CROSS];
	const int8 *row[CROSS];
	__m512i		acc[CROSS][CROSS];
	int			i = 0;

	for (int k = 0; k < CROSS; k++)
	{
		code[k] = codes[Min(k, ncodes - 1)];
		row[k] = rows[Min(k, nrows - 1)];
	}
#pragma GCC unroll 4
	for (int r = 0; r < CROSS; r++)
#pragma GCC unroll 4
		for (int k = 0; k < CROSS; k++)
			acc[r][k] = _mm512_setzero_si512();
	for (; i + 64 <= n; i += 64)
		cross_step(acc, code, row, i, 64);
#pragma GCC unroll 4
	for (int r = 0; r < CROSS; r++)
#pragma GCC unroll 4
		for (int k = 0; k < CROSS; k++)
			KEEP(acc[r][k]);
	if (i < n)
		cross_step(acc, code, row, i, n - i);
#pragma GCC unroll 4
	for (int r = 0; r < CROSS; r++)
		if (r < nrows)
			store_sums(out + r * stride, acc[r], ncodes, 8, CROSS);
}

KERNEL void
hnsw_avx512_cross_dots(const uint8 *const *codes, int ncodes,
					   const int8 *const *rows, int nrows, int n, int32 *out)
{
	for (int k = 0; k < ncodes; k += CROSS)
		for (int r = 0; r < nrows; r += CROSS)
			cross_tile(codes + k, ncodes - k, rows + r, nrows - r, n, out + r * ncodes + k, ncodes);
}

KERNEL void
hnsw_avx512_within(const float *g, int n, float limit, const float *limits, uint64 near[2])
{
	__m512		all = _mm512_set1_ps(limit);

	near[0] = near[1] = 0;
	for (int i = 0; i < n; i += LANES)
	{
		__mmask16	left = lanes_left(n - i);
		__m512		x = load_floats(g + i, n - i);

		near[0] |= (uint64) _mm512_mask_cmp_ps_mask(left, x, all, _CMP_LE_OQ) << i;
		near[1] |= (uint64) _mm512_mask_cmp_ps_mask(left, x, load_floats(limits + i, n - i),
													_CMP_LE_OQ) << i;
	}
}

STEP void
residual_step(__m512 s[3], const float *v, const float *u, int left)
{
	__m512		y = load_floats(u, left),
				r = _mm512_sub_ps(load_floats(v, left), y);

	s[0] = _mm512_fmadd_ps(r, r, s[0]);
	s[1] = _mm512_fmadd_ps(r, y, s[1]);
	s[2] = max_abs(s[2], r);
}

/* first pass of edge_encode: fills rr and ru, returns max |r_i| */
STEP float
residual_sums(const float *v, const float *u, int n, HnswEdgeSums *sums)
{
	__m512		s[4][3];
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k][0] = s[k][1] = s[k][2] = _mm512_setzero_ps();
	for (; i + STRIDE <= n; i += STRIDE)
	{
		residual_step(s[0], v + i, u + i, LANES);
		residual_step(s[1], v + i + LANES, u + i + LANES, LANES);
		residual_step(s[2], v + i + 2 * LANES, u + i + 2 * LANES, LANES);
		residual_step(s[3], v + i + 3 * LANES, u + i + 3 * LANES, LANES);
	}
	for (; i < n; i += LANES)
		residual_step(s[0], v + i, u + i, n - i);
	sums->rr = sum4(s[0][0], s[1][0], s[2][0], s[3][0]);
	sums->ru = sum4(s[0][1], s[1][1], s[2][1], s[3][1]);
	return _mm512_reduce_max_ps(max_abs(max_abs(s[0][2], s[1][2]), max_abs(s[2][2], s[3][2])));
}

/* what an encoded block adds up: x = cell + 1/2, so <x, r> = cells + r / 2 */
typedef struct EncodeSums
{
	__m512		cells;			/* cell * r */
	__m512		r;
} EncodeSums;

/*
 * floor(r / step) of up to 16 coordinates, clamped to -half .. half - 1, half =
 * 2^(bits - 1): the level without its offset.  |r / step| is cut off within the
 * last cell of either side, so that one instruction clamps both.  -half, which
 * is level 0, beyond "left".
 */
STEP __m512i
cells_step(const float *v, const float *u, __m512 inv, EncodeSums *sums, int left, int bits)
{
	const int	half = 1 << (bits - 1);
	__m512		r = _mm512_sub_ps(load_floats(v, left), load_floats(u, left)),
				x = _mm512_range_ps(_mm512_mul_ps(r, inv), _mm512_set1_ps(half - 0.25f), 0x02);
	__m512i		cell = _mm512_cvt_roundps_epi32(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);

	sums->cells = _mm512_fmadd_ps(_mm512_cvtepi32_ps(cell), r, sums->cells);
	sums->r = _mm512_add_ps(sums->r, r);
	if (left >= LANES)
		return cell;
	return _mm512_mask_mov_epi32(_mm512_set1_epi32(-half), lanes_left(left), cell);
}

/* low bits of a under the mask, b shifted above them */
STEP __m512i
join(__m512i a, __m512i b, int shift)
{
	/* 0xca: the mask chooses between its two other operands */
	return _mm512_ternarylogic_epi32(_mm512_set1_epi32((1 << shift) - 1), a,
									 _mm512_slli_epi32(b, shift), 0xca);
}

STEP void
store_narrow(uint8 *code, __m512i x, int offset)
{
	_mm_storeu_si128((__m128i *) code,
					 _mm_xor_si128(_mm512_cvtepi32_epi8(x), _mm_set1_epi8((char) offset)));
}

/*
 * Encodes up to 64 coordinates; writes 8 * bits bytes.  The offset from cells
 * to levels is the top bit of each field, flipped in the packed bytes.
 */
STEP void
encode_block(const float *v, const float *u, __m512 inv, EncodeSums sums[2],
			 int left, uint8 *code, int bits)
{
	__m512i		l[4];

	for (int k = 0; k < 4; k++)
		l[k] = cells_step(v + k * LANES, u + k * LANES, inv, &sums[k & 1],
						  left - k * LANES, bits);
	if (bits == 2)
		store_narrow(code, join(join(l[0], l[1], 2), join(l[2], l[3], 2), 4), 0xaa);
	else if (bits == 4)
	{
		store_narrow(code, join(l[0], l[2], 4), 0x88);
		store_narrow(code + 16, join(l[1], l[3], 4), 0x88);
	}
	else
	{
		for (int k = 0; k < 4; k++)
			store_narrow(code + k * 16, l[k], 0x80);
	}
}

/* the same with 1 bit: level = r > 0, so <x, r> is the sum of |r| / 2 */
STEP void
encode_block1(const float *v, const float *u, EncodeSums sums[2], int left, uint8 *code)
{
	uint64		word = 0;

	for (int k = 0; k < 4; k++)
	{
		int			lanes = left - k * LANES;
		__m512		r = _mm512_sub_ps(load_floats(v + k * LANES, lanes),
									  load_floats(u + k * LANES, lanes));

		sums[k & 1].r = _mm512_add_ps(sums[k & 1].r, _mm512_abs_ps(r));
		word |= (uint64) _mm512_cmp_ps_mask(r, _mm512_setzero_ps(), _CMP_GT_OQ) << (k * LANES);
	}
	memcpy(code, &word, sizeof(word));
}

STEP void
edge_encode(const float *v, const float *u, int n, int cdim,
			uint8 *code, HnswEdgeSums *sums, int bits)
{
	float		rmax = residual_sums(v, u, n, sums);
	__m512		inv = _mm512_set1_ps(hnsw_edge_inverse_step(bits, sums->rr, rmax, n));
	EncodeSums	part[2];
	int			m = Min(n, cdim),
				i = 0,
				done;

	for (int k = 0; k < 2; k++)
		part[k].cells = part[k].r = _mm512_setzero_ps();
	for (; i + HNSW_CODE_BLOCK <= m; i += HNSW_CODE_BLOCK)
	{
		if (bits == 1)
			encode_block1(v + i, u + i, part, HNSW_CODE_BLOCK, code + i / 8);
		else
			encode_block(v + i, u + i, inv, part, HNSW_CODE_BLOCK, code + i / 8 * bits, bits);
	}
	done = i / 8 * bits;
	if (i < m)
	{
		uint8		tail[HNSW_TAIL_MAX];
		int			bytes = hnsw_edge_code_bytes(bits, Min(cdim - i, HNSW_CODE_BLOCK));

		if (bits == 1)
			encode_block1(v + i, u + i, part, m - i, tail);
		else
			encode_block(v + i, u + i, inv, part, m - i, tail, bits);
		memcpy(code + done, tail, bytes);
		done += bytes;
	}
	memset(code + done, 0, hnsw_edge_code_bytes(bits, cdim) - done);
	sums->xr = _mm512_reduce_add_ps(_mm512_add_ps(part[0].cells, part[1].cells)) +
		0.5f * _mm512_reduce_add_ps(_mm512_add_ps(part[0].r, part[1].r));
}

#define EDGE_ENCODE_KERNEL(b) \
KERNEL void \
hnsw_avx512_edge_encode##b(const float *v, const float *u, int n, int cdim, \
					  uint8 *code, HnswEdgeSums *sums) \
{ \
	edge_encode(v, u, n, cdim, code, sums, b); \
}

EDGE_ENCODE_KERNEL(1)
EDGE_ENCODE_KERNEL(2)
EDGE_ENCODE_KERNEL(4)
EDGE_ENCODE_KERNEL(8)

#endif							/* __x86_64__ */
