/*-------------------------------------------------------------------------
 *
 * value_check.c
 *		The limits of the vector types, and the errors when they are not kept.
 *
 * Applications match these messages: they are part of the interface.
 *
 * IDENTIFICATION
 *	  src/types/value_check.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "types/value.h"

/* Is this a number of dimensions that the type can have? */
bool
hnsw_value_check_dim(const HnswValueType *type, int64 dim, struct Node *escontext)
{
	if (dim < 1)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must have at least 1 dimension", type->name)));

	if (dim > type->max_dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s cannot have more than %d dimensions", type->name, type->max_dim)));

	return true;
}

/* Does a value of dim dimensions go into a column of this type modifier? */
bool
hnsw_value_check_typmod(const HnswValueType *type, int dim, int32 typmod, struct Node *escontext)
{
	if (typmod >= 0 && typmod != dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));

	return true;
}

/* Is x finite, and in the range of the type's elements? */
bool
hnsw_value_check_element(const HnswValueType *type, float x, struct Node *escontext)
{
	if (unlikely(isnan(x)))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in %s", type->name)));

	if (unlikely(isinf(x)))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in %s", type->name)));

	if (unlikely(fabsf(x) >= type->overflow))
	{
		char		number[HNSW_TEXT_FLOAT_LEN];

		float_to_shortest_decimal_buf(x, number);
		ereturn(escontext, false,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" is out of range for type %s", number, type->name)));
	}

	return true;
}

/* Raises unless that is so of all n */
void
hnsw_value_check_elements(const HnswValueType *type, const float *x, int n)
{
	bool		all = true;

	/* nearly always, and then they need no look one by one */
	for (int i = 0; i < n; i++)
		all &= fabsf(x[i]) < type->overflow;
	for (int i = 0; i < n && !all; i++)
		hnsw_value_check_element(type, x[i], NULL);
}

/* Raises unless the reserved field of a binary value is 0 */
void
hnsw_value_check_unused(int unused)
{
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected unused to be 0, not %d", unused)));
}

/*
 * Raises unless the message has "size" more bytes.  The functions that read it
 * would find out as well, but call it a violation of the protocol.
 */
void
hnsw_value_check_message(StringInfo message, int64 size)
{
	if (message->len - message->cursor < size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("insufficient data left in message")));
}

/* Raises the error of hnsw_value_check_same_dim */
void
hnsw_value_different_dims(const HnswValueType *type, int a, int b)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("different %s dimensions %d and %d", type->name, a, b)));
	pg_unreachable();
}

/* The type modifier (number of dimensions) from the list in parentheses */
int32
hnsw_value_typmod_in(const HnswValueType *type, ArrayType *modifiers)
{
	int			n;
	int32	   *typmods = ArrayGetIntegerTypmods(modifiers, &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier")));

	if (typmods[0] < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s must be at least 1", type->name)));

	if (typmods[0] > type->max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s cannot exceed %d", type->name, type->max_dim)));

	return typmods[0];
}
