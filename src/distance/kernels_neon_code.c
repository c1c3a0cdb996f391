/*-------------------------------------------------------------------------
 *
 * kernels_neon_code.c
 *		The NEON kernels for edge codes: quantise, score, encode.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_neon_code.c
 *-------------------------------------------------------------------------
 */
#if defined(__aarch64__)

#include "distance/kernels_neon.h"

/* four vectors of numbers that fit a byte as bytes, in order */
STEP uint8x16_t
narrow(const int32x4_t x[4])
{
	int16x8_t	low = vcombine_s16(vmovn_s32(x[0]), vmovn_s32(x[1])),
				high = vcombine_s16(vmovn_s32(x[2]), vmovn_s32(x[3]));

	return vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}

/* up to 16 coordinates as signed bytes, 0 beyond "left" */
STEP int8x16_t
pack8_step(const float *p, float inv, int left)
{
	int32x4_t	x[4];

	for (int k = 0; k < 4; k++)
	{
		float32x4_t y = vmulq_n_f32(load_floats(p + k * LANES, left - k * LANES), inv);

		/* maxnm makes -127 of a NaN */
		y = vminnmq_f32(vmaxnmq_f32(y, vdupq_n_f32(-127)), vdupq_n_f32(127));
		x[k] = vcvtnq_s32_f32(only_left(y, left - k * LANES));
	}
	return vreinterpretq_s8_u8(narrow(x));
}

int32
hnsw_neon_pack8(const float *p, float inv, int n, int npad, int8 *out)
{
	int32x4_t	sum = vdupq_n_s32(0);
	int			i = 0;

	for (; i + 16 <= n; i += 16)
	{
		int8x16_t	x = pack8_step(p + i, inv, 16);

		vst1q_s8(out + i, x);
		sum = vpadalq_s16(sum, vpaddlq_s8(x));
	}
	if (i < n)
	{
		int8x16_t	x = pack8_step(p + i, inv, n - i);
		int8		tail[16];

		vst1q_s8(tail, x);
		memcpy(out + i, tail, n - i);
		sum = vpadalq_s16(sum, vpaddlq_s8(x));
	}
	memset(out + n, 0, npad - n);
	return vaddvq_s32(sum);
}

/* neighbours whose dot products are taken side by side */
#define GROUP	4

/* blocks whose sums fit 16 bits: 8 x 15 x 128 x 2 < 2^15 */
#define BLOCKS16	2

/*
 * Adds one block of 64 coordinates to eight sums of 16 bits.  With 1 bit the
 * query side is transposed (see below): part j of the block, 16 bytes, holds
 * the coordinates of bits 2j and 2j + 1 of the code's 8 bytes.
 */
STEP int16x8_t
block_step(int16x8_t s, const uint8 *code, const int8x16_t p[4], int bits)
{
	if (bits == 1)
	{
		uint8x16_t	x = vcombine_u8(vld1_u8(code), vld1_u8(code)),
					bit = vcombine_u8(vdup_n_u8(1), vdup_n_u8(2));

		for (int j = 0; j < 4; j++)
		{
			s = vpadalq_s8(s, vandq_s8(p[j], vreinterpretq_s8_u8(vtstq_u8(x, bit))));
			bit = vshlq_n_u8(bit, 2);
		}
		return s;
	}
	for (int j = 0; j < 4; j++)
	{
		uint8x16_t	x = vld1q_u8(code + (bits == 4 ? j % 2 * 16 : 0));
		int8x16_t	l;

		if (bits == 2)
			l = vreinterpretq_s8_u8(vandq_u8(vshlq_u8(x, vdupq_n_s8((int8) (-2 * j))), vdupq_n_u8(3)));
		else if (j < 2)
			l = vreinterpretq_s8_u8(vandq_u8(x, vdupq_n_u8(15)));
		else
			l = vreinterpretq_s8_u8(vshrq_n_u8(x, 4));
		s = vmlal_s8(s, vget_low_s8(l), vget_low_s8(p[j]));
		s = vmlal_high_s8(s, l, p[j]);
	}
	return s;
}

/*
 * The dot products of four codes with 1, 2 or 4 bits, of which the first
 * "count" are wanted: the others are computed from the last code and dropped.
 */
