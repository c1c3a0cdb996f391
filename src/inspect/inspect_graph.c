/*-------------------------------------------------------------------------
 *
 * inspect_graph.c
 *		hnsw_check and hnsw_stats: the inside of an index for SQL.
 *
 * IDENTIFICATION
 *	  src/inspect/inspect_graph.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "access/amapi.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "config/options.h"
#include "funcapi.h"
#include "graph/bulk.h"
#include "graph/check.h"
#include "miscadmin.h"
#include "page/meta.h"
#include "page/shared.h"
#include "storage/lmgr.h"
#include "types/vector.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

/* An index and its table, locked. */
typedef struct OpenIndex
{
	Oid			table;
	Relation	index;
	LOCKMODE	mode;
} OpenIndex;

static void
must_be_readable(Oid table)
{
	if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
}

/*
 * Opens an hnsw index of which the caller may read the table.  Vacuum locks the
 * table, not the index, so that it is the lock of the table that keeps it out
 * (neither scans nor inserts).  A standby has no lock that could: there vacuum's
 * changes are replayed whoever reads.
 */
static void
open_index(OpenIndex *open, Oid index_oid, bool without_vacuum)
{
	Relation	index;

	open->mode = without_vacuum && !RecoveryInProgress() ?
		ShareUpdateExclusiveLock : AccessShareLock;
	open->table = IndexGetRelation(index_oid, true);
	if (OidIsValid(open->table))
	{
		must_be_readable(open->table);
		LockRelationOid(open->table, open->mode);
	}
	index = relation_open(index_oid, AccessShareLock);
	if (index->rd_rel->relkind != RELKIND_INDEX ||
		index->rd_indam->amoptions != hnsw_options_parse)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an hnsw index", RelationGetRelationName(index)),
				 index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX ?
				 errhint("Name the index of a partition.") : 0));
	/* dropped, and its OID given to another, before the lock was there */
	if (index->rd_index->indrelid != open->table)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("index \"%s\" has changed its table", RelationGetRelationName(index))));
	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary indexes of other sessions")));
	/* CREATE INDEX CONCURRENTLY has failed before it could write anything */
	if (RelationGetNumberOfBlocks(index) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" has never been built", RelationGetRelationName(index)),
				 errhint("REINDEX or drop it.")));
	if (!index->rd_index->indisvalid)
		ereport(NOTICE,
				(errmsg("index \"%s\" is not valid", RelationGetRelationName(index))));
	open->index = index;
}

static void
close_index(OpenIndex *open)
{
	relation_close(open->index, AccessShareLock);
	UnlockRelationOid(open->table, open->mode);
}

