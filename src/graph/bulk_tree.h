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
} HnswBulkSource;

typedef struct HnswBulkTree
{
	uint32		nrows;
	uint32		nleaves;
	uint32		space;			/* of starts */
	uint32	   *rows;
	uint32	   *starts;			/* of the leaves in rows; nleaves + 1 */
} HnswBulkTree;

/* A tree without rows, with room for so many: the caller puts them in. */
extern void hnsw_bulk_tree_init(HnswBulkTree *tree, uint32 space);
extern void hnsw_bulk_tree_free(HnswBulkTree *tree);

/*
 * Puts the rows into the order of the tree, and fills the leaves.  Takes five bytes a
 * row for the time.
 */
extern void hnsw_bulk_tree_split(HnswBulkTree *tree, const HnswBulkSource *source);

/* The means of the leaves, as stored vectors: own_bytes of codes for each. */
extern void hnsw_bulk_tree_centers(const HnswBulkTree *tree, const HnswBulkSource *source,
								   uint8 *codes, HnswOwnFactors *factors);

#endif							/* HNSW_BULK_TREE_H */
