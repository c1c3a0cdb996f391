/*-------------------------------------------------------------------------
 *
 * rotation.c
 *		The fixed pseudo-random rotation that every coded vector goes through.
 *
 * Four rounds, each a flip of signs and a fast Hadamard transform of the
 * largest power of two of the coordinates: the first ones in even rounds, the
 * last ones in odd rounds.  That mixes any number of dimensions without
 * padding, in O(D log D), and needs nothing stored: the signs come from a
 * generator with a fixed seed, so that every machine and every replica agrees.
 * (The subsampled randomised Hadamard transform of Ailon & Chazelle, STOC 2006,
 * in the form used with RaBitQ codes.)
 *
 * The seed and the generator are part of the on-disk format.
 *
 * IDENTIFICATION
 *	  src/code/rotation.c
 *-------------------------------------------------------------------------
 */
#include "code/rotation.h"

#include "distance/kernels.h"

#define ROUNDS		4
#define SIGN_SEED	UINT64_C(0x9E3779B97F4A7C15)

/* sign bits as masks to xor into floats; made as far as they were needed */
static uint32 sign_masks[ROUNDS][HNSW_KERNEL_MAX_DIM];
static int	signs_made = 0;

static void
make_signs(int dim)
{
	for (int i = signs_made; i < dim; i++)
	{
		uint64		bits = hnsw_mix64(SIGN_SEED * ((uint64) i + 1));

		for (int r = 0; r < ROUNDS; r++)
			sign_masks[r][i] = (uint32) ((bits >> (17 + 7 * r)) & 1) << 31;
	}
	signs_made = dim;
}

void
hnsw_rotate(float *x, int dim)
{
	int			log2n = 0;

	Assert(dim >= 1 && dim <= HNSW_KERNEL_MAX_DIM);
	if (signs_made < dim)
		make_signs(dim);
	while ((2 << log2n) <= dim)
		log2n++;

	for (int r = 0; r < ROUNDS; r++)
	{
		const uint32 *mask = sign_masks[r];

		for (int i = 0; i < dim; i++)
		{
			uint32		bits;

			memcpy(&bits, &x[i], sizeof(bits));
			bits ^= mask[i];
			memcpy(&x[i], &bits, sizeof(bits));
		}
		hnsw_kernels->hadamard(r % 2 == 0 ? x : x + dim - (1 << log2n), log2n);
	}
}
