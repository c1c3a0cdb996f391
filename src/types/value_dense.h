/*-------------------------------------------------------------------------
 *
 * value_dense.h
 *		The SQL functions of a type that stores all its coordinates.
 *
 * vector and halfvec differ in the format of an element only.  Each includes
 * this file once, after it has defined
 *
 *	DENSE_NAME			the type's name, also the prefix of its functions
 *	DENSE_STRUCT		the struct of a value: dim, unused, x[]
 *	DENSE_GETARG(n)		argument n, detoasted
 *	DENSE_TYPE			the HnswValueType
 *	DENSE_NEW(dim)		a value of zeros
 *	DENSE_ELEMENT		the C type of an element
 *	DENSE_KERNEL(op)	the kernel for two arrays of elements
 *	DENSE_ORDER(x)		a number by which elements compare
 *	DENSE_IMAGE(x)		the element; the same bits for equal ones
 *	DENSE_BITS			an unsigned integer of an element's size
 *	DENSE_SWAP(bits)	the same between the wire's and this machine's byte order
 *
 * and two functions:
 *
 *	static const float *dense_floats(const DENSE_STRUCT *v)
 *						the coordinates, where they are or in a new array
 *	static DENSE_STRUCT *dense_make(const float *x, int dim)
 *						a value; x and dim have been checked
 *
 * IDENTIFICATION
 *	  src/types/value_dense.h
 *-------------------------------------------------------------------------
 */

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "distance/kernels.h"
#include "libpq/pqformat.h"
#include "types/value.h"

/* the arguments are expanded before they are pasted */
#define DENSE_PASTE_(a, b) a##_##b
#define DENSE_PASTE(a, b) DENSE_PASTE_(a, b)
#define DENSE_FUNCTION_(name) HNSW_FUNCTION(name)
#define DENSE_FUNCTION(name) DENSE_FUNCTION_(DENSE_PASTE(DENSE_NAME, name))
#define DENSE_FLOAT8_FUNCTION_(name, Struct, getarg, f) HNSW_FLOAT8_FUNCTION(name, Struct, getarg, f)
#define DENSE_FLOAT8_FUNCTION(name) \
	DENSE_FLOAT8_FUNCTION_(DENSE_PASTE(DENSE_NAME, name), DENSE_STRUCT, DENSE_GETARG, name)
#define DENSE_COMPARISON_FUNCTIONS_(name, Struct, getarg, f) HNSW_COMPARISON_FUNCTIONS(name, Struct, getarg, f)
#define DENSE_HASH_FUNCTIONS_(name, Struct, getarg, f) HNSW_HASH_FUNCTIONS(name, Struct, getarg, f)

/* ---------------------------------------------------------- in and out */

/* Type input: text, type, type modifier */
DENSE_FUNCTION(in)
{
	HnswTextReader reader;
	int			dim;
	float	   *x;

	hnsw_text_begin(&reader, &DENSE_TYPE, PG_GETARG_CSTRING(0), HNSW_ESCONTEXT(fcinfo));
	x = hnsw_text_to_floats(&reader, PG_GETARG_INT32(2), &dim);
	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(dense_make(x, dim));
}

/* Type output */
DENSE_FUNCTION(out)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);
	char	   *result = hnsw_text_from_floats(dense_floats(v), v->dim);

	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_CSTRING(result);
}

/* Copies elements between the wire and a value. */
static void
dense_swap(char *to, const char *from, int n)
{
	for (int i = 0; i < n; i++)
	{
		DENSE_BITS	bits;

		memcpy(&bits, from + sizeof(bits) * i, sizeof(bits));
		bits = DENSE_SWAP(bits);
		memcpy(to + sizeof(bits) * i, &bits, sizeof(bits));
	}
}

/* Type receive: wire message, type, type modifier */
DENSE_FUNCTION(recv)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	DENSE_STRUCT *v;
	const float *x;
	int16		dim;
	int16		unused;

	hnsw_value_check_message(message, sizeof(int16) * 2);
	dim = pq_getmsgint(message, sizeof(int16));
	unused = pq_getmsgint(message, sizeof(int16));
	hnsw_value_check_dim(&DENSE_TYPE, dim, NULL);
	hnsw_value_check_typmod(&DENSE_TYPE, dim, PG_GETARG_INT32(2), NULL);
	hnsw_value_check_unused(unused);
	hnsw_value_check_message(message, sizeof(DENSE_ELEMENT) * dim);

	v = DENSE_NEW(dim);
	dense_swap((char *) v->x, pq_getmsgbytes(message, sizeof(DENSE_ELEMENT) * dim), dim);
	x = dense_floats(v);
	hnsw_value_check_elements(&DENSE_TYPE, x, dim);
	PG_RETURN_POINTER(v);
}

