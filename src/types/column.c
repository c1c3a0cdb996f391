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

#include "types/vector.h"

const float *
hnsw_column_coordinates(Relation index, const HnswLayout *layout, Datum value)
{
	HnswVector *vector = DatumGetHnswVector(value);

	if (vector->dim != (int) layout->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %d", layout->dim, vector->dim),
				 errdetail("Index \"%s\" holds vectors of %u dimensions.",
						   RelationGetRelationName(index), layout->dim)));
	return vector->x;
}

const float *
hnsw_query_coordinates(Relation index, const HnswLayout *layout, Datum value)
{
	HnswVector *vector = DatumGetHnswVector(value);

	/* what the operator says when the plan has no index */
	if (vector->dim != (int) layout->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %u and %d", layout->dim, vector->dim),
				 errdetail("Index \"%s\" holds vectors of %u dimensions.",
						   RelationGetRelationName(index), layout->dim)));
	return vector->x;
}

int
hnsw_column_dim(Relation index)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(index), 0);

	if (column->atttypmod < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errdetail("Column \"%s\" of index \"%s\" is of type vector without a number of dimensions.",
						   NameStr(column->attname), RelationGetRelationName(index)),
				 errhint("Declare the column as vector(n), or index an expression such as (column::vector(n)).")));
	if (column->atttypmod > HNSW_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %d dimensions for hnsw index",
						HNSW_VECTOR_MAX_DIM)));
	return column->atttypmod;
}
