/*-------------------------------------------------------------------------
 *
 * iterative.h
 *		Values of hnsw.iterative_scan.
 *
 * IDENTIFICATION
 *	  src/base/iterative.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ITERATIVE_H
#define HNSW_ITERATIVE_H

typedef enum HnswIterative
{
	HNSW_ITERATIVE_OFF,			/* stop after ef_search rows */
	HNSW_ITERATIVE_RELAXED,		/* rows found late are returned at once */
	HNSW_ITERATIVE_STRICT		/* rows found late are held back to the end */
} HnswIterative;

#endif							/* HNSW_ITERATIVE_H */