STEP void
edge_dots_group(const uint8 *codes, int stride, int count, const int8 *p8,
				int cdim, int32 *out, int bits)
{
	const uint8 *code[GROUP];
	int32x4_t	acc[GROUP];

	for (int k = 0; k < GROUP; k++)
	{
		code[k] = codes + (Size) Min(k, count - 1) * stride;
		acc[k] = vdupq_n_s32(0);
	}
	for (int i = 0; i < cdim;)
	{
		int			end = Min(cdim, i + BLOCKS16 * HNSW_CODE_BLOCK);
		int16x8_t	acc16[GROUP];

		for (int k = 0; k < GROUP; k++)
			acc16[k] = vdupq_n_s16(0);
		for (; i < end; i += HNSW_CODE_BLOCK)
		{
			int8x16_t	p[4];

			for (int j = 0; j < 4; j++)
				p[j] = vld1q_s8(p8 + i + 16 * j);
			for (int k = 0; k < GROUP; k++)
				acc16[k] = block_step(acc16[k], code[k] + i / 8 * bits, p, bits);
		}
		for (int k = 0; k < GROUP; k++)
			acc[k] = vpadalq_s16(acc[k], acc16[k]);
	}
	for (int k = 0; k < Min(count, GROUP); k++)
		out[k] = vaddvq_s32(acc[k]);
}

/* 16 coordinates of codes with 8 bits, where products need 16 bits each */
STEP void
edge_dots_step8(int32x4_t acc[GROUP], const uint8 *const code[GROUP], const int8 *p8, int i, int left)
{
	int8x16_t	p = vreinterpretq_s8_u8(load_bytes(p8 + i, left));
	int16x8_t	plow = vmovl_s8(vget_low_s8(p)),
				phigh = vmovl_high_s8(p);

	for (int k = 0; k < GROUP; k++)
	{
		uint8x16_t	x = load_bytes(code[k] + i, left);
		int16x8_t	low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))),
					high = vreinterpretq_s16_u16(vmovl_high_u8(x));

		acc[k] = vmlal_s16(acc[k], vget_low_s16(low), vget_low_s16(plow));
		acc[k] = vmlal_high_s16(acc[k], low, plow);
		acc[k] = vmlal_s16(acc[k], vget_low_s16(high), vget_low_s16(phigh));
		acc[k] = vmlal_high_s16(acc[k], high, phigh);
	}
}

void
hnsw_neon_edge_dots8(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int first = 0; first < count; first += GROUP)
	{
		const uint8 *code[GROUP];
		int32x4_t	acc[GROUP];
		int			i = 0;

		for (int k = 0; k < GROUP; k++)
		{
			code[k] = codes + (Size) Min(first + k, count - 1) * stride;
			acc[k] = vdupq_n_s32(0);
		}
		for (; i + 16 <= cdim; i += 16)
			edge_dots_step8(acc, code, p8, i, 16);
		if (i < cdim)
			edge_dots_step8(acc, code, p8, i, cdim - i);
		for (int k = 0; k < Min(count - first, GROUP); k++)
			out[first + k] = vaddvq_s32(acc[k]);
	}
}

/*
 * With 1 bit, byte i of a block holds coordinates 8i .. 8i+7, while the part
 * that tests bit j wants coordinates j, j+8, ...: transposes each block of p8
 * as an 8 x 8 matrix.
 */
STEP void
transpose_blocks(const int8 *p8, int cdim, int8 *out)
{
	static const uint8 first[16] = {0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57};
	const uint8x16_t index = vld1q_u8(first);

	for (int i = 0; i < cdim; i += HNSW_CODE_BLOCK)
	{
		int8x16x4_t x;

		for (int j = 0; j < 4; j++)
			x.val[j] = vld1q_s8(p8 + i + 16 * j);
		for (int j = 0; j < 4; j++)
			vst1q_s8(out + i + 16 * j, vqtbl4q_s8(x, vaddq_u8(index, vdupq_n_u8((uint8) (2 * j)))));
	}
}

void
hnsw_neon_edge_dots1(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	int8		columns[HNSW_KERNEL_MAX_DIM];

	transpose_blocks(p8, cdim, columns);
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, columns, cdim, out + k, 1);
}

void
hnsw_neon_edge_dots2(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 2);
}

void
hnsw_neon_edge_dots4(const uint8 *codes, int stride, int count,
					 const int8 *p8, int cdim, int32 *out)
{
	for (int k = 0; k < count; k += GROUP)
		edge_dots_group(codes + (Size) k * stride, stride, count - k, p8, cdim, out + k, 4);
}

/* codes and rows whose products are taken side by side without spilling a register */
#define CROSS_CODES	4
#define CROSS_ROWS	2

/*
 * 16 coordinates.  There is no product of an unsigned with a signed byte, so 128 is
 * taken off the codes; "sum" adds the rows up, to make up for it.  acc has the
 * products subtracted: two of -128 x -128 make 2^15, which does not fit 16 bits,
 * while -2^15 does, and so do all others.
 */
