/*-------------------------------------------------------------------------
 *
 * edge.c
 *		Edge codes: what a record knows about its neighbours.
 *
 * IDENTIFICATION
 *	  src/code/edge.c
 *-------------------------------------------------------------------------
 */
#include "code/edge.h"

#include "distance/kernels.h"

void
hnsw_scorer_init(HnswScorer *scorer, const HnswLayout *layout)
{
	int			cdim = Max(layout->shape[HNSW_BASE].cdim, layout->shape[HNSW_UPPER].cdim);

	memset(scorer, 0, sizeof(*scorer));
	scorer->layout = layout;
	scorer->p = hnsw_alloc(cdim > 0 ? sizeof(float) * layout->dim : 1);
	scorer->p8 = hnsw_alloc(Max(1, cdim));
}

void
hnsw_scorer_free(HnswScorer *scorer)
{
	hnsw_free(scorer->p);
	hnsw_free(scorer->p8);
}

/*
 * 16-bit factors.  Values that are not finite or too large become the largest
 * finite one; the unsigned form turns negative values into 0.
 */
static uint16
factor_encode(float x)
{
	uint32		bits;

	if (!(x > 0))
		return 0;
	memcpy(&bits, &x, sizeof(bits));
	bits = (bits + 0x4000) >> 15;
	return (uint16) Min(bits, 0xFEFFu);
}