/* Type send */
DENSE_FUNCTION(send)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);
	StringInfoData message;

	pq_begintypsend(&message);
	enlargeStringInfo(&message, sizeof(int16) * 2 + sizeof(DENSE_ELEMENT) * v->dim);
	pq_sendint16(&message, v->dim);
	pq_sendint16(&message, v->unused);
	dense_swap(message.data + message.len, (const char *) v->x, v->dim);
	message.len += sizeof(DENSE_ELEMENT) * v->dim;
	message.data[message.len] = '\0';
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Type modifier input */
DENSE_FUNCTION(typmod_in)
{
	PG_RETURN_INT32(hnsw_value_typmod_in(&DENSE_TYPE, PG_GETARG_ARRAYTYPE_P(0)));
}

/* --------------------------------------------------------------- casts */

/* Cast to the type with a modifier */
DENSE_FUNCTION_(DENSE_NAME)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);

	hnsw_value_check_typmod(&DENSE_TYPE, v->dim, PG_GETARG_INT32(1), NULL);
	PG_RETURN_POINTER(v);
}

/* Casts from integer[], real[], double precision[], numeric[] */
DENSE_FUNCTION_(DENSE_PASTE(array_to, DENSE_NAME))
{
	int			dim;
	float	   *x = hnsw_array_to_floats(&DENSE_TYPE, PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_INT32(1), &dim);

	PG_RETURN_POINTER(dense_make(x, dim));
}

/* Cast to real[] */
DENSE_FUNCTION(to_float4)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT4OID, dense_floats(v), v->dim));
}

/* Cast to double precision[] */
DENSE_FUNCTION(to_float8)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);

	PG_RETURN_ARRAYTYPE_P(hnsw_array_from_floats(FLOAT8OID, dense_floats(v), v->dim));
}

/* ------------------------------------------------------ order and hash */

/*
 * Negative, zero or positive: a before, equal to, after b.  The order is that
 * of arrays: the first coordinate that differs decides, and a value comes
 * after its own prefix.  0 and -0 are equal.
 */
static int
dense_compare(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	int			n = Min(a->dim, b->dim);

	for (int i = 0; i < n; i++)
		if (DENSE_ORDER(a->x[i]) != DENSE_ORDER(b->x[i]))
			return DENSE_ORDER(a->x[i]) < DENSE_ORDER(b->x[i]) ? -1 : 1;

	return a->dim < b->dim ? -1 : a->dim > b->dim;
}

/* A copy of the coordinates in which equal values have equal bytes */
static const void *
dense_image(const DENSE_STRUCT * v, int *size)
{
	DENSE_ELEMENT *image;

	*size = sizeof(DENSE_ELEMENT) * v->dim;
	image = palloc(*size);
	for (int i = 0; i < v->dim; i++)
		image[i] = DENSE_IMAGE(v->x[i]);
	return image;
}

DENSE_COMPARISON_FUNCTIONS_(DENSE_NAME, DENSE_STRUCT, DENSE_GETARG, dense_compare)
DENSE_HASH_FUNCTIONS_(DENSE_NAME, DENSE_STRUCT, DENSE_GETARG, dense_image)

/* ----------------------------------------------------------- distances */

/*
 * Distances are computed by the kernels, in float, and widened at the end:
 * squares and sums that are too large for a float give Infinity.
 */

static inline void
check_same_dim(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	hnsw_value_check_same_dim(&DENSE_TYPE, a->dim, b->dim);
}

static double
l2_squared_distance(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	check_same_dim(a, b);
	return DENSE_KERNEL(l2sq) (a->x, b->x, a->dim);
}

static double
l2_distance(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	return sqrt(l2_squared_distance(a, b));
}

static double
inner_product(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	check_same_dim(a, b);
	return DENSE_KERNEL(dot) (a->x, b->x, a->dim);
}

static double
negative_inner_product(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	return -inner_product(a, b);
}

static double
l1_distance(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	check_same_dim(a, b);
	return DENSE_KERNEL(l1) (a->x, b->x, a->dim);
}

/*
 * The lengths do not matter to an angle, so when a square comes near the ends of
 * float's range all is done in doubles.
 */
static double
cosine_distance(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	float		sums[3];

	check_same_dim(a, b);
	DENSE_KERNEL(dot3) (a->x, b->x, a->dim, sums);
	/* below 1e-30 the squares of small coordinates have lost digits */
	if (!(sums[1] > 1e-30 && sums[1] < FLT_MAX / 2 && sums[2] > 1e-30 && sums[2] < FLT_MAX / 2))
		return hnsw_value_cosine_distance_exact(dense_floats(a), dense_floats(b), a->dim);
	return hnsw_value_cosine_distance(sums[0], sums[1], sums[2]);
}

static double
spherical_distance(const DENSE_STRUCT * a, const DENSE_STRUCT * b)
{
	return hnsw_value_spherical_distance(inner_product(a, b));
}

DENSE_FLOAT8_FUNCTION(l2_distance)
DENSE_FLOAT8_FUNCTION(l2_squared_distance)
DENSE_FLOAT8_FUNCTION(inner_product)
DENSE_FLOAT8_FUNCTION(negative_inner_product)
DENSE_FLOAT8_FUNCTION(cosine_distance)
DENSE_FLOAT8_FUNCTION(spherical_distance)
DENSE_FLOAT8_FUNCTION(l1_distance)

/* ----------------------------------------------------------- functions */

