/*-------------------------------------------------------------------------
 *
 * fuzz_types.c
 *		Any bytes as text, wire message, array and type modifier of vector,
 *		halfvec, sparsevec.
 *
 * The first byte chooses the type, the form and a type modifier.  What the
 * functions refuse must be an error of class 22 or 54; what they accept must
 * come back the same, byte for byte, from its text and from its wire message,
 * is cast to every other type, and must be equal to itself.
 *
 * IDENTIFICATION
 *	  test/fuzz/fuzz_types.c
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "catalog/pg_type.h"
#include "distance/kernels.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

#define DECLARE_FUNCTION(name) extern Datum hnsw_sql_##name(PG_FUNCTION_ARGS);
#define DECLARE(type) \
	DECLARE_FUNCTION(type##_in) \
	DECLARE_FUNCTION(type##_out) \
	DECLARE_FUNCTION(type##_recv) \
	DECLARE_FUNCTION(type##_send) \
	DECLARE_FUNCTION(type##_typmod_in) \
	DECLARE_FUNCTION(type##_cmp) \
	DECLARE_FUNCTION(type##_to_float4) \
	DECLARE_FUNCTION(type##_to_float8) \
	DECLARE_FUNCTION(array_to_##type)
#define FUNCTIONS(type, a, b) \
	{hnsw_sql_##type##_in, hnsw_sql_##type##_out, hnsw_sql_##type##_recv, hnsw_sql_##type##_send, \
		hnsw_sql_##type##_typmod_in, hnsw_sql_##type##_cmp, hnsw_sql_array_to_##type, \
	{hnsw_sql_##type##_to_float4, hnsw_sql_##type##_to_float8, hnsw_sql_##type##_to_##a, hnsw_sql_##type##_to_##b}}

DECLARE(vector)
DECLARE(halfvec)
DECLARE(sparsevec)
DECLARE_FUNCTION(vector_to_halfvec)
DECLARE_FUNCTION(vector_to_sparsevec)
DECLARE_FUNCTION(halfvec_to_vector)
DECLARE_FUNCTION(halfvec_to_sparsevec)
DECLARE_FUNCTION(sparsevec_to_vector)
DECLARE_FUNCTION(sparsevec_to_halfvec)

typedef struct TypeFunctions
{
	PGFunction	in;
	PGFunction	out;
	PGFunction	recv;
	PGFunction	send;
	PGFunction	typmod_in;
	PGFunction	cmp;
	PGFunction	from_array;
	PGFunction	casts[4];
} TypeFunctions;

static const TypeFunctions types[] = {
	FUNCTIONS(vector, halfvec, sparsevec),
	FUNCTIONS(halfvec, vector, sparsevec),
	FUNCTIONS(sparsevec, vector, halfvec),
};

extern int	LLVMFuzzerInitialize(int *argc, char ***argv);
extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	hnsw_kernels_init();
	return 0;
}

/* a value from text, whose terminating zero is the end of a piece of memory */
static bool
from_text(const TypeFunctions *type, const void *data, size_t size, int32 typmod, Datum *value)
{
	char	   *input = pnstrdup(data, size);

	return fuzz_call(type->in, CStringGetDatum(input), ObjectIdGetDatum(0), Int32GetDatum(typmod), value);
}

/* a value from a wire message that ends where a piece of memory ends */
static bool
from_wire(const TypeFunctions *type, const void *data, size_t size, int32 typmod, Datum *value)
{
	StringInfoData message;

	message.data = memcpy(palloc(size), data, size);
	message.len = size;
	message.maxlen = size;
	message.cursor = 0;
	return fuzz_call(type->recv, PointerGetDatum(&message), ObjectIdGetDatum(0), Int32GetDatum(typmod), value);
}

/*
 * An array of which the first bytes say the element type, the number of
 * dimensions, 0 to 2, and whether there is a null bitmap, and nulls in it.  The
 * elements are the other bytes.
 */
