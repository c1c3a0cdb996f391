/*-------------------------------------------------------------------------
 *
 * options.c
 *		Index options and settings.
 *
 * IDENTIFICATION
 *	  src/config/options.c
 *-------------------------------------------------------------------------
 */
#include "config/options.h"

#include "access/reloptions.h"
#include "base/iterative.h"
#include "code/layout.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* Defaults: the server wants a variable to begin as what it is defined with. */
double		hnsw_scan_mem_multiplier = 1;
int			hnsw_iterative_scan = HNSW_ITERATIVE_STRICT;
int			hnsw_max_scan_tuples = 20000;
int			hnsw_nulls = HNSW_NULLS_LAST;
int			hnsw_seed = 0;

static int	ef_search = HNSW_DEFAULT_EF_SEARCH;
static relopt_kind kind;

static const struct config_enum_entry iterative_values[] = {
	{"off", HNSW_ITERATIVE_OFF, false},
	{"relaxed_order", HNSW_ITERATIVE_RELAXED, false},
	{"strict_order", HNSW_ITERATIVE_STRICT, false},
	{NULL, 0, false}
};

static const struct config_enum_entry nulls_values[] = {
	{"last", HNSW_NULLS_LAST, false},
	{"omit", HNSW_NULLS_OMIT, false},
	{NULL, 0, false}
};

/*
 * A setting of ours that is there already, and not just because somebody has
 * set it, belongs to another library, which stays loaded until the session ends.
 */
void
hnsw_options_check_free(void)
{
	static const char *const names[] = {"hnsw.ef_search", "hnsw.iterative_scan"};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (GetConfigOption(names[i], true, false) != NULL &&
			(GetConfigOptionFlags(names[i], true) & GUC_CUSTOM_PLACEHOLDER) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("cannot load the hnsw library: this session has loaded another one that defines \"%s\"",
							names[i]),
					 errdetail("The other library is probably pgvector's, which has the same settings."),
					 errhint("Reconnect. If the other library is preloaded, take it out of shared_preload_libraries, "
							 "session_preload_libraries and local_preload_libraries first.")));
	}
}