STEP void
cross_step(int32x4_t acc[CROSS_ROWS][CROSS_CODES], int32x4_t sum[CROSS_ROWS],
		   const uint8 *const code[CROSS_CODES], const int8 *const row[CROSS_ROWS],
		   int i, int left)
{
	int8x16_t	x[CROSS_CODES];

#pragma GCC unroll 4
	for (int k = 0; k < CROSS_CODES; k++)
		x[k] = vreinterpretq_s8_u8(veorq_u8(load_bytes(code[k] + i, left), vdupq_n_u8(128)));
#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
	{
		int8x16_t	y = vreinterpretq_s8_u8(load_bytes(row[r] + i, left));

		sum[r] = vpadalq_s16(sum[r], vpaddlq_s8(y));
#pragma GCC unroll 4
		for (int k = 0; k < CROSS_CODES; k++)
		{
			int16x8_t	s = vmlsl_s8(vdupq_n_s16(0), vget_low_s8(x[k]), vget_low_s8(y));

			acc[r][k] = vpadalq_s16(acc[r][k], vmlsl_high_s8(s, x[k], y));
		}
	}
}

/*
 * Eight products at once, so that a load serves several.  Strings beyond the last
 * are the last one again, and dropped.
 */
STEP void
cross_tile(const uint8 *const *codes, int ncodes, const int8 *const *rows, int nrows, int n,
		   int32 *out, int stride)
{
	const uint8 *code[CROSS_CODES];
	const int8 *row[CROSS_ROWS];
	int32x4_t	acc[CROSS_ROWS][CROSS_CODES],
				sum[CROSS_ROWS];
	int			i = 0;

	for (int k = 0; k < CROSS_CODES; k++)
		code[k] = codes[Min(k, ncodes - 1)];
#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
	{
		row[r] = rows[Min(r, nrows - 1)];
		sum[r] = vdupq_n_s32(0);
#pragma GCC unroll 4
		for (int k = 0; k < CROSS_CODES; k++)
			acc[r][k] = vdupq_n_s32(0);
	}
	for (; i + 16 <= n; i += 16)
		cross_step(acc, sum, code, row, i, 16);
	if (i < n)
		cross_step(acc, sum, code, row, i, n - i);
#pragma GCC unroll 2
	for (int r = 0; r < CROSS_ROWS; r++)
#pragma GCC unroll 4
		for (int k = 0; k < CROSS_CODES; k++)
			if (r < nrows && k < ncodes)
				out[r * stride + k] = 128 * vaddvq_s32(sum[r]) - vaddvq_s32(acc[r][k]);
}

void
hnsw_neon_cross_dots(const uint8 *const *codes, int ncodes,
					 const int8 *const *rows, int nrows, int n, int32 *out)
{
	for (int k = 0; k < ncodes; k += CROSS_CODES)
		for (int r = 0; r < nrows; r += CROSS_ROWS)
			cross_tile(codes + k, ncodes - k, rows + r, nrows - r, n, out + r * ncodes + k, ncodes);
}

/* bit k of the result: lane k of the comparison's */
STEP uint64
lane_bits(uint32x4_t lanes)
{
	static const uint32 bits[LANES] = {1, 2, 4, 8};

	return vaddvq_u32(vandq_u32(lanes, vld1q_u32(bits)));
}

void
hnsw_neon_within(const float *g, int n, float limit, const float *limits, uint64 near[2])
{
	float32x4_t all = vdupq_n_f32(limit);

	near[0] = near[1] = 0;
	for (int i = 0; i < n; i += LANES)
	{
		float32x4_t x = load_floats(g + i, n - i);

		near[0] |= lane_bits(vcleq_f32(x, all)) << i;
		near[1] |= lane_bits(vcleq_f32(x, load_floats(limits + i, n - i))) << i;
	}
	if (n < 64)
	{
		near[0] &= (UINT64_C(1) << n) - 1;
		near[1] &= (UINT64_C(1) << n) - 1;
	}
}

STEP void
residual_step(float32x4_t s[3], const float *v, const float *u, int left)
{
	float32x4_t y = load_floats(u, left),
				r = vsubq_f32(load_floats(v, left), y);

	s[0] = vfmaq_f32(s[0], r, r);
	s[1] = vfmaq_f32(s[1], r, y);
	s[2] = max_abs(s[2], r);
}

/* first pass of edge_encode: fills rr and ru, returns max |r_i| */
STEP float
residual_sums(const float *v, const float *u, int n, HnswEdgeSums *sums)
{
	float32x4_t s[4][3];
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k][0] = s[k][1] = s[k][2] = vdupq_n_f32(0);
	for (; i + STRIDE <= n; i += STRIDE)
		for (int k = 0; k < 4; k++)
			residual_step(s[k], v + i + k * LANES, u + i + k * LANES, LANES);
	for (; i < n; i += LANES)
		residual_step(s[0], v + i, u + i, n - i);
	sums->rr = sum4(s[0][0], s[1][0], s[2][0], s[3][0]);
	sums->ru = sum4(s[0][1], s[1][1], s[2][1], s[3][1]);
	return vmaxnmvq_f32(max_abs(max_abs(s[0][2], s[1][2]), max_abs(s[2][2], s[3][2])));
}

