/*-------------------------------------------------------------------------
 *
 * kernels_scalar.c
 *		The reference column of the kernel grid: plain C, any processor.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_scalar.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels_common.h"
#include "distance/kernels_quantise.h"

HNSW_HALF_KERNELS_DECLARE(scalar)
HNSW_BIT_KERNELS_DECLARE(scalar)

HNSW_QUANTISE_KERNELS_DEFINE(scalar,)

static float
scalar_l2sq(const float *a, const float *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
	{
		float		d = a[i] - b[i];

		s += d * d;
	}
	return s;
}

static float
scalar_dot(const float *a, const float *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += a[i] * b[i];
	return s;
}

static float
scalar_l1(const float *a, const float *b, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += fabsf(a[i] - b[i]);
	return s;
}

static void
scalar_dot3(const float *a, const float *b, int n, float out[3])
{
	float		ab = 0,
				aa = 0,
				bb = 0;

	for (int i = 0; i < n; i++)
	{
		ab += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	out[0] = ab;
	out[1] = aa;
	out[2] = bb;
}

static float
scalar_own_residual(const float *q, const uint8 *u, float min, float step,
					int n, float *p, float *pmax)
{
	float		s = 0,
				m = 0;

	for (int i = 0; i < n; i++)
	{
		float		d = q[i] - (min + step * (float) u[i]);

		p[i] = d;
		s += d * d;
		m = Max(m, fabsf(d));
	}
	*pmax = m;
	return s;
}

static float
scalar_own_dot(const float *q, const uint8 *u, float min, float step, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += q[i] * (min + step * (float) u[i]);
	return s;
}

static float
scalar_own_l1(const float *q, const uint8 *u, float min, float step, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += fabsf(q[i] - (min + step * (float) u[i]));
	return s;
}

static void
scalar_own_decode(const uint8 *u, float min, float step, int n, float *out)
{
	for (int i = 0; i < n; i++)
		out[i] = min + step * (float) u[i];
}

static uint32
scalar_u8dot(const uint8 *a, const uint8 *b, int n)
{
	uint32		s = 0;

	for (int i = 0; i < n; i++)
		s += (uint32) a[i] * b[i];
	return s;
}

static float
scalar_u8l1(const uint8 *a, float amin, float astep,
			const uint8 *b, float bmin, float bstep, int n)
{
	float		s = 0;

	for (int i = 0; i < n; i++)
		s += fabsf((amin + astep * (float) a[i]) - (bmin + bstep * (float) b[i]));
	return s;
}

static int32
scalar_pack8(const float *p, float inv, int n, int npad, int8 *out)
{
	int32		sum = 0;

	for (int i = 0; i < n; i++)
	{
		float		x = rintf(p[i] * inv);

		/* in this order a NaN becomes -127, and the conversion is defined */
		x = Min(Max(x, -127.0f), 127.0f);
		out[i] = (int8) x;
		sum += out[i];
	}
	memset(out + n, 0, npad - n);
	return sum;
}

/* sets coordinate i of a code that was 0, in the layout that kernels.h describes */
static inline void
scalar_set_level(uint8 *code, int bits, int i, int level)
{
	int			block = i / HNSW_CODE_BLOCK,
				j = i % HNSW_CODE_BLOCK;

	switch (bits)
	{
		case 1:
			code[block * 8 + j / 8] |= level << (j % 8);
			break;
		case 2:
			code[block * 16 + j % 16] |= level << (2 * (j / 16));
			break;
		case 4:
			code[block * 32 + j % 32] |= level << (4 * (j / 32));
			break;
		default:
			code[i] = (uint8) level;
			break;
	}
}

/*
 * One block of 64 coordinates, or of 8-bit codes "left".  Written so that the
 * compiler finds vectors: old processors run this.
 */
static inline int32
scalar_block_dot(const uint8 *code, const int8 *p8, int left, int bits)
{
	uint8		level[HNSW_CODE_BLOCK];
	int32		s = 0;

	switch (bits)
	{
		case 1:
			for (int i = 0; i < 8; i++)
				for (int j = 0; j < 8; j++)
					level[8 * i + j] = code[i] >> j & 1;
			for (int i = 0; i < HNSW_CODE_BLOCK; i++)
				s += level[i] * p8[i];
			break;
		case 2:
			for (int i = 0; i < 16; i++)
				s += (code[i] & 3) * p8[i] +
					(code[i] >> 2 & 3) * p8[i + 16] +
					(code[i] >> 4 & 3) * p8[i + 32] +
					(code[i] >> 6) * p8[i + 48];
			break;
		case 4:
			for (int i = 0; i < 32; i++)
				s += (code[i] & 15) * p8[i] + (code[i] >> 4) * p8[i + 32];
			break;
		default:
			for (int i = 0; i < left; i++)
				s += code[i] * p8[i];
			break;
	}
	return s;
}

