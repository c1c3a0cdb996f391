/*-------------------------------------------------------------------------
 *
 * own_dense.c
 *		Own vectors of dense vectors: 8 bits a coordinate.
 *
 * Cells with codes rotate vectors, so that no coordinate spoils the range of the
 * others, and score them in edge.c; what is scored here is L1.
 *
 * IDENTIFICATION
 *	  src/code/own_dense.c
 *-------------------------------------------------------------------------
 */
#include "code/own.h"

#include "code/rotation.h"
#include "distance/kernels.h"

/*
 * Rounding margins.  A rotation makes about 4 log2(D) roundings of 2^-24 a
 * coordinate; a float sum of D terms errs by at most D * 2^-24, relative to the
 * sum of the absolute terms.
 */
#define ROUNDING_SUM(dim)	((dim) * 6e-8)

/*
 * What D products and their sum may lose below the range of normal floats, also
 * on processors that flush what is there to zero.
 */
#define UNDERFLOW_SUM(dim)		((dim) * (double) FLT_MIN)

static uint64
dense_bytes(uint32 dim, uint32 nonzeros)
{
	return dim;
}

static void *
dense_alloc(const HnswLayout *layout, bool stored)
{
	return hnsw_alloc(sizeof(float) * layout->dim);
}

static double
metric_norm(const float *x, int dim, HnswMetric metric)
{
	double		sum = 0;

	if (metric == HNSW_L1)
	{
		for (int i = 0; i < dim; i++)
			sum += fabs((double) x[i]);
		return sum;
	}
	return sqrt(hnsw_kernels->square(x, dim));
}

static bool
dense_prepare(HnswPoint *point, const HnswLayout *layout, const void *plain)
{
	int			dim = layout->dim;
	const float *v = plain;
	float	   *x = point->x;

	point->clamped = false;
	if (layout->metric == HNSW_COSINE)
	{
		double		vv = hnsw_kernels->square(v, dim);

		/* the operator returns NaN for the same vectors */
		if (!(vv > 0 && vv <= FLT_MAX))
			return false;
		hnsw_kernels->divide(v, sqrt(vv), dim, x);
	}
	else
		for (int i = 0; i < dim; i++)
		{
			x[i] = v[i];
			if (unlikely(!(fabsf(v[i]) <= HNSW_COORD_LIMIT)))
			{
				x[i] = v[i] > 0 ? HNSW_COORD_LIMIT : -HNSW_COORD_LIMIT;
				point->clamped = true;
			}
		}
	if (layout->metric != HNSW_L1)
		hnsw_rotate(x, dim);
	point->norm = metric_norm(x, dim, layout->metric);
	return true;
}

/* Quantises x into own, vmin and vstep, and sets xhat. */
static void
quantise(HnswPoint *point, int dim)
{
	float		lo,
				hi,
				inv;

	hnsw_kernels->range(point->x, dim, &lo, &hi);
	point->vmin = lo;
	point->vstep = (hi - lo) / 255.0f;
	inv = 1.0f / point->vstep;
	if (!(point->vstep > 0) || !(inv <= FLT_MAX))
	{
		point->vstep = 0;
		inv = 0;
	}
	hnsw_kernels->own_encode(point->x, lo, inv, dim, point->own);
	hnsw_kernels->own_decode(point->own, point->vmin, point->vstep, dim, point->xhat);
}

static void
dense_quantise(HnswPoint *point, const HnswLayout *layout, const void *plain)
{
	int			dim = layout->dim;
	const float *v = plain;
	const float *x = point->x;
	const float *xhat = point->xhat;
	double		sum = 0;

	quantise(point, dim);
	if (layout->metric == HNSW_L1)
		for (int i = 0; i < dim; i++)
			sum += fabs((double) x[i] - xhat[i]);
	else
		sum = sqrt(hnsw_kernels->square_between(x, xhat, dim));
	if (point->clamped)
	{
		/* what clamping took away, all at once: the norm of the vector */
		double		lost = 0;

		for (int i = 0; i < dim; i++)
			lost += fabs((double) v[i]);
		sum += lost;
	}
	point->resid = hnsw_own_resid(sum, point->norm);
}

