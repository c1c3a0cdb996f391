/*-------------------------------------------------------------------------
 *
 * point.h
 *		A vector made ready: rotated, and quantised to 8 bits a coordinate.
 *
 * Graph distances ("g") order candidates; they are squared L2 for L2 and cosine
 * (on unit vectors), the negative inner product, and the L1 distance.
 *
 * IDENTIFICATION
 *	  src/code/point.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_POINT_H
#define HNSW_POINT_H

#include "code/layout.h"

typedef struct HnswPoint
{
	float	   *x;				/* dim floats: rotated (not for L1) */
	float	   *xhat;			/* dim floats: what the codes stand for */
	uint8	   *own;			/* dim codes */
	float		vmin;
	float		vstep;
	float		resid;			/* bound on the norm of vector - xhat, in the
								 * metric's own norm */
	double		norm;			/* norm of x, same norm */
	bool		clamped;		/* coordinates were too large for the codes */
} HnswPoint;

/* How a query and a stored vector compare. */
typedef struct HnswScore
{
	float		g;				/* graph distance */
	float		pp;				/* squared L2 distance (coded metrics) */
} HnswScore;

/* Allocates a point's arrays for this layout. */
extern void hnsw_point_init(HnswPoint *point, const HnswLayout *layout);
extern void hnsw_point_free(HnswPoint *point);

/*
 * Sets x only (a query needs no more).  False when the vector has no direction
 * and the metric is cosine: it belongs in the NaN list.
 */
extern bool hnsw_point_set_query(HnswPoint *point, const HnswLayout *layout, const float *v);

/* Sets everything. */
extern bool hnsw_point_set(HnswPoint *point, const HnswLayout *layout, const float *v);

/*
 * The largest value, in the operator's own scale, that surely is not above the
 * distance between the query and a vector whose record has this score and
 * residual bound resid.
 */
extern double hnsw_point_lower_bound(const HnswPoint *query, const HnswLayout *layout,
									 HnswScore score, float resid);

#endif							/* HNSW_POINT_H */
