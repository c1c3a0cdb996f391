/*-------------------------------------------------------------------------
 *
 * value_array.c
 *		Arrays of numbers to and from plain floats, for the casts.
 *
 * IDENTIFICATION
 *	  src/types/value_array.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "types/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static void
numerics_to_floats(ArrayType *array, int n, float *x)
{
	int16		len;
	bool		byval;
	char		align;
	Datum	   *values;
	int			count;

	get_typlenbyvalalign(NUMERICOID, &len, &byval, &align);
	deconstruct_array(array, NUMERICOID, len, byval, align, &values, NULL, &count);
	Assert(count == n);
	for (int i = 0; i < n; i++)
		x[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, values[i]));
	pfree(values);
}

/*
 * The elements of an integer[], real[], double precision[] or numeric[] as
 * floats, and their number, which is the one of the type modifier.  Raises an
 * error for nulls, for elements that are not finite floats and for arrays of
 * more than one dimension.
 */
float *
hnsw_array_to_floats(const HnswValueType *type, ArrayType *array, int32 typmod, int *n)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	char	   *data = ARR_DATA_PTR(array);
	float	   *x;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));

	hnsw_value_check_dim(type, count, NULL);
	hnsw_value_check_typmod(type, count, typmod, NULL);
	x = palloc(sizeof(float) * count);

	/* the fixed-width elements of an array without nulls are a C array */
	switch (ARR_ELEMTYPE(array))
	{
		case INT4OID:
			for (int i = 0; i < count; i++)
				x[i] = ((int32 *) data)[i];
			break;
		case FLOAT4OID:
			memcpy(x, data, sizeof(float) * count);
			break;
		case FLOAT8OID:
			for (int i = 0; i < count; i++)
				x[i] = ((double *) data)[i];
			break;
		case NUMERICOID:
			numerics_to_floats(array, count, x);
			break;
		default:
			/* no cast of ours brings another type here */
			elog(ERROR, "unsupported array element type %u", ARR_ELEMTYPE(array));
	}

	hnsw_value_check_elements(type, x, count);
	*n = count;
	return x;
}

/*
 * A new one-dimensional array of n >= 1 zero elements, float4 or float8;
 * *data points to them.
 */
ArrayType *
hnsw_array_new(Oid element, int n, void **data)
{
	Size		width = element == FLOAT4OID ? sizeof(float) : sizeof(double);
	Size		size = ARR_OVERHEAD_NONULLS(1) + width * n;
	ArrayType  *array = palloc0(size);

	Assert(element == FLOAT4OID || element == FLOAT8OID);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = element;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	*data = ARR_DATA_PTR(array);
	return array;
}

/* n floats as a real[] or double precision[] */
ArrayType *
hnsw_array_from_floats(Oid element, const float *x, int n)
{
	void	   *data;
	ArrayType  *array = hnsw_array_new(element, n, &data);

	if (element == FLOAT4OID)
		memcpy(data, x, sizeof(float) * n);
	else
		for (int i = 0; i < n; i++)
			((double *) data)[i] = x[i];
	return array;
}
