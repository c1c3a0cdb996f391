/*-------------------------------------------------------------------------
 *
 * fuzz_types.c
 *		Any bytes as text and as a wire message of vector, halfvec, sparsevec.
 *
 * The first byte chooses the type, the form and a type modifier.  What the
 * functions refuse must be an error of class 22 or 54; what they accept must
 * come back the same, byte for byte, from its text and from its wire message.
 *
 * IDENTIFICATION
 *	  test/fuzz/fuzz_types.c
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "distance/kernels.h"
#include "lib/stringinfo.h"

#define DECLARE(type) \
	extern Datum hnsw_sql_##type##_in(PG_FUNCTION_ARGS); \
	extern Datum hnsw_sql_##type##_out(PG_FUNCTION_ARGS); \
	extern Datum hnsw_sql_##type##_recv(PG_FUNCTION_ARGS); \
	extern Datum hnsw_sql_##type##_send(PG_FUNCTION_ARGS);
#define FUNCTIONS(type) \
	{hnsw_sql_##type##_in, hnsw_sql_##type##_out, hnsw_sql_##type##_recv, hnsw_sql_##type##_send}

DECLARE(vector)
DECLARE(halfvec)
DECLARE(sparsevec)

typedef struct TypeFunctions
{
	PGFunction	in;
	PGFunction	out;
	PGFunction	recv;
	PGFunction	send;
} TypeFunctions;

static const TypeFunctions types[] = {FUNCTIONS(vector), FUNCTIONS(halfvec), FUNCTIONS(sparsevec)};

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

static void
must_equal(Datum a, Datum b)
{
	Pointer		x = DatumGetPointer(a);
	Pointer		y = DatumGetPointer(b);

	if (VARSIZE(x) != VARSIZE(y) || memcmp(VARDATA(x), VARDATA(y), VARSIZE(x) - VARHDRSZ) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	const TypeFunctions *type;
	bool		wire;
	int32		typmod;
	Datum		value;
	Datum		form;
	Datum		again;

	if (size == 0)
		return 0;
	type = &types[data[0] % lengthof(types)];
	wire = data[0] & 0x80;
	typmod = data[0] & 0x40 ? 3 : -1;
	if (!(wire ? from_wire : from_text) (type, (const char *) data + 1, size - 1, typmod, &value))
	{
		int			category = ERRCODE_TO_CATEGORY(fuzz_sqlstate);

		if (category != MAKE_SQLSTATE('2', '2', '0', '0', '0') &&
			category != MAKE_SQLSTATE('5', '4', '0', '0', '0'))
			abort();
	}
	else
	{
		if (!fuzz_call(type->out, value, 0, 0, &form) ||
			!from_text(type, DatumGetCString(form), strlen(DatumGetCString(form)), typmod, &again))
			abort();
		must_equal(value, again);
		if (!fuzz_call(type->send, value, 0, 0, &form) ||
			!from_wire(type, VARDATA(DatumGetPointer(form)), VARSIZE(DatumGetPointer(form)) - VARHDRSZ,
					   typmod, &again))
			abort();
		must_equal(value, again);
	}
	fuzz_free_all();
	return 0;
}
