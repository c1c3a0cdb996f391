/*-------------------------------------------------------------------------
 *
 * own_sparse.c
 *		Own vectors of sparse vectors: the largest of their coordinates.
 *
 * A stored vector has room for layout->nonzeros coordinates: their indices,
 * ascending, and 16-bit codes; coordinate = vstep * code.  Of a vector with more
 * coordinates than that those of the largest magnitude are kept, and vmin bounds
 * the norm of the others.
 *
 * Every graph distance comes from what two vectors have in common and from a sum
 * over each, which is stored: indices that only one of them has cost nothing but
 * the step over them.
 *
 *		L2		|q|^2 + |v|^2 - 2 <q, v>
 *		IP		-<q, v>
 *		cosine	2 - 2 <q, v>, of unit vectors
 *		L1		|q| + |v| - sum over common (|x| + |y| - |x - y|)
 *
 * An inner product is off by at most vstep / 2 times the |q_i| that have a v_i,
 * and |q| vmin.  So where vectors have nothing in common, and nothing was left
 * out, the distance is exact; there may be many such rows, at the same distance.
 *
 * IDENTIFICATION
 *	  src/code/own_sparse.c
 *-------------------------------------------------------------------------
 */
#include "code/own.h"

typedef struct SparseHead
{
	uint32		count;			/* of coordinates */
	uint32		sum_low;		/* sum of codes squared; L1: of |codes| */
	uint32		sum_high;
} SparseHead;

#define MAX_CODE	32767

/* most coordinates of a vector: HNSW_SPARSEVEC_MAX_NNZ */
#define MAX_PLAIN	16000

static uint64
sparse_bytes(uint32 dim, uint32 nonzeros)
{
	return (sizeof(SparseHead) + (sizeof(int32) + sizeof(int16)) * (uint64) nonzeros + 3) / 4 * 4;
}

static HnswSparseCode
stored_pairs(const HnswLayout *layout, const uint8 *codes)
{
	HnswSparseCode pairs;

	pairs.n = ((const SparseHead *) codes)->count;
	pairs.index = (const int32 *) (codes + sizeof(SparseHead));
	pairs.code = (const int16 *) (pairs.index + layout->nonzeros);
	return pairs;
}

static uint64
stored_sum(const uint8 *codes)
{
	const SparseHead *head = (const SparseHead *) codes;

	return (uint64) head->sum_high << 32 | head->sum_low;
}

/* sum of squares of a stored vector; L1: of absolute values */
static double
stored_size(const HnswLayout *layout, const HnswOwn *own)
{
	double		sum = (double) stored_sum(own->codes) * own->vstep;

	return layout->metric == HNSW_L1 ? sum : sum * own->vstep;
}

static uint64
sum_of(const HnswLayout *layout, const HnswSparseCode *pairs)
{
	uint64		sum = 0;

	for (int i = 0; i < pairs->n; i++)
	{
		int64		code = pairs->code[i];

		sum += layout->metric == HNSW_L1 ? (code < 0 ? -code : code) : code * code;
	}
	return sum;
}

static void *
sparse_alloc(const HnswLayout *layout, bool stored)
{
	int			room = stored ? layout->nonzeros : Min(layout->dim, MAX_PLAIN);
	HnswSparsePlain *plain = hnsw_alloc(sizeof(HnswSparsePlain) +
										(sizeof(int32) + sizeof(float)) * room);

	plain->room = room;
	plain->size = 0;
	plain->v.n = 0;
	plain->v.index = (const int32 *) (plain + 1);
	plain->v.value = (const float *) (plain->v.index + room);
	return plain;
}

static int32 *
plain_index(HnswSparsePlain *plain)
{
	return (int32 *) (plain + 1);
}

static float *
plain_value(HnswSparsePlain *plain)
{
	return (float *) (plain_index(plain) + plain->room);
}

static double
size_of(const HnswLayout *layout, const HnswSparse *v)
{
	double		sum = 0;

	if (layout->metric != HNSW_L1)
		return hnsw_sparse_square(v);
	for (int i = 0; i < v->n; i++)
		sum += fabs((double) v->value[i]);
	return sum;
}

static double
norm_of_size(const HnswLayout *layout, double size)
{
	return layout->metric == HNSW_L1 ? size : sqrt(size);
}

static bool
sparse_prepare(HnswPoint *point, const HnswLayout *layout, const void *plain)
{
	const HnswSparse *v = plain;
	HnswSparsePlain *x = point->x;
	float	   *value = plain_value(x);

	Assert(v->n <= x->room);
	point->clamped = false;
	x->v.n = v->n;
	memcpy(plain_index(x), v->index, sizeof(int32) * v->n);
	if (layout->metric == HNSW_COSINE)
	{
		double		vv = hnsw_sparse_square(v);
		double		norm = sqrt(vv);

		/* the operator returns NaN for the same vectors */
		if (!(vv > 0 && vv <= FLT_MAX))
			return false;
		for (int i = 0; i < v->n; i++)
			value[i] = (float) (v->value[i] / norm);
	}
	else
		for (int i = 0; i < v->n; i++)
		{
			value[i] = v->value[i];
			if (unlikely(!(fabsf(value[i]) <= HNSW_COORD_LIMIT)))
			{
				value[i] = value[i] > 0 ? HNSW_COORD_LIMIT : -HNSW_COORD_LIMIT;
				point->clamped = true;
			}
		}
	x->size = size_of(layout, &x->v);
	point->norm = norm_of_size(layout, x->size);
	return true;
}

