/*-------------------------------------------------------------------------
 *
 * options.h
 *		Index options and settings.
 *
 * IDENTIFICATION
 *	  src/config/options.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_OPTIONS_H
#define HNSW_OPTIONS_H

#include "hnsw.h"

#include "utils/rel.h"

#define HNSW_MIN_M					2
#define HNSW_MAX_M					100
/* tree edges need room beside each other while vacuum moves them: src/README */
#define HNSW_MIN_M0					4
#define HNSW_DEFAULT_M				16
#define HNSW_MIN_EF_CONSTRUCTION	4
#define HNSW_MAX_EF_CONSTRUCTION	1000
#define HNSW_MAX_NONZEROS			4000
#define HNSW_MIN_EDGE_BITS			64
#define HNSW_MAX_EDGE_BITS			32768
#define HNSW_MAX_EF_SEARCH			100000
#define HNSW_DEFAULT_EF_SEARCH		40

typedef struct HnswOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			m;
	int			m0;				/* 0 = chosen by the layout plan */
	int			ef_construction;
	int			ef_search;		/* 0 = not set */
	int			nonzeros;		/* of a record; 0 = chosen by the layout plan */
	int			edge_bits;		/* likewise */
} HnswOptions;

/* hnsw.nulls: rows whose vector is NULL, or has no direction under cosine */
typedef enum HnswNulls
{
	HNSW_NULLS_LAST,
	HNSW_NULLS_OMIT
} HnswNulls;

extern double hnsw_scan_mem_multiplier;
extern int	hnsw_iterative_scan;
extern int	hnsw_max_scan_tuples;
extern int	hnsw_nulls;
extern int	hnsw_seed;

/* Raises an error when another library has defined our settings: before init. */
extern void hnsw_options_check_free(void);
extern void hnsw_options_init(void);

/* Raises an error unless m0 is 0 or goes with m. */
extern void hnsw_options_check_m0(int m, int m0);

extern bytea *hnsw_options_parse(Datum reloptions, bool validate);

/* The index's options, defaults where nothing is set. */
extern HnswOptions hnsw_options(Relation index);

/* The same from what hnsw_options_parse has returned; NULL = nothing is set. */
extern HnswOptions hnsw_options_or_default(const bytea *parsed);

/*
 * ef_search for a scan of this index: what the session has SET, else the
 * index's own, else the setting.
 */
extern int	hnsw_options_ef_search(Relation index);

#endif							/* HNSW_OPTIONS_H */
