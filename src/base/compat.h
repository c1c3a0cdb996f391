/*-------------------------------------------------------------------------
 *
 * compat.h
 *		One face for the PostgreSQL majors that we build on (14 to 18).
 *
 * Only server-side rooms include this; "postgres.h" comes first.
 *
 * IDENTIFICATION
 *	  src/base/compat.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_COMPAT_H
#define HNSW_COMPAT_H

#if PG_VERSION_NUM < 140000
#error "hnsw needs PostgreSQL 14 or newer"
#endif

/*
 * Soft errors came with 16.  There the input functions report bad input into
 * the context that the caller passes; before, ereturn raises as ever and what
 * follows it is not reached.  HNSW_ESCONTEXT is that context or NULL.
 */
#if PG_VERSION_NUM >= 160000

#include "varatt.h"

#define HNSW_ESCONTEXT(fcinfo)	((fcinfo)->context)

#else

#define HNSW_ESCONTEXT(fcinfo)	NULL

#define ereturn(escontext, result, ...) \
	do { \
		(void) (escontext); \
		ereport(ERROR, __VA_ARGS__); \
		return result; \
	} while (0)

#endif

/* 18 spells it pg_noreturn, in front of the declaration */
#if PG_VERSION_NUM >= 180000
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

struct Node;

#endif							/* HNSW_COMPAT_H */
