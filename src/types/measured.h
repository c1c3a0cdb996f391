/*-------------------------------------------------------------------------
 *
 * measured.h
 *		The distance of the row that an index scan has returned last.
 *
 * The executor computes the distance of each row once more, for a column of the
 * order that it needs for nothing here, or that the user asked for.  A value out
 * of line would be fetched again for it.
 *
 * IDENTIFICATION
 *	  src/types/measured.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_MEASURED_H
#define HNSW_MEASURED_H

#include "hnsw.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* A value out of line.  While a snapshot sees it no other has its ids. */
typedef struct HnswOutOfLine
{
	Oid			table;			/* the TOAST table; InvalidOid = nothing */
	Oid			id;
} HnswOutOfLine;

/* Which value this is; nothing when it is not out of line. */
extern HnswOutOfLine hnsw_out_of_line(Datum value);

/*
 * "function" of the value and the query returned this distance.  Holds until the
 * next call or until "scan" forgets it; that must be before its snapshot or the
 * query go.
 */
extern void hnsw_measured_set(const void *scan, Oid function, HnswOutOfLine value, Datum query,
							  double distance);
extern void hnsw_measured_forget(const void *scan);

/* Is that what is being called, a first argument out of line?  Then *distance is it. */
extern bool hnsw_measured_find(FunctionCallInfo fcinfo, double *distance);

static inline bool
hnsw_measured(FunctionCallInfo fcinfo, double *distance)
{
	return VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(PG_GETARG_DATUM(0))) &&
		hnsw_measured_find(fcinfo, distance);
}

#endif							/* HNSW_MEASURED_H */
