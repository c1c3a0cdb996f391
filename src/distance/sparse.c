/*-------------------------------------------------------------------------
 *
 * sparse.c
 *		Distances between sparse vectors: merges of two lists of indices.
 *
 * Which list goes on is as good as random, so the loops have no branch on it:
 * both values count or are replaced by 0, and each position moves by 0 or 1.
 *
 * IDENTIFICATION
 *	  src/distance/sparse.c
 *-------------------------------------------------------------------------
 */
#include "distance/sparse.h"

/*
 * A product needs both values, so when one list is much shorter it pays to
 * look its indices up in the other instead of walking that.
 */
#define LOOKUP_RATIO	32

/*
 * The first position from "at" on whose index is not below "index", found by
 * steps that double, then by halving: O(log distance).
 */
static inline int
seek(const HnswSparse *v, int at, int32 index)
{
	int			step = 1,
				low = at,
				high = at;

	while (high < v->n && v->index[high] < index)
	{
		low = high + 1;
		high = v->n - high > step ? high + step : v->n;
		step = step < v->n ? 2 * step : step;
	}
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (v->index[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* the product where "few" has far fewer pairs than "many" */
static double
dot_by_lookup(const HnswSparse *few, const HnswSparse *many)
{
	double		s = 0;
	int			j = 0;

	for (int i = 0; i < few->n; i++)
	{
		j = seek(many, j, few->index[i]);
		if (j == many->n)
			break;
		if (many->index[j] == few->index[i])
			s += (double) few->value[i] * many->value[j];
	}
	return s;
}

double
hnsw_sparse_dot(const HnswSparse *a, const HnswSparse *b)
{
	double		s = 0;
	int			i = 0,
				j = 0;

	if (a->n < b->n / LOOKUP_RATIO)
		return dot_by_lookup(a, b);
	if (b->n < a->n / LOOKUP_RATIO)
		return dot_by_lookup(b, a);

	while (i < a->n && j < b->n)
	{
		int32		ai = a->index[i],
					bi = b->index[j];
		double		product = (double) a->value[i] * b->value[j];

		s += ai == bi ? product : 0;
		i += ai <= bi;
		j += bi <= ai;
	}
	return s;
}

static inline double
square(double d)
{
	return d * d;
}

/* f of every difference, of those where one side has nothing too */
#define MERGE_SUM(name, f) \
double \
name(const HnswSparse *a, const HnswSparse *b) \
{ \
	double		s = 0; \
	int			i = 0, \
				j = 0; \
\
	while (i < a->n && j < b->n) \
	{ \
		int32		ai = a->index[i], \
					bi = b->index[j]; \
		double		x = ai <= bi ? a->value[i] : 0, \
					y = bi <= ai ? b->value[j] : 0; \
\
		s += f(x - y); \
		i += ai <= bi; \
		j += bi <= ai; \
	} \
	for (; i < a->n; i++) \
		s += f((double) a->value[i]); \
	for (; j < b->n; j++) \
		s += f((double) b->value[j]); \
	return s; \
}

MERGE_SUM(hnsw_sparse_l2sq, square)
MERGE_SUM(hnsw_sparse_l1, fabs)

double
hnsw_sparse_square(const HnswSparse *a)
{
	double		s = 0;

	for (int i = 0; i < a->n; i++)
		s += square(a->value[i]);
	return s;
}
