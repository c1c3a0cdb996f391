/*-------------------------------------------------------------------------
 *
 * kernels_scalar_small.c
 *		The reference column of the kernel grid: halves and bits.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_scalar_small.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels_common.h"

HNSW_HALF_KERNELS_DECLARE(scalar)
HNSW_BIT_KERNELS_DECLARE(scalar)

/* -------------------------------------------------------------- halves */

static inline float
bits_to_float(uint32 bits)
{
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline uint32
float_to_bits(float x)
{
	uint32		bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* 2^112; pg_bsd_indent does not know hexadecimal floats */
#define HALF_BIAS	5192296858534827628530496329220096.0f

/*
 * With exponent and fraction moved to their places in a float, the bias of the
 * exponent is short by 112.  Multiplying by 2^112 makes up for it, and turns
 * subnormal halves, which are subnormal floats here, into what they stand for.
 */
static inline float
to_float(uint16 h)
{
	uint32		sign = (uint32) (h & 0x8000) << 16,
				rest = (uint32) (h & 0x7fff) << 13;
	float		x = bits_to_float(rest) * HALF_BIAS;

	/* infinity and NaN had the largest exponent, and keep it */
	if (rest >= 0x0f800000)
		x = bits_to_float(rest | 0x7f800000);
	return bits_to_float(sign | float_to_bits(x));
}

static inline uint16
to_half(float x)
{
	uint32		bits = float_to_bits(x),
				rest = bits & 0x7fffffff;
	uint16		sign = (uint16) (bits >> 16 & 0x8000);

	if (rest > 0x7f800000)
		return sign | 0x7e00;	/* NaN */
	if (rest >= 0x47800000)
		return sign | 0x7c00;	/* 65536 and more */

	/*
	 * Below 2^-14 the result is a multiple of 2^-24, the place value of the
	 * last bit of a float between 0.5 and 1: the addition rounds to it.
	 */
	if (rest < 0x38800000)
		return sign | (uint16) (float_to_bits(bits_to_float(rest) + 0.5f) - 0x3f000000);

	/* a carry out of the fraction makes the exponent larger, as it should */
	rest += 0xfff + (rest >> 13 & 1);
	return sign | (uint16) ((rest - 0x38000000) >> 13);
}

void
hnsw_scalar_half_to_float(const uint16 *h, float *x, int n)
{
	for (int i = 0; i < n; i++)
		x[i] = to_float(h[i]);
}

void
hnsw_scalar_float_to_half(const float *x, uint16 *h, int n)
{
	for (int i = 0; i < n; i++)
		h[i] = to_half(x[i]);
}

float
hnsw_scalar_half_l2sq(const uint16 *a, const uint16 *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
	{
		float		d = to_float(a[i]) - to_float(b[i]);

		s += d * d;
	}
	return s;
}

float
hnsw_scalar_half_dot(const uint16 *a, const uint16 *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += to_float(a[i]) * to_float(b[i]);
	return s;
}

float
hnsw_scalar_half_l1(const uint16 *a, const uint16 *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += fabsf(to_float(a[i]) - to_float(b[i]));
	return s;
}

void
hnsw_scalar_half_dot3(const uint16 *a, const uint16 *b, int n, float out[3])
{
	float		ab = 0,
				aa = 0,
				bb = 0;

	for (int i = 0; i < n; i++)
	{
		float		x = to_float(a[i]),
					y = to_float(b[i]);

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	out[0] = ab;
	out[1] = aa;
	out[2] = bb;
}

/* ---------------------------------------------------------------- bits */

/* the bits set in a word, by sums of neighbouring fields of 1, 2, 4 bits */
static inline uint64
popcount(uint64 x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return x * UINT64_C(0x0101010101010101) >> 56;
}

/* the next bytes, zeros beyond "left" */
static inline uint64
load_word(const uint8 *p, int left)
{
	uint64		word = 0;

	memcpy(&word, p, left >= 8 ? 8 : left);
	return word;
}

uint64
hnsw_scalar_bit_differ(const uint8 *a, const uint8 *b, int n)
{
	uint64		s = 0;
	int			i = 0;

	for (; i + 8 <= n; i += 8)
		s += popcount(load_word(a + i, 8) ^ load_word(b + i, 8));
	if (i < n)
		s += popcount(load_word(a + i, n - i) ^ load_word(b + i, n - i));
	return s;
}

static inline void
overlap_step(const uint8 *a, const uint8 *b, int left, uint64 out[2])
{
	uint64		x = load_word(a, left),
				y = load_word(b, left);

	out[0] += popcount(x & y);
	out[1] += popcount(x | y);
}

void
hnsw_scalar_bit_overlap(const uint8 *a, const uint8 *b, int n, uint64 out[2])
{
	int			i = 0;

	out[0] = out[1] = 0;
	for (; i + 8 <= n; i += 8)
		overlap_step(a + i, b + i, 8, out);
	if (i < n)
		overlap_step(a + i, b + i, n - i, out);
}
