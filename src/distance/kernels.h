/*-------------------------------------------------------------------------
 *
 * kernels.h
 *		The arithmetic of the index, once per instruction set.
 *
 * A HnswKernels is one column of the grid operation x instruction set.  The
 * scalar column is the reference; every other column must agree with it over
 * all lengths (integers exactly, floats within rounding of the order of
 * summation).  hnsw_kernels is chosen once, when the library is loaded, from
 * what the processor and the operating system offer.
 *
 * No pointer needs any alignment; no kernel reads or writes beyond the
 * lengths it is given.  Lengths are 1 .. 16384 (HNSW_KERNEL_MAX_DIM); where
 * they may be any number, the kernel says so.
 *
 * IDENTIFICATION
 *	  src/distance/kernels.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_KERNELS_H
#define HNSW_KERNELS_H

#include "base/base.h"

#define HNSW_KERNEL_MAX_DIM	16384

/* code coordinates come in blocks of this many (except with 8 bits) */
#define HNSW_CODE_BLOCK		64

/* what edge_encode finds out about a residual r = v - u besides its code */
typedef struct HnswEdgeSums
{
	float		rr;				/* <r, r> over all n coordinates */
	float		ru;				/* <r, u> over all n coordinates */
	float		xr;				/* <x, r> over the coded coordinates, x the
								 * midrise levels that the code stands for */
} HnswEdgeSums;

/*
 * Layout of an edge code of "bits" bits for "cdim" coordinates.  With 1, 2 or 4
 * bits cdim is a multiple of 64 and each block of 64 coordinates takes
 * 8 * bits bytes:
 *	1 bit:	bit i of the block's little-endian 64-bit word is coordinate i
 *	2 bits: byte i (0..15) holds coordinates i, i+16, i+32, i+48, low bits first
 *	4 bits: byte i (0..31) holds coordinate i (low nibble) and i+32 (high)
 * With 8 bits cdim is any number and byte i is coordinate i.
 * A level l stands for x = l - (2^bits - 1) / 2.  Coordinates at or beyond n
 * (padding) have level 0; the query side is 0 there.
 */
