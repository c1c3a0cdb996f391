/*-------------------------------------------------------------------------
 *
 * kernels_neon_small.c
 *		The NEON column of the kernel grid: halves and bits.
 *
 * Conversions of halves are in every 64-bit ARM processor; arithmetic on them
 * is not, and not needed.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_neon_small.c
 *-------------------------------------------------------------------------
 */
#if defined(__aarch64__)

#include "distance/kernels_neon.h"

/* -------------------------------------------------------------- halves */

/* 0 beyond "left", which may be 0 or negative */
STEP float32x4_t
load_halves(const uint16 *p, int left)
{
	uint16		tail[LANES] = {0};

	if (left >= LANES)
		return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
	for (int k = 0; k < left; k++)
		tail[k] = p[k];
	return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(tail)));
}

void
hnsw_neon_half_to_float(const uint16 *h, float *x, int n)
{
	int			i = 0;

	for (; i + LANES <= n; i += LANES)
		vst1q_f32(x + i, load_halves(h + i, LANES));
	if (i < n)
		store_floats(x + i, load_halves(h + i, n - i), n - i);
}

/* the processor's mode rounds to nearest even */
void
hnsw_neon_float_to_half(const float *x, uint16 *h, int n)
{
	for (int i = 0; i < n; i += LANES)
	{
		uint16x4_t	y = vreinterpret_u16_f16(vcvt_f16_f32(load_floats(x + i, n - i)));
		uint16		tail[LANES];

		if (n - i >= LANES)
		{
			vst1_u16(h + i, y);
			continue;
		}
		vst1_u16(tail, y);
		memcpy(h + i, tail, (n - i) * sizeof(uint16));
	}
}

STEP float32x4_t
half_l2sq_step(float32x4_t s, const uint16 *a, const uint16 *b, int left)
{
	float32x4_t d = vsubq_f32(load_halves(a, left), load_halves(b, left));

	return vfmaq_f32(s, d, d);
}

STEP float32x4_t
half_dot_step(float32x4_t s, const uint16 *a, const uint16 *b, int left)
{
	return vfmaq_f32(s, load_halves(a, left), load_halves(b, left));
}

STEP float32x4_t
half_l1_step(float32x4_t s, const uint16 *a, const uint16 *b, int left)
{
	return vaddq_f32(s, vabdq_f32(load_halves(a, left), load_halves(b, left)));
}

#define HALF_KERNEL(op) \
float \
hnsw_neon_##op(const uint16 *a, const uint16 *b, int n) \
{ \
	float32x4_t s0 = vdupq_n_f32(0), \
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
half_dot3_step(float32x4_t s[3], const uint16 *a, const uint16 *b, int left)
{
	float32x4_t x = load_halves(a, left),
				y = load_halves(b, left);

	s[0] = vfmaq_f32(s[0], x, y);
	s[1] = vfmaq_f32(s[1], x, x);
	s[2] = vfmaq_f32(s[2], y, y);
}

void
hnsw_neon_half_dot3(const uint16 *a, const uint16 *b, int n, float out[3])
{
	float32x4_t s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = vdupq_n_f32(0);
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		half_dot3_step(s, a + i, b + i, LANES);
		half_dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		half_dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = vaddvq_f32(vaddq_f32(s[k], t[k]));
}

/* ---------------------------------------------------------------- bits */

/* adds the bits set in 16 bytes to the two lanes */
STEP uint64x2_t
add_popcount(uint64x2_t s, uint8x16_t x)
{
	return vpadalq_u32(s, vpaddlq_u16(vpaddlq_u8(vcntq_u8(x))));
}

STEP uint64x2_t
differ_step(uint64x2_t s, const uint8 *a, const uint8 *b, int left)
{
	return add_popcount(s, veorq_u8(load_bytes(a, left), load_bytes(b, left)));
}

uint64
hnsw_neon_bit_differ(const uint8 *a, const uint8 *b, int n)
{
	uint64x2_t	s = vdupq_n_u64(0),
				t = s;
	int			i = 0;

	for (; i + 32 <= n; i += 32)
	{
		s = differ_step(s, a + i, b + i, 16);
		t = differ_step(t, a + i + 16, b + i + 16, 16);
	}
	for (; i < n; i += 16)
		s = differ_step(s, a + i, b + i, n - i);
	return vaddvq_u64(vaddq_u64(s, t));
}

STEP void
overlap_step(uint64x2_t s[2], const uint8 *a, const uint8 *b, int left)
{
	uint8x16_t	x = load_bytes(a, left),
				y = load_bytes(b, left);

	s[0] = add_popcount(s[0], vandq_u8(x, y));
	s[1] = add_popcount(s[1], vorrq_u8(x, y));
}

void
hnsw_neon_bit_overlap(const uint8 *a, const uint8 *b, int n, uint64 out[2])
{
	uint64x2_t	s[2] = {vdupq_n_u64(0), vdupq_n_u64(0)};
	int			i = 0;

	for (; i + 16 <= n; i += 16)
		overlap_step(s, a + i, b + i, 16);
	if (i < n)
		overlap_step(s, a + i, b + i, n - i);
	out[0] = vaddvq_u64(s[0]);
	out[1] = vaddvq_u64(s[1]);
}

#endif							/* __aarch64__ */
