/*-------------------------------------------------------------------------
 *
 * alter.c
 *		Telling users which changed options wait for REINDEX.
 *
 * m and m0 shape the records of an index, so that ALTER INDEX ... SET (m = ...)
 * changes nothing before the index is built again.  The server tells an access
 * method only that some options are being validated, not for which index; the
 * object access hook, which ALTER INDEX calls next, names the index.
 *
 * IDENTIFICATION
 *	  src/config/alter.c
 *-------------------------------------------------------------------------
 */
#include "config/alter.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "config/options.h"
#include "utils/lsyscache.h"

static object_access_hook_type next_hook = NULL;

static void
compare_options(Oid index_oid)
{
	Relation	index = index_open(index_oid, NoLock);
	HnswOptions built = hnsw_options(index);
	const HnswOptions *asked = hnsw_options_last();

	if (index->rd_indam->amoptions == hnsw_options_parse && asked->vl_len_ != 0 && (built.m != asked->m || built.m0 != asked->m0))
		ereport(NOTICE,
				(errmsg("options m and m0 of index \"%s\" take effect with the next REINDEX",
						RelationGetRelationName(index))));
	index_close(index, NoLock);
}

static void
on_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_hook != NULL)
		next_hook(access, class_id, object_id, sub_id, arg);
	if (access == OAT_POST_ALTER && class_id == RelationRelationId && sub_id == 0 &&
		get_rel_relkind(object_id) == RELKIND_INDEX)
		compare_options(object_id);
}

void
hnsw_alter_init(void)
{
	next_hook = object_access_hook;
	object_access_hook = on_object_access;
}
