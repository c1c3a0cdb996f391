/*-------------------------------------------------------------------------
 *
 * kernels_neon.c
 *		The NEON column of the kernel grid (aarch64).
 *
 * Kernels over floats are a step over one vector of 4 lanes, given how many
 * lanes are left; kernels over bytes a step over 16 of them, so that a load
 * of bytes feeds four vectors of floats.  Both use four accumulators.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_neon.c
 *-------------------------------------------------------------------------
 */
#if defined(__aarch64__)

#include "distance/kernels_neon.h"
#include "distance/kernels_quantise.h"

/* ------------------------------------------------------- float x float */

STEP float32x4_t
l2sq_step(float32x4_t s, const float *a, const float *b, int left)
{
	float32x4_t d = vsubq_f32(load_floats(a, left), load_floats(b, left));

	return vfmaq_f32(s, d, d);
}

STEP float32x4_t
dot_step(float32x4_t s, const float *a, const float *b, int left)
{
	return vfmaq_f32(s, load_floats(a, left), load_floats(b, left));
}

STEP float32x4_t
l1_step(float32x4_t s, const float *a, const float *b, int left)
{
	return vaddq_f32(s, vabdq_f32(load_floats(a, left), load_floats(b, left)));
}

#define FLOAT_KERNEL(op) \
static float \
neon_##op(const float *a, const float *b, int n) \
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

FLOAT_KERNEL(l2sq)
FLOAT_KERNEL(dot)
FLOAT_KERNEL(l1)

STEP void
dot3_step(float32x4_t s[3], const float *a, const float *b, int left)
{
	float32x4_t x = load_floats(a, left),
				y = load_floats(b, left);

	s[0] = vfmaq_f32(s[0], x, y);
	s[1] = vfmaq_f32(s[1], x, x);
	s[2] = vfmaq_f32(s[2], y, y);
}

static void
neon_dot3(const float *a, const float *b, int n, float out[3])
{
	float32x4_t s[3],
				t[3];
	int			i = 0;

	for (int k = 0; k < 3; k++)
		s[k] = t[k] = vdupq_n_f32(0);
	for (; i + 2 * LANES <= n; i += 2 * LANES)
	{
		dot3_step(s, a + i, b + i, LANES);
		dot3_step(t, a + i + LANES, b + i + LANES, LANES);
	}
	for (; i < n; i += LANES)
		dot3_step(s, a + i, b + i, n - i);
	for (int k = 0; k < 3; k++)
		out[k] = vaddvq_f32(vaddq_f32(s[k], t[k]));
}

/* ---------------------------------------------------------- own vector */

HNSW_QUANTISE_KERNELS_DEFINE(neon,)

/* minimum and step of a code */
typedef struct Scale
{
	float32x4_t min;
	float32x4_t step;
} Scale;

STEP Scale
make_scale(float min, float step)
{
	return (Scale)
	{
		vdupq_n_f32(min), vdupq_n_f32(step)
	};
}

/* values of codes 4k .. 4k+3 */
STEP float32x4_t
own_values(uint8x16_t u, Scale scale, int k)
{
	return vfmaq_f32(scale.min, bytes_to_floats(u, k), scale.step);
}

STEP void
own_dot_step(float32x4_t s[4], const float *q, const uint8 *u, Scale scale, int left)
{
	uint8x16_t	codes = load_bytes(u, left);

	for (int k = 0; k < 4; k++)
		s[k] = vfmaq_f32(s[k], load_floats(q + k * LANES, left - k * LANES),
						 only_left(own_values(codes, scale, k), left - k * LANES));
}

STEP void
own_l1_step(float32x4_t s[4], const float *q, const uint8 *u, Scale scale, int left)
{
	uint8x16_t	codes = load_bytes(u, left);

	for (int k = 0; k < 4; k++)
	{
		float32x4_t d = vabdq_f32(load_floats(q + k * LANES, left - k * LANES),
								  own_values(codes, scale, k));

		s[k] = vaddq_f32(s[k], only_left(d, left - k * LANES));
	}
}

