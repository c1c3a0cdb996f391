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

#if defined(__x86_64__)
#include <cpuid.h>
#endif

const HnswKernels *hnsw_kernels = &hnsw_kernels_scalar;

#if defined(__x86_64__)

/* the builtins do not know it in every compiler; the registers are AVX's */
static bool
has_f16c(void)
{
	unsigned int eax,
				ebx,
				ecx,
				edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}

#endif

/*
 * The builtins read cpuid and, for the wider registers, whether the operating
 * system saves them, so an emulator or a hypervisor that hides a feature is
 * believed.
 */
const HnswKernels *
hnsw_kernels_available(int n)
{
	const HnswKernels *sets[4];
	int			count = 0;

#if defined(__x86_64__)
	/* needed because this may run before the constructors that do it */
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c())
	{
		if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
			__builtin_cpu_supports("avx512vnni"))
		{
			if (__builtin_cpu_supports("avx512vpopcntdq"))
				sets[count++] = &hnsw_kernels_avx512vpopcntdq;
			sets[count++] = &hnsw_kernels_avx512;
		}
		sets[count++] = &hnsw_kernels_avx2;
	}
#elif defined(__aarch64__)
	/* every 64-bit ARM processor has it */
	sets[count++] = &hnsw_kernels_neon;
#endif
	sets[count++] = &hnsw_kernels_scalar;
	return n >= 0 && n < count ? sets[n] : NULL;
}

uint8		hnsw_ones[HNSW_KERNEL_MAX_DIM];

void
hnsw_kernels_init(void)
{
	hnsw_kernels = hnsw_kernels_available(0);
	memset(hnsw_ones, 1, sizeof(hnsw_ones));
}
