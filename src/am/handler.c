/*-------------------------------------------------------------------------
 *
 * handler.c
 *		The handler: what the access method can do.
 *
 * IDENTIFICATION
 *	  src/am/handler.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "build/build.h"
#include "commands/vacuum.h"
#include "config/opclass.h"
#include "config/options.h"

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
