/*-------------------------------------------------------------------------
 *
 * column.c
 *		From the indexed column's values to what the core takes.
 *
 * IDENTIFICATION
 *	  src/types/column.c
 *-------------------------------------------------------------------------
 */
#include "types/column.h"

#include "distance/kernels.h"
#include "types/halfvec.h"
#include "types/vector.h"

static const char *
type_name(const HnswLayout *layout)
{
	return layout->element == HNSW_HALFVEC ? "halfvec" : "vector";
}

/* The coordinates as floats, in the current context, and their number. */
static const float *
coordinates(const HnswLayout *layout, Datum value, int *dim)
{
	if (layout->element == HNSW_HALFVEC)
	{
		HnswHalfvec *half = DatumGetHnswHalfvec(value);
		float	   *x = palloc(sizeof(float) * half->dim);

		hnsw_kernels->half_to_float(half->x, x, half->dim);
		*dim = half->dim;
		return x;
	}
	else
	{
		HnswVector *vector = DatumGetHnswVector(value);

		*dim = vector->dim;
		return vector->x;
	}
}

const float *
hnsw_column_coordinates(Relation index, const HnswLayout *layout, Datum value)
{
	int			dim;
	const float *x = coordinates(layout, value, &dim);

	if (dim != (int) layout->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %d", layout->dim, dim),
				 errdetail("Index \"%s\" holds vectors of %u dimensions.",
						   RelationGetRelationName(index), layout->dim)));
	return x;
}

const float *
hnsw_query_coordinates(Relation index, const HnswLayout *layout, Datum value)
{
	int			dim;
	const float *x = coordinates(layout, value, &dim);

	/* what the operator says when the plan has no index */
	if (dim != (int) layout->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s dimensions %u and %d", type_name(layout), layout->dim, dim),
				 errdetail("Index \"%s\" holds vectors of %u dimensions.",
						   RelationGetRelationName(index), layout->dim)));
	return x;
}

int
hnsw_column_dim(Relation index)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(index), 0);

	if (column->atttypmod < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errdetail("Column \"%s\" of index \"%s\" has a type without a number of dimensions.",
						   NameStr(column->attname), RelationGetRelationName(index)),
				 errhint("Declare the column as vector(n), or index an expression such as (column::vector(n)).")));
	if (column->atttypmod > HNSW_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %d dimensions for hnsw index",
						HNSW_VECTOR_MAX_DIM)));
	return column->atttypmod;
}
