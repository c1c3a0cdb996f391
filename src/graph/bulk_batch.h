/*-------------------------------------------------------------------------
 *
 * bulk_batch.h
 *		Inserting many rows so that near ones follow each other.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_batch.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BULK_BATCH_H
#define HNSW_BULK_BATCH_H

#include "graph/bulk_tree.h"
#include "graph/insert.h"

/* Rows that wait: what is stored of them, and their TIDs. */
typedef struct HnswBatch
{
	const HnswLayout *layout;
	HnswLayout	dense;			/* of the tree's centers */
	uint8	   *dense_codes;	/* of a row; scratch of making the tree */
	Size		stride;			/* bytes of a row */
	uint32		count;
	uint32		most;			/* rows that there is memory for */
	uint32		nchunks;
	char	  **chunks;			/* of HNSW_BATCH_CHUNK rows each */
} HnswBatch;

#define HNSW_BATCH_CHUNK	1024

/* Layouts of vectors that have means. */
extern bool hnsw_batch_suits(const HnswLayout *layout);

/* Takes so many bytes at most, or as many as some rows take. */
extern void hnsw_batch_init(HnswBatch *batch, const HnswLayout *layout, Size bytes);
extern void hnsw_batch_free(HnswBatch *batch);

static inline bool
hnsw_batch_is_full(const HnswBatch *batch)
{
	return batch->count == batch->most;
}

/* There is room. */
extern void hnsw_batch_add(HnswBatch *batch, const HnswPoint *point, HnswTid tid);

/*
 * Width of the searches for rows of a batch: with all of ef_construction the graph is
 * better than the one of rows that find each other in memory; with this it is about as
 * good (bench/README.md, "build").
 */
#define HNSW_BATCH_EF(ef_construction)	Max((ef_construction) / 2, 1)

/* Inserts all of them, calling "done" after each; the batch is empty then. */
extern void hnsw_batch_insert(HnswBatch *batch, HnswInserter *ins,
							  void (*done) (void *arg), void *arg);

#endif							/* HNSW_BULK_BATCH_H */