static ArrayType *
make_array(const uint8 *data, size_t size)
{
	static const Oid elements[] = {INT4OID, FLOAT4OID, FLOAT8OID};
	static const int widths[] = {4, 4, 8};
	int			kind = size > 0 ? data[0] % 3 : 0;
	int			ndim = size > 1 ? data[1] % 3 : 0;
	bool		bitmap = size > 2 && data[2] % 4 > 1;
	int			n = size > 3 && ndim > 0 ? (size - 3) / widths[kind] : 0;
	int			header;
	ArrayType  *array;

	if (n == 0)
		ndim = 0;
	header = bitmap ? ARR_OVERHEAD_WITHNULLS(ndim, n) : ARR_OVERHEAD_NONULLS(ndim);
	array = palloc0(header + n * widths[kind]);
	SET_VARSIZE(array, header + n * widths[kind]);
	array->ndim = ndim;
	array->dataoffset = bitmap ? header : 0;
	array->elemtype = elements[kind];
	for (int i = 0; i < ndim; i++)
	{
		ARR_DIMS(array)[i] = i == 0 ? n : 1;
		ARR_LBOUND(array)[i] = 1;
	}
	if (bitmap && data[2] % 4 == 3)
		memset(ARR_NULLBITMAP(array), 0xff, (n + 7) / 8);
	if (n > 0)
		memcpy(ARR_DATA_PTR(array), data + 3, n * widths[kind]);
	return array;
}

static void
must_be_class_22_or_54(void)
{
	int			category = ERRCODE_TO_CATEGORY(fuzz_sqlstate);

	if (category != MAKE_SQLSTATE('2', '2', '0', '0', '0') &&
		category != MAKE_SQLSTATE('5', '4', '0', '0', '0'))
		abort();
}

static void
must_equal(Datum a, Datum b)
{
	Pointer		x = DatumGetPointer(a);
	Pointer		y = DatumGetPointer(b);

	if (VARSIZE(x) != VARSIZE(y) || memcmp(VARDATA(x), VARDATA(y), VARSIZE(x) - VARHDRSZ) != 0)
		abort();
}

static void
check_value(const TypeFunctions *type, int32 typmod, Datum value)
{
	Datum		form;
	Datum		again;

	if (!fuzz_call(type->out, value, 0, 0, &form) ||
		!from_text(type, DatumGetCString(form), strlen(DatumGetCString(form)), typmod, &again))
		abort();
	must_equal(value, again);
	if (!fuzz_call(type->send, value, 0, 0, &form) ||
		!from_wire(type, VARDATA(DatumGetPointer(form)), VARSIZE(DatumGetPointer(form)) - VARHDRSZ,
				   typmod, &again))
		abort();
	must_equal(value, again);
	if (!fuzz_call(type->cmp, value, again, 0, &form) || DatumGetInt32(form) != 0)
		abort();
	for (int i = 0; i < lengthof(type->casts); i++)
		if (!fuzz_call(type->casts[i], value, Int32GetDatum(typmod), BoolGetDatum(true), &form))
			must_be_class_22_or_54();
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	const TypeFunctions *type;
	const char *rest = (const char *) data + 1;
	int32		typmod;
	Datum		value = 0;
	bool		accepted;

	if (size == 0)
		return 0;
	size--;
	type = &types[data[0] % lengthof(types)];
	typmod = data[0] & 0x40 ? 3 : -1;
	switch (data[0] & 0xa0)
	{
		case 0x00:
			accepted = from_text(type, rest, size, typmod, &value);
			break;
		case 0x80:
			accepted = from_wire(type, rest, size, typmod, &value);
			break;
		case 0x20:
			accepted = fuzz_call(type->from_array, PointerGetDatum(make_array(data + 1, size)),
								 Int32GetDatum(typmod), BoolGetDatum(true), &value);
			break;
		default:
			/* a modifier is at least 1 and no value comes of it */
			accepted = fuzz_call(type->typmod_in, PointerGetDatum(make_array(data + 1, size)), 0, 0, &value);
			if (accepted && DatumGetInt32(value) < 1)
				abort();
			if (!accepted)
				must_be_class_22_or_54();
			fuzz_free_all();
			return 0;
	}
	if (accepted)
		check_value(type, typmod, value);
	else
		must_be_class_22_or_54();
	fuzz_free_all();
	return 0;
}
