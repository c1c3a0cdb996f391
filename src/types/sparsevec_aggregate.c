/*-------------------------------------------------------------------------
 *
 * sparsevec_aggregate.c
 *		Type sparsevec: transition, combine and final functions of avg and sum.
 *
 * The state is a double precision[]: the number of rows, the dimensions, then
 * an index (from 0) and a sum for each coordinate that was not 0 in some row,
 * the indices ascending.  With no rows yet it is {0}.  So a row costs as much
 * as there are such coordinates, whatever the dimensions.
 *
 * A state holds as many coordinates as a sparsevec may: what has more cannot
 * become one, except where sums cancel out exactly.
 *
 * IDENTIFICATION
 *	  src/types/sparsevec_aggregate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "types/sparsevec.h"
#include "types/value.h"

/* one coordinate in a state */
typedef struct Sum
{
	double		index;
	double		sum;
} Sum;

/* elements of a state before the sums */
#define STATE_HEADER	2

typedef struct State
{
	ArrayType  *array;
	double	   *header;			/* rows, dimensions */
	double		rows;
	int			dim;
	Sum		   *sums;
	int			n;
} State;

/* Checks a state and takes it apart; without rows there is nothing else in it */
static void
open_state(FunctionCallInfo fcinfo, ArrayType *array, State *state)
{
	const HnswValueType *type = &hnsw_sparsevec_type;
	int			n;
	double		previous = -1;

	state->array = array;
	state->header = hnsw_aggregate_open(fcinfo, type, array, &state->rows, &n);
	state->dim = 0;
	state->sums = NULL;
	state->n = 0;
	if (state->rows == 0)
		return;

	if (n < STATE_HEADER || (n - STATE_HEADER) % 2 != 0 ||
		!(state->header[1] >= 1 && state->header[1] <= HNSW_SPARSEVEC_MAX_DIM) ||
		state->header[1] != (int) state->header[1])
		hnsw_aggregate_invalid(type, _("The state must hold rows, dimensions and pairs of index and sum."));
	state->dim = state->header[1];
	state->sums = (Sum *) (state->header + STATE_HEADER);
	state->n = (n - STATE_HEADER) / 2;
	if (state->n > HNSW_SPARSEVEC_MAX_NNZ)
		hnsw_sparsevec_too_many();

	for (int i = 0; i < state->n; i++)
	{
		double		index = state->sums[i].index;

		if (!(index > previous && index < state->dim) || index != (int) index)
			hnsw_aggregate_invalid(type, _("The indices must ascend from 0 and be below the dimensions."));
		previous = index;
	}
}

/* A state with room for n sums, zeros */
static void
new_state(State *state, double rows, int dim, int n)
{
	if (n > HNSW_SPARSEVEC_MAX_NNZ)
		hnsw_sparsevec_too_many();
	state->array = hnsw_array_new(FLOAT8OID, STATE_HEADER + 2 * n, (void **) &state->header);
	state->header[0] = state->rows = rows;
	state->header[1] = state->dim = dim;
	state->sums = (Sum *) (state->header + STATE_HEADER);
	state->n = n;
}

/*
 * Merges b into a: into out when that is given, which has room for it; returns
 * the number of sums that come of it.
 */
static int
merge(const Sum *a, int an, const Sum *b, int bn, Sum *out)
{
	int			i = 0;
	int			j = 0;
	int			n = 0;

	for (; i < an || j < bn; n++)
	{
		bool		from_a = i < an && (j == bn || a[i].index <= b[j].index);
		bool		from_b = j < bn && (i == an || b[j].index <= a[i].index);

		if (out != NULL)
		{
			out[n].index = from_a ? a[i].index : b[j].index;
			out[n].sum = (from_a ? a[i].sum : 0) + (from_b ? b[j].sum : 0);
		}
		i += from_a;
		j += from_b;
	}
	return n;
}

/* Adds the sums of b, and "rows", to the state a, which may be written to */
static ArrayType *
add(State *a, const Sum *b, int bn, double rows)
{
	State		result;
	int			n = merge(a->sums, a->n, b, bn, NULL);

	if (n == a->n)
	{
		/* nothing new in b: out[k] is written when a[k] has been read */
		merge(a->sums, a->n, b, bn, a->sums);
		a->header[0] = rows;
		return a->array;
	}

	new_state(&result, rows, a->dim, n);
	merge(a->sums, a->n, b, bn, result.sums);
	return result.array;
}

static Datum
accum(FunctionCallInfo fcinfo, bool is_sum)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(1);
	const float *values = HNSW_SPARSEVEC_VALUES(v);
	Sum		   *sums;
	State		state;

	open_state(fcinfo, hnsw_aggregate_writable(fcinfo, 0), &state);
	if (state.rows == 0)
		new_state(&state, 0, v->dim, 0);
	else if (is_sum)
		hnsw_value_check_same_dim(&hnsw_sparsevec_type, state.dim, v->dim);
	else
		hnsw_value_check_typmod(&hnsw_sparsevec_type, v->dim, state.dim, NULL);

	sums = palloc(sizeof(Sum) * v->nnz);
	for (int i = 0; i < v->nnz; i++)
	{
		sums[i].index = v->index[i];
		sums[i].sum = values[i];
	}
	PG_RETURN_ARRAYTYPE_P(add(&state, sums, v->nnz, state.rows + 1));
}

/* avg: transition */
HNSW_FUNCTION(sparsevec_accum)
{
	return accum(fcinfo, false);
}

/* sum: transition */
HNSW_FUNCTION(sparsevec_sum_accum)
{
	return accum(fcinfo, true);
}

/* avg and sum: combine partial states */
HNSW_FUNCTION(sparsevec_combine)
{
	State		a;
	State		b;

	open_state(fcinfo, hnsw_aggregate_writable(fcinfo, 0), &a);
	open_state(fcinfo, PG_GETARG_ARRAYTYPE_P(1), &b);
	if (b.rows == 0)
		PG_RETURN_ARRAYTYPE_P(a.array);
	if (a.rows == 0)
		PG_RETURN_ARRAYTYPE_P(b.array);

	hnsw_value_check_typmod(&hnsw_sparsevec_type, b.dim, a.dim, NULL);
	PG_RETURN_ARRAYTYPE_P(add(&a, b.sums, b.n, a.rows + b.rows));
}

/* The sum or the mean that the state in argument 0 stands for; NULL when it has seen no rows */
static HnswSparsevec *
final(FunctionCallInfo fcinfo, bool mean)
{
	State		state;
	int32	   *index;
	float	   *values;

	open_state(fcinfo, PG_GETARG_ARRAYTYPE_P(0), &state);
	if (state.rows == 0)
		return NULL;

	index = palloc(sizeof(int32) * state.n);
	values = palloc(sizeof(float) * state.n);
	for (int i = 0; i < state.n; i++)
	{
		index[i] = state.sums[i].index;
		values[i] = hnsw_aggregate_result(&hnsw_sparsevec_type, state.sums[i].sum,
										  mean ? state.rows : 1);
	}
	return hnsw_sparsevec_make(state.dim, index, values, state.n);
}

/* avg: final */
HNSW_FUNCTION(sparsevec_avg)
{
	HnswSparsevec *v = final(fcinfo, true);

	if (v == NULL)
		PG_RETURN_NULL();
	PG_RETURN_HNSW_SPARSEVEC(v);
}

/* sum: final */
HNSW_FUNCTION(sparsevec_sum)
{
	HnswSparsevec *v = final(fcinfo, false);

	if (v == NULL)
		PG_RETURN_NULL();
	PG_RETURN_HNSW_SPARSEVEC(v);
}
