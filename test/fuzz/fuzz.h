/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *		As much of a server as input and receive functions need.
 *
 * Memory comes from malloc, piece by piece, so that AddressSanitizer sees each
 * bound; an error ends the call and leaves its SQLSTATE behind.
 *
 * IDENTIFICATION
 *	  test/fuzz/fuzz.h
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "postgres.h"

#include "base/compat.h"
#include "fmgr.h"

/* the SQLSTATE of the last call, 0 when it returned */
extern int	fuzz_sqlstate;

/* calls an SQL function with up to three arguments; *result is valid without an error */
extern bool fuzz_call(PGFunction function, Datum a, Datum b, Datum c, Datum *result);

/* gives back what was allocated since the last time */
extern void fuzz_free_all(void);

#endif							/* FUZZ_H */
