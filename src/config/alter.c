/*-------------------------------------------------------------------------
 *
 * alter.c
 *		Telling users which changed options wait for REINDEX.
 *
 * m, m0, nonzeros and edge_bits shape the records of an index, so that ALTER INDEX ... SET
 * (m = ...) changes nothing before the index is built again.  The server tells an access
 * method only that some options are being validated, not for which index; the
 * object access hook, which every ALTER calls when it has changed the catalog,
 * names the index.  It is called for renames and the like too, and perhaps without
 * a lock on the index, so it looks at the catalog only.
 *
 * IDENTIFICATION
 *	  src/config/alter.c
 *-------------------------------------------------------------------------
 */
#include "config/alter.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "config/options.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static object_access_hook_type next_hook = NULL;

/* The options in a tuple of pg_class. */
static HnswOptions
options_of(HeapTuple tuple, Relation pg_class)
{
	return hnsw_options_or_default(extractRelOptions(tuple, RelationGetDescr(pg_class),
													 hnsw_options_parse));
}

/* Is this an index of ours?  Not a partitioned one, which has no records. */
static bool
is_ours(HeapTuple tuple)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

	return form->relkind == RELKIND_INDEX &&
		GetIndexAmRoutineByAmId(form->relam, false)->amoptions == hnsw_options_parse;
}

/*
 * Compares what the catalog says of the index with what it said before this
 * command, which the system cache still holds.
 */
static void
compare_options(Oid index_oid)
{
	HeapTuple	before = SearchSysCache1(RELOID, ObjectIdGetDatum(index_oid));
	HeapTuple	after;
	Relation	pg_class;
	SysScanDesc scan;
	ScanKeyData key;

	if (!HeapTupleIsValid(before))
		return;
	if (is_ours(before))
	{
		pg_class = table_open(RelationRelationId, AccessShareLock);
		ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(index_oid));
		scan = systable_beginscan(pg_class, ClassOidIndexId, true, SnapshotSelf, 1, &key);
		after = systable_getnext(scan);
		if (HeapTupleIsValid(after))
		{
			HnswOptions built = options_of(before, pg_class);
			HnswOptions asked = options_of(after, pg_class);

			if (built.m != asked.m || built.m0 != asked.m0)
				ereport(NOTICE,
						(errmsg("options m and m0 of index \"%s\" take effect with the next REINDEX",
								NameStr(((Form_pg_class) GETSTRUCT(after))->relname))));
			if (built.nonzeros != asked.nonzeros)
				ereport(NOTICE,
						(errmsg("option nonzeros of index \"%s\" takes effect with the next REINDEX",
								NameStr(((Form_pg_class) GETSTRUCT(after))->relname))));
			if (built.edge_bits != asked.edge_bits)
				ereport(NOTICE,
						(errmsg("option edge_bits of index \"%s\" takes effect with the next REINDEX",
								NameStr(((Form_pg_class) GETSTRUCT(after))->relname))));
		}
		systable_endscan(scan);
		table_close(pg_class, AccessShareLock);
	}
	ReleaseSysCache(before);
}

static void
on_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_hook != NULL)
		next_hook(access, class_id, object_id, sub_id, arg);
	if (access == OAT_POST_ALTER && class_id == RelationRelationId && sub_id == 0)
		compare_options(object_id);
}

void
hnsw_alter_init(void)
{
	next_hook = object_access_hook;
	object_access_hook = on_object_access;
}