static inline void
scalar_edge_dots(const uint8 *codes, int stride, int count,
				 const int8 *p8, int cdim, int32 *out, int bits)
{
	/* 8-bit codes have no blocks */
	int			block = bits == 8 ? cdim : HNSW_CODE_BLOCK;

	for (int k = 0; k < count; k++)
	{
		const uint8 *code = codes + (Size) k * stride;
		int32		s = 0;

		for (int i = 0; i < cdim; i += block)
			s += scalar_block_dot(code + i / 8 * bits, p8 + i, block, bits);
		out[k] = s;
	}
}

static void
scalar_cross_dots(const uint8 *const *codes, int ncodes,
				  const int8 *const *rows, int nrows, int n, int32 *out)
{
	for (int r = 0; r < nrows; r++)
		for (int k = 0; k < ncodes; k++)
		{
			int32		s = 0;

			for (int i = 0; i < n; i++)
				s += codes[k][i] * rows[r][i];
			out[r * ncodes + k] = s;
		}
}

static void
scalar_within(const float *g, int n, float limit, const float *limits, uint64 near[2])
{
	near[0] = near[1] = 0;
	for (int i = 0; i < n; i++)
	{
		near[0] |= (uint64) (g[i] <= limit) << i;
		near[1] |= (uint64) (g[i] <= limits[i]) << i;
	}
}

static inline void
scalar_edge_encode(const float *v, const float *u, int n, int cdim,
				   uint8 *code, HnswEdgeSums *sums, int bits)
{
	int			top = (1 << bits) - 1;
	float		mid = top / 2.0f;
	float		rr = 0,
				ru = 0,
				xr = 0,
				rmax = 0,
				inv;
	int			m = Min(n, cdim);

	for (int i = 0; i < n; i++)
	{
		float		r = v[i] - u[i];

		rr += r * r;
		ru += r * u[i];
		rmax = Max(rmax, fabsf(r));
	}
	inv = hnsw_edge_inverse_step(bits, rr, rmax, n);

	memset(code, 0, hnsw_edge_code_bytes(bits, cdim));
	for (int i = 0; i < m; i++)
	{
		float		r = v[i] - u[i];
		int			level;

		if (bits == 1)
			level = r > 0;
		else
		{
			float		l = floorf(r * inv) + (float) (1 << (bits - 1));

			/* in this order a NaN becomes level 0 */
			level = (int) Min(Max(l, 0.0f), (float) top);
		}
		scalar_set_level(code, bits, i, level);
		xr += ((float) level - mid) * r;
	}
	sums->rr = rr;
	sums->ru = ru;
	sums->xr = xr;
}

#define SCALAR_EDGE(b) \
static void \
scalar_edge_dots##b(const uint8 *codes, int stride, int count, \
					const int8 *p8, int cdim, int32 *out) \
{ \
	scalar_edge_dots(codes, stride, count, p8, cdim, out, b); \
} \
static void \
scalar_edge_encode##b(const float *v, const float *u, int n, int cdim, \
					  uint8 *code, HnswEdgeSums *sums) \
{ \
	scalar_edge_encode(v, u, n, cdim, code, sums, b); \
}

SCALAR_EDGE(1)
SCALAR_EDGE(2)
SCALAR_EDGE(4)
SCALAR_EDGE(8)

static void
scalar_hadamard(float *x, int log2n)
{
	int			n = 1 << log2n;
	float		scale = hnsw_hadamard_scale(log2n);

	for (int h = 1; h < n; h *= 2)
		for (int i = 0; i < n; i += 2 * h)
			for (int j = i; j < i + h; j++)
			{
				float		a = x[j],
							b = x[j + h];

				x[j] = a + b;
				x[j + h] = a - b;
			}
	for (int i = 0; i < n; i++)
		x[i] *= scale;
}

const HnswKernels hnsw_kernels_scalar = {
	.name = "scalar",
	.l2sq = scalar_l2sq,
	.dot = scalar_dot,
	.l1 = scalar_l1,
	.dot3 = scalar_dot3,
	HNSW_HALF_KERNELS(scalar),
	HNSW_BIT_KERNELS(scalar),
	.own_residual = scalar_own_residual,
	.own_dot = scalar_own_dot,
	.own_l1 = scalar_own_l1,
	HNSW_QUANTISE_KERNELS(scalar),
	.own_decode = scalar_own_decode,
	.u8dot = scalar_u8dot,
	.u8l1 = scalar_u8l1,
	.pack8 = scalar_pack8,
	.cross_dots = scalar_cross_dots,
	.within = scalar_within,
	.edge_dots = {
		[1] = scalar_edge_dots1,
		[2] = scalar_edge_dots2,
		[4] = scalar_edge_dots4,
		[8] = scalar_edge_dots8,
	},
	.edge_encode = {
		[1] = scalar_edge_encode1,
		[2] = scalar_edge_encode2,
		[4] = scalar_edge_encode4,
		[8] = scalar_edge_encode8,
	},
	.hadamard = scalar_hadamard,
};
