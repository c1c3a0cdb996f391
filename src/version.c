/*-------------------------------------------------------------------------
 *
 * version.c
 *		Do the library and the extension's SQL objects fit together?
 *
 * They come apart in two ways.  A server's package was updated, and a database
 * still has the objects of an older version: the library serves these back to
 * HNSW_OLDEST_SQL, beyond that ALTER EXTENSION is due.  Or the objects are newer
 * than the library: a session keeps the library that it has loaded, and a data
 * directory can meet a server with an older one.
 *
 * An index is the place to find out, because what the two have to agree about
 * is how an index is used; it costs a look at the catalog when a session comes
 * upon an index.
 *
 * IDENTIFICATION
 *	  src/version.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* the oldest version of the SQL objects that this library serves */
#define HNSW_OLDEST_SQL "0.1.0"

HNSW_FUNCTION(version)
{
	PG_RETURN_TEXT_P(cstring_to_text(HNSW_VERSION));
}

/*
 * "A.B.C" as a number, A * 10000 + B * 100 + C; what follows C does not count.
 * The extension under the name "vector" (make install-vector-alias) has
 * that number as its C.  Returns -1 for what is no version of ours.
 */
static int
version_number(const char *extension, const char *version)
{
	unsigned	a,
				b,
				c;

	if (sscanf(version, "%4u.%2u.%6u", &a, &b, &c) != 3)
		return -1;
	if (strcmp(extension, "vector") == 0)
		return (int) c;
	return c < 100 ? (int) (a * 10000 + b * 100 + c) : -1;
}

/*
 * Name and version of an extension, palloc'd.  False if it has just been
 * dropped by another session.
 */
static bool
extension_version(Oid extension, char **name, char **version)
{
	Relation	pg_extension = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(pg_extension, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		*name = pstrdup(NameStr(((Form_pg_extension) GETSTRUCT(tuple))->extname));
		/* the column is never null */
		*version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion,
													RelationGetDescr(pg_extension), &isnull));
	}
	systable_endscan(scan);
	table_close(pg_extension, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

void
hnsw_version_check(Relation index)
{
	Oid			extension = getExtensionOfObject(AccessMethodRelationId, index->rd_rel->relam);
	char	   *name;
	char	   *version;
	int			number;
	bool		older;

	/* objects that were made by hand are their maker's business */
	if (!OidIsValid(extension) || !extension_version(extension, &name, &version))
		return;
	number = version_number(name, version);
	older = number < version_number("hnsw", HNSW_OLDEST_SQL);
	if (number < 0 || (!older && number <= version_number("hnsw", HNSW_VERSION)))
	{
		pfree(name);
		pfree(version);
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("extension \"%s\" of version %s does not fit the hnsw library of version %s",
					name, version, HNSW_VERSION),
			 errdetail("Index \"%s\" cannot be used. The library serves versions %s to %s of hnsw.",
					   RelationGetRelationName(index), HNSW_OLDEST_SQL, HNSW_VERSION),
			 older ?
			 errhint("Run ALTER EXTENSION %s UPDATE.", quote_identifier(name)) :
			 errhint("Reconnect, because a session keeps the library that it has loaded; "
					 "restart the server if it preloads the library; "
					 "otherwise install the library of the extension's version.")));
}
