/*-------------------------------------------------------------------------
 *
 * am_validate.c
 *		Checking an operator class.
 *
 * IDENTIFICATION
 *	  src/am/am_validate.c
 *-------------------------------------------------------------------------
 */
#include "am/am.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "config/opclass.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

/*
 * The one operator is the ordering operator and returns float8; the one support
 * function takes and returns internal.
 */
bool
hnswvalidate(Oid opclass_oid)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass_oid));
	Form_pg_opclass form;
	CatCList   *operators,
			   *procs;
	bool		valid = true;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass_oid);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(form->opcfamily));
	procs = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(form->opcfamily));

	for (int i = 0; i < operators->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&operators->members[i]->tuple);

		if (op->amopstrategy != HNSW_DISTANCE_STRATEGY ||
			op->amoppurpose != AMOP_ORDER ||
			!check_amop_signature(op->amopopr, FLOAT8OID, op->amoplefttype, op->amoprighttype))
		{
			ereport(INFO,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("operator class \"%s\" of access method hnsw contains operator %s, which is not an ordering operator of strategy %d returning double precision",
							NameStr(form->opcname), format_operator(op->amopopr), HNSW_DISTANCE_STRATEGY)));
			valid = false;
		}
	}
	for (int i = 0; i < procs->n_members; i++)
	{
		Form_pg_amproc proc = (Form_pg_amproc) GETSTRUCT(&procs->members[i]->tuple);

		if (proc->amprocnum != HNSW_CELL_PROC ||
			!check_amproc_signature(proc->amproc, INTERNALOID, true, 1, 1, INTERNALOID))
		{
			ereport(INFO,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("operator class \"%s\" of access method hnsw contains function %s with invalid number or signature",
							NameStr(form->opcname), format_procedure(proc->amproc))));
			valid = false;
		}
	}
	if (operators->n_members == 0 || procs->n_members == 0)
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator class \"%s\" of access method hnsw lacks its operator or its support function",
						NameStr(form->opcname))));
		valid = false;
	}

	ReleaseCatCacheList(procs);
	ReleaseCatCacheList(operators);
	ReleaseSysCache(tuple);
	return valid;
}
