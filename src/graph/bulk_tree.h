/*-------------------------------------------------------------------------
 *
 * bulk_tree.h
 *		Vectors in the order of a tree of clusters: near ones follow each other.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_tree.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BULK_TREE_H
#define HNSW_BULK_TREE_H

#include "code/own_block.h"
#include "code/point.h"

/* Where the vectors are: stored ones of a layout with codes. */
typedef struct HnswBulkSource
{
	const HnswLayout *layout;

	/* The codes of a row, and what they mean. */
	const uint8 *(*own) (void *arg, uint32 row, HnswOwnFactors *factors);
	void	   *arg;
	uint64		seed;			/* of the samples */

	/* NULL, or called after each part of the work */
	void		(*tick) (void *arg);
	void	   *tick_arg;
} HnswBulkSource;

/* into which a node of the tree is split, at most */
#define HNSW_BULK_TREE_PARTS	32

/* What the processes that make a tree together have in common, but for the arrays. */
typedef struct HnswBulkTreeTop
{
	uint64		seed;
	uint64		next_rows;		/* rows handed out to be assigned */
	uint32		nrows;
	uint32		next_part;		/* parts handed out to be split */
	uint32		nsplit;			/* rows in leaves */
	uint32		nparts;			/* of the topmost node; 0 = it is a leaf */
	HnswOwnFactors factors[HNSW_BULK_TREE_PARTS];	/* of the parts' centers */
	uint32		starts[HNSW_BULK_TREE_PARTS + 1];	/* of the parts in rows */
} HnswBulkTreeTop;

/*
 * The rows are the caller's; the other arrays are in one piece of memory, which
 * hnsw_bulk_tree_set_memory divides up.
 */
typedef struct HnswBulkTree
{
	uint32	   *rows;
	HnswBulkTreeTop *top;
	uint32	   *spare;
	uint8	   *centers;		/* of the topmost parts */
	uint8	   *part;			/* of each row in a node that is being split;
								 * in the end: is it the first of a leaf? */
} HnswBulkTree;

/* Memory for so many rows, beside themselves; dense is the layout of their source. */
extern Size hnsw_bulk_tree_bytes(const HnswLayout *dense, uint32 space);
extern void hnsw_bulk_tree_set_memory(HnswBulkTree *tree, const HnswLayout *dense, uint32 space,
									  void *memory);

/*
 * In this order, several processes together or one alone, each of whose "source" is its
 * own: one clears the tree, puts the rows in and begins; all assign rows to parts of the
 * topmost node; one divides them; all split the parts.  Then the rows are in the order of
 * the tree.
 */
extern void hnsw_bulk_tree_clear(HnswBulkTree *tree);
extern void hnsw_bulk_tree_begin(HnswBulkTree *tree, const HnswBulkSource *source);
extern void hnsw_bulk_tree_assign(HnswBulkTree *tree, const HnswBulkSource *source);
extern void hnsw_bulk_tree_divide(HnswBulkTree *tree);
extern void hnsw_bulk_tree_split(HnswBulkTree *tree, const HnswBulkSource *source);

/* All of it but for clearing, by one process. */
extern void hnsw_bulk_tree_make(HnswBulkTree *tree, const HnswBulkSource *source);

/* The leaves, and where in rows each begins: their number, and one more. */
extern uint32 hnsw_bulk_tree_nleaves(const HnswBulkTree *tree);
extern void hnsw_bulk_tree_starts(const HnswBulkTree *tree, uint32 *starts);

/* Means of rows, as stored vectors: own_bytes of codes, and what they mean. */
typedef struct HnswBulkMeans
{
	const HnswBulkSource *source;
	float	   *sums;			/* of some sets of rows */
	float	   *plain;
	HnswPoint	mean;
} HnswBulkMeans;

extern void hnsw_bulk_means_init(HnswBulkMeans *means, const HnswBulkSource *source, int sets);
extern void hnsw_bulk_means_free(HnswBulkMeans *means);
extern HnswOwnFactors hnsw_bulk_means_of(HnswBulkMeans *means, const uint32 *rows, uint32 n,
										 uint8 *codes);

#endif							/* HNSW_BULK_TREE_H */