/* The k-th largest magnitude, from 1; changes the order of "values". */
static float
kth_largest(float *values, int n, int k)
{
	int			low = 0,
				high = n - 1;

	/* Hoare's selection */
	while (low < high)
	{
		float		pivot = values[low + (high - low) / 2];
		int			i = low,
					j = high;

		while (i <= j)
		{
			while (values[i] > pivot)
				i++;
			while (values[j] < pivot)
				j--;
			if (i <= j)
			{
				float		swap = values[i];

				values[i++] = values[j];
				values[j--] = swap;
			}
		}
		if (k - 1 <= j)
			high = j;
		else if (k - 1 >= i)
			low = i;
		else
			break;
	}
	return values[k - 1];
}

/* Coordinates of at least this magnitude are kept, and so many of just it. */
static float
find_threshold(const HnswSparse *v, int room, int *ties)
{
	float	   *values;
	float		threshold;

	*ties = v->n;
	if (v->n <= room)
		return 0;
	values = hnsw_alloc(sizeof(float) * v->n);
	for (int i = 0; i < v->n; i++)
		values[i] = fabsf(v->value[i]);
	threshold = kth_largest(values, v->n, room);
	hnsw_free(values);
	*ties = room;
	for (int i = 0; i < v->n; i++)
		*ties -= fabsf(v->value[i]) > threshold;
	return threshold;
}

/* The scale of codes: the smallest of which the largest code is enough. */
static float
choose_step(const HnswSparse *v)
{
	float		most = 0;
	float		step;

	for (int i = 0; i < v->n; i++)
		most = Max(most, fabsf(v->value[i]));
	step = most / MAX_CODE;
	return step >= FLT_MIN ? step : 0;
}

static int16
code_of(float value, float step)
{
	double		code = step > 0 ? rint((double) value / step) : 0;

	return (int16) Max(-MAX_CODE, Min(MAX_CODE, code));
}

/* Adds up norms: the parts of a vector that are not stored. */
static void
add_lost(const HnswLayout *layout, double *sum, double value)
{
	*sum += layout->metric == HNSW_L1 ? fabs(value) : value * value;
}

static void
sparse_quantise(HnswPoint *point, const HnswLayout *layout, const void *plain)
{
	const HnswSparse *v = plain;
	const HnswSparse *x = &((HnswSparsePlain *) point->x)->v;
	SparseHead *head = (SparseHead *) point->own;
	int32	   *index = (int32 *) (head + 1);
	int16	   *code = (int16 *) (index + layout->nonzeros);
	HnswOwn		own = {point->own};
	HnswSparseCode stored;
	int			ties,
				n = 0;
	float		threshold = find_threshold(x, layout->nonzeros, &ties);
	double		left_out = 0,
				rounded = 0;
	uint64		sum;

	memset(point->own, 0, layout->own_bytes);
	point->vstep = choose_step(x);
	for (int i = 0; i < x->n; i++)
	{
		float		magnitude = fabsf(x->value[i]);

		if (magnitude < threshold || (magnitude == threshold && --ties < 0))
			add_lost(layout, &left_out, x->value[i]);
		else
		{
			index[n] = x->index[i];
			code[n] = code_of(x->value[i], point->vstep);
			add_lost(layout, &rounded, x->value[i] - (double) point->vstep * code[n]);
			n++;
		}
	}
	left_out = norm_of_size(layout, left_out);
	rounded = norm_of_size(layout, rounded);
	if (point->clamped)
		for (int i = 0; i < v->n; i++)
			left_out += fabs((double) v->value[i]);
	/* without a scale, nothing of what is stored counts */
	if (point->vstep == 0)
		left_out += rounded;

	head->count = n;
	stored = stored_pairs(layout, point->own);
	sum = sum_of(layout, &stored);
	head->sum_low = (uint32) sum;
	head->sum_high = (uint32) (sum >> 32);
	point->vmin = left_out > 0 ? hnsw_own_resid(left_out, 0) : 0;
	point->resid = hnsw_own_resid(left_out + rounded, point->norm);
	own.vstep = point->vstep;
	hnsw_own_sparse.decode(layout, &own, point->xhat);
}

static float
graph_distance(const HnswLayout *layout, double asize, double bsize, double common)
{
	switch ((HnswMetric) layout->metric)
	{
		case HNSW_IP:
			return (float) (0.0 - common);
		case HNSW_COSINE:
			return (float) Max(0.0, 2.0 - 2 * common);
		case HNSW_L1:
			return (float) Max(0.0, asize + bsize - common);
		default:
			return (float) Max(0.0, asize + bsize - 2 * common);
	}
}