static HnswScore
dense_score(const HnswLayout *layout, const void *q, const HnswOwn *own)
{
	HnswScore	score = {0, 0};

	score.g = hnsw_kernels->own_l1(q, own->codes, own->vmin, own->vstep, layout->dim);
	return score;
}

static double
dense_lower_bound(const HnswPoint *query, const HnswLayout *layout,
				  HnswScore score, float resid)
{
	double		sum_margin = ROUNDING_SUM(layout->dim);
	double		lost = UNDERFLOW_SUM(layout->dim);
	double		d;

	switch ((HnswMetric) layout->metric)
	{
		case HNSW_IP:

			/*
			 * the terms sum to at most |q| |v|, |v| <= |q| + |vhat - q| +
			 * resid
			 */
			d = query->norm + sqrt(score.pp + lost) + resid;
			return score.g - query->norm * (resid + (1e-5 + sum_margin) * d) -
				FLT_MIN * d - 2 * lost;
		case HNSW_L2:
			d = sqrt(Max(0.0, score.g - 2 * lost));
			d -= resid + HNSW_ROUNDING * query->norm + d * (1e-5 + sum_margin);
			return Max(0.0, d);
		case HNSW_COSINE:
			d = sqrt(Max(0.0, (double) score.g));
			d -= resid + HNSW_ROUNDING + d * (1e-5 + sum_margin);
			d = Max(0.0, d);
			/* 1 - cos loses up to a few roundings of 1 to cancellation */
			return Max(0.0, d * d / 2 - 1e-6 - sum_margin);
		default:
			d = (double) score.g - resid - (double) score.g * (1e-5 + sum_margin);
			return Max(0.0, d);
	}
}

static void
dense_decode(const HnswLayout *layout, const HnswOwn *own, void *plain)
{
	hnsw_kernels->own_decode(own->codes, own->vmin, own->vstep, layout->dim, plain);
}

static void
dense_ready(const HnswLayout *layout, HnswOwn *own)
{
	int			dim = layout->dim;
	double		vmin = own->vmin,
				vstep = own->vstep;
	uint32		sum = hnsw_kernels->u8dot(own->codes, hnsw_ones, dim);

	own->sum = sum;
	own->norm2 = vmin * vmin * dim + 2.0 * vmin * vstep * sum +
		vstep * vstep * hnsw_kernels->u8dot(own->codes, own->codes, dim);
}

static float
dense_distance(const HnswLayout *layout, const HnswOwn *a, const HnswOwn *b)
{
	int			dim = layout->dim;
	double		dot;

	if (layout->metric == HNSW_L1)
		return hnsw_kernels->u8l1(a->codes, a->vmin, a->vstep,
								  b->codes, b->vmin, b->vstep, dim);
	dot = (double) a->vmin * b->vmin * dim +
		(double) a->vmin * b->vstep * b->sum +
		(double) b->vmin * a->vstep * a->sum +
		(double) a->vstep * b->vstep * hnsw_kernels->u8dot(a->codes, b->codes, dim);
	if (layout->metric == HNSW_IP)
		return (float) -dot;
	return (float) Max(0.0, a->norm2 + b->norm2 - 2 * dot);
}

static void
dense_as_dense(const HnswLayout *layout, HnswOwn *own, uint8 *room)
{
}

static double
dense_size(const HnswLayout *layout, const void *plain)
{
	return metric_norm(plain, layout->dim, layout->metric);
}

const HnswOwnOps hnsw_own_dense = {
	.bytes = dense_bytes,
	.alloc = dense_alloc,
	.prepare = dense_prepare,
	.quantise = dense_quantise,
	.score = dense_score,
	.lower_bound = dense_lower_bound,
	.decode = dense_decode,
	.ready = dense_ready,
	.distance = dense_distance,
	.as_dense = dense_as_dense,
	.size = dense_size,
};
