/*-------------------------------------------------------------------------
 *
 * point.c
 *		A vector made ready: for being compared, and for being stored.
 *
 * The residual bound makes compressed distances safe: for any norm,
 * |q - v| >= |q - vhat| - |v - vhat|.  Everything that rounds (the rotation,
 * the sums, the operator's own arithmetic, whose result must not be undercut) is
 * covered by a margin relative to the norms involved.
 *
 * IDENTIFICATION
 *	  src/code/point.c
 *-------------------------------------------------------------------------
 */
#include "code/point.h"

const HnswOwnOps *
hnsw_own_ops(int form)
{
	static const HnswOwnOps *const forms[] = {
		[HNSW_DENSE] = &hnsw_own_dense,
		[HNSW_BITS] = &hnsw_own_bits,
		[HNSW_SPARSE] = &hnsw_own_sparse,
	};

	return forms[form];
}

float
hnsw_own_resid(double lost, double norm)
{
	double		sum = lost * (1 + 1e-6) + HNSW_ROUNDING * norm + FLT_MIN;
	float		resid = sum >= FLT_MAX ? FLT_MAX : (float) sum;

	return resid < sum ? nextafterf(resid, FLT_MAX) : resid;
}

void
hnsw_point_init(HnswPoint *point, const HnswLayout *layout)
{
	const HnswOwnOps *ops = hnsw_layout_own(layout);

	memset(point, 0, sizeof(*point));
	point->x = ops->alloc(layout, false);
	point->xhat = ops->alloc(layout, true);
	point->own = hnsw_alloc(layout->own_bytes);
}

void
hnsw_point_free(HnswPoint *point)
{
	hnsw_free(point->x);
	hnsw_free(point->xhat);
	hnsw_free(point->own);
}

bool
hnsw_point_set_query(HnswPoint *point, const HnswLayout *layout, const void *v)
{
	return hnsw_layout_own(layout)->prepare(point, layout, v);
}

bool
hnsw_point_set(HnswPoint *point, const HnswLayout *layout, const void *v)
{
	if (!hnsw_point_set_query(point, layout, v))
		return false;
	hnsw_layout_own(layout)->quantise(point, layout, v);
	return true;
}

double
hnsw_point_lower_bound(const HnswPoint *query, const HnswLayout *layout,
					   HnswScore score, float resid)
{
	if (!isfinite(score.g) || !isfinite(score.pp) || query->clamped || resid >= FLT_MAX)
		return layout->metric == HNSW_IP ? -HUGE_VAL : 0;
	return hnsw_layout_own(layout)->lower_bound(query, layout, score, resid);
}