/* The number of dimensions */
DENSE_FUNCTION(dims)
{
	/* the header is enough: do not fetch all of a toasted value */
	DENSE_STRUCT *v = (DENSE_STRUCT *) PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0,
															  offsetof(DENSE_STRUCT, x) - VARHDRSZ);

	PG_RETURN_INT32(v->dim);
}

/* The Euclidean length */
DENSE_FUNCTION(norm)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);

	PG_RETURN_FLOAT8(hnsw_value_length(dense_floats(v), v->dim));
}

DENSE_FUNCTION(l2_normalize)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);
	float	   *x = palloc(sizeof(float) * v->dim);

	hnsw_value_normalize(dense_floats(v), v->dim, x);
	PG_RETURN_POINTER(dense_make(x, v->dim));
}

static DENSE_STRUCT *
dense_operation(const DENSE_STRUCT * a, const DENSE_STRUCT * b, HnswValueOperation f)
{
	float	   *x = palloc(sizeof(float) * a->dim);

	check_same_dim(a, b);
	f(&DENSE_TYPE, dense_floats(a), dense_floats(b), a->dim, x);
	return dense_make(x, a->dim);
}

DENSE_FUNCTION(add)
{
	PG_RETURN_POINTER(dense_operation(DENSE_GETARG(0), DENSE_GETARG(1), hnsw_value_add));
}

DENSE_FUNCTION(sub)
{
	PG_RETURN_POINTER(dense_operation(DENSE_GETARG(0), DENSE_GETARG(1), hnsw_value_sub));
}

DENSE_FUNCTION(mul)
{
	PG_RETURN_POINTER(dense_operation(DENSE_GETARG(0), DENSE_GETARG(1), hnsw_value_mul));
}

DENSE_FUNCTION(concat)
{
	DENSE_STRUCT *a = DENSE_GETARG(0);
	DENSE_STRUCT *b = DENSE_GETARG(1);
	DENSE_STRUCT *result;

	hnsw_value_check_dim(&DENSE_TYPE, (int64) a->dim + b->dim, NULL);
	result = DENSE_NEW(a->dim + b->dim);
	memcpy(result->x, a->x, sizeof(DENSE_ELEMENT) * a->dim);
	memcpy(result->x + a->dim, b->x, sizeof(DENSE_ELEMENT) * b->dim);
	PG_RETURN_POINTER(result);
}

/* "count" coordinates from "start", which counts from 1; clipped like substring */
DENSE_FUNCTION(subvector)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);
	DENSE_STRUCT *result;
	int			first;
	int			n = hnsw_value_part(&DENSE_TYPE, v->dim, PG_GETARG_INT32(1), PG_GETARG_INT32(2), &first);

	result = DENSE_NEW(n);
	memcpy(result->x, v->x + first, sizeof(DENSE_ELEMENT) * n);
	PG_RETURN_POINTER(result);
}

/* A bit per coordinate: is it greater than 0? */
DENSE_FUNCTION(binary_quantize)
{
	DENSE_STRUCT *v = DENSE_GETARG(0);

	PG_RETURN_VARBIT_P(hnsw_value_signs(dense_floats(v), v->dim));
}

/* ---------------------------------------------------------- aggregates */

/* avg: transition */
DENSE_FUNCTION(accum)
{
	DENSE_STRUCT *v = DENSE_GETARG(1);

	return hnsw_aggregate_accum(fcinfo, &DENSE_TYPE, dense_floats(v), v->dim, false);
}

/* sum: transition */
DENSE_FUNCTION(sum_accum)
{
	DENSE_STRUCT *v = DENSE_GETARG(1);

	return hnsw_aggregate_accum(fcinfo, &DENSE_TYPE, dense_floats(v), v->dim, true);
}

/* avg and sum: combine partial states */
DENSE_FUNCTION(combine)
{
	return hnsw_aggregate_combine(fcinfo, &DENSE_TYPE);
}

/* avg: final */
DENSE_FUNCTION(avg)
{
	int			dim;
	float	   *x = hnsw_aggregate_final(fcinfo, &DENSE_TYPE, true, &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(dense_make(x, dim));
}

/* sum: final */
DENSE_FUNCTION(sum)
{
	int			dim;
	float	   *x = hnsw_aggregate_final(fcinfo, &DENSE_TYPE, false, &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(dense_make(x, dim));
}

#undef DENSE_PASTE_
#undef DENSE_PASTE
#undef DENSE_FUNCTION_
#undef DENSE_FUNCTION
#undef DENSE_FLOAT8_FUNCTION_
#undef DENSE_FLOAT8_FUNCTION
#undef DENSE_COMPARISON_FUNCTIONS_
#undef DENSE_HASH_FUNCTIONS_
#undef DENSE_NAME
#undef DENSE_STRUCT
#undef DENSE_GETARG
#undef DENSE_TYPE
#undef DENSE_NEW
#undef DENSE_ELEMENT
#undef DENSE_KERNEL
#undef DENSE_ORDER
#undef DENSE_IMAGE
#undef DENSE_BITS
#undef DENSE_SWAP
