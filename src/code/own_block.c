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
	char	   *bytes = hnsw_alloc(stride * space + 63);

	probes->layout = layout;
	probes->count = 0;
	probes->space = space;
	probes->codes = hnsw_alloc(sizeof(int8 *) * (space + 1));
	probes->codes[space] = (int8 *) bytes;
	bytes += -(uintptr_t) bytes & 63;
	for (int i = 0; i < space; i++)
		probes->codes[i] = (int8 *) bytes + stride * i;
	probes->factors = hnsw_alloc(sizeof(HnswOwnFactors) * space);
	probes->dots = hnsw_alloc(sizeof(int32) * space * HNSW_BLOCK_STEP);
}

void
hnsw_own_probes_free(HnswOwnProbes *probes)
{
	hnsw_free(probes->codes[probes->space]);
	hnsw_free(probes->codes);
	hnsw_free(probes->factors);
	hnsw_free(probes->dots);
}

void
hnsw_own_probes_add(HnswOwnProbes *probes, const uint8 *codes, HnswOwnFactors factors)
{
	int8	   *copy = probes->codes[probes->count];
	uint32		dim = probes->layout->dim;

	Assert(probes->count < probes->space);
	for (uint32 i = 0; i < dim; i++)
		copy[i] = (int8) (codes[i] - 128);
	probes->factors[probes->count++] = factors;
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