#define OWN_KERNEL(op) \
static float \
neon_##op(const float *q, const uint8 *u, float min, float step, int n) \
{ \
	const Scale scale = make_scale(min, step); \
	float32x4_t s[4]; \
	int			i = 0; \
\
	for (int k = 0; k < 4; k++) \
		s[k] = vdupq_n_f32(0); \
	for (; i + STRIDE <= n; i += STRIDE) \
		op##_step(s, q + i, u + i, scale, STRIDE); \
	if (i < n) \
		op##_step(s, q + i, u + i, scale, n - i); \
	return sum4(s[0], s[1], s[2], s[3]); \
}

OWN_KERNEL(own_dot)
OWN_KERNEL(own_l1)

/* s: sums of squares, m: largest absolute values */
STEP void
own_residual_step(float32x4_t s[4], float32x4_t m[4], const float *q, const uint8 *u,
				  Scale scale, float *p, int left)
{
	uint8x16_t	codes = load_bytes(u, left);

	for (int k = 0; k < 4; k++)
	{
		int			lanes = left - k * LANES;
		float32x4_t d;

		if (lanes <= 0)
			break;
		d = vsubq_f32(load_floats(q + k * LANES, lanes), own_values(codes, scale, k));
		store_floats(p + k * LANES, d, lanes);
		d = only_left(d, lanes);
		s[k] = vfmaq_f32(s[k], d, d);
		m[k] = max_abs(m[k], d);
	}
}

static float
neon_own_residual(const float *q, const uint8 *u, float min, float step,
				  int n, float *p, float *pmax)
{
	const Scale scale = make_scale(min, step);
	float32x4_t s[4],
				m[4];
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k] = m[k] = vdupq_n_f32(0);
	for (; i + STRIDE <= n; i += STRIDE)
		own_residual_step(s, m, q + i, u + i, scale, p + i, STRIDE);
	if (i < n)
		own_residual_step(s, m, q + i, u + i, scale, p + i, n - i);
	*pmax = vmaxnmvq_f32(max_abs(max_abs(m[0], m[1]), max_abs(m[2], m[3])));
	return sum4(s[0], s[1], s[2], s[3]);
}

STEP void
own_decode_step(const uint8 *u, Scale scale, float *out, int left)
{
	uint8x16_t	codes = load_bytes(u, left);

	for (int k = 0; k < 4; k++)
		if (left > k * LANES)
			store_floats(out + k * LANES, own_values(codes, scale, k), left - k * LANES);
}

static void
neon_own_decode(const uint8 *u, float min, float step, int n, float *out)
{
	const Scale scale = make_scale(min, step);
	int			i = 0;

	for (; i + STRIDE <= n; i += STRIDE)
		own_decode_step(u + i, scale, out + i, STRIDE);
	if (i < n)
		own_decode_step(u + i, scale, out + i, n - i);
}

/* --------------------------------------------------------- byte x byte */

STEP void
u8dot_step(uint32x4_t s[2], const uint8 *a, const uint8 *b, int left)
{
	uint8x16_t	x = load_bytes(a, left),
				y = load_bytes(b, left);

	s[0] = vpadalq_u16(s[0], vmull_u8(vget_low_u8(x), vget_low_u8(y)));
	s[1] = vpadalq_u16(s[1], vmull_high_u8(x, y));
}

static uint32
neon_u8dot(const uint8 *a, const uint8 *b, int n)
{
	uint32x4_t	s[2],
				t[2];
	int			i = 0;

	s[0] = s[1] = t[0] = t[1] = vdupq_n_u32(0);
	for (; i + 32 <= n; i += 32)
	{
		u8dot_step(s, a + i, b + i, 16);
		u8dot_step(t, a + i + 16, b + i + 16, 16);
	}
	for (; i < n; i += 16)
		u8dot_step(s, a + i, b + i, n - i);
	return vaddvq_u32(vaddq_u32(vaddq_u32(s[0], s[1]), vaddq_u32(t[0], t[1])));
}

/* "scale" has amin - bmin and astep */
STEP void
u8l1_step(float32x4_t s[4], const uint8 *a, const uint8 *b, Scale scale, float32x4_t bstep, int left)
{
	uint8x16_t	x = load_bytes(a, left),
				y = load_bytes(b, left);

	for (int k = 0; k < 4; k++)
	{
		float32x4_t d = vfmsq_f32(own_values(x, scale, k), bytes_to_floats(y, k), bstep);

		s[k] = vaddq_f32(s[k], vabsq_f32(only_left(d, left - k * LANES)));
	}
}

