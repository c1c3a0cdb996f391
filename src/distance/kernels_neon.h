/*-------------------------------------------------------------------------
 *
 * kernels_neon.h
 *		What both files of the NEON column build on: lanes and tails.
 *
 * Plain Advanced SIMD, which every 64-bit ARM processor has, so no target
 * attributes.  There are no masked loads; tails go through small buffers.
 * Where "left", the number of elements that remain, is a constant of at least
 * a vector, tails vanish at compile time.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_neon.h
 *-------------------------------------------------------------------------
 */
#ifndef KERNELS_NEON_H
#define KERNELS_NEON_H

#include "distance/kernels_common.h"

#include <arm_neon.h>

#define STEP __attribute__((always_inline)) static inline

/* lanes of a vector of floats */
#define LANES	4
/* coordinates per iteration of the unrolled loops */
#define STRIDE	(4 * LANES)

/* 0 beyond "left", which may be 0 or negative */
STEP float32x4_t
load_floats(const float *p, int left)
{
	float		tail[LANES] = {0};

	if (left >= LANES)
		return vld1q_f32(p);
	for (int k = 0; k < left; k++)
		tail[k] = p[k];
	return vld1q_f32(tail);
}

STEP void
store_floats(float *p, float32x4_t x, int left)
{
	float		tail[LANES];

	if (left >= LANES)
	{
		vst1q_f32(p, x);
		return;
	}
	vst1q_f32(tail, x);
	memcpy(p, tail, left * sizeof(float));
}

/* sets the lanes beyond "left" to 0 */
STEP float32x4_t
only_left(float32x4_t x, int left)
{
	static const int32 lanes[LANES] = {0, 1, 2, 3};
	uint32x4_t	mask;

	if (left >= LANES)
		return x;
	mask = vcltq_s32(vld1q_s32(lanes), vdupq_n_s32(left));
	return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), mask));
}

STEP uint8x16_t
load_bytes(const void *p, int left)
{
	uint8		tail[16] = {0};

	if (left >= 16)
		return vld1q_u8(p);
	memcpy(tail, p, left);
	return vld1q_u8(tail);
}

/* lanes 4k .. 4k+3 of 16 bytes as floats, k a constant */
STEP float32x4_t
bytes_to_floats(uint8x16_t x, int k)
{
	uint16x8_t	half = k < 2 ? vmovl_u8(vget_low_u8(x)) : vmovl_u8(vget_high_u8(x));

	return vcvtq_f32_u32(k % 2 == 0 ? vmovl_u16(vget_low_u16(half)) :
						 vmovl_u16(vget_high_u16(half)));
}

STEP float
sum4(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d)
{
	return vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)));
}

/* max(m, |x|), a NaN counts as nothing */
STEP float32x4_t
max_abs(float32x4_t m, float32x4_t x)
{
	return vmaxnmq_f32(m, vabsq_f32(x));
}

HNSW_CODE_KERNELS_DECLARE(neon)
HNSW_HALF_KERNELS_DECLARE(neon)
HNSW_BIT_KERNELS_DECLARE(neon)

#endif							/* KERNELS_NEON_H */
