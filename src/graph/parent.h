/*-------------------------------------------------------------------------
 *
 * parent.h
 *		A parent for a new record, where the search of its insert met none.
 *
 * IDENTIFICATION
 *	  src/graph/parent.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_PARENT_H
#define HNSW_PARENT_H

#include "graph/insert.h"

/*
 * No record that the search met can be the parent.  Finds one by walking the
 * tree from the root, or makes the new record the root where the layer has none
 * that will last.  Fills *parent; false when the new record has become the root.
 * Its codes are in ins->found[layer].codes, and ins->evict is the dying child that
 * may make room in it.  No locks are held on entry or on exit.
 */
extern bool hnsw_find_parent(HnswInserter *ins, int layer, HnswId id, HnswFound *parent);

#endif							/* HNSW_PARENT_H */
