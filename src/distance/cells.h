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
	HNSW_BIT = 3,				/* bits */
	HNSW_SPARSEVEC = 4,			/* float4 coordinates, only those that are not
								 * 0 */
} HnswElement;

typedef enum HnswMetric
{
	HNSW_L2 = 1,				/* Euclidean distance */
	HNSW_IP = 2,				/* negative inner product */
	HNSW_COSINE = 3,			/* 1 - cosine similarity */
	HNSW_L1 = 4,				/* taxicab distance */
	HNSW_HAMMING = 5,			/* bits that differ */
	HNSW_JACCARD = 6,			/* 1 - bits in both / bits in either */
} HnswMetric;

/* How records hold vectors: see code/own.h. */
typedef enum HnswForm
{
	HNSW_DENSE,					/* 8 bits a coordinate */
	HNSW_BITS,					/* the bits themselves */
	HNSW_SPARSE,				/* the coordinates that are not 0 */
} HnswForm;

/*
 * HNSW_ELEMENTS(X) expands X(element, name, form, max_dim): the SQL type's name,
 * and how many dimensions an index of it may have.
 */
#define HNSW_ELEMENTS(X) \
	X(HNSW_VECTOR, vector, HNSW_DENSE, 16000) \
	X(HNSW_HALFVEC, halfvec, HNSW_DENSE, 16000) \
	X(HNSW_BIT, bit, HNSW_BITS, 64000) \
	X(HNSW_SPARSEVEC, sparsevec, HNSW_SPARSE, 1000000000)

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
	X(HNSW_HALFVEC, HNSW_L1, halfvec_l1, false) \
	X(HNSW_BIT, HNSW_HAMMING, bit_hamming, false) \
	X(HNSW_BIT, HNSW_JACCARD, bit_jaccard, false) \
	X(HNSW_SPARSEVEC, HNSW_L2, sparsevec_l2, false) \
	X(HNSW_SPARSEVEC, HNSW_IP, sparsevec_ip, false) \
	X(HNSW_SPARSEVEC, HNSW_COSINE, sparsevec_cosine, false) \
	X(HNSW_SPARSEVEC, HNSW_L1, sparsevec_l1, false)

typedef struct HnswElementKind
{
	HnswElement element;
	const char *name;
	HnswForm	form;
	uint32		max_dim;
} HnswElementKind;

typedef struct HnswCell
{
	HnswElement element;
	HnswMetric	metric;
	const char *name;
	bool		coded;
} HnswCell;

/* NULL when the lists have no such thing */
extern const HnswElementKind *hnsw_element_find(int element);
extern const HnswCell *hnsw_cell_find(int element, int metric);

#endif							/* HNSW_CELLS_H */
