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

/*
 * The builtins read cpuid and, for the wider registers, whether the operating
 * system saves them, so an emulator or a hypervisor that hides a feature is
 * believed.
 */
const HnswKernels *
hnsw_kernels_available(int n)
{
	const HnswKernels *sets[3];
	int			count = 0;

#if defined(__x86_64__)
	/* needed because this may run before the constructors that do it */
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx2") &&
		__builtin_cpu_supports("fma"))
		sets[count++] = &hnsw_kernels_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		sets[count++] = &hnsw_kernels_avx2;
#elif defined(__aarch64__)
	/* every 64-bit ARM processor has it */
	sets[count++] = &hnsw_kernels_neon;
#endif
	sets[count++] = &hnsw_kernels_scalar;
	return n >= 0 && n < count ? sets[n] : NULL;
}

void
hnsw_kernels_init(void)
{
	hnsw_kernels = hnsw_kernels_available(0);
}
