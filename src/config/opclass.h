/*-------------------------------------------------------------------------
 *
 * opclass.h
 *		From an index's operator class to its cell of the list.
 *
 * IDENTIFICATION
 *	  src/config/opclass.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_OPCLASS_H
#define HNSW_OPCLASS_H

#include "hnsw.h"

#include "distance/cells.h"
#include "utils/rel.h"

/* support function: returns the HnswCell */
#define HNSW_CELL_PROC		1
#define HNSW_NUM_PROCS		1

/* strategy: the distance operator */
#define HNSW_DISTANCE_STRATEGY 1

extern const HnswCell *hnsw_opclass_cell(Relation index);

#endif							/* HNSW_OPCLASS_H */