/*
 * The levels of up to 4 coordinates, 0 beyond "left"; adds <x, r> to *xr.
 * The conversion saturates and makes 0 of a NaN.
 */
STEP int32x4_t
levels_step(const float *v, const float *u, float inv, float32x4_t *xr, int left, int bits)
{
	float32x4_t r = vsubq_f32(load_floats(v, left), load_floats(u, left)),
				l;

	if (bits == 1)
		l = vreinterpretq_f32_u32(vandq_u32(vcgtq_f32(r, vdupq_n_f32(0)),
											vreinterpretq_u32_f32(vdupq_n_f32(1))));
	else
	{
		l = vaddq_f32(vrndmq_f32(vmulq_n_f32(r, inv)), vdupq_n_f32((float) (1 << (bits - 1))));
		l = vminnmq_f32(vmaxnmq_f32(l, vdupq_n_f32(0)), vdupq_n_f32((float) ((1 << bits) - 1)));
	}
	*xr = vfmaq_f32(*xr, vsubq_f32(l, vdupq_n_f32(((1 << bits) - 1) / 2.0f)), r);
	return vcvtq_s32_f32(only_left(l, left));
}

/* encodes up to 64 coordinates; writes 8 * bits bytes */
STEP void
encode_block(const float *v, const float *u, float inv, float32x4_t xr[4],
			 int left, uint8 *code, int bits)
{
	uint8x16_t	l[4];

	for (int j = 0; j < 4; j++)
	{
		int32x4_t	x[4];

		for (int k = 0; k < 4; k++)
		{
			int			at = 16 * j + k * LANES;

			x[k] = levels_step(v + at, u + at, inv, &xr[k], left - at, bits);
		}
		l[j] = narrow(x);
	}
	if (bits == 8)
	{
		for (int j = 0; j < 4; j++)
			vst1q_u8(code + 16 * j, l[j]);
	}
	else if (bits == 4)
	{
		vst1q_u8(code, vorrq_u8(l[0], vshlq_n_u8(l[2], 4)));
		vst1q_u8(code + 16, vorrq_u8(l[1], vshlq_n_u8(l[3], 4)));
	}
	else if (bits == 2)
		vst1q_u8(code, vorrq_u8(vorrq_u8(l[0], vshlq_n_u8(l[1], 2)),
								vorrq_u8(vshlq_n_u8(l[2], 4), vshlq_n_u8(l[3], 6))));
	else
	{
		/* bit i of each byte from its place; a byte is the sum of 8 of them */
		static const int8 place[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
		const int8x16_t shift = vld1q_s8(place);

		for (int j = 0; j < 4; j++)
		{
			uint8x16_t	x = vshlq_u8(l[j], shift);

			code[2 * j] = vaddv_u8(vget_low_u8(x));
			code[2 * j + 1] = vaddv_u8(vget_high_u8(x));
		}
	}
}

STEP void
edge_encode(const float *v, const float *u, int n, int cdim,
			uint8 *code, HnswEdgeSums *sums, int bits)
{
	float		rmax = residual_sums(v, u, n, sums),
				inv = hnsw_edge_inverse_step(bits, sums->rr, rmax, n);
	float32x4_t xr[4];
	int			m = Min(n, cdim),
				i = 0,
				done;

	for (int k = 0; k < 4; k++)
		xr[k] = vdupq_n_f32(0);
	for (; i + HNSW_CODE_BLOCK <= m; i += HNSW_CODE_BLOCK)
		encode_block(v + i, u + i, inv, xr, HNSW_CODE_BLOCK, code + i / 8 * bits, bits);
	done = i / 8 * bits;
	if (i < m)
	{
		uint8		tail[HNSW_TAIL_MAX];
		int			bytes = hnsw_edge_code_bytes(bits, Min(cdim - i, HNSW_CODE_BLOCK));

		encode_block(v + i, u + i, inv, xr, m - i, tail, bits);
		memcpy(code + done, tail, bytes);
		done += bytes;
	}
	memset(code + done, 0, hnsw_edge_code_bytes(bits, cdim) - done);
	sums->xr = sum4(xr[0], xr[1], xr[2], xr[3]);
}

#define EDGE_ENCODE_KERNEL(b) \
void \
hnsw_neon_edge_encode##b(const float *v, const float *u, int n, int cdim, \
						 uint8 *code, HnswEdgeSums *sums) \
{ \
	edge_encode(v, u, n, cdim, code, sums, b); \
}

EDGE_ENCODE_KERNEL(1)
EDGE_ENCODE_KERNEL(2)
EDGE_ENCODE_KERNEL(4)
EDGE_ENCODE_KERNEL(8)

#endif							/* __aarch64__ */
