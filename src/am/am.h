/*-------------------------------------------------------------------------
 *
 * am.h
 *		The callbacks of the access method.
 *
 * IDENTIFICATION
 *	  src/am/am.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_AM_H
#define HNSW_AM_H

#include "hnsw.h"

#include "access/amapi.h"

extern bool hnswinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
					   Relation heap, IndexUniqueCheck check_unique,
					   bool index_unchanged, struct IndexInfo *index_info);
extern IndexBulkDeleteResult *hnswbulkdelete(IndexVacuumInfo *info,
											 IndexBulkDeleteResult *stats,
											 IndexBulkDeleteCallback callback, void *arg);
extern IndexBulkDeleteResult *hnswvacuumcleanup(IndexVacuumInfo *info,
												IndexBulkDeleteResult *stats);
extern void hnswcostestimate(struct PlannerInfo *root, struct IndexPath *path,
							 double loop_count, Cost *startup_cost, Cost *total_cost,
							 Selectivity *selectivity, double *correlation, double *pages);
extern bool hnswvalidate(Oid opclass_oid);
extern IndexScanDesc hnswbeginscan(Relation index, int nkeys, int norderbys);
extern void hnswrescan(IndexScanDesc scan, ScanKey keys, int nkeys,
					   ScanKey orderbys, int norderbys);
extern bool hnswgettuple(IndexScanDesc scan, ScanDirection direction);
extern void hnswendscan(IndexScanDesc scan);

#endif							/* HNSW_AM_H */