static float
neon_u8l1(const uint8 *a, float amin, float astep,
		  const uint8 *b, float bmin, float bstep, int n)
{
	const Scale scale = make_scale(amin - bmin, astep);
	const float32x4_t vbstep = vdupq_n_f32(bstep);
	float32x4_t s[4];
	int			i = 0;

	for (int k = 0; k < 4; k++)
		s[k] = vdupq_n_f32(0);
	for (; i + STRIDE <= n; i += STRIDE)
		u8l1_step(s, a + i, b + i, scale, vbstep, STRIDE);
	if (i < n)
		u8l1_step(s, a + i, b + i, scale, vbstep, n - i);
	return sum4(s[0], s[1], s[2], s[3]);
}

/* ------------------------------------------------------------- rotation */

/* the transform of 4 consecutive floats */
STEP float32x4_t
hadamard4(const float *x, float scale)
{
	static const float upper[LANES] = {1, 1, -1, -1},
				odd[LANES] = {1, -1, 1, -1};
	float32x4_t s = vmulq_n_f32(vld1q_f32(x), scale);

	s = vfmaq_f32(vextq_f32(s, s, 2), s, vld1q_f32(upper));
	return vfmaq_f32(vrev64q_f32(s), s, vld1q_f32(odd));
}

/* one stage across vectors, between those h apart */
STEP void
butterflies(float32x4_t *y, int vectors, int h)
{
#pragma GCC unroll 8
	for (int k = 0; k < vectors; k++)
		if (!(k & h))
		{
			float32x4_t a = y[k],
						b = y[k + h];

			y[k] = vaddq_f32(a, b);
			y[k + h] = vsubq_f32(a, b);
		}
}

/* all stages across 1, 2, 4 or 8 vectors; a loop here would keep y in memory */
STEP void
hadamard_across(float32x4_t *y, int vectors)
{
	if (vectors > 1)
		butterflies(y, vectors, 1);
	if (vectors > 2)
		butterflies(y, vectors, 2);
	if (vectors > 4)
		butterflies(y, vectors, 4);
}

/* the stages inside runs of "vectors" vectors */
STEP void
hadamard_first(float *x, int n, float scale, int vectors)
{
	for (int i = 0; i < n; i += LANES * vectors)
	{
		float32x4_t y[8];

#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			y[k] = hadamard4(x + i + k * LANES, scale);
		hadamard_across(y, vectors);
#pragma GCC unroll 8
		for (int k = 0; k < vectors; k++)
			vst1q_f32(x + i + k * LANES, y[k]);
	}
}

/* log2(vectors) stages more, between floats h, 2h, ... apart */
STEP void
hadamard_next(float *x, int n, int h, int vectors)
{
	for (int i = 0; i < n; i += h * vectors)
		for (int j = i; j < i + h; j += LANES)
		{
			float32x4_t y[8];

#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				y[k] = vld1q_f32(x + j + k * h);
			hadamard_across(y, vectors);
#pragma GCC unroll 8
			for (int k = 0; k < vectors; k++)
				vst1q_f32(x + j + k * h, y[k]);
		}
}

static void
neon_hadamard(float *x, int log2n)
{
	int			n = 1 << log2n,
				done = Min(log2n, 5);
	float		scale;

	if (log2n < 2)
	{
		hnsw_kernels_scalar.hadamard(x, log2n);
		return;
	}
	scale = hnsw_hadamard_scale(log2n);
	if (log2n == 2)
		hadamard_first(x, n, scale, 1);
	else if (log2n == 3)
		hadamard_first(x, n, scale, 2);
	else if (log2n == 4)
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

const HnswKernels hnsw_kernels_neon = {
	.name = "neon",
	.l2sq = neon_l2sq,
	.dot = neon_dot,
	.l1 = neon_l1,
	.dot3 = neon_dot3,
	HNSW_HALF_KERNELS(neon),
	HNSW_BIT_KERNELS(neon),
	.own_residual = neon_own_residual,
	.own_dot = neon_own_dot,
	.own_l1 = neon_own_l1,
	HNSW_QUANTISE_KERNELS(neon),
	.own_decode = neon_own_decode,
	.u8dot = neon_u8dot,
	.u8l1 = neon_u8l1,
	HNSW_CODE_KERNELS(neon),
	.hadamard = neon_hadamard,
};

#endif							/* __aarch64__ */
