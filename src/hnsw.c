/*-------------------------------------------------------------------------
 *
 * hnsw.c
 *		Module start, and the handler of the access method.
 *
 * IDENTIFICATION
 *	  src/hnsw.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "am/am.h"
#include "base/debug.h"
#include "build/build.h"
#include "commands/vacuum.h"
#include "config/alter.h"
#include "config/opclass.h"
#include "config/options.h"
#include "distance/kernels.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	hnsw_options_check_free();
	hnsw_kernels_init();
#ifdef HNSW_DEBUG_POINTS
	hnsw_debug_init();
#endif
	hnsw_options_init();
	hnsw_alter_init();
}

HNSW_FUNCTION(handler)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amstrategies = 0;
	am->amsupport = HNSW_NUM_PROCS;
	am->amcanorderbyop = true;
	am->amoptionalkey = true;
	am->amkeytype = InvalidOid;
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;

	am->ambuild = hnswbuild;
	am->ambuildempty = hnswbuildempty;
	am->aminsert = hnswinsert;
	am->ambulkdelete = hnswbulkdelete;
	am->amvacuumcleanup = hnswvacuumcleanup;
	am->amcostestimate = hnswcostestimate;
	am->amoptions = hnsw_options_parse;
	am->ambuildphasename = hnswbuildphasename;
	am->amvalidate = hnswvalidate;
	am->ambeginscan = hnswbeginscan;
	am->amrescan = hnswrescan;
	am->amgettuple = hnswgettuple;
	am->amendscan = hnswendscan;

	PG_RETURN_POINTER(am);
}
