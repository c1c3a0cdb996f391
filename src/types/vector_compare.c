/*-------------------------------------------------------------------------
 *
 * vector_compare.c
 *		Type vector: order and hash.
 *
 * The order is that of arrays: the first coordinate that differs decides, and
 * a vector comes after its own prefix.  0 and -0 are equal.
 *
 * IDENTIFICATION
 *	  src/types/vector_compare.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "types/value.h"
#include "types/vector.h"

/* Negative, zero or positive: a before, equal to, after b */
static int
compare(const HnswVector *a, const HnswVector *b)
{
	int			n = Min(a->dim, b->dim);

	for (int i = 0; i < n; i++)
		if (a->x[i] != b->x[i])
			return a->x[i] < b->x[i] ? -1 : 1;

	return a->dim < b->dim ? -1 : a->dim > b->dim;
}

HNSW_COMPARISON_FUNCTIONS(vector, HnswVector, PG_GETARG_HNSW_VECTOR, compare)

/* A copy of the coordinates in which equal vectors have equal bytes */
static float *
hash_image(const HnswVector *v)
{
	float	   *x = palloc(sizeof(float) * v->dim);

	/* -0 + 0 is 0 */
	for (int i = 0; i < v->dim; i++)
		x[i] = v->x[i] + 0.0f;
	return x;
}

HNSW_FUNCTION(vector_hash)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	float	   *x = hash_image(v);
	uint32		hash = hash_bytes((unsigned char *) x, sizeof(float) * v->dim);

	pfree(x);
	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_INT32((int32) hash);
}

HNSW_FUNCTION(vector_hash_extended)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	float	   *x = hash_image(v);
	uint64		hash = hash_bytes_extended((unsigned char *) x, sizeof(float) * v->dim,
										   PG_GETARG_INT64(1));

	pfree(x);
	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_INT64((int64) hash);
}
