/*-------------------------------------------------------------------------
 *
 * sparse.c
 *		Distances between sparse vectors: merges of two lists of indices.
 *
 * Which list goes on is as good as random, so the loops have no branch on it:
 * both values count or are replaced by 0, and each position moves by nothing or by
 * one step.
 *
 * IDENTIFICATION
 *	  src/distance/sparse.c
 *-------------------------------------------------------------------------
 */
#include "distance/sparse.h"

/*
 * What needs both values needs only the indices that both lists have, so when one
 * is much shorter it pays to look its indices up in the other instead of walking
 * that.
 */
#define LOOKUP_RATIO	32

/*
 * The first position from "at" on whose index is not below "index", found by
 * steps that double, then by halving: O(log distance).
 */
static inline int
seek(const int32 *list, int n, int at, int32 index)
{
	int			step = 1,
				low = at,
				high = at;

	while (high < n && list[high] < index)
	{
		low = high + 1;
		high = n - high > step ? high + step : n;
		step = step < n ? 2 * step : step;
	}
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (list[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* pairs of positions that are found at a time */
#define MATCHES		256

typedef struct Matches
{
	const int32 *a;
	const int32 *b;
	int			an;
	int			bn;
	int			i;				/* next positions to look at */
	int			j;
	int			n;				/* pairs found this time */
	int			at_a[MATCHES];
	int			at_b[MATCHES];
} Matches;

static void
matches_begin(Matches *m, const int32 *a, int an, const int32 *b, int bn)
{
	m->a = a;
	m->b = b;
	m->an = an;
	m->bn = bn;
	m->i = m->j = 0;
}

/* "few" is much shorter than "many": looks its indices up. */
static void
match_by_lookup(const int32 *few, int nfew, int *i, const int32 *many, int nmany, int *j,
				Matches *m, int *at_few, int *at_many)
{
	while (*i < nfew && *j < nmany && m->n < MATCHES)
	{
		*j = seek(many, nmany, *j, few[*i]);
		if (*j == nmany)
			break;
		at_few[m->n] = *i;
		at_many[m->n] = *j;
		m->n += many[*j] == few[*i];
		(*i)++;
	}
	if (m->n < MATCHES)
		*i = nfew;
}

/* Four indices at a time, on any processor that has registers for them. */
#define BLOCK		4

#define SIXTEEN_BYTES __attribute__((vector_size(16)))
typedef SIXTEEN_BYTES int32 Block;
typedef SIXTEEN_BYTES int64 Halves;

static inline Block
splat(int32 x)
{
	return (Block)
	{
		x, x, x, x
	};
}

/* Has a block an index that another one has too? */
static inline bool
blocks_meet(const int32 *a, const int32 *b)
{
	Block		block;
	Halves		equal;

	memcpy(&block, a, sizeof(block));
	equal = (Halves) ((block == splat(b[0])) | (block == splat(b[1])) |
					  (block == splat(b[2])) | (block == splat(b[3])));
	return (equal[0] | equal[1]) != 0;
}

/*
 * Compares blocks as wholes, and goes on to the next one of the list, or lists,
 * whose block ends first: a quarter of the steps of a merge, of which each has to
 * wait for the one before.
 */
static void
match_blocks(Matches *m)
{
	const int32 *a = m->a;
	const int32 *b = m->b;
	int			i = m->i,
				j = m->j,
				n = m->n;

	while (i + BLOCK <= m->an && j + BLOCK <= m->bn && n <= MATCHES - BLOCK)
	{
		int32		a_last = a[i + BLOCK - 1],
					b_last = b[j + BLOCK - 1];

		if (blocks_meet(a + i, b + j))
			for (int k = 0; k < BLOCK; k++)
			{
				int32		x = b[j + k];
				int			at = (a[i + 1] == x) + 2 * (a[i + 2] == x) + 3 * (a[i + 3] == x);

				/* indices that do not ascend may be there twice */
				at &= BLOCK - 1;
				m->at_a[n] = i + at;
				m->at_b[n] = j + k;
				n += a[i + at] == x;
			}
		i += a_last <= b_last ? BLOCK : 0;
		j += b_last <= a_last ? BLOCK : 0;
	}
	m->i = i;
	m->j = j;
	m->n = n;
}

/* The same, index by index. */
static void
match_singly(Matches *m)
{
	int			i = m->i,
				j = m->j,
				n = m->n;

	while (i < m->an && j < m->bn && n < MATCHES)
	{
		int32		ai = m->a[i],
					bj = m->b[j];

		m->at_a[n] = i;
		m->at_b[n] = j;
		n += ai == bj;
		i += ai <= bj;
		j += bj <= ai;
	}
	m->i = i;
	m->j = j;
	m->n = n;
}

/* Finds the next matches; false when there are no more. */
static bool
next_matches(Matches *m)
{
	m->n = 0;
	if (m->an < m->bn / LOOKUP_RATIO)
		match_by_lookup(m->a, m->an, &m->i, m->b, m->bn, &m->j, m, m->at_a, m->at_b);
	else if (m->bn < m->an / LOOKUP_RATIO)
		match_by_lookup(m->b, m->bn, &m->j, m->a, m->an, &m->i, m, m->at_b, m->at_a);
	else
	{
		match_blocks(m);
		if (m->n <= MATCHES - BLOCK)
			match_singly(m);
	}
	return m->n > 0;
}

double
hnsw_sparse_dot(const HnswSparse *a, const HnswSparse *b)
{
	double		s = 0;
	Matches		m;

	matches_begin(&m, a->index, a->n, b->index, b->n);
	while (next_matches(&m))
		for (int k = 0; k < m.n; k++)
			s += (double) a->value[m.at_a[k]] * b->value[m.at_b[k]];
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

/* |x| + |y| - |x - y| */
static inline double
in_common(double x, double y)
{
	return (x > 0) == (y > 0) ? 2 * fmin(fabs(x), fabs(y)) : 0;
}

void
hnsw_sparse_code_dot(const HnswSparse *a, const HnswSparseCode *b, double out[3])
{
	Matches		m;

	out[0] = out[1] = out[2] = 0;
	matches_begin(&m, a->index, a->n, b->index, b->n);
	while (next_matches(&m))
		for (int k = 0; k < m.n; k++)
		{
			double		value = a->value[m.at_a[k]];
			double		product = value * b->code[m.at_b[k]];

			out[0] += product;
			out[1] += fabs(value);
			out[2] += fabs(product);
		}
}

double
hnsw_sparse_code_common(const HnswSparse *a, const HnswSparseCode *b, double step)
{
	double		s = 0;
	Matches		m;

	matches_begin(&m, a->index, a->n, b->index, b->n);
	while (next_matches(&m))
		for (int k = 0; k < m.n; k++)
			s += in_common(a->value[m.at_a[k]], step * b->code[m.at_b[k]]);
	return s;
}

int64
hnsw_sparse_codes_dot(const HnswSparseCode *a, const HnswSparseCode *b)
{
	int64		s = 0;
	Matches		m;

	matches_begin(&m, a->index, a->n, b->index, b->n);
	while (next_matches(&m))
		for (int k = 0; k < m.n; k++)
			s += (int32) a->code[m.at_a[k]] * b->code[m.at_b[k]];
	return s;
}

double
hnsw_sparse_codes_common(const HnswSparseCode *a, double astep,
						 const HnswSparseCode *b, double bstep)
{
	double		s = 0;
	Matches		m;

	matches_begin(&m, a->index, a->n, b->index, b->n);
	while (next_matches(&m))
		for (int k = 0; k < m.n; k++)
			s += in_common(astep * a->code[m.at_a[k]], bstep * b->code[m.at_b[k]]);
	return s;
}
