/*-------------------------------------------------------------------------
 *
 * sparsevec_io.c
 *		Type sparsevec: text, wire format, type modifier.
 *
 * The text is {index:value,...}/dimensions; there indices count from 1.
 *
 * IDENTIFICATION
 *	  src/types/sparsevec_io.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "types/sparsevec.h"
#include "types/value.h"
#include "utils/builtins.h"

StaticAssertDecl(offsetof(HnswSparsevec, dim) == 4 && offsetof(HnswSparsevec, index) == 16,
				 "the layout of sparsevec is pgvector's");

const HnswValueType hnsw_sparsevec_type = {
	.name = "sparsevec",
	.max_dim = HNSW_SPARSEVEC_MAX_DIM,
	.overflow = INFINITY,
	.underflow = 0,
	/* a zero would not be stored at all */
	.text_underflow = true,
};

/* one coordinate, as the text has it */
typedef struct Pair
{
	int32		index;			/* from 1 */
	float		value;
} Pair;

/* Is this a number of non-zero elements that a value of dim dimensions can have? */
static bool
check_nnz(int nnz, int dim, struct Node *escontext)
{
	if (nnz > HNSW_SPARSEVEC_MAX_NNZ)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sparsevec cannot have more than %d non-zero elements",
						HNSW_SPARSEVEC_MAX_NNZ)));

	if (nnz < 0)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec cannot have negative number of elements")));

	if (nnz > dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec cannot have more elements than dimensions")));

	return true;
}

/* Raises the error that there are too many non-zero elements */
void
hnsw_sparsevec_too_many(void)
{
	check_nnz(HNSW_SPARSEVEC_MAX_NNZ + 1, HNSW_SPARSEVEC_MAX_DIM, NULL);
	pg_unreachable();
}

/* Is index, from 0, one that may follow "previous" (-1 at the start)? */
static bool
check_index(int64 index, int64 previous, int dim, struct Node *escontext)
{
	if (index < 0 || index >= dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec index out of bounds")));

	if (index < previous)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec indices must be in ascending order")));

	if (index == previous)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparsevec indices must not contain duplicates")));

	return true;
}

HnswSparsevec *
hnsw_sparsevec_new(int dim, int nnz)
{
	HnswSparsevec *v = palloc0(HNSW_SPARSEVEC_SIZE(nnz));

	SET_VARSIZE(v, HNSW_SPARSEVEC_SIZE(nnz));
	v->dim = dim;
	v->nnz = nnz;
	return v;
}

HnswSparsevec *
hnsw_sparsevec_make(int dim, const int32 *index, const float *value, int n)
{
	HnswSparsevec *v;
	float	   *values;
	int			nnz = 0;

	for (int i = 0; i < n; i++)
		nnz += value[i] != 0;
	if (nnz > HNSW_SPARSEVEC_MAX_NNZ)
		hnsw_sparsevec_too_many();

	v = hnsw_sparsevec_new(dim, nnz);
	values = HNSW_SPARSEVEC_VALUES(v);
	nnz = 0;
	for (int i = 0; i < n; i++)
		if (value[i] != 0)
		{
			v->index[nnz] = index[i];
			values[nnz++] = value[i];
		}
	return v;
}

/*
 * Reads the pairs after the opening brace, and the brace that closes them,
 * into pairs, which has room for what hnsw_text_count has counted.  Zeros are
 * dropped.
 */
static bool
read_pairs(HnswTextReader *reader, Pair *pairs, int *nnz)
{
	*nnz = 0;
	if (hnsw_text_take(reader, '}'))
		return true;
	do
	{
		Pair		pair;

		if (!hnsw_text_int(reader, &pair.index))
			return false;
		if (!hnsw_text_take(reader, ':'))
			return hnsw_text_syntax_error(reader, NULL);
		if (!hnsw_text_float(reader, &pair.value))
			return false;
		if (pair.value != 0)
			pairs[(*nnz)++] = pair;
	} while (hnsw_text_take(reader, ','));

	return hnsw_text_take(reader, '}') || hnsw_text_syntax_error(reader, NULL);
}

/* Reads the dimensions and the end of the text */
static bool
read_dim(HnswTextReader *reader, int32 *dim)
{
	if (!hnsw_text_take(reader, '/'))
		return hnsw_text_syntax_error(reader, _("Unexpected end of input."));
	return hnsw_text_int(reader, dim) && hnsw_text_end(reader, _("Junk after closing."));
}

static int
compare_pairs(const void *a, const void *b)
{
	int32		x = ((const Pair *) a)->index;
	int32		y = ((const Pair *) b)->index;

	return x < y ? -1 : x > y;
}

/* Type input: text, type, type modifier */
HNSW_FUNCTION(sparsevec_in)
{
	struct Node *escontext = HNSW_ESCONTEXT(fcinfo);
	HnswTextReader reader;
	HnswSparsevec *v;
	Pair	   *pairs;
	int			max;
	int			nnz;
	int32		dim;

	hnsw_text_begin(&reader, &hnsw_sparsevec_type, PG_GETARG_CSTRING(0), escontext);
	if (!hnsw_text_take(&reader, '{'))
	{
		hnsw_text_syntax_error(&reader, _("Vector contents must start with \"{\"."));
		PG_RETURN_NULL();
	}

	/* pairs are counted with their zeros, before anything else is looked at */
	max = hnsw_text_count(&reader, HNSW_SPARSEVEC_MAX_NNZ + 1);
	if (!check_nnz(max, HNSW_SPARSEVEC_MAX_DIM, escontext))
		PG_RETURN_NULL();
	pairs = palloc(sizeof(Pair) * max);
	if (!read_pairs(&reader, pairs, &nnz) ||
		!read_dim(&reader, &dim) ||
		!hnsw_value_check_dim(&hnsw_sparsevec_type, dim, escontext) ||
		!hnsw_value_check_typmod(&hnsw_sparsevec_type, dim, PG_GETARG_INT32(2), escontext))
		PG_RETURN_NULL();

	/* any order will do */
	qsort(pairs, nnz, sizeof(Pair), compare_pairs);
	v = hnsw_sparsevec_new(dim, nnz);
	for (int i = 0; i < nnz; i++)
	{
		if (!check_index((int64) pairs[i].index - 1, i > 0 ? v->index[i - 1] : -1, dim, escontext))
			PG_RETURN_NULL();
		v->index[i] = pairs[i].index - 1;
		HNSW_SPARSEVEC_VALUES(v)[i] = pairs[i].value;
	}
	pfree(pairs);
	PG_RETURN_HNSW_SPARSEVEC(v);
}

/* Type output */
HNSW_FUNCTION(sparsevec_out)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	const float *values = HNSW_SPARSEVEC_VALUES(v);
	char	   *result = palloc((Size) v->nnz * (HNSW_TEXT_INT_LEN + HNSW_TEXT_FLOAT_LEN + 1) +
								HNSW_TEXT_INT_LEN + 4);
	char	   *out = result;

	*out++ = '{';
	for (int i = 0; i < v->nnz; i++)
	{
		if (i > 0)
			*out++ = ',';
		out += pg_ltoa(v->index[i] + 1, out);
		*out++ = ':';
		out = hnsw_text_write_float(out, values[i]);
	}
	*out++ = '}';
	*out++ = '/';
	pg_ltoa(v->dim, out);

	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_CSTRING(result);
}

