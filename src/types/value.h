/*-------------------------------------------------------------------------
 *
 * value.h
 *		What the types of vectors have in common.
 *
 * A type (vector, halfvec, sparsevec) is described by a HnswValueType; checks,
 * text, arrays, arithmetic and aggregates are written once, against it, and
 * deal in plain floats.  A type's own files only know its layout; what the two
 * dense types do with theirs is in value_dense.h.
 *
 * Functions with an "escontext" report bad values softly into it (see
 * compat.h) and then return false; with NULL they raise the error.  All
 * results are palloc'd in the current memory context.
 *
 * IDENTIFICATION
 *	  src/types/value.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_VALUE_H
#define HNSW_VALUE_H

#include "hnsw.h"

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "types/measured.h"
#include "utils/array.h"
#include "utils/varbit.h"

typedef struct HnswValueType
{
	const char *name;			/* for messages */
	int			max_dim;		/* dimensions are 1 .. max_dim */

	/*
	 * The range of an element: floats of at least "overflow", either sign, do
	 * not fit, those of at most "underflow" become 0.
	 */
	float		overflow;
	float		underflow;
	bool		text_underflow; /* is text of a number below float's range an
								 * error? */
} HnswValueType;

extern const HnswValueType hnsw_vector_type;
extern const HnswValueType hnsw_halfvec_type;
extern const HnswValueType hnsw_sparsevec_type;

/* value_check.c */

extern bool hnsw_value_check_dim(const HnswValueType *type, int64 dim, struct Node *escontext);
extern bool hnsw_value_check_typmod(const HnswValueType *type, int dim, int32 typmod,
									struct Node *escontext);
extern bool hnsw_value_check_element(const HnswValueType *type, float x, struct Node *escontext);
extern void hnsw_value_check_elements(const HnswValueType *type, const float *x, int n);
extern void hnsw_value_check_unused(int unused);
extern void hnsw_value_check_message(StringInfo message, int64 size);
extern void hnsw_value_different_dims(const HnswValueType *type, int a, int b) pg_attribute_noreturn();
extern int32 hnsw_value_typmod_in(const HnswValueType *type, ArrayType *modifiers);

/* value_text.c */

/* the longest text of a float, its terminating zero included */
#define HNSW_TEXT_FLOAT_LEN	16
#define HNSW_TEXT_INT_LEN	12

typedef struct HnswTextReader
{
	const HnswValueType *type;
	const char *input;			/* the whole input; never written to */
	const char *at;				/* the next byte to read */
	struct Node *escontext;
} HnswTextReader;

extern void hnsw_text_begin(HnswTextReader *reader, const HnswValueType *type, const char *input,
							struct Node *escontext);
extern bool hnsw_text_take(HnswTextReader *reader, char token);
extern bool hnsw_text_int(HnswTextReader *reader, int32 *i);
extern bool hnsw_text_float(HnswTextReader *reader, float *x);
extern bool hnsw_text_end(HnswTextReader *reader, const char *detail);
extern bool hnsw_text_syntax_error(HnswTextReader *reader, const char *detail);
extern char *hnsw_text_write_float(char *out, float x);
extern int	hnsw_text_count(const HnswTextReader *reader, int max);
extern float *hnsw_text_to_floats(HnswTextReader *reader, int32 typmod, int *dim);
extern char *hnsw_text_from_floats(const float *x, int dim);

/* value_array.c */

extern float *hnsw_array_to_floats(const HnswValueType *type, ArrayType *array, int32 typmod, int *n);
extern ArrayType *hnsw_array_new(Oid element, int n, void **data);
extern ArrayType *hnsw_array_from_floats(Oid element, const float *x, int n);

/* value_math.c */

/* out = f(a, b), element by element; out may be a or b */
typedef void (*HnswValueOperation) (const HnswValueType *type, const float *a, const float *b,
									int n, float *out);

extern void hnsw_value_add(const HnswValueType *type, const float *a, const float *b, int n, float *out);
extern void hnsw_value_sub(const HnswValueType *type, const float *a, const float *b, int n, float *out);
extern void hnsw_value_mul(const HnswValueType *type, const float *a, const float *b, int n, float *out);
extern double hnsw_value_length(const float *x, int n);
extern void hnsw_value_normalize(const float *x, int n, float *out);
extern double hnsw_value_cosine_distance(double ab, double aa, double bb);
extern double hnsw_value_cosine_distance_exact(const float *a, const float *b, int n);
extern double hnsw_value_spherical_distance(double ab);
extern VarBit *hnsw_value_signs(const float *x, int n);
extern int	hnsw_value_part(const HnswValueType *type, int dim, int start, int count, int *first);

