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
#include "nodes/execnodes.h"
#include "utils/rel.h"

extern IndexBuildResult *hnswbuild(Relation heap, Relation index, IndexInfo *index_info);
extern void hnswbuildempty(Relation index);
extern char *hnswbuildphasename(int64 phase);

#endif							/* HNSW_BUILD_H */
