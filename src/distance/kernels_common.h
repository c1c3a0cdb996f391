/*-------------------------------------------------------------------------
 *
 * kernels_common.h
 *		What the columns of the kernel grid share: the scales.
 *
 * The step decides every level of a code, so it is computed in one place and
 * differs between instruction sets only by the rounding of the sum <r, r>.
 *
 * IDENTIFICATION
 *	  src/distance/kernels_common.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_KERNELS_COMMON_H
#define HNSW_KERNELS_COMMON_H

#include "distance/kernels.h"

/* widest vector handled by a tail buffer: one code block */
#define HNSW_TAIL_MAX		HNSW_CODE_BLOCK

/* bytes of an edge code of "bits" bits for "cdim" coordinates */
static inline int
hnsw_edge_code_bytes(int bits, int cdim)
{
	return bits == 8 ? cdim : cdim / HNSW_CODE_BLOCK * (HNSW_CODE_BLOCK / 8 * bits);
}

/*
 * 1 / step of the midrise grid for a residual of n coordinates with <r, r> =
 * rr and max |r_i| = rmax.  0, so that all levels are equal, where the step is
 * 0 or no number: r = 0, overflow and NaN.
 */
static inline float
hnsw_edge_inverse_step(int bits, float rr, float rmax, int n)
{
	float		inv;

	if (bits == 8)
		inv = rmax > 0 ? 127.5f / rmax : 0;
	else
		inv = rr > 0 ? 1.0f / ((bits == 2 ? 0.9957f : 0.335f) * sqrtf(rr / n)) : 0;
	return inv <= FLT_MAX ? inv : 0;
}

/* 2^(-log2n/2) */
static inline float
hnsw_hadamard_scale(int log2n)
{
	return (log2n % 2 ? 0.70710678118654752440f : 1.0f) / (float) (1 << (log2n / 2));
}

/*
 * A set is three files: kernels_<set>_code.c has the kernels for edge codes,
 * kernels_<set>_small.c those for halves and bits, kernels_<set>.c the others
 * and the table, which takes the former in by HNSW_CODE_KERNELS,
 * HNSW_HALF_KERNELS and HNSW_BIT_KERNELS.
 */
#define HNSW_HALF_KERNELS_DECLARE(set) \
extern void hnsw_##set##_half_to_float(const uint16 *h, float *x, int n); \
extern void hnsw_##set##_float_to_half(const float *x, uint16 *h, int n); \
extern float hnsw_##set##_half_l2sq(const uint16 *a, const uint16 *b, int n); \
extern float hnsw_##set##_half_dot(const uint16 *a, const uint16 *b, int n); \
extern float hnsw_##set##_half_l1(const uint16 *a, const uint16 *b, int n); \
extern void hnsw_##set##_half_dot3(const uint16 *a, const uint16 *b, int n, float out[3]);

#define HNSW_BIT_KERNELS_DECLARE(set) \
extern uint64 hnsw_##set##_bit_differ(const uint8 *a, const uint8 *b, int n); \
extern void hnsw_##set##_bit_overlap(const uint8 *a, const uint8 *b, int n, uint64 out[2]);

#define HNSW_HALF_KERNELS(set) \
	.half_to_float = hnsw_##set##_half_to_float, \
	.float_to_half = hnsw_##set##_float_to_half, \
	.half_l2sq = hnsw_##set##_half_l2sq, \
	.half_dot = hnsw_##set##_half_dot, \
	.half_l1 = hnsw_##set##_half_l1, \
	.half_dot3 = hnsw_##set##_half_dot3

#define HNSW_BIT_KERNELS(set) \
	.bit_differ = hnsw_##set##_bit_differ, \
	.bit_overlap = hnsw_##set##_bit_overlap

#define HNSW_EDGE_KERNELS_DECLARE(set, bits) \
extern void hnsw_##set##_edge_dots##bits(const uint8 *codes, int stride, int count, \
										 const int8 *p8, int cdim, int32 *out); \
extern void hnsw_##set##_edge_encode##bits(const float *v, const float *u, int n, int cdim, \
										   uint8 *code, HnswEdgeSums *sums);

#define HNSW_CODE_KERNELS_DECLARE(set) \
extern int32 hnsw_##set##_pack8(const float *p, float inv, int n, int npad, int8 *out); \
extern void hnsw_##set##_cross_dots(const uint8 *const *codes, int ncodes, \
									const int8 *const *rows, int nrows, int n, int32 *out); \
extern void hnsw_##set##_within(const float *g, int n, float limit, const float *limits, uint64 near[2]); \
HNSW_EDGE_KERNELS_DECLARE(set, 1) \
HNSW_EDGE_KERNELS_DECLARE(set, 2) \
HNSW_EDGE_KERNELS_DECLARE(set, 4) \
HNSW_EDGE_KERNELS_DECLARE(set, 8)

#define HNSW_CODE_KERNELS(set) \
	.pack8 = hnsw_##set##_pack8, \
	.cross_dots = hnsw_##set##_cross_dots, \
	.within = hnsw_##set##_within, \
	.edge_dots = { \
		[1] = hnsw_##set##_edge_dots1, \
		[2] = hnsw_##set##_edge_dots2, \
		[4] = hnsw_##set##_edge_dots4, \
		[8] = hnsw_##set##_edge_dots8, \
	}, \
	.edge_encode = { \
		[1] = hnsw_##set##_edge_encode1, \
		[2] = hnsw_##set##_edge_encode2, \
		[4] = hnsw_##set##_edge_encode4, \
		[8] = hnsw_##set##_edge_encode8, \
	}

#endif							/* HNSW_KERNELS_COMMON_H */
