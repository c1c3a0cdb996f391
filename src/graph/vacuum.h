/*-------------------------------------------------------------------------
 *
 * vacuum.h
 *		Removing dead tuples, repairing the graph around dead nodes, freeing
 *		their records.
 *
 * IDENTIFICATION
 *	  src/graph/vacuum.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_VACUUM_H
#define HNSW_VACUUM_H

#include "graph/tids.h"

typedef struct HnswVacuumResult
{
	double		live;			/* TIDs that stay */
	double		removed;		/* TIDs removed */
	double		freed;			/* nodes removed */
} HnswVacuumResult;

/*
 * max_memory bounds what is remembered of dying nodes, one bit for each record
 * of layer 0 and of the layers above; when they do not fit, the work is done in
 * several rounds, one for each range of ids.
 */
extern void hnsw_graph_vacuum(HnswPager *pager, HnswDead dead, void *arg,
							  Size max_memory, HnswVacuumResult *result);

#endif							/* HNSW_VACUUM_H */