void
hnsw_options_init(void)
{
	kind = add_reloption_kind();
	add_int_reloption(kind, "m", "Neighbors of a node in each layer above the lowest",
					  HNSW_DEFAULT_M, HNSW_MIN_M, HNSW_MAX_M, AccessExclusiveLock);
	add_int_reloption(kind, "m0", "Neighbors of a node in the lowest layer (0: about 2 * m)",
					  0, 0, 4 * HNSW_MAX_M, AccessExclusiveLock);
	add_int_reloption(kind, "ef_construction", "Candidates kept while a node is inserted",
					  HNSW_DEFAULT_EF_CONSTRUCTION, HNSW_MIN_EF_CONSTRUCTION,
					  HNSW_MAX_EF_CONSTRUCTION, AccessExclusiveLock);
	add_int_reloption(kind, "ef_search", "Candidates kept by a search of this index (0: hnsw.ef_search)",
					  0, 0, HNSW_MAX_EF_SEARCH, ShareUpdateExclusiveLock);
	add_int_reloption(kind, "nonzeros", "Elements of a sparsevec that its record has room for (0: as the rows have)",
					  0, 0, HNSW_MAX_NONZEROS, AccessExclusiveLock);
	add_int_reloption(kind, "edge_bits", "Bits that code the neighbor at an edge (0: as fit the page)",
					  0, 0, HNSW_MAX_EDGE_BITS, AccessExclusiveLock);

	DefineCustomIntVariable("hnsw.ef_search",
							"Sets how many candidates a search keeps.",
							"More candidates find more of the true nearest rows and take more time.",
							&ef_search, ef_search, 1, HNSW_MAX_EF_SEARCH,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("hnsw.iterative_scan",
							 "Sets how a scan goes on when more rows are asked for.",
							 NULL, &hnsw_iterative_scan, hnsw_iterative_scan,
							 iterative_values, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hnsw.max_scan_tuples",
							"Sets how many records a scan may visit.",
							NULL, &hnsw_max_scan_tuples, hnsw_max_scan_tuples, 1, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable("hnsw.scan_mem_multiplier",
							 "Sets how much memory a scan may use, in units of work_mem.",
							 NULL, &hnsw_scan_mem_multiplier, hnsw_scan_mem_multiplier, 1, 1000,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("hnsw.nulls",
							 "Sets what an index scan does with rows that have no distance.",
							 "They come last, as from a sort (last), or not at all, as with pgvector (omit).",
							 &hnsw_nulls, hnsw_nulls,
							 nulls_values, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hnsw.seed",
							"Sets the seed of an index build.",
							"A build by one process with the same seed and the same rows makes the same index.",
							&hnsw_seed, hnsw_seed, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved("hnsw");
#else
	EmitWarningsOnPlaceholders("hnsw");
#endif
}

void
hnsw_options_check_m0(int m, int m0)
{
	int			least = Max(m, HNSW_MIN_M0);

	if (m0 != 0 && (m0 < least || m0 > 4 * m))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("m0 must be between %d and %d where m is %d", least, 4 * m, m)));
}

bytea *
hnsw_options_parse(Datum reloptions, bool validate)
{
	static const relopt_parse_elt tab[] = {
		{"m", RELOPT_TYPE_INT, offsetof(HnswOptions, m)},
		{"m0", RELOPT_TYPE_INT, offsetof(HnswOptions, m0)},
		{"ef_construction", RELOPT_TYPE_INT, offsetof(HnswOptions, ef_construction)},
		{"ef_search", RELOPT_TYPE_INT, offsetof(HnswOptions, ef_search)},
		{"nonzeros", RELOPT_TYPE_INT, offsetof(HnswOptions, nonzeros)},
		{"edge_bits", RELOPT_TYPE_INT, offsetof(HnswOptions, edge_bits)},
	};
	bytea	   *result = build_reloptions(reloptions, validate, kind, sizeof(HnswOptions),
										  tab, lengthof(tab));
	HnswOptions *options = (HnswOptions *) result;

	if (validate && options != NULL)
	{
		if (options->ef_construction < 2 * options->m)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("ef_construction must be greater than or equal to 2 * m")));
		hnsw_options_check_m0(options->m, options->m0);
		if (options->edge_bits != 0 && options->edge_bits < HNSW_MIN_EDGE_BITS)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("edge_bits must be 0 or at least %d", HNSW_MIN_EDGE_BITS)));
	}
	return result;
}

HnswOptions
hnsw_options_or_default(const bytea *parsed)
{
	HnswOptions defaults = {
		.m = HNSW_DEFAULT_M,
		.ef_construction = HNSW_DEFAULT_EF_CONSTRUCTION,
	};

	return parsed != NULL ? *(const HnswOptions *) parsed : defaults;
}

HnswOptions
hnsw_options(Relation index)
{
	return hnsw_options_or_default(index->rd_options);
}

/* Has this session (or its client, at connect) set the variable? */
static bool
set_by_session(const char *name)
{
#if PG_VERSION_NUM >= 160000
	struct config_generic *var = find_option(name, false, true, 0);

	return var != NULL && var->source >= PGC_S_CLIENT;
#else
	struct config_generic **vars = get_guc_variables();
	int			n = GetNumConfigOptions();

	for (int i = 0; i < n; i++)
		if (strcmp(vars[i]->name, name) == 0)
			return vars[i]->source >= PGC_S_CLIENT;
	return false;
#endif
}

int
hnsw_options_ef_search(Relation index)
{
	int			own = hnsw_options(index).ef_search;

	if (own == 0 || set_by_session("hnsw.ef_search"))
		return ef_search;
	return own;
}
