/*-------------------------------------------------------------------------
 *
 * stream.h
 *		A search that goes on for as long as rows are asked for.
 *
 * IDENTIFICATION
 *	  src/graph/stream.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_STREAM_H
#define HNSW_STREAM_H

#include "base/iterative.h"
#include "graph/beam.h"
#include "graph/tids.h"

typedef struct HnswStreamOptions
{
	int			ef;				/* ef_search */
	HnswIterative iterative;
	int64		max_visits;
	Size		max_memory;		/* bytes */
} HnswStreamOptions;

/* Why a stream has ended. */
typedef enum HnswStreamEnd
{
	HNSW_STREAM_RUNNING,
	HNSW_STREAM_COMPLETE,		/* there was nothing left */
	HNSW_STREAM_EF,				/* iterative off: ef_search rows were given */
	HNSW_STREAM_VISITS,			/* max_visits */
	HNSW_STREAM_MEMORY			/* max_memory */
} HnswStreamEnd;

typedef struct HnswRow
{
	double		lower;			/* lower bound of the distance */
	HnswId		id;
	uint32		generation;
	HnswTid		tids[HNSW_INLINE_TIDS];
	HnswTid		value;			/* HnswRecord.value */
	bool		has_chunks;
} HnswRow;

typedef struct HnswStream
{
	HnswPager  *pager;
	const HnswLayout *layout;
	HnswStreamOptions options;
	HnswScorer	scorer;
	HnswBeam	beam;
	HnswPoint	query;

	HnswRow    *rows;			/* a heap: those visited and not yet returned */
	Size		nrows;
	Size		rows_space;
	HnswRow    *late;			/* strict order: those that came too late */
	Size		nlate;
	Size		late_space;

	bool		walking;		/* the query orders nothing: all rows, as they
								 * are stored */
	HnswId		walk_at;
	HnswId		root;			/* of layer 0, to fall back to */
	bool		started;
	bool		draining;		/* no more searching */
	HnswStreamEnd end;
	int			ef;				/* of the current round */
	int64		given;			/* rows (nodes) returned */
	int64		allowance;		/* rows that this round may return */
	double		last;			/* lower bound last returned */

	HnswTidList tids;			/* of the row being returned */
	Size		next_tid;
	HnswTid		value;			/* HnswRecord.value of it */
	double		tids_lower;

	int64		visited;		/* records scored, all layers */
	int64		rounds;
} HnswStream;

extern void hnsw_stream_init(HnswStream *stream, HnswPager *pager);
extern void hnsw_stream_free(HnswStream *stream);

/*
 * Starts a search for v (plain values, see code/own.h).  False when v orders nothing (it
 * is NULL, or has no direction under cosine): then all rows come, in no order.
 */
extern bool hnsw_stream_start(HnswStream *stream, const HnswStreamOptions *options,
							  const void *v);

/*
 * The next TID and the lower bound of its distance, in the operator's scale.
 * False when the stream has ended; stream->end says why.
 */
extern bool hnsw_stream_next(HnswStream *stream, HnswTid *tid, double *lower);

/* HnswRecord.value of the TID that the stream has just returned. */
static inline HnswTid
hnsw_stream_value(const HnswStream *stream)
{
	return stream->value;
}

#endif							/* HNSW_STREAM_H */
