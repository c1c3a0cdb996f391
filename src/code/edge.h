/*-------------------------------------------------------------------------
 *
 * edge.h
 *		Edge codes: what a record knows about its neighbours.
 *
 * For an edge u -> v the residual r = vhat - uhat is stored as a code x of one to
 * eight bits a coordinate and two factors,
 *
 *		scale = <r, r> / <x, r>
 *		bias  = <r, r> for L2 and cosine, -<r, uhat> for inner product,
 *
 * from which, with p = q - uhat, <r, p> ~ scale * <x, p> and
 *
 *		g(q, v) ~ g(q, u) + bias - 2 <r, p>		L2, cosine
 *		g(q, v) ~ g(q, u) + bias - <r, p>		inner product
 *
 * (the RaBitQ estimator, Gao & Long, SIGMOD 2024, centred on the record itself as
 * in SymphonyQG, SIGMOD 2025).  Records without codes keep only
 * bias = g(u, v).
 *
 * Factors are 16-bit floats with an 8-bit exponent: no sign and 8 bits of
 * fraction, or, for the bias under inner product, a sign and 7 bits.
 *
 * IDENTIFICATION
 *	  src/code/edge.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_EDGE_H
#define HNSW_EDGE_H

#include "code/point.h"

/* Scratch for scoring a record against a query. */
typedef struct HnswScorer
{
	const HnswLayout *layout;
	float	   *p;				/* dim floats, for codes */
	int8	   *p8;				/* cdim bytes */
	int32		dots[HNSW_MAX_SLOTS];
	float		est[HNSW_MAX_SLOTS];	/* estimated g of each neighbour */
} HnswScorer;

extern void hnsw_scorer_init(HnswScorer *scorer, const HnswLayout *layout);
extern void hnsw_scorer_free(HnswScorer *scorer);

/* Score of a record's own vector. */
extern HnswScore hnsw_score_own(HnswScorer *scorer, const HnswShape *shape,
								const void *q, const HnswRecord *rec);

/*
 * The same, and the estimates of all neighbours into scorer->est.  Only for
 * layouts with codes.
 */
extern HnswScore hnsw_score_all(HnswScorer *scorer, const HnswShape *shape,
								const float *q, const HnswRecord *rec);

/*
 * Writes slot "slot" of a record whose decoded own vector is uhat: an edge to id,
 * whose decoded own vector is vhat.  Only for layouts with codes.
 */
extern void hnsw_edge_write(const HnswLayout *layout, const HnswShape *shape,
							HnswRecord *rec, const float *uhat, int slot,
							HnswId id, const float *vhat);

/* The same without codes; g is g(u, v). */
extern void hnsw_edge_write_length(const HnswLayout *layout, const HnswShape *shape,
								   HnswRecord *rec, int slot, HnswId id, float g);

/*
 * g(u, v) of the edge in a slot; unorm2 is <uhat, uhat> (inner product with codes
 * only).
 */
extern float hnsw_edge_length(const HnswLayout *layout, const HnswShape *shape,
							  const HnswRecord *rec, int slot, double unorm2);

/* Moves slot "from" over slot "to", flags included. */
extern void hnsw_edge_move(const HnswShape *shape, HnswRecord *rec, int from, int to);

#endif							/* HNSW_EDGE_H */
