/*-------------------------------------------------------------------------
 *
 * base.h
 *		The shim under the core: the same few names with and without a server.
 *
 * base, distance, code and graph include only this header (and each other),
 * so that they compile into the extension and, with -DHNSW_STANDALONE, into
 * the unit tests, the fuzzers and the benchmarks, which have no server.
 *
 * IDENTIFICATION
 *	  src/base/base.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BASE_H
#define HNSW_BASE_H

#ifdef HNSW_STANDALONE

#include <assert.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int8_t int8;
typedef int16_t int16;
typedef int32_t int32;
typedef int64_t int64;
typedef uint8_t uint8;
typedef uint16_t uint16;
typedef uint32_t uint32;
typedef uint64_t uint64;
typedef size_t Size;

#define Assert(c)			assert(c)
#define Min(a, b)			((a) < (b) ? (a) : (b))
#define Max(a, b)			((a) > (b) ? (a) : (b))
#define lengthof(a)			(sizeof(a) / sizeof((a)[0]))
#define FLEXIBLE_ARRAY_MEMBER
#define StaticAssertDecl(c, m)	_Static_assert(c, m)
#define pg_attribute_printf(f, a) __attribute__((format(printf, f, a)))
#define pg_attribute_noreturn() __attribute__((noreturn))
#define likely(x)			__builtin_expect((x) != 0, 1)
#define unlikely(x)			__builtin_expect((x) != 0, 0)
#define CHECK_FOR_INTERRUPTS() ((void) 0)
#define BLCKSZ				8192

#else

#include "postgres.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "base/compat.h"
#include "miscadmin.h"

#endif

/*
 * Allocation in "the current context".  The server's palloc; malloc in the
 * standalone build.  Both raise an error, and do not return NULL, when memory
 * runs out; sizes above 1 GB are allowed.
 */
extern void *hnsw_alloc(Size size);
extern void *hnsw_alloc_zero(Size size);
extern void *hnsw_realloc(void *ptr, Size size);
extern void hnsw_free(void *ptr);

/*
 * Raises an error that says that stored data is not what it must be
 * (ERRCODE_INDEX_CORRUPTED); never returns.  The standalone build jumps to
 * hnsw_fail_jump when that is set, else aborts.
 */
extern void hnsw_corrupt(const char *fmt,...) pg_attribute_printf(1, 2) pg_attribute_noreturn();

/* Raises "program limit exceeded"; never returns. */
extern void hnsw_limit(const char *fmt,...) pg_attribute_printf(1, 2) pg_attribute_noreturn();

/*
 * The output function of splitmix64 (Steele, Lea & Flood, OOPSLA 2014).  The
 * signs of the rotation come from it: part of the on-disk format.
 */
static inline uint64
hnsw_mix64(uint64 z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

#ifdef HNSW_STANDALONE
#include <setjmp.h>
extern jmp_buf *hnsw_fail_jump;
extern char hnsw_fail_message[256];
#endif

#endif							/* HNSW_BASE_H */
