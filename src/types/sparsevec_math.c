/*-------------------------------------------------------------------------
 *
 * sparsevec_math.c
 *		Type sparsevec: order, hash, distances, arithmetic.
 *
 * IDENTIFICATION
 *	  src/types/sparsevec_math.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "types/sparsevec.h"
#include "types/value.h"
#include "utils/float.h"

/* ------------------------------------------------------ order and hash */

/*
 * Negative, zero or positive: a before, equal to, after b.  The order is that
 * of arrays with all coordinates, zeros included.
 */
static int
compare(const HnswSparsevec *a, const HnswSparsevec *b)
{
	const float *x = HNSW_SPARSEVEC_VALUES(a);
	const float *y = HNSW_SPARSEVEC_VALUES(b);
	int			common = Min(a->dim, b->dim);

	for (int i = 0;; i++)
	{
		/* the next coordinate of each that is not 0; before it both are equal */
		int			ai = i < a->nnz ? a->index[i] : common;
		int			bi = i < b->nnz ? b->index[i] : common;

		if (Min(ai, bi) >= common)
			return a->dim < b->dim ? -1 : a->dim > b->dim;
		if (ai < bi)
			return x[i] < 0 ? -1 : 1;
		if (bi < ai)
			return y[i] < 0 ? 1 : -1;
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
}

/* Equal values have equal bytes: there is no 0 that could have a sign */
static const void *
image(const HnswSparsevec *v, int *size)
{
	void	   *copy;

	*size = VARSIZE(v) - VARHDRSZ;
	copy = palloc(*size);
	memcpy(copy, VARDATA(v), *size);
	return copy;
}

HNSW_COMPARISON_FUNCTIONS(sparsevec, HnswSparsevec, PG_GETARG_HNSW_SPARSEVEC, compare)
HNSW_HASH_FUNCTIONS(sparsevec, HnswSparsevec, PG_GETARG_HNSW_SPARSEVEC, image)

/* ----------------------------------------------------------- distances */

static inline void
check_same_dim(const HnswSparsevec *a, const HnswSparsevec *b)
{
	hnsw_value_check_same_dim(&hnsw_sparsevec_type, a->dim, b->dim);
}

/*
 * name(a, b) is what f makes of the pairs of both, rounded to float: as with
 * the dense types, sums that are too large for that give Infinity.
 */
#define PAIRS_FUNCTION(name, f) \
static double \
name(const HnswSparsevec *a, const HnswSparsevec *b) \
{ \
	HnswSparse	x = hnsw_sparsevec_pairs(a); \
	HnswSparse	y = hnsw_sparsevec_pairs(b); \
\
	check_same_dim(a, b); \
	return (float) f(&x, &y); \
}

PAIRS_FUNCTION(l2_squared_distance, hnsw_sparse_l2sq)
PAIRS_FUNCTION(inner_product, hnsw_sparse_dot)
PAIRS_FUNCTION(l1_distance, hnsw_sparse_l1)

static double
l2_distance(const HnswSparsevec *a, const HnswSparsevec *b)
{
	return sqrt(l2_squared_distance(a, b));
}

static double
negative_inner_product(const HnswSparsevec *a, const HnswSparsevec *b)
{
	return -inner_product(a, b);
}

static double
cosine_distance(const HnswSparsevec *a, const HnswSparsevec *b)
{
	HnswSparse	x = hnsw_sparsevec_pairs(a);
	HnswSparse	y = hnsw_sparsevec_pairs(b);

	check_same_dim(a, b);
	return hnsw_value_cosine_distance(hnsw_sparse_dot(&x, &y), hnsw_sparse_square(&x),
									  hnsw_sparse_square(&y));
}

#define SPARSEVEC_FLOAT8_FUNCTION(name, f) \
	HNSW_FLOAT8_FUNCTION(name, HnswSparsevec, PG_GETARG_HNSW_SPARSEVEC, f)

SPARSEVEC_FLOAT8_FUNCTION(sparsevec_l2_distance, l2_distance)
SPARSEVEC_FLOAT8_FUNCTION(sparsevec_l2_squared_distance, l2_squared_distance)
SPARSEVEC_FLOAT8_FUNCTION(sparsevec_inner_product, inner_product)
SPARSEVEC_FLOAT8_FUNCTION(sparsevec_negative_inner_product, negative_inner_product)
SPARSEVEC_FLOAT8_FUNCTION(sparsevec_cosine_distance, cosine_distance)
SPARSEVEC_FLOAT8_FUNCTION(sparsevec_l1_distance, l1_distance)

/* ----------------------------------------------------------- functions */

/* The Euclidean length */
HNSW_FUNCTION(sparsevec_norm)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);

	PG_RETURN_FLOAT8(hnsw_value_length(HNSW_SPARSEVEC_VALUES(v), v->nnz));
}