static HnswScore
sparse_score(const HnswLayout *layout, const void *plain, const HnswOwn *own)
{
	const HnswSparsePlain *q = plain;
	HnswSparseCode v = stored_pairs(layout, own->codes);
	double		step = own->vstep;
	HnswScore	score = {0, 0};
	double		sums[3];

	if (layout->metric == HNSW_L1)
	{
		score.g = graph_distance(layout, q->size, stored_size(layout, own),
								 hnsw_sparse_code_common(&q->v, &v, step));
		return score;
	}
	hnsw_sparse_code_dot(&q->v, &v, sums);
	score.g = graph_distance(layout, q->size, stored_size(layout, own), sums[0] * step);
	if (layout->metric != HNSW_L2)
	{
		double		off = 0;

		/*
		 * 0.51: and what rounding does to the step, and to the sum of
		 * products
		 */
		if (sums[1] > 0)
			off = 0.51 * step * sums[1] + 1e-6 * step * sums[2] + FLT_MIN;
		if (own->vmin > 0)
			off += sqrt(q->size) * own->vmin * (1 + 1e-6) + FLT_MIN;
		score.pp = (float) (off * (1 + 1e-6));
	}
	return score;
}

static double
sparse_lower_bound(const HnswPoint *query, const HnswLayout *layout,
				   HnswScore score, float resid)
{
	double		g = score.g,
				d;

	switch ((HnswMetric) layout->metric)
	{
		case HNSW_IP:
			/* the operator, and g, are rounded to float */
			return g - score.pp - 2e-7 * fabs(g);
		case HNSW_COSINE:
			/* nothing in common: exactly 1 */
			return score.pp == 0 ? 1.0 : Max(0.0, g / 2 - score.pp - 1e-6);
		case HNSW_L1:
			d = g - resid - g * 1e-6 - HNSW_ROUNDING * query->norm;
			return Max(0.0, d);
		default:
			d = sqrt(Max(0.0, g - FLT_MIN));
			d -= resid + HNSW_ROUNDING * query->norm + d * 1e-6;
			return Max(0.0, d);
	}
}

static void
sparse_decode(const HnswLayout *layout, const HnswOwn *own, void *plain)
{
	HnswSparsePlain *x = plain;
	HnswSparseCode stored = stored_pairs(layout, own->codes);
	float	   *value = plain_value(x);

	Assert(stored.n <= x->room);
	memcpy(plain_index(x), stored.index, sizeof(int32) * stored.n);
	for (int i = 0; i < stored.n; i++)
		value[i] = own->vstep * stored.code[i];
	x->v.n = stored.n;
	x->size = stored_size(layout, own);
}

static void
sparse_ready(const HnswLayout *layout, HnswOwn *own)
{
	own->norm2 = stored_size(layout, own);
}

static float
sparse_distance(const HnswLayout *layout, const HnswOwn *a, const HnswOwn *b)
{
	HnswSparseCode x = stored_pairs(layout, a->codes);
	HnswSparseCode y = stored_pairs(layout, b->codes);
	double		common = layout->metric == HNSW_L1 ?
	hnsw_sparse_codes_common(&x, a->vstep, &y, b->vstep) :
	(double) hnsw_sparse_codes_dot(&x, &y) * a->vstep * b->vstep;

	return graph_distance(layout, a->norm2, b->norm2, common);
}

static double
sparse_size(const HnswLayout *layout, const void *plain)
{
	return ((const HnswSparsePlain *) plain)->size;
}

static const char *
sparse_unsafe(const HnswLayout *layout, const uint8 *codes)
{
	return ((const SparseHead *) codes)->count > layout->nonzeros ?
		"own vector has more coordinates than there is room for" : NULL;
}

static const char *
sparse_problem(const HnswLayout *layout, const HnswOwn *own)
{
	HnswSparseCode stored = stored_pairs(layout, own->codes);

	for (int i = 0; i < stored.n; i++)
	{
		if (stored.index[i] < 0 || (uint32) stored.index[i] >= layout->dim)
			return "own vector has an index beyond its dimensions";
		if (i > 0 && stored.index[i] <= stored.index[i - 1])
			return "own vector has indices that do not ascend";
	}
	if (sum_of(layout, &stored) != stored_sum(own->codes))
		return "own vector does not have the norm stored with it";
	/* a direction has length 1, but for rounding and for what is left out */
	if (layout->metric == HNSW_COSINE &&
		!(fabs(stored_size(layout, own) - (own->vmin > 0 ? 0.5 : 1)) <= (own->vmin > 0 ? 0.51 : 0.01)))
		return "own vector does not have length 1";
	if (own->vmin < 0)
		return "own vector leaves out less than nothing";
	return NULL;
}

const HnswOwnOps hnsw_own_sparse = {
	.bytes = sparse_bytes,
	.alloc = sparse_alloc,
	.prepare = sparse_prepare,
	.quantise = sparse_quantise,
	.score = sparse_score,
	.lower_bound = sparse_lower_bound,
	.decode = sparse_decode,
	.ready = sparse_ready,
	.distance = sparse_distance,
	.size = sparse_size,
	.unsafe = sparse_unsafe,
	.problem = sparse_problem,
};
