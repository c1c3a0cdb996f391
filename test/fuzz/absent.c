/*-------------------------------------------------------------------------
 *
 * absent.c
 *		Functions of the server that no fuzzer may come to.
 *
 * The files under test hold more than the functions under test; this is what
 * the rest would call.  No header of the server is included, so that one
 * definition does for all of them.
 *
 * IDENTIFICATION
 *	  test/fuzz/absent.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#define ABSENT(name) \
extern void name(void); \
void \
name(void) \
{ \
	abort(); \
}

ABSENT(AggCheckCallContext)
ABSENT(DirectFunctionCall1Coll)
ABSENT(ExceptionalCondition)
ABSENT(deconstruct_array)
ABSENT(float_overflow_error)
ABSENT(float_underflow_error)
ABSENT(get_func_name)
ABSENT(get_typlenbyvalalign)
ABSENT(numeric_float4)
ABSENT(pg_detoast_datum_copy)
ABSENT(pg_detoast_datum_slice)
