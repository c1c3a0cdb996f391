/*-------------------------------------------------------------------------
 *
 * sparsevec_cast.c
 *		Type sparsevec: from dense types and arrays, and to them.
 *
 * IDENTIFICATION
 *	  src/types/sparsevec_cast.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "types/halfvec.h"
#include "types/sparsevec.h"
#include "types/value.h"
#include "types/vector.h"

/* A sparse value from dense coordinates, which have been checked */
static HnswSparsevec *
from_floats(const float *x, int dim, int32 typmod)
{
	HnswSparsevec *v;
	float	   *values;
	int			nnz = 0;

	hnsw_value_check_typmod(&hnsw_sparsevec_type, dim, typmod, NULL);
	for (int i = 0; i < dim; i++)
		nnz += x[i] != 0;
	if (nnz > HNSW_SPARSEVEC_MAX_NNZ)
		hnsw_sparsevec_too_many();

	v = hnsw_sparsevec_new(dim, nnz);
	values = HNSW_SPARSEVEC_VALUES(v);
	nnz = 0;
	for (int i = 0; i < dim; i++)
		if (x[i] != 0)
		{
			v->index[nnz] = i;
			values[nnz++] = x[i];
		}
	return v;
}

/*
 * All coordinates, zeros included, as many as the given dense type may have
 * and its elements may be
 */
static float *
to_floats(const HnswSparsevec *v, const HnswValueType *type, int32 typmod)
{
	const float *values = HNSW_SPARSEVEC_VALUES(v);
	float	   *x;

	hnsw_value_check_dim(type, v->dim, NULL);
	hnsw_value_check_typmod(type, v->dim, typmod, NULL);
	x = palloc0(sizeof(float) * v->dim);
	for (int i = 0; i < v->nnz; i++)
	{
		hnsw_value_check_element(type, values[i], NULL);
		x[v->index[i]] = values[i];
	}
	return x;
}

/* Cast sparsevec -> sparsevec(n) */
HNSW_FUNCTION(sparsevec)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);

	hnsw_value_check_typmod(&hnsw_sparsevec_type, v->dim, PG_GETARG_INT32(1), NULL);
	PG_RETURN_HNSW_SPARSEVEC(v);
}

/* Casts integer[], real[], double precision[], numeric[] -> sparsevec(n) */
HNSW_FUNCTION(array_to_sparsevec)
{
	int			dim;
	float	   *x = hnsw_array_to_floats(&hnsw_sparsevec_type, PG_GETARG_ARRAYTYPE_P(0),
										 PG_GETARG_INT32(1), &dim);

	PG_RETURN_HNSW_SPARSEVEC(from_floats(x, dim, -1));
}

/* Cast vector -> sparsevec(n) */
HNSW_FUNCTION(vector_to_sparsevec)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);

	PG_RETURN_HNSW_SPARSEVEC(from_floats(v->x, v->dim, PG_GETARG_INT32(1)));
}

/* Cast halfvec -> sparsevec(n) */
HNSW_FUNCTION(halfvec_to_sparsevec)
{
	HnswHalfvec *v = PG_GETARG_HNSW_HALFVEC(0);

	PG_RETURN_HNSW_SPARSEVEC(from_floats(hnsw_halfvec_floats(v), v->dim, PG_GETARG_INT32(1)));
}

/* Cast sparsevec -> vector(n) */
HNSW_FUNCTION(sparsevec_to_vector)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	float	   *x = to_floats(v, &hnsw_vector_type, PG_GETARG_INT32(1));

	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(x, v->dim));
}

/* Cast sparsevec -> halfvec(n) */
HNSW_FUNCTION(sparsevec_to_halfvec)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	float	   *x = to_floats(v, &hnsw_halfvec_type, PG_GETARG_INT32(1));

	PG_RETURN_HNSW_HALFVEC(hnsw_halfvec_make(x, v->dim));
}

/* Cast sparsevec -> real[], of as many dimensions as a vector may have */
HNSW_FUNCTION(sparsevec_to_float4)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	float	   *x = to_floats(v, &hnsw_vector_type, -1);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT4OID, x, v->dim));
}

/* Cast sparsevec -> double precision[], likewise */
HNSW_FUNCTION(sparsevec_to_float8)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	float	   *x = to_floats(v, &hnsw_vector_type, -1);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT8OID, x, v->dim));
}