/* A materialised result; the tuple store of a set-returning function. */
static Tuplestorestate *
start_set(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;
	Tuplestorestate *store;

	if (info == NULL || !IsA(info, ReturnSetInfo) ||
		(info->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	store = tuplestore_begin_heap(true, false, work_mem);
	*desc = CreateTupleDescCopy(*desc);
	info->returnMode = SFRM_Materialize;
	info->setResult = store;
	info->setDesc = *desc;
	MemoryContextSwitchTo(old);
	return store;
}

typedef struct CheckArg
{
	Tuplestorestate *store;
	TupleDesc	desc;
	const HnswLayout *layout;
} CheckArg;

static const char *
kind_name(HnswKind kind)
{
	switch (kind)
	{
		case HNSW_BASE:
			return "base record";
		case HNSW_UPPER:
			return "upper record";
		case HNSW_CHUNK:
			return "chunk";
		default:
			return "page aside";
	}
}

static void
report_problem(void *arg, HnswKind kind, HnswId id, const char *problem)
{
	CheckArg   *check = arg;
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};
	int			slot;

	if (id == HNSW_NO_ID)
	{
		/* of the index as a whole: the metapage says so */
		values[0] = Int64GetDatum(HNSW_META_BLOCK);
		nulls[2] = true;
	}
	else
		values[0] = Int64GetDatum(hnsw_slot_block(check->layout, kind, id, &slot));
	values[1] = CStringGetTextDatum(kind_name(kind));
	values[2] = Int64GetDatum((int64) id);
	values[3] = CStringGetTextDatum(problem);
	tuplestore_putvalues(check->store, check->desc, values, nulls);
}

/*
 * hnsw_check(regclass) returns set of (block, kind, id, problem): every broken
 * invariant of the index; nothing when it is sound.
 */
HNSW_FUNCTION(check)
{
	CheckArg	check;
	OpenIndex	open;
	HnswSharedPager shared;
	MemoryContext context,
				old;

	open_index(&open, PG_GETARG_OID(0), true);
	check.store = start_set(fcinfo, &check.desc);
	context = AllocSetContextCreate(CurrentMemoryContext, "hnsw check", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	hnsw_shared_init(&shared, open.index);
	check.layout = shared.pager.layout;
	hnsw_graph_check(&shared.pager, report_problem, &check);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	close_index(&open);
	PG_RETURN_NULL();
}

typedef struct StatsArg
{
	Tuplestorestate *store;
	TupleDesc	desc;
} StatsArg;

static void
put_stat(StatsArg *stats, const char *name, double value)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = CStringGetTextDatum(name);
	values[1] = Float8GetDatum(value);
	tuplestore_putvalues(stats->store, stats->desc, values, nulls);
}

static void
put_counts(StatsArg *stats, const HnswLayout *layout, const HnswCheckCounts *counts)
{
	int64		nodes = counts->records[0][HNSW_LINKED];
	int			layers = 0;

	for (int i = 0; i < HNSW_MAX_LAYERS; i++)
		if (counts->records[i][HNSW_LINKED] > 0)
			layers = i + 1;
	put_stat(stats, "nodes", nodes);
	put_stat(stats, "nodes pending", counts->records[0][HNSW_PENDING]);
	put_stat(stats, "nodes dying", counts->records[0][HNSW_DYING]);
	put_stat(stats, "nodes without tuple", counts->bare);
	put_stat(stats, "tuples", counts->tids);
	put_stat(stats, "tuples with NULL vector", counts->aside_tids[HNSW_ASIDE_NULL]);
	put_stat(stats, "tuples without direction", counts->aside_tids[HNSW_ASIDE_NAN]);
	put_stat(stats, "layers", layers);
	for (int i = 1; i < layers; i++)
		put_stat(stats, psprintf("nodes in layer %d", i), counts->records[i][HNSW_LINKED]);
	put_stat(stats, "neighbors a node", nodes > 0 ?
			 (double) counts->edges[0] / Max(1, nodes + counts->records[0][HNSW_PENDING] +
											 counts->records[0][HNSW_DYING]) : 0);
	put_stat(stats, "free records", counts->free_slots[HNSW_BASE]);
	put_stat(stats, "m", layout->m);
	put_stat(stats, "m0", layout->m0);
	put_stat(stats, "dimensions", layout->dim);
	if (layout->nonzeros > 0)
		put_stat(stats, "elements a record", layout->nonzeros);
}

/* hnsw_stats(regclass) returns set of (name, value). */
HNSW_FUNCTION(stats)
{
	StatsArg	stats;
	OpenIndex	open;
	const HnswShape *shape;
	HnswSharedPager shared;
	HnswCheckCounts counts;

	open_index(&open, PG_GETARG_OID(0), false);
	stats.store = start_set(fcinfo, &stats.desc);
	hnsw_shared_init(&shared, open.index);
	hnsw_graph_count(&shared.pager, &counts);
	put_counts(&stats, shared.pager.layout, &counts);
	shape = &shared.pager.layout->shape[HNSW_BASE];
	put_stat(&stats, "bytes a record", shape->size);
	put_stat(&stats, "records a page", shape->per_page);
	put_stat(&stats, "pages a record", shape->pages);
	put_stat(&stats, "code bits an edge", (double) shape->bits * shape->cdim);
	put_stat(&stats, "error of an estimate", shape->error);
	put_stat(&stats, "ef_construction", hnsw_options(open.index).ef_construction);
	put_stat(&stats, "ef_search", hnsw_options_ef_search(open.index));
	close_index(&open);
	PG_RETURN_NULL();
}

static int64
build_memory(const HnswLayout *layout, int ef_construction, double rows)
{
	return (int64) ceil(hnsw_bulk_build_bytes(layout, ef_construction, rows,
											  max_parallel_maintenance_workers + 1));
}

/* Rows of the index as of the last VACUUM or build, else those of its table. */
static double
rows_of(Relation index, Oid table)
{
	double		rows = index->rd_rel->reltuples,
				all_visible;
	BlockNumber pages;
	Relation	heap;

	if (rows > 0)
		return rows;
	heap = relation_open(table, NoLock);
	rows = heap->rd_rel->reltuples;
	if (rows <= 0)
		table_relation_estimate_size(heap, NULL, &pages, &rows, &all_visible);
	relation_close(heap, NoLock);
	return rows;
}

HNSW_FUNCTION(build_memory_index)
{
	OpenIndex	open;
	HnswLayout	layout;
	double		rows;
	int			ef_construction;

	open_index(&open, PG_GETARG_OID(0), false);
	layout = *hnsw_index_layout(open.index);
	ef_construction = hnsw_options(open.index).ef_construction;
	rows = rows_of(open.index, open.table);
	close_index(&open);
	PG_RETURN_INT64(build_memory(&layout, ef_construction, rows));
}

HNSW_FUNCTION(build_memory)
{
	int64		rows = PG_GETARG_INT64(0);
	int32		dim = PG_GETARG_INT32(1);
	int32		m = PG_GETARG_INT32(2);
	int32		m0 = PG_GETARG_INT32(3);
	HnswLayout	layout;
	HnswLayoutRequest request = {
		.cell = hnsw_cell_find(HNSW_VECTOR, HNSW_L2),
		.dim = dim,
		.m = m,
		.m0 = m0,
	};

	if (rows < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows must not be negative")));
	if (dim < 1 || dim > HNSW_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions must be between 1 and %d", HNSW_VECTOR_MAX_DIM)));
	if (m < HNSW_MIN_M || m > HNSW_MAX_M)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("m must be between %d and %d", HNSW_MIN_M, HNSW_MAX_M)));
	hnsw_options_check_m0(m, m0);
	hnsw_layout_plan(&request, &layout);
	PG_RETURN_INT64(build_memory(&layout, HNSW_DEFAULT_EF_CONSTRUCTION, (double) rows));
}
