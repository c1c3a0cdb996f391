/*-------------------------------------------------------------------------
 *
 * own_bits.c
 *		Own vectors of bit strings: the bits themselves.
 *
 * Nothing is lost, so the lower bound of a distance is the distance.
 *
 * IDENTIFICATION
 *	  src/code/own_bits.c
 *-------------------------------------------------------------------------
 */
#include "code/own.h"

#include "distance/kernels.h"

static uint64
bits_bytes(uint32 dim, uint32 nonzeros)
{
	return ((uint64) dim + 7) / 8;
}

static void *
bits_alloc(const HnswLayout *layout, bool stored)
{
	return hnsw_alloc(layout->own_bytes);
}

static bool
bits_prepare(HnswPoint *point, const HnswLayout *layout, const void *v)
{
	memcpy(point->x, v, layout->own_bytes);
	point->norm = 0;
	point->clamped = false;
	return true;
}

static void
bits_quantise(HnswPoint *point, const HnswLayout *layout, const void *v)
{
	memcpy(point->xhat, v, layout->own_bytes);
	memcpy(point->own, v, layout->own_bytes);
	point->vmin = point->vstep = point->resid = 0;
}

/*
 * Jaccard: 1 - common / either, 1 when nothing is common, as the operator has
 * it.  "either" is handed out too, so that the distance can be had in double
 * precision later.
 */
static HnswScore
bits_compare(const HnswLayout *layout, const uint8 *a, const uint8 *b)
{
	HnswScore	score = {0, 0};
	uint64		overlap[2];

	if (layout->metric == HNSW_HAMMING)
	{
		score.g = (float) hnsw_kernels->bit_differ(a, b, layout->own_bytes);
		return score;
	}
	hnsw_kernels->bit_overlap(a, b, layout->own_bytes, overlap);
	score.pp = (float) overlap[1];
	score.g = overlap[0] == 0 ? 1.0f : (float) (1.0 - (double) overlap[0] / (double) overlap[1]);
	return score;
}

static HnswScore
bits_score(const HnswLayout *layout, const void *q, const HnswOwn *own)
{
	return bits_compare(layout, q, own->codes);
}

/*
 * Exactly the distance: bits are too few (64000) for a float to round, and give
 * back what they have in common from g and the bits in either.
 */
static double
bits_lower_bound(const HnswPoint *query, const HnswLayout *layout,
				 HnswScore score, float resid)
{
	if (layout->metric == HNSW_HAMMING)
		return score.g;
	if (!(score.pp > 0))
		return 1.0;
	return 1.0 - rint((1.0 - (double) score.g) * score.pp) / score.pp;
}

static void
bits_decode(const HnswLayout *layout, const HnswOwn *own, void *plain)
{
	memcpy(plain, own->codes, layout->own_bytes);
}

static void
bits_ready(const HnswLayout *layout, HnswOwn *own)
{
}

static float
bits_distance(const HnswLayout *layout, const HnswOwn *a, const HnswOwn *b)
{
	return bits_compare(layout, a->codes, b->codes).g;
}

static void
bits_as_dense(const HnswLayout *layout, HnswOwn *own, uint8 *room)
{
	uint32		whole = layout->dim / 8;

	for (uint32 i = 0; i < whole; i++)
		for (int k = 0; k < 8; k++)
			room[8 * i + k] = own->codes[i] >> (7 - k) & 1;
	for (uint32 i = 8 * whole; i < layout->dim; i++)
		room[i] = own->codes[i / 8] >> (7 - i % 8) & 1;
	own->codes = room;
	own->vmin = 0;
	own->vstep = 1;
}

static double
bits_size(const HnswLayout *layout, const void *plain)
{
	return 0;
}

static const char *
bits_problem(const HnswLayout *layout, const HnswOwn *own)
{
	if (layout->dim % 8 != 0 && (own->codes[layout->own_bytes - 1] & (0xFF >> layout->dim % 8)) != 0)
		return "own vector has bits beyond its length";
	if (own->vmin != 0 || own->vstep != 0)
		return "own vector of bits has a scale";
	return NULL;
}

const HnswOwnOps hnsw_own_bits = {
	.exact = true,
	.bytes = bits_bytes,
	.alloc = bits_alloc,
	.prepare = bits_prepare,
	.quantise = bits_quantise,
	.score = bits_score,
	.lower_bound = bits_lower_bound,
	.decode = bits_decode,
	.ready = bits_ready,
	.distance = bits_distance,
	.as_dense = bits_as_dense,
	.size = bits_size,
	.problem = bits_problem,
};