/* Type receive: wire message, type, type modifier */
HNSW_FUNCTION(sparsevec_recv)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	HnswSparsevec *v;
	float	   *values;
	int32		dim;
	int32		nnz;
	int32		unused;

	hnsw_value_check_message(message, sizeof(int32) * 3);
	dim = pq_getmsgint(message, sizeof(int32));
	nnz = pq_getmsgint(message, sizeof(int32));
	unused = pq_getmsgint(message, sizeof(int32));
	hnsw_value_check_dim(&hnsw_sparsevec_type, dim, NULL);
	check_nnz(nnz, dim, NULL);
	hnsw_value_check_typmod(&hnsw_sparsevec_type, dim, PG_GETARG_INT32(2), NULL);
	hnsw_value_check_unused(unused);
	hnsw_value_check_message(message, (sizeof(int32) + sizeof(float)) * (int64) nnz);

	v = hnsw_sparsevec_new(dim, nnz);
	values = HNSW_SPARSEVEC_VALUES(v);
	for (int i = 0; i < nnz; i++)
	{
		v->index[i] = pq_getmsgint(message, sizeof(int32));
		check_index(v->index[i], i > 0 ? v->index[i - 1] : -1, dim, NULL);
	}
	for (int i = 0; i < nnz; i++)
	{
		values[i] = pq_getmsgfloat4(message);
		hnsw_value_check_element(&hnsw_sparsevec_type, values[i], NULL);
		if (values[i] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("binary representation of sparsevec cannot contain zero values")));
	}
	PG_RETURN_HNSW_SPARSEVEC(v);
}

/* Type send */
HNSW_FUNCTION(sparsevec_send)
{
	HnswSparsevec *v = PG_GETARG_HNSW_SPARSEVEC(0);
	const float *values = HNSW_SPARSEVEC_VALUES(v);
	StringInfoData message;

	pq_begintypsend(&message);
	enlargeStringInfo(&message, VARSIZE(v) - VARHDRSZ);
	pq_sendint32(&message, v->dim);
	pq_sendint32(&message, v->nnz);
	pq_sendint32(&message, v->unused);
	for (int i = 0; i < v->nnz; i++)
		pq_sendint32(&message, v->index[i]);
	for (int i = 0; i < v->nnz; i++)
		pq_sendfloat4(&message, values[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Type modifier input */
HNSW_FUNCTION(sparsevec_typmod_in)
{
	PG_RETURN_INT32(hnsw_value_typmod_in(&hnsw_sparsevec_type, PG_GETARG_ARRAYTYPE_P(0)));
}
