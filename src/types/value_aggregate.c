/*-------------------------------------------------------------------------
 *
 * value_aggregate.c
 *		Transition, combine and final functions of avg and sum.
 *
 * The state is a double precision[]: the number of rows, then the sum of each
 * coordinate.  With no rows yet the dimensions are unknown and the state is
 * {0}.  Sums are kept in double precision, so neither the order of the rows
 * nor an intermediate result beyond float's range does harm.
 *
 * The functions can be called from SQL with any array, so every state is
 * checked before use.
 *
 * IDENTIFICATION
 *	  src/types/value_aggregate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "types/value.h"
#include "utils/float.h"

/* beyond this a double cannot count on */
#define MAX_ROWS	9007199254740992.0

/*
 * Checks a state and takes it apart: *rows, *dim (0 when there are no rows).
 * Returns the array's elements.
 */
static double *
open_state(const HnswValueType *type, ArrayType *state, double *rows, int *dim)
{
	double	   *v = (double *) ARR_DATA_PTR(state);
	int			n;

	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] < 1 || ARR_ELEMTYPE(state) != FLOAT8OID ||
		array_contains_nulls(state))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid aggregate state for type %s", type->name),
				 errdetail("The state must be a one-dimensional array without nulls.")));

	n = ARR_DIMS(state)[0];
	*rows = v[0];
	*dim = *rows == 0 ? 0 : n - 1;
	if (!(*rows >= 0 && *rows < MAX_ROWS) || *rows != floor(*rows) || n - 1 > type->max_dim ||
		(*rows > 0 && n < 2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid aggregate state for type %s", type->name),
				 errdetail("The state must hold the number of rows and 1 to %d sums.",
						   type->max_dim)));
	return v;
}

/* A state that may be written to, like argument n of an aggregate support function */
static ArrayType *
writable_state(FunctionCallInfo fcinfo, int n)
{
	/* called as part of an aggregate, the first argument is ours to change */
	if (n == 0 && AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(n);
	return PG_GETARG_ARRAYTYPE_P_COPY(n);
}

/* Adds the value x of dim coordinates to the state in argument 0 */
Datum
hnsw_aggregate_accum(FunctionCallInfo fcinfo, const HnswValueType *type, const float *x, int dim)
{
	ArrayType  *state = writable_state(fcinfo, 0);
	double		rows;
	int			state_dim;
	double	   *v = open_state(type, state, &rows, &state_dim);

	if (rows == 0)
		state = hnsw_array_new(FLOAT8OID, dim + 1, (void **) &v);
	else
		hnsw_value_check_typmod(type, dim, state_dim, NULL);

	v[0] = rows + 1;
	for (int i = 0; i < dim; i++)
		v[i + 1] += x[i];
	PG_RETURN_ARRAYTYPE_P(state);
}

/* Adds up the states in arguments 0 and 1; either may have seen no rows */
Datum
hnsw_aggregate_combine(FunctionCallInfo fcinfo, const HnswValueType *type)
{
	ArrayType  *a = writable_state(fcinfo, 0);
	ArrayType  *b = PG_GETARG_ARRAYTYPE_P(1);
	double		a_rows;
	double		b_rows;
	int			a_dim;
	int			b_dim;
	double	   *va = open_state(type, a, &a_rows, &a_dim);
	double	   *vb = open_state(type, b, &b_rows, &b_dim);

	if (b_rows == 0)
		PG_RETURN_ARRAYTYPE_P(a);
	if (a_rows == 0)
		PG_RETURN_ARRAYTYPE_P(b);

	hnsw_value_check_typmod(type, b_dim, a_dim, NULL);
	for (int i = 0; i <= a_dim; i++)
		va[i] += vb[i];
	PG_RETURN_ARRAYTYPE_P(a);
}

/*
 * The sum or the mean that a state stands for, *dim floats; NULL when it has
 * seen no rows.  Raises an error when the result is beyond float's range.
 */
float *
hnsw_aggregate_final(const HnswValueType *type, ArrayType *state, bool mean, int *dim)
{
	double		rows;
	double	   *v = open_state(type, state, &rows, dim);
	float	   *x;

	if (rows == 0)
		return NULL;

	x = palloc(sizeof(float) * *dim);
	for (int i = 0; i < *dim; i++)
	{
		x[i] = v[i + 1] / (mean ? rows : 1);
		if (unlikely(isinf(x[i])))
			float_overflow_error();
		hnsw_value_check_element(type, x[i], NULL);
	}
	return x;
}
