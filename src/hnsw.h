/*-------------------------------------------------------------------------
 *
 * hnsw.h
 *		Names that every server-side room needs.
 *
 * IDENTIFICATION
 *	  src/hnsw.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_H
#define HNSW_H

#include "postgres.h"

#include "fmgr.h"

/* before 16 the server's headers do not undo -fvisibility=hidden here */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/*
 * SQL functions are the only symbols that the library exports: every C symbol
 * "hnsw_sql_<name>" belongs to the SQL function that names it.
 */
#define HNSW_FUNCTION(name) \
	extern PGDLLEXPORT Datum hnsw_sql_##name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(hnsw_sql_##name); \
	Datum hnsw_sql_##name(PG_FUNCTION_ARGS)

struct RelationData;

/*
 * Raises an error when the SQL objects of the extension, to which the index's
 * access method belongs, are of a version that this library does not serve.
 * Reads the catalog: not under a buffer lock.
 */
extern void hnsw_version_check(struct RelationData *index);

#endif							/* HNSW_H */
