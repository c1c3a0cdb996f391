/*-------------------------------------------------------------------------
 *
 * own_block.c
 *		Own vectors, many of which are compared with many others at once.
 *
 * With x_i = m + s a_i and y_i = n + t b_i, a and b 8-bit codes of D coordinates,
 *
 *		<x, y> = n sum(x) + m t sum(b) + s t <a, b>
 *
 * and <a, b> = <a - 128, b> + 128 sum(b), where a - 128 are signed bytes, as the kernel
 * wants them on one side.
 *
 * IDENTIFICATION
 *	  src/code/own_block.c
 *-------------------------------------------------------------------------
 */
#include "code/own_block.h"

#include "distance/kernels.h"

HnswOwnFactors
hnsw_own_factors(const HnswLayout *layout, const HnswOwn *own)
{
	HnswOwn		copy = *own;
	HnswOwnFactors factors;

	hnsw_layout_own(layout)->ready(layout, &copy);
	factors.vmin = own->vmin;
	factors.vstep = own->vstep;
	factors.stepsum = (float) (own->vstep * copy.sum);
	factors.norm2 = (float) copy.norm2;
	return factors;
}

static inline bool
has_codes(const HnswLayout *layout)
{
	return layout->shape[HNSW_BASE].bits > 0;
}

bool
hnsw_own_dense_suits(const HnswLayout *layout)
{
	return hnsw_layout_own(layout)->as_dense != NULL && layout->dim <= HNSW_KERNEL_MAX_DIM;
}

void
hnsw_own_dense_layout(const HnswLayout *layout, HnswLayout *dense)
{
	*dense = *layout;
	if (has_codes(layout))
		return;
	dense->form = HNSW_DENSE;
	dense->metric = HNSW_L2;
	dense->own_bytes = layout->dim;
	/* as if there were codes: which ones is no matter, nothing is stored */
	dense->shape[HNSW_BASE].bits = 8;
}

void
hnsw_own_as_dense(const HnswLayout *layout, const HnswLayout *dense, HnswOwn *own,
				  HnswOwnFactors *factors, uint8 *room)
{
	if (has_codes(layout))
		return;
	hnsw_layout_own(layout)->as_dense(layout, own, room);
	*factors = hnsw_own_factors(dense, own);
}

void
hnsw_own_block_init(HnswOwnBlock *block, const HnswLayout *layout, int space)
{
	block->layout = layout;
	block->count = 0;
	block->space = space;
	block->codes = hnsw_alloc(sizeof(uint8 *) * space);
	block->factors = hnsw_alloc(sizeof(HnswOwnFactors) * space);
}

void
hnsw_own_block_free(HnswOwnBlock *block)
{
	hnsw_free(block->codes);
	hnsw_free(block->factors);
}

HnswOwn
hnsw_own_block_get(const HnswOwnBlock *block, int i)
{
	const HnswOwnFactors *factors = &block->factors[i];
	HnswOwn		own = {block->codes[i], factors->vmin, factors->vstep, 0, 0};

	hnsw_layout_own(block->layout)->ready(block->layout, &own);
	return own;
}

void
hnsw_own_probes_init(HnswOwnProbes *probes, const HnswLayout *layout, int space)
{
	/* whole cache lines each */
	Size		stride = ((Size) layout->dim + 63) / 64 * 64;
	char	   *bytes;

	memset(probes, 0, sizeof(*probes));
	probes->layout = layout;
	probes->space = space;
	probes->own = hnsw_alloc(sizeof(uint8 *) * space);
	probes->factors = hnsw_alloc(sizeof(HnswOwnFactors) * space);
	if (!has_codes(layout))
		return;
	bytes = hnsw_alloc(stride * space + 63);
	probes->codes = hnsw_alloc(sizeof(int8 *) * (space + 1));
	probes->codes[space] = (int8 *) bytes;
	bytes += -(uintptr_t) bytes & 63;
	for (int i = 0; i < space; i++)
		probes->codes[i] = (int8 *) bytes + stride * i;
	probes->dots = hnsw_alloc(sizeof(int32) * space * HNSW_BLOCK_STEP);
}

void
hnsw_own_probes_free(HnswOwnProbes *probes)
{
	hnsw_free(probes->own);
	hnsw_free(probes->factors);
	if (probes->codes == NULL)
		return;
	hnsw_free(probes->codes[probes->space]);
	hnsw_free(probes->codes);
	hnsw_free(probes->dots);
}

void
hnsw_own_probes_add(HnswOwnProbes *probes, const uint8 *codes, HnswOwnFactors factors)
{
	uint32		dim = probes->layout->dim;

	Assert(probes->count < probes->space);
	if (probes->codes != NULL)
	{
		int8	   *copy = probes->codes[probes->count];

		for (uint32 i = 0; i < dim; i++)
			copy[i] = (int8) (codes[i] - 128);
	}
	probes->own[probes->count] = codes;
	probes->factors[probes->count++] = factors;
}

/* Without codes: a stored vector as own->distance wants it. */
static inline HnswOwn
plain_own(const uint8 *codes, const HnswOwnFactors *factors)
{
	HnswOwn		own = {codes, factors->vmin, factors->vstep, 0, 0};

	return own;
}

static void
score_uncoded(const HnswOwnBlock *block, int from, int n, const HnswOwnProbes *probes, float *g)
{
	const HnswLayout *layout = block->layout;
	const HnswOwnOps *ops = hnsw_layout_own(layout);

	for (int r = 0; r < probes->count; r++)
	{
		HnswOwn		a = plain_own(probes->own[r], &probes->factors[r]);

		for (int i = 0; i < n; i++)
		{
			HnswOwn		b = plain_own(block->codes[from + i], &block->factors[from + i]);

			g[r * n + i] = ops->distance(layout, &a, &b);
		}
	}
}

void
hnsw_own_block_score(const HnswOwnBlock *block, int from, int n, const HnswOwnProbes *probes,
					 bool l2, float *g)
{
	int			dim = block->layout->dim;
	bool		ip = block->layout->metric == HNSW_IP && !l2;
	float		vmin[HNSW_BLOCK_STEP],
				vstep[HNSW_BLOCK_STEP],
				stepsum[HNSW_BLOCK_STEP],
				norm2[HNSW_BLOCK_STEP];

	Assert(n <= HNSW_BLOCK_STEP);
	if (!has_codes(block->layout))
	{
		score_uncoded(block, from, n, probes, g);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		vmin[i] = block->factors[from + i].vmin;
		vstep[i] = block->factors[from + i].vstep;
		stepsum[i] = block->factors[from + i].stepsum;
		norm2[i] = block->factors[from + i].norm2;
	}
	hnsw_kernels->cross_dots(block->codes + from, n, (const int8 *const *) probes->codes,
							 probes->count, dim, probes->dots);
	for (int r = 0; r < probes->count; r++)
	{
		const HnswOwnFactors *factors = &probes->factors[r];
		const int32 *dots = probes->dots + r * n;
		float	   *out = g + r * n;
		float		sum = factors->vmin * dim + factors->stepsum,
					shifted = factors->vmin + 128 * factors->vstep,
					scale = ip ? -1 : -2;

		for (int i = 0; i < n; i++)
			out[i] = scale * (vmin[i] * sum + stepsum[i] * shifted +
							  vstep[i] * factors->vstep * (float) dots[i]);
		if (!ip)
			for (int i = 0; i < n; i++)
				out[i] += norm2[i] + factors->norm2;
	}
}
