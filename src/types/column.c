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

#include "catalog/pg_type.h"
#include "distance/kernels.h"
#include "types/halfvec.h"
#include "types/sparsevec.h"
#include "types/vector.h"
#include "utils/lsyscache.h"
#include "utils/varbit.h"

/*
 * What values of an element are.  "plain" gives their plain values (code/own.h), in
 * the current context, and their dimensions; "nonzeros" (where there can be fewer
 * than dimensions) counts them without reading them.
 */
typedef struct ColumnType
{
	const void *(*plain) (Datum value, uint32 *dim);
	int			(*nonzeros) (Datum value);
} ColumnType;

static const void *
vector_plain(Datum value, uint32 *dim)
{
	HnswVector *vector = DatumGetHnswVector(value);

	*dim = vector->dim;
	return vector->x;
}

static const void *
halfvec_plain(Datum value, uint32 *dim)
{
	HnswHalfvec *half = DatumGetHnswHalfvec(value);
	float	   *x = palloc(sizeof(float) * half->dim);

	hnsw_kernels->half_to_float(half->x, x, half->dim);
	*dim = half->dim;
	return x;
}

static const void *
bit_plain(Datum value, uint32 *dim)
{
	VarBit	   *bits = DatumGetVarBitP(value);

	*dim = VARBITLEN(bits);
	return VARBITS(bits);
}

static const void *
sparsevec_plain(Datum value, uint32 *dim)
{
	HnswSparsevec *vector = DatumGetHnswSparsevec(value);
	HnswSparse *pairs = palloc(sizeof(HnswSparse));

	*pairs = hnsw_sparsevec_pairs(vector);
	*dim = vector->dim;
	return pairs;
}

static int
sparsevec_nonzeros(Datum value)
{
	Size		head = offsetof(HnswSparsevec, index) - VARHDRSZ;
	HnswSparsevec *vector = (HnswSparsevec *) PG_DETOAST_DATUM_SLICE(value, 0, head);

	return vector->nnz;
}

static const ColumnType column_types[] = {
	[HNSW_VECTOR] = {vector_plain, NULL},
	[HNSW_HALFVEC] = {halfvec_plain, NULL},
	[HNSW_BIT] = {bit_plain, NULL},
	[HNSW_SPARSEVEC] = {sparsevec_plain, sparsevec_nonzeros},
};

const void *
hnsw_column_plain(const HnswLayout *layout, Datum value)
{
	uint32		dim;
	const void *plain = column_types[layout->element].plain(value, &dim);

	if (dim != layout->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %u", layout->dim, dim)));
	return plain;
}

int
hnsw_column_dim(Relation index, const HnswCell *cell)
{
	const HnswElementKind *element = hnsw_element_find(cell->element);
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(index), 0);

	/* the server takes it for bit, but its values have any length */
	if (getBaseType(column->atttypid) == VARBITOID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("type not supported for hnsw index")));
	if (column->atttypmod < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions")));
	if ((uint32) column->atttypmod > element->max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %u dimensions for hnsw index",
						element->max_dim)));
	return column->atttypmod;
}

bool
hnsw_column_is_sparse(const HnswCell *cell)
{
	return column_types[cell->element].nonzeros != NULL;
}

int
hnsw_column_nonzeros(const HnswCell *cell, Datum value)
{
	return column_types[cell->element].nonzeros(value);
}