typedef struct HnswKernels
{
	const char *name;			/* "scalar", "avx2", "avx512", "neon";
								 * "avx512" has a twin, "avx512vpopcntdq" */

	/* float x float: sum of squares of differences, products, |differences| */
	float		(*l2sq) (const float *a, const float *b, int n);
	float		(*dot) (const float *a, const float *b, int n);
	float		(*l1) (const float *a, const float *b, int n);
	/* out = {<a,b>, <a,a>, <b,b>} in one pass */
	void		(*dot3) (const float *a, const float *b, int n, float out[3]);

	/*
	 * Halves (IEEE 754 binary16, as bits) to floats, which is exact, and
	 * back, rounded to the nearest, ties to even.  What rounds to 65536 or
	 * beyond becomes infinity: the caller looks for it, or checks before. NaN
	 * stays NaN.  n is any number.
	 */
	void		(*half_to_float) (const uint16 *h, float *x, int n);
	void		(*float_to_half) (const float *x, uint16 *h, int n);

	/* half x half, in float arithmetic: as l2sq, dot, l1, dot3 */
	float		(*half_l2sq) (const uint16 *a, const uint16 *b, int n);
	float		(*half_dot) (const uint16 *a, const uint16 *b, int n);
	float		(*half_l1) (const uint16 *a, const uint16 *b, int n);
	void		(*half_dot3) (const uint16 *a, const uint16 *b, int n, float out[3]);

	/*
	 * Bit strings of n bytes, n any number: bits that differ; and out = {bits
	 * in both, bits in either}.
	 */
	uint64		(*bit_differ) (const uint8 *a, const uint8 *b, int n);
	void		(*bit_overlap) (const uint8 *a, const uint8 *b, int n, uint64 out[2]);

	/*
	 * Floats in double precision: sum x_i^2, sum (x_i - y_i)^2, out_i = x_i /
	 * by.  range: the least and the largest.
	 */
	double		(*square) (const float *x, int n);
	double		(*square_between) (const float *x, const float *y, int n);
	void		(*divide) (const float *x, double by, int n, float *out);
	void		(*range) (const float *x, int n, float *min, float *max);

	/*
	 * out_i = (x_i - min) * inv rounded to nearest, at most 255; min <= x_i,
	 * and (x_i - min) * inv is at most 255 but for rounding.
	 */
	void		(*own_encode) (const float *x, float min, float inv, int n, uint8 *out);

	/*
	 * Own vector: n 8-bit codes, value_i = min + step * code_i. own_residual:
	 * p_i = q_i - value_i, *pmax = max |p_i|, returns <p, p>. own_dot: <q,
	 * value>.  own_l1: sum |q_i - value_i|.  own_decode: out_i = value_i.
	 */
	float		(*own_residual) (const float *q, const uint8 *u, float min, float step,
								 int n, float *p, float *pmax);
	float		(*own_dot) (const float *q, const uint8 *u, float min, float step, int n);
	float		(*own_l1) (const float *q, const uint8 *u, float min, float step, int n);
	void		(*own_decode) (const uint8 *u, float min, float step, int n, float *out);

	/* sum a_i * b_i of unsigned bytes; n <= 16384, so 32 bits hold it */
	uint32		(*u8dot) (const uint8 *a, const uint8 *b, int n);

	/*
	 * Each of "ncodes" strings of unsigned bytes with each of "nrows" strings
	 * of signed ones, all n long: out[row * ncodes + code] = sum code_i *
	 * row_i.
	 */
	void		(*cross_dots) (const uint8 *const *codes, int ncodes,
							   const int8 *const *rows, int nrows, int n, int32 *out);

	/*
	 * Of n numbers, 1 to 64, which are at most limit, and which at most the
	 * one of limits: bits of near[0] and near[1].  NaN is neither.
	 */
	void		(*within) (const float *g, int n, float limit, const float *limits, uint64 near[2]);

	/* sum |amin + astep * a_i - (bmin + bstep * b_i)| */
	float		(*u8l1) (const uint8 *a, float amin, float astep,
						 const uint8 *b, float bmin, float bstep, int n);

	/*
	 * Quantise a residual for edge_dots: out_i = p_i * inv rounded to nearest
	 * even, clamped to -127..127, for i < n; zeros up to npad (>= n). Returns
	 * the sum of out.
	 */
	int32		(*pack8) (const float *p, float inv, int n, int npad, int8 *out);

	/*
	 * out[k] = sum over coordinates of level * p8, for the "count" codes at
	 * codes + k * stride; index with the number of bits (1, 2, 4, 8 only).
	 */
	void		(*edge_dots[9]) (const uint8 *codes, int stride, int count,
								 const int8 *p8, int cdim, int32 *out);

	/*
	 * Encode r = v - u (floats, n coordinates) with the given bits over the
	 * first min(n, cdim) coordinates into code; fills sums.  The step of the
	 * uniform midrise grid is 0.9957 sigma (2 bits), 0.335 sigma (4 bits),
	 * sigma = sqrt(<r,r> / n), max |r_i| / 127.5 (8 bits); level =
	 * clamp(floor(r_i / step) + 2^(bits-1), 0, 2^bits - 1), computed as r_i *
	 * (1 / step).  1 bit: level = r_i > 0.  r = 0 gives xr = 0 and any code.
	 */
	void		(*edge_encode[9]) (const float *v, const float *u, int n, int cdim,
								   uint8 *code, HnswEdgeSums *sums);

	/*
	 * In-place fast Hadamard transform of 2^log2n floats, scaled by
	 * 2^(-log2n/2), so that it is orthonormal.
	 */
	void		(*hadamard) (float *x, int log2n);
} HnswKernels;

extern const HnswKernels hnsw_kernels_scalar;
#if defined(__x86_64__)
extern const HnswKernels hnsw_kernels_avx2;
extern const HnswKernels hnsw_kernels_avx512;
extern const HnswKernels hnsw_kernels_avx512vpopcntdq;
#elif defined(__aarch64__)
extern const HnswKernels hnsw_kernels_neon;
#endif

/* the set in use; hnsw_kernels_init chooses it, the default is scalar */
extern const HnswKernels *hnsw_kernels;

/* set by hnsw_kernels_init, too: u8dot with it is a sum */
extern uint8 hnsw_ones[HNSW_KERNEL_MAX_DIM];

extern void hnsw_kernels_init(void);

/*
 * The n-th set that this processor can run, best first; NULL past the last.
 * Tests walk them all.
 */
extern const HnswKernels *hnsw_kernels_available(int n);

#endif							/* HNSW_KERNELS_H */
