/*-------------------------------------------------------------------------
 *
 * point.c
 *		A vector made ready: rotated, and quantised to 8 bits a coordinate.
 *
 * The residual bound makes compressed distances safe: for any norm,
 * |q - v| >= |q - vhat| - |v - vhat|.  Everything that rounds (the rotation,
 * the sums, the operator's own float arithmetic, whose result must not be
 * undercut) is covered by a margin relative to the norms involved.
 *
 * IDENTIFICATION
 *	  src/code/point.c
 *-------------------------------------------------------------------------
 */
#include "code/point.h"

#include "code/rotation.h"
#include "distance/kernels.h"

/*
 * Coordinates beyond this are stored as this, lest squares overflow; what is
 * lost goes into the residual bound.
 */
#define COORD_LIMIT		1e15f

/*
 * Rounding margins.  A rotation makes about 4 log2(D) roundings of 2^-24 a
 * coordinate; a float sum of D terms errs by at most D * 2^-24, relative to the
 * sum of the absolute terms.
 */
#define ROUNDING		4e-6
#define ROUNDING_SUM(dim)	((dim) * 6e-8)

/*
 * What D products and their sum may lose below the range of normal floats, also
 * on processors that flush what is there to zero.
 */
#define UNDERFLOW_SUM(dim)		((dim) * (double) FLT_MIN)

void
hnsw_point_init(HnswPoint *point, const HnswLayout *layout)
{
	memset(point, 0, sizeof(*point));
	point->x = hnsw_alloc(sizeof(float) * layout->dim);
	point->xhat = hnsw_alloc(sizeof(float) * layout->dim);
	point->own = hnsw_alloc(layout->dim);
}

void
hnsw_point_free(HnswPoint *point)
{
	hnsw_free(point->x);
	hnsw_free(point->xhat);
	hnsw_free(point->own);
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
	for (int i = 0; i < dim; i++)
		sum += (double) x[i] * x[i];
	return sqrt(sum);
}

bool
hnsw_point_set_query(HnswPoint *point, const HnswLayout *layout, const float *v)
{
	int			dim = layout->dim;
	float	   *x = point->x;

	point->clamped = false;
	if (layout->metric == HNSW_COSINE)
	{
		double		norm = metric_norm(v, dim, HNSW_L2);

		if (!(norm > 0))
			return false;
		for (int i = 0; i < dim; i++)
			x[i] = (float) (v[i] / norm);
	}
	else
		for (int i = 0; i < dim; i++)
		{
			x[i] = v[i];
			if (unlikely(!(fabsf(v[i]) <= COORD_LIMIT)))
			{
				x[i] = v[i] > 0 ? COORD_LIMIT : -COORD_LIMIT;
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
	const float *x = point->x;
	float		lo = x[0],
				hi = x[0],
				inv;

	for (int i = 1; i < dim; i++)
	{
		lo = Min(lo, x[i]);
		hi = Max(hi, x[i]);
	}
	point->vmin = lo;
	point->vstep = (hi - lo) / 255.0f;
	inv = 1.0f / point->vstep;
	if (!(point->vstep > 0) || !(inv <= FLT_MAX))
	{
		point->vstep = 0;
		inv = 0;
	}
	for (int i = 0; i < dim; i++)
	{
		float		c = (x[i] - lo) * inv + 0.5f;

		point->own[i] = (uint8) Min(255.0f, Max(0.0f, c));
	}
	hnsw_kernels->own_decode(point->own, point->vmin, point->vstep, dim, point->xhat);
}

bool
hnsw_point_set(HnswPoint *point, const HnswLayout *layout, const float *v)
{
	int			dim = layout->dim;
	double		sum = 0;

	if (!hnsw_point_set_query(point, layout, v))
		return false;
	quantise(point, dim);
	if (layout->metric == HNSW_L1)
		for (int i = 0; i < dim; i++)
			sum += fabs((double) point->x[i] - point->xhat[i]);
	else
	{
		for (int i = 0; i < dim; i++)
		{
			double		d = (double) point->x[i] - point->xhat[i];

			sum += d * d;
		}
		sum = sqrt(sum);
	}
	if (point->clamped)
	{
		/* what clamping took away, all at once: the norm of the vector */
		double		lost = 0;

		for (int i = 0; i < dim; i++)
			lost += fabs((double) v[i]);
		sum += lost;
	}
	sum = sum * (1 + 1e-6) + ROUNDING * point->norm + FLT_MIN;
	point->resid = sum >= FLT_MAX ? FLT_MAX : (float) sum;
	if (point->resid < sum)
		point->resid = nextafterf(point->resid, FLT_MAX);
	return true;
}

double
hnsw_point_lower_bound(const HnswPoint *query, const HnswLayout *layout,
					   HnswScore score, float resid)
{
	double		sum_margin = ROUNDING_SUM(layout->dim);
	double		lost = UNDERFLOW_SUM(layout->dim);
	double		d;

	if (!isfinite(score.g) || !isfinite(score.pp))
		return layout->metric == HNSW_IP ? -HUGE_VAL : 0;
	if (query->clamped || resid >= FLT_MAX)
		return layout->metric == HNSW_IP ? -HUGE_VAL : 0;

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
			d -= resid + ROUNDING * query->norm + d * (1e-5 + sum_margin);
			return Max(0.0, d);
		case HNSW_COSINE:
			d = sqrt(Max(0.0, (double) score.g));
			d -= resid + ROUNDING + d * (1e-5 + sum_margin);
			d = Max(0.0, d);
			/* 1 - cos loses up to a few roundings of 1 to cancellation */
			return Max(0.0, d * d / 2 - 1e-6 - sum_margin);
		case HNSW_L1:
			d = (double) score.g - resid - (double) score.g * (1e-5 + sum_margin);
			return Max(0.0, d);
	}
	return 0;
}
