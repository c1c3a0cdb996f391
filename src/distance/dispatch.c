/*-------------------------------------------------------------------------
 *
 * dispatch.c
 *		Chooses the kernels that this processor can run.
 *
 * IDENTIFICATION
 *	  src/distance/dispatch.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels.h"

const HnswKernels *hnsw_kernels = &hnsw_kernels_scalar;

const HnswKernels *
hnsw_kernels_available(int n)
{
	const HnswKernels *sets[3];
	int			count = 0;

	sets[count++] = &hnsw_kernels_scalar;
	return n < count ? sets[n] : NULL;
}

void
hnsw_kernels_init(void)
{
	hnsw_kernels = hnsw_kernels_available(0);
}
