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
#include "utils/lsyscache.h"

/* beyond this a double cannot count on */
#define MAX_ROWS	9007199254740992.0

/* Raises the error for a state that the functions here have not made */
void
hnsw_aggregate_invalid(const HnswValueType *type, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid aggregate state for type %s", type->name),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/*
 * Checks the form of a state, an argument of the function called, and the
 * number of rows in it: *rows.  Returns the array's elements, *n of them, the
 * first of which is the number of rows.
 */
double *
hnsw_aggregate_open(FunctionCallInfo fcinfo, const HnswValueType *type, ArrayType *state,
					double *rows, int *n)
{
	double	   *v = (double *) ARR_DATA_PTR(state);

	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] < 1 || ARR_ELEMTYPE(state) != FLOAT8OID ||
		array_contains_nulls(state))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s: expected state array", get_func_name(fcinfo->flinfo->fn_oid))));

	*n = ARR_DIMS(state)[0];
	*rows = v[0];
	if (!(*rows >= 0 && *rows < MAX_ROWS) || *rows != floor(*rows))
		hnsw_aggregate_invalid(type, _("The state must begin with the number of rows."));
	return v;
}

/*
 * The state of a dense type taken apart: *rows and *dim, which is 0 when there
 * are no rows.  Returns the array's elements.
 */
static double *
open_state(FunctionCallInfo fcinfo, const HnswValueType *type, ArrayType *state,
		   double *rows, int *dim)
{
	int			n;
	double	   *v = hnsw_aggregate_open(fcinfo, type, state, rows, &n);

	*dim = *rows == 0 ? 0 : n - 1;
	if (*rows > 0)
		hnsw_value_check_dim(type, *dim, NULL);
	return v;
}

/* A state that may be written to, like argument n of an aggregate support function */
ArrayType *
hnsw_aggregate_writable(FunctionCallInfo fcinfo, int n)
{
	/* called as part of an aggregate, the first argument is ours to change */
	if (n == 0 && AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(n);
	return PG_GETARG_ARRAYTYPE_P_COPY(n);
}

/*
 * Adds the value x of dim coordinates to the state in argument 0.  Other
 * dimensions than those before are an error, which sum words as an operator of
 * two values does, and avg as a check of one.
 */
Datum
hnsw_aggregate_accum(FunctionCallInfo fcinfo, const HnswValueType *type, const float *x, int dim,
					 bool is_sum)
{
	ArrayType  *state = hnsw_aggregate_writable(fcinfo, 0);
	double		rows;
	int			state_dim;
	double	   *v = open_state(fcinfo, type, state, &rows, &state_dim);

	if (rows == 0)
		state = hnsw_array_new(FLOAT8OID, dim + 1, (void **) &v);
	else if (is_sum)
		hnsw_value_check_same_dim(type, state_dim, dim);
	else
		hnsw_value_check_typmod(type, dim, state_dim, NULL);

	v[0] = rows + 1;
	/* -0 stays -0 only where nothing is added to it */
	for (int i = 0; i < dim; i++)
		v[i + 1] = rows == 0 ? x[i] : v[i + 1] + x[i];
	PG_RETURN_ARRAYTYPE_P(state);
}

/* Adds up the states in arguments 0 and 1; either may have seen no rows */
Datum
hnsw_aggregate_combine(FunctionCallInfo fcinfo, const HnswValueType *type)
{
	ArrayType  *a = hnsw_aggregate_writable(fcinfo, 0);
	ArrayType  *b = PG_GETARG_ARRAYTYPE_P(1);
	double		a_rows;
	double		b_rows;
	int			a_dim;
	int			b_dim;
	double	   *va = open_state(fcinfo, type, a, &a_rows, &a_dim);
	double	   *vb = open_state(fcinfo, type, b, &b_rows, &b_dim);

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
 * One element of a result: the sum divided by "rows".  Raises an error when
 * that is beyond the range of the type.
 */
float
hnsw_aggregate_result(const HnswValueType *type, double sum, double rows)
{
	float		x = sum / rows;

	if (unlikely(fabsf(x) >= type->overflow))
		float_overflow_error();
	hnsw_value_check_element(type, x, NULL);
	return x;
}

/*
 * The sum or the mean that the state in argument 0 stands for, *dim floats;
 * NULL when it has seen no rows.
 */
float *
hnsw_aggregate_final(FunctionCallInfo fcinfo, const HnswValueType *type, bool mean, int *dim)
{
	double		rows;
	double	   *v = open_state(fcinfo, type, PG_GETARG_ARRAYTYPE_P(0), &rows, dim);
	float	   *x;

	if (rows == 0)
		return NULL;

	x = palloc(sizeof(float) * *dim);
	for (int i = 0; i < *dim; i++)
		x[i] = hnsw_aggregate_result(type, v[i + 1], mean ? rows : 1);
	return x;
}