/* value_aggregate.c */

extern double *hnsw_aggregate_open(FunctionCallInfo fcinfo, const HnswValueType *type,
								   ArrayType *state, double *rows, int *n);
extern ArrayType *hnsw_aggregate_writable(FunctionCallInfo fcinfo, int n);
extern void hnsw_aggregate_invalid(const HnswValueType *type, const char *detail) pg_attribute_noreturn();
extern float hnsw_aggregate_result(const HnswValueType *type, double sum, double rows);
extern Datum hnsw_aggregate_accum(FunctionCallInfo fcinfo, const HnswValueType *type,
								  const float *x, int dim, bool is_sum);
extern Datum hnsw_aggregate_combine(FunctionCallInfo fcinfo, const HnswValueType *type);
extern float *hnsw_aggregate_final(FunctionCallInfo fcinfo, const HnswValueType *type, bool mean,
								   int *dim);

/* raises unless both values have the same dimensions */
static inline void
hnsw_value_check_same_dim(const HnswValueType *type, int a, int b)
{
	if (unlikely(a != b))
		hnsw_value_different_dims(type, a, b);
}

/*
 * Wrappers.  Each expands to whole SQL functions of two values of one type.
 * "getarg" fetches an argument as "Struct *".
 *
 * HNSW_FLOAT8_FUNCTION: SQL function "name" returns what double f(a, b) does,
 * unless a scan has just measured it.
 *
 * HNSW_COMPARISON_FUNCTIONS: <type>_lt, le, eq, ne, ge, gt and cmp from an
 * int compare(a, b).  They free detoasted copies, as btree wants it.
 *
 * HNSW_HASH_FUNCTIONS: <type>_hash and hash_extended of the bytes that "const
 * void *image(a, &size)" returns: the same bytes for values that are equal.
 */
#define HNSW_FLOAT8_FUNCTION(name, Struct, getarg, f) \
HNSW_FUNCTION(name) \
{ \
	Struct	   *a; \
	Struct	   *b; \
	double		measured; \
\
	if (hnsw_measured(fcinfo, &measured)) \
		PG_RETURN_FLOAT8(measured); \
	a = getarg(0); \
	b = getarg(1); \
	PG_RETURN_FLOAT8(f(a, b)); \
}

#define HNSW_COMPARISON_FUNCTION(name, Struct, getarg, compare, result) \
HNSW_FUNCTION(name) \
{ \
	Struct	   *a = getarg(0); \
	Struct	   *b = getarg(1); \
	int			c = compare(a, b); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_FREE_IF_COPY(b, 1); \
	result; \
}

#define HNSW_COMPARISON_FUNCTIONS(type, Struct, getarg, compare) \
	HNSW_COMPARISON_FUNCTION(type##_lt, Struct, getarg, compare, PG_RETURN_BOOL(c < 0)) \
	HNSW_COMPARISON_FUNCTION(type##_le, Struct, getarg, compare, PG_RETURN_BOOL(c <= 0)) \
	HNSW_COMPARISON_FUNCTION(type##_eq, Struct, getarg, compare, PG_RETURN_BOOL(c == 0)) \
	HNSW_COMPARISON_FUNCTION(type##_ne, Struct, getarg, compare, PG_RETURN_BOOL(c != 0)) \
	HNSW_COMPARISON_FUNCTION(type##_ge, Struct, getarg, compare, PG_RETURN_BOOL(c >= 0)) \
	HNSW_COMPARISON_FUNCTION(type##_gt, Struct, getarg, compare, PG_RETURN_BOOL(c > 0)) \
	HNSW_COMPARISON_FUNCTION(type##_cmp, Struct, getarg, compare, PG_RETURN_INT32(c))

#define HNSW_HASH_FUNCTIONS(type, Struct, getarg, image) \
HNSW_FUNCTION(type##_hash) \
{ \
	Struct	   *a = getarg(0); \
	int			size; \
	const unsigned char *bytes = image(a, &size); \
	uint32		hash = hash_bytes(bytes, size); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_RETURN_INT32((int32) hash); \
} \
\
HNSW_FUNCTION(type##_hash_extended) \
{ \
	Struct	   *a = getarg(0); \
	int			size; \
	const unsigned char *bytes = image(a, &size); \
	uint64		hash = hash_bytes_extended(bytes, size, PG_GETARG_INT64(1)); \
\
	PG_FREE_IF_COPY(a, 0); \
	PG_RETURN_INT64((int64) hash); \
}

#endif							/* HNSW_VALUE_H */
