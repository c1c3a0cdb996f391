/*-------------------------------------------------------------------------
 *
 * own_block.h
 *		Own vectors, many of which are compared with many others at once.
 *
 * Graph distances come out as own->distance has them; those of cells with codes from one
 * kernel for all of them, in float arithmetic.
 *
 * IDENTIFICATION
 *	  src/code/own_block.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_OWN_BLOCK_H
#define HNSW_OWN_BLOCK_H

#include "code/own.h"

/* What a stored vector's codes mean, and what follows from them. */
typedef struct HnswOwnFactors
{
	float		vmin;
	float		vstep;
	float		stepsum;		/* vstep times the sum of the codes */
	float		norm2;			/* squared norm */
} HnswOwnFactors;

/* Stored vectors, which lie elsewhere. */
typedef struct HnswOwnBlock
{
	const HnswLayout *layout;
	int			count;
	int			space;
	const uint8 **codes;
	HnswOwnFactors *factors;
} HnswOwnBlock;

/* Stored vectors that blocks are compared with. */
typedef struct HnswOwnProbes
{
	const HnswLayout *layout;
	int			count;
	int			space;
	const uint8 **own;
	HnswOwnFactors *factors;

	/* cells with codes */
	int8	  **codes;			/* less 128, of this struct's own */
	int32	   *dots;			/* scratch */
} HnswOwnProbes;

/* how many of a block are compared at once */
#define HNSW_BLOCK_STEP	64

extern HnswOwnFactors hnsw_own_factors(const HnswLayout *layout, const HnswOwn *own);

/*
 * The layout of means of stored vectors.  Where there are no codes it is one of dense
 * vectors with L2 distance, of which one kernel compares many: which are near is much the
 * same.  hnsw_own_as_dense makes a stored vector one of that layout, and its factors; with
 * codes it is one already.  "room" has dim bytes.
 * Sparse vectors and long bit strings have too many coordinates for that.
 */
extern bool hnsw_own_dense_suits(const HnswLayout *layout);
extern void hnsw_own_dense_layout(const HnswLayout *layout, HnswLayout *dense);
extern void hnsw_own_as_dense(const HnswLayout *layout, const HnswLayout *dense,
							  HnswOwn *own, HnswOwnFactors *factors, uint8 *room);

extern void hnsw_own_block_init(HnswOwnBlock *block, const HnswLayout *layout, int space);
extern void hnsw_own_block_free(HnswOwnBlock *block);

static inline void
hnsw_own_block_add(HnswOwnBlock *block, const uint8 *codes, HnswOwnFactors factors)
{
	Assert(block->count < block->space);
	block->codes[block->count] = codes;
	block->factors[block->count++] = factors;
}

/* One of the block, ready to be compared. */
extern HnswOwn hnsw_own_block_get(const HnswOwnBlock *block, int i);

extern void hnsw_own_probes_init(HnswOwnProbes *probes, const HnswLayout *layout, int space);
extern void hnsw_own_probes_free(HnswOwnProbes *probes);
extern void hnsw_own_probes_add(HnswOwnProbes *probes, const uint8 *codes, HnswOwnFactors factors);

/*
 * Graph distances of all probes to n of the block, HNSW_BLOCK_STEP at most, those
 * from "from" on: g[probe * n + i].  Squared L2 distances, if so wanted, instead of
 * inner products.
 */
extern void hnsw_own_block_score(const HnswOwnBlock *block, int from, int n,
								 const HnswOwnProbes *probes, bool l2, float *g);

#endif							/* HNSW_OWN_BLOCK_H */
