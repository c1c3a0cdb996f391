/*-------------------------------------------------------------------------
 *
 * vector_io.c
 *		Type vector: text, wire format, type modifier, casts.
 *
 * IDENTIFICATION
 *	  src/types/vector_io.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "types/value.h"
#include "types/vector.h"

StaticAssertDecl(offsetof(HnswVector, dim) == 4 && offsetof(HnswVector, x) == 8,
				 "the layout of vector is pgvector's");

const HnswValueType hnsw_vector_type = {"vector", HNSW_VECTOR_MAX_DIM};

/* A vector of dim zeros; dim has been checked */
HnswVector *
hnsw_vector_new(int dim)
{
	HnswVector *v = palloc0(HNSW_VECTOR_SIZE(dim));

	SET_VARSIZE(v, HNSW_VECTOR_SIZE(dim));
	v->dim = dim;
	return v;
}

/* A vector of the given coordinates; they and dim have been checked */
HnswVector *
hnsw_vector_make(const float *x, int dim)
{
	HnswVector *v = hnsw_vector_new(dim);

	memcpy(v->x, x, sizeof(float) * dim);
	return v;
}

/*
 * Reads the coordinates after the opening bracket into x, which has room for
 * max of them, and sets *dim, which counts on past max.  False after a soft
 * error.
 */
static bool
read_coordinates(HnswTextReader *reader, float *x, int max, int *dim)
{
	int			n = 0;

	if (!hnsw_text_take(reader, ']'))
	{
		do
		{
			float		value;

			if (!hnsw_text_float(reader, &value))
				return false;
			if (n < max)
				x[n] = value;
			n++;
		} while (hnsw_text_take(reader, ','));

		if (!hnsw_text_take(reader, ']'))
			return hnsw_text_syntax_error(reader);
	}
	*dim = n;
	return hnsw_text_end(reader);
}

/* Type input: text, type, type modifier */
HNSW_FUNCTION(vector_in)
{
	const char *input = PG_GETARG_CSTRING(0);
	int32		typmod = PG_GETARG_INT32(2);
	struct Node *escontext = HNSW_ESCONTEXT(fcinfo);
	HnswTextReader reader;
	HnswVector *v;
	int			max = 1;
	int			dim = 0;

	hnsw_text_begin(&reader, &hnsw_vector_type, input, escontext);
	if (!hnsw_text_take(&reader, '['))
	{
		hnsw_text_syntax_error(&reader);
		PG_RETURN_NULL();
	}

	/* well-formed text has a coordinate more than commas */
	for (const char *s = reader.at; *s != '\0' && max < HNSW_VECTOR_MAX_DIM; s++)
		max += (*s == ',');

	v = hnsw_vector_new(max);
	if (!read_coordinates(&reader, v->x, max, &dim) ||
		!hnsw_value_check_dim(&hnsw_vector_type, dim, escontext) ||
		!hnsw_value_check_typmod(&hnsw_vector_type, dim, typmod, escontext))
		PG_RETURN_NULL();

	Assert(dim == max);
	PG_RETURN_HNSW_VECTOR(v);
}

/* Type output */
HNSW_FUNCTION(vector_out)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	char	   *result = palloc((Size) v->dim * HNSW_TEXT_FLOAT_LEN + 3);
	char	   *out = result;

	*out++ = '[';
	for (int i = 0; i < v->dim; i++)
	{
		if (i > 0)
			*out++ = ',';
		out = hnsw_text_write_float(out, v->x[i]);
	}
	*out++ = ']';
	*out = '\0';

	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_CSTRING(result);
}

/* Type receive: wire message, type, type modifier */
HNSW_FUNCTION(vector_recv)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int16		dim = pq_getmsgint(message, sizeof(int16));
	int16		unused = pq_getmsgint(message, sizeof(int16));
	HnswVector *v;

	hnsw_value_check_dim(&hnsw_vector_type, dim, NULL);
	hnsw_value_check_typmod(&hnsw_vector_type, dim, typmod, NULL);
	hnsw_value_check_unused(unused);

	v = hnsw_vector_new(dim);
	for (int i = 0; i < dim; i++)
	{
		v->x[i] = pq_getmsgfloat4(message);
		hnsw_value_check_element(&hnsw_vector_type, v->x[i], NULL);
	}
	PG_RETURN_HNSW_VECTOR(v);
}

/* Type send */
HNSW_FUNCTION(vector_send)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);
	StringInfoData message;

	pq_begintypsend(&message);
	enlargeStringInfo(&message, sizeof(int16) * 2 + sizeof(float) * v->dim);
	pq_sendint16(&message, v->dim);
	pq_sendint16(&message, v->unused);
	for (int i = 0; i < v->dim; i++)
		pq_sendfloat4(&message, v->x[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Type modifier input */
HNSW_FUNCTION(vector_typmod_in)
{
	PG_RETURN_INT32(hnsw_value_typmod_in(&hnsw_vector_type, PG_GETARG_ARRAYTYPE_P(0)));
}

/* Cast vector -> vector(n) */
HNSW_FUNCTION(vector)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);

	hnsw_value_check_typmod(&hnsw_vector_type, v->dim, PG_GETARG_INT32(1), NULL);
	PG_RETURN_HNSW_VECTOR(v);
}

/* Casts integer[], real[], double precision[], numeric[] -> vector(n) */
HNSW_FUNCTION(array_to_vector)
{
	int			dim;
	float	   *x = hnsw_array_to_floats(&hnsw_vector_type, PG_GETARG_ARRAYTYPE_P(0), &dim);

	hnsw_value_check_typmod(&hnsw_vector_type, dim, PG_GETARG_INT32(1), NULL);
	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(x, dim));
}

/* Cast vector -> real[] */
HNSW_FUNCTION(vector_to_float4)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT4OID, v->x, v->dim));
}

/* Cast vector -> double precision[] */
HNSW_FUNCTION(vector_to_float8)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(0);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT8OID, v->x, v->dim));
}

/* avg and sum: transition */
HNSW_FUNCTION(vector_accum)
{
	HnswVector *v = PG_GETARG_HNSW_VECTOR(1);

	return hnsw_aggregate_accum(fcinfo, &hnsw_vector_type, v->x, v->dim);
}

/* avg and sum: combine partial states */
HNSW_FUNCTION(vector_combine)
{
	return hnsw_aggregate_combine(fcinfo, &hnsw_vector_type);
}

/* avg: final */
HNSW_FUNCTION(vector_avg)
{
	int			dim;
	float	   *x = hnsw_aggregate_final(&hnsw_vector_type, PG_GETARG_ARRAYTYPE_P(0), true, &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(x, dim));
}

/* sum: final */
HNSW_FUNCTION(vector_sum)
{
	int			dim;
	float	   *x = hnsw_aggregate_final(&hnsw_vector_type, PG_GETARG_ARRAYTYPE_P(0), false, &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_HNSW_VECTOR(hnsw_vector_make(x, dim));
}