/* The value of length 1 in the same direction; zero stays zero */
HNSW_FUNCTION(sparsevec_l2_normalize)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	float	   *x = palloc(sizeof(float) * v->nnz);

	hnsw_value_normalize(HNSW_SPARSEVEC_VALUES(v), v->nnz, x);
	PG_RETURN_HNSW_SPARSEVEC(hnsw_sparsevec_make(v->dim, v->index, x, v->nnz));
}

/* The coordinates that are not 0 in a or in b, in parallel arrays */
typedef struct Merged
{
	int			n;
	int32	   *index;
	float	   *a;
	float	   *b;
} Merged;

static void
merge(const HnswSparsevec *a, const HnswSparsevec *b, Merged *m)
{
	const float *x = HNSW_SPARSEVEC_VALUES(a);
	const float *y = HNSW_SPARSEVEC_VALUES(b);
	Size		max = (Size) a->nnz + b->nnz;
	int			i = 0;
	int			j = 0;

	m->n = 0;
	m->index = palloc(sizeof(int32) * max);
	m->a = palloc0(sizeof(float) * max);
	m->b = palloc0(sizeof(float) * max);
	while (i < a->nnz || j < b->nnz)
	{
		/* an index is at most HNSW_SPARSEVEC_MAX_DIM - 1 */
		int32		ai = i < a->nnz ? a->index[i] : HNSW_SPARSEVEC_MAX_DIM;
		int32		bi = j < b->nnz ? b->index[j] : HNSW_SPARSEVEC_MAX_DIM;

		m->index[m->n] = Min(ai, bi);
		if (ai <= bi)
			m->a[m->n] = x[i++];
		if (bi <= ai)
			m->b[m->n] = y[j++];
		m->n++;
	}
}

static HnswSparsevec *
operation(const HnswSparsevec *a, const HnswSparsevec *b, HnswValueOperation f)
{
	Merged		m;

	check_same_dim(a, b);
	merge(a, b, &m);
	f(&hnsw_sparsevec_type, m.a, m.b, m.n, m.a);
	return hnsw_sparsevec_make(a->dim, m.index, m.a, m.n);
}

HNSW_FUNCTION(sparsevec_add)
{
	PG_RETURN_HNSW_SPARSEVEC(operation(PG_GETARG_HNSW_SPARSEVEC(0), PG_GETARG_HNSW_SPARSEVEC(1),
									   hnsw_value_add));
}

HNSW_FUNCTION(sparsevec_sub)
{
	PG_RETURN_HNSW_SPARSEVEC(operation(PG_GETARG_HNSW_SPARSEVEC(0), PG_GETARG_HNSW_SPARSEVEC(1),
									   hnsw_value_sub));
}

HNSW_FUNCTION(sparsevec_mul)
{
	PG_RETURN_HNSW_SPARSEVEC(operation(PG_GETARG_HNSW_SPARSEVEC(0), PG_GETARG_HNSW_SPARSEVEC(1),
									   hnsw_value_mul));
}
