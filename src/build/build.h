/*-------------------------------------------------------------------------
 *
 * build.h
 *		Building an index.
 *
 * IDENTIFICATION
 *	  src/build/build.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BUILD_H
#define HNSW_BUILD_H

#include "hnsw.h"

#include "access/genam.h"
#include "distance/cells.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

extern IndexBuildResult *hnswbuild(Relation heap, Relation index, IndexInfo *index_info);
extern void hnswbuildempty(Relation index);
extern char *hnswbuildphasename(int64 phase);

/*
 * How many coordinates all but the longest of the table's vectors have at most (99
 * of 100); 0 when a sample of it has none.
 */
extern int	hnsw_sample_nonzeros(Relation heap, Relation index, IndexInfo *info,
								 const HnswCell *cell);

#endif							/* HNSW_BUILD_H */