static inline float
factor_decode(uint16 f)
{
	uint32		bits = (uint32) f << 15;
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static uint16
signed_factor_encode(float x)
{
	uint32		bits,
				sign;

	if (isnan(x))
		return 0;
	memcpy(&bits, &x, sizeof(bits));
	sign = bits >> 31;
	bits = ((bits & 0x7FFFFFFF) + 0x8000) >> 16;
	return (uint16) (sign << 15 | Min(bits, 0x7F7Fu));
}

static inline float
signed_factor_decode(uint16 f)
{
	uint32		bits = (uint32) f << 16;
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline float
bias_decode(const HnswLayout *layout, uint16 f)
{
	return layout->metric == HNSW_IP ? signed_factor_decode(f) : factor_decode(f);
}

/* The record's own vector where neighbors have codes; leaves q - uhat in p. */
static inline HnswScore
score_coded(HnswScorer *scorer, const HnswShape *shape, const float *q,
			const HnswRecord *rec, float *pmax)
{
	const HnswLayout *layout = scorer->layout;
	const uint8 *own = hnsw_record_own(rec, shape);
	HnswScore	score;

	score.pp = hnsw_kernels->own_residual(q, own, rec->vmin, rec->vstep, layout->dim,
										  scorer->p, pmax);
	score.g = layout->metric == HNSW_IP ?
		-hnsw_kernels->own_dot(q, own, rec->vmin, rec->vstep, layout->dim) : score.pp;
	return score;
}

HnswScore
hnsw_score_own(HnswScorer *scorer, const HnswShape *shape,
			   const void *q, const HnswRecord *rec)
{
	HnswOwn		own = hnsw_own_of(rec, shape);
	float		pmax;

	if (shape->bits > 0)
		return score_coded(scorer, shape, q, rec, &pmax);
	return hnsw_layout_own(scorer->layout)->score(scorer->layout, q, &own);
}

HnswScore
hnsw_score_all(HnswScorer *scorer, const HnswShape *shape,
			   const float *q, const HnswRecord *rec)
{
	const HnswLayout *layout = scorer->layout;
	const uint16 *bias = hnsw_record_bias(rec, shape);
	const uint16 *scale = hnsw_record_scale(rec, shape);
	int			count = rec->count;
	HnswScore	score;
	float		pmax,
				inv,
				unit,
				mid;
	int32		sum8;

	Assert(shape->bits > 0);
	score = score_coded(scorer, shape, q, rec, &pmax);
	if (count == 0)
		return score;

	inv = 127.0f / pmax;
	unit = pmax / 127.0f;
	if (!(inv <= FLT_MAX) || !(unit <= FLT_MAX))
		inv = unit = 0;
	sum8 = hnsw_kernels->pack8(scorer->p, inv, Min((int) layout->dim, shape->cdim),
							   shape->cdim, scorer->p8);
	hnsw_kernels->edge_dots[shape->bits] (hnsw_record_codes(rec, shape), shape->code_bytes,
										  count, scorer->p8, shape->cdim, scorer->dots);
	mid = (float) ((1 << shape->bits) - 1) / 2 * (float) sum8;
	if (layout->metric == HNSW_IP)
		for (int i = 0; i < count; i++)
			scorer->est[i] = score.g + signed_factor_decode(bias[i]) -
				factor_decode(scale[i]) * unit * ((float) scorer->dots[i] - mid);
	else
		for (int i = 0; i < count; i++)
			scorer->est[i] = score.g + factor_decode(bias[i]) -
				2 * factor_decode(scale[i]) * unit * ((float) scorer->dots[i] - mid);

	/* not finite: a corrupted factor, or far beyond what float can tell apart */
	for (int i = 0; i < count; i++)
	{
		float		est = scorer->est[i] < FLT_MAX ? scorer->est[i] : FLT_MAX;

		scorer->est[i] = Max(est, -FLT_MAX);
	}
	return score;
}

void
hnsw_edge_write_length(const HnswLayout *layout, const HnswShape *shape,
					   HnswRecord *rec, int slot, HnswId id, float g)
{
	Assert(slot < shape->slots && shape->bits == 0);
	hnsw_record_ids(rec, shape)[slot] = id;
	hnsw_record_bias(rec, shape)[slot] = layout->metric == HNSW_IP ?
		signed_factor_encode(g) : factor_encode(g);
}

void
hnsw_edge_write(const HnswLayout *layout, const HnswShape *shape,
				HnswRecord *rec, const float *uhat, int slot,
				HnswId id, const float *vhat)
{
	HnswEdgeSums sums;

	Assert(slot < shape->slots && shape->bits > 0);
	hnsw_record_ids(rec, shape)[slot] = id;
	hnsw_kernels->edge_encode[shape->bits] (vhat, uhat, layout->dim, shape->cdim,
											hnsw_record_codes(rec, shape) +
											(Size) slot * shape->code_bytes, &sums);
	hnsw_record_bias(rec, shape)[slot] = layout->metric == HNSW_IP ?
		signed_factor_encode(-sums.ru) : factor_encode(sums.rr);
	/* no direction, no scale: equal vectors, or a prefix without energy */
	hnsw_record_scale(rec, shape)[slot] =
		sums.xr > 0 ? factor_encode(sums.rr / sums.xr) : 0;
}

float
hnsw_edge_length(const HnswLayout *layout, const HnswShape *shape,
				 const HnswRecord *rec, int slot, double unorm2)
{
	float		bias = bias_decode(layout, hnsw_record_bias(rec, shape)[slot]);

	return layout->metric == HNSW_IP && shape->bits > 0 ? (float) (bias - unorm2) : bias;
}

void
hnsw_edge_move(const HnswShape *shape, HnswRecord *rec, int from, int to)
{
	uint8	   *codes = hnsw_record_codes(rec, shape);

	if (from == to)
		return;
	hnsw_record_ids(rec, shape)[to] = hnsw_record_ids(rec, shape)[from];
	hnsw_record_bias(rec, shape)[to] = hnsw_record_bias(rec, shape)[from];
	if (shape->bits > 0)
	{
		hnsw_record_scale(rec, shape)[to] = hnsw_record_scale(rec, shape)[from];
		memcpy(codes + (Size) to * shape->code_bytes,
			   codes + (Size) from * shape->code_bytes, shape->code_bytes);
	}
	hnsw_set_bit(hnsw_record_pruned(rec, shape), to,
				 hnsw_bit(hnsw_record_pruned(rec, shape), from));
	hnsw_set_bit(hnsw_record_pinned(rec, shape), to,
				 hnsw_bit(hnsw_record_pinned(rec, shape), from));
}
