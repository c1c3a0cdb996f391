/*-------------------------------------------------------------------------
 *
 * cells.h
 *		THE list of (element kind, metric) cells.
 *
 * Everything that depends on the kind of element or on the metric starts from
 * this list: operator classes, record layout, kernels, SQL wrappers, tests.
 * A new cell is a line here, a block of SQL and a row in the test list.
 *
 * IDENTIFICATION
 *	  src/distance/cells.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_CELLS_H
#define HNSW_CELLS_H

#include "base/base.h"

/* The numbers are on disk (metapage). */
typedef enum HnswElement
{
	HNSW_VECTOR = 1,			/* float4 coordinates */
	HNSW_HALFVEC = 2,			/* binary16 coordinates */
} HnswElement;

typedef enum HnswMetric
{
	HNSW_L2 = 1,				/* Euclidean distance */
	HNSW_IP = 2,				/* negative inner product */
	HNSW_COSINE = 3,			/* 1 - cosine similarity */
	HNSW_L1 = 4,				/* taxicab distance */
} HnswMetric;

/*
 * HNSW_CELLS(X) expands X(element, metric, name, coded) for each cell, where
 * name makes the support function hnsw_<name>_cell and coded says whether the
 * records of this cell hold codes of the neighbours (inner-product geometry)
 * or are scored by visiting them.
 */
#define HNSW_CELLS(X) \
	X(HNSW_VECTOR, HNSW_L2, vector_l2, true) \
	X(HNSW_VECTOR, HNSW_IP, vector_ip, true) \
	X(HNSW_VECTOR, HNSW_COSINE, vector_cosine, true) \
	X(HNSW_VECTOR, HNSW_L1, vector_l1, false) \
	X(HNSW_HALFVEC, HNSW_L2, halfvec_l2, true) \
	X(HNSW_HALFVEC, HNSW_IP, halfvec_ip, true) \
	X(HNSW_HALFVEC, HNSW_COSINE, halfvec_cosine, true) \
	X(HNSW_HALFVEC, HNSW_L1, halfvec_l1, false)

typedef struct HnswCell
{
	HnswElement element;
	HnswMetric	metric;
	const char *name;
	bool		coded;
} HnswCell;

/* NULL when the list has no such cell */
extern const HnswCell *hnsw_cell_find(int element, int metric);

#endif							/* HNSW_CELLS_H */
