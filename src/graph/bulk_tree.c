/*-------------------------------------------------------------------------
 *
 * bulk_tree.c
 *		Vectors in the order of a tree of clusters: near ones follow each other.
 *
 * Each node of the tree splits its rows into at most 32 parts by k-means of a sample, down
 * to leaves of some 50.  Several processes share the work: the rows of the topmost node are
 * handed out in pieces, then its parts.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_tree.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk_tree.h"

#include "base/debug.h"

#define LEAF_ROWS		50		/* rows of a leaf of the tree, about */
#define MOST_PARTS		HNSW_BULK_TREE_PARTS
#define SAMPLE			16		/* rows for each part */
#define ROUNDS			3		/* of k-means */

/* rows that are assigned at once */
#define BATCH			64

/* of what is before the arrays, which stay aligned */
#define TOP_BYTES		((sizeof(HnswBulkTreeTop) + 15) / 16 * 16)

/* rows that a process takes at once to assign them */
#define PIECE			(16 * BATCH)

StaticAssertDecl(MOST_PARTS <= HNSW_BLOCK_STEP, "centers are compared in one step");
StaticAssertDecl(MOST_PARTS <= 256, "parts are numbered in a byte");
StaticAssertDecl(BATCH <= HNSW_BLOCK_STEP, "there are probes for so many rows");

/* What a process splits nodes with. */
typedef struct Splitter
{
	const HnswBulkSource *source;
	HnswBulkTree *tree;
	uint64		random;
	HnswOwnBlock centers;
	uint8	   *codes;			/* of the centers */
	HnswOwnProbes probes;
	HnswBulkMeans means;
	float		g[BATCH * MOST_PARTS];
} Splitter;

/* ------------------------------------------------------------------------
 * Means
 * ------------------------------------------------------------------------
 */
void
hnsw_bulk_means_init(HnswBulkMeans *means, const HnswBulkSource *source, int sets)
{
	const HnswLayout *layout = source->layout;

	means->source = source;
	means->sums = hnsw_alloc(sizeof(float) * layout->dim * sets);
	means->plain = hnsw_alloc(sizeof(float) * layout->dim);
	hnsw_point_init(&means->mean, layout);
}

void
hnsw_bulk_means_free(HnswBulkMeans *means)
{
	hnsw_free(means->sums);
	hnsw_free(means->plain);
	hnsw_point_free(&means->mean);
}

static void
add_to_sum(HnswBulkMeans *means, uint32 id, float *sum)
{
	const HnswLayout *layout = means->source->layout;
	HnswOwnFactors factors;
	HnswOwn		own;

	own.codes = means->source->own(means->source->arg, id, &factors);
	own.vmin = factors.vmin;
	own.vstep = factors.vstep;
	hnsw_layout_own(layout)->decode(layout, &own, means->plain);
	for (uint32 i = 0; i < layout->dim; i++)
		sum[i] += means->plain[i];
}

/* Stores the mean of n rows with this sum; what its codes mean. */
static HnswOwnFactors
store_mean(HnswBulkMeans *means, const float *sum, uint32 n, uint8 *codes)
{
	const HnswLayout *layout = means->source->layout;
	float	   *x = means->mean.x;
	HnswOwn		own;

	for (uint32 i = 0; i < layout->dim; i++)
		x[i] = sum[i] / (float) n;
	means->mean.norm = 0;
	means->mean.clamped = false;
	hnsw_layout_own(layout)->quantise(&means->mean, layout, x);
	memcpy(codes, means->mean.own, layout->own_bytes);
	own.codes = codes;
	own.vmin = means->mean.vmin;
	own.vstep = means->mean.vstep;
	return hnsw_own_factors(layout, &own);
}

HnswOwnFactors
hnsw_bulk_means_of(HnswBulkMeans *means, const uint32 *rows, uint32 n, uint8 *codes)
{
	memset(means->sums, 0, sizeof(float) * means->source->layout->dim);
	for (uint32 i = 0; i < n; i++)
		add_to_sum(means, rows[i], means->sums);
	return store_mean(means, means->sums, n, codes);
}

/* ------------------------------------------------------------------------
 * A node
 * ------------------------------------------------------------------------
 */
/* Makes centers of the sums of parts that have rows. */
static void
set_centers(Splitter *s, const uint32 *counts, int parts)
{
	const HnswLayout *layout = s->source->layout;

	s->centers.count = 0;
	for (int i = 0; i < parts; i++)
		if (counts[i] > 0)
		{
			uint8	   *codes = s->codes + (Size) layout->own_bytes * s->centers.count;

			hnsw_own_block_add(&s->centers, codes,
							   store_mean(&s->means, s->means.sums + (Size) layout->dim * i, counts[i], codes));
		}
}

/* Sets the part of each of the rows from .. to - 1: the nearest center. */
static void
assign_parts(Splitter *s, uint32 from, uint32 to)
{
	uint8	   *part = s->tree->part;
	int			parts = s->centers.count;

	for (uint32 at = from; at < to; at += BATCH)
	{
		int			n = Min(BATCH, to - at);

		s->probes.count = 0;
		for (int i = 0; i < n; i++)
		{
			HnswOwnFactors factors;
			const uint8 *codes = s->source->own(s->source->arg, s->tree->rows[at + i], &factors);

			hnsw_own_probes_add(&s->probes, codes, factors);
		}
		hnsw_own_block_score(&s->centers, 0, parts, &s->probes, true, s->g);
		for (int i = 0; i < n; i++)
		{
			const float *g = s->g + i * parts;
			int			best = 0;

			for (int k = 1; k < parts; k++)
				if (g[k] < g[best])
					best = k;
			part[at + i] = best;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* k-means of a sample, which comes to the front of the rows from .. to - 1. */
static void
find_centers(Splitter *s, uint32 from, uint32 to, int parts)
{
	uint32	   *rows = s->tree->rows;
	const uint8 *part = s->tree->part;
	uint32		sample = Min(to - from, (uint32) (SAMPLE * parts));
	Size		dim = s->source->layout->dim;
	uint32		counts[MOST_PARTS];

	for (uint32 i = 0; i < sample; i++)
	{
		uint64		r = hnsw_mix64(s->random += UINT64_C(0x9E3779B97F4A7C15));
		uint32		k = from + i + r % (to - from - i);
		uint32		id = rows[from + i];

		rows[from + i] = rows[k];
		rows[k] = id;
	}
	memset(s->means.sums, 0, sizeof(float) * dim * parts);
	for (int i = 0; i < parts; i++)
	{
		counts[i] = 1;
		add_to_sum(&s->means, rows[from + i], s->means.sums + dim * i);
	}
	set_centers(s, counts, parts);
	for (int round = 0; round < ROUNDS; round++)
	{
		assign_parts(s, from, from + sample);
		memset(s->means.sums, 0, sizeof(float) * dim * parts);
		memset(counts, 0, sizeof(counts));
		for (uint32 i = from; i < from + sample; i++)
		{
			counts[part[i]]++;
			add_to_sum(&s->means, rows[i], s->means.sums + dim * part[i]);
		}
		set_centers(s, counts, s->centers.count);
	}
}

static void
tick(const HnswBulkSource *source)
{
	if (source->tick != NULL)
		source->tick(source->tick_arg);
}

static int
parts_of(uint32 n)
{
	return n <= LEAF_ROWS + LEAF_ROWS / 2 ? 0 :
		(int) Min((uint32) MOST_PARTS, Max(2, n / LEAF_ROWS));
}

/*
 * Puts the rows from .. to - 1, which have been assigned, into the order of their parts;
 * where each of these then begins, and how many they are.
 */
static int
sort_by_part(HnswBulkTree *tree, uint32 from, uint32 to, int parts, uint32 *starts)
{
	uint32		n = to - from,
				ends[MOST_PARTS] = {0};

	for (uint32 i = from; i < to; i++)
		ends[tree->part[i]]++;
	for (int i = 0; i < parts; i++)
		if (ends[i] > n - n / 16)
		{
			/* they are all the same: in halves, lest it go on like this */
			starts[0] = from;
			starts[1] = from + n / 2;
			starts[2] = to;
			return 2;
		}
	ends[0] += from;
	for (int i = 1; i < parts; i++)
		ends[i] += ends[i - 1];
	for (uint32 i = to; i > from; i--)
		tree->spare[--ends[tree->part[i - 1]]] = tree->rows[i - 1];
	memcpy(tree->rows + from, tree->spare + from, sizeof(uint32) * n);

	/* the end of each part has come to be its start */
	memcpy(starts, ends, sizeof(uint32) * parts);
	starts[parts] = to;
	return parts;
}

/* Splits the rows from .. to - 1, and each part again, until parts are leaves. */
static void
split(Splitter *s, uint32 from, uint32 to)
{
	uint32		starts[MOST_PARTS + 1];
	int			parts = parts_of(to - from);

	HNSW_DEBUG_POINT("bulk-split");
	CHECK_FOR_INTERRUPTS();
	if (parts == 0)
	{
		memset(s->tree->part + from, 0, to - from);
		s->tree->part[from] = 1;
		__atomic_fetch_add(&s->tree->top->nsplit, to - from, __ATOMIC_RELAXED);
		tick(s->source);
		return;
	}
	find_centers(s, from, to, parts);
	assign_parts(s, from, to);
	parts = sort_by_part(s->tree, from, to, s->centers.count, starts);
	for (int i = 0; i < parts; i++)
		if (starts[i + 1] > starts[i])
			split(s, starts[i], starts[i + 1]);
}

static void
splitter_init(Splitter *s, const HnswBulkSource *source, HnswBulkTree *tree)
{
	const HnswLayout *layout = source->layout;

	s->source = source;
	s->tree = tree;
	s->codes = hnsw_alloc((Size) layout->own_bytes * MOST_PARTS);
	hnsw_bulk_means_init(&s->means, source, MOST_PARTS);
	hnsw_own_block_init(&s->centers, layout, MOST_PARTS);
	hnsw_own_probes_init(&s->probes, layout, BATCH);
}

static void
splitter_free(Splitter *s)
{
	hnsw_free(s->codes);
	hnsw_bulk_means_free(&s->means);
	hnsw_own_block_free(&s->centers);
	hnsw_own_probes_free(&s->probes);
}

/* Samples of a node are the same whoever splits it. */
static void
seed_for(Splitter *s, uint32 from)
{
	s->random = hnsw_mix64(s->tree->top->seed + from);
}

/* ------------------------------------------------------------------------
 * All of it
 * ------------------------------------------------------------------------
 */
Size
hnsw_bulk_tree_bytes(const HnswLayout *dense, uint32 space)
{
	return TOP_BYTES + (sizeof(uint32) + 1) * (Size) space +
		(Size) dense->own_bytes * MOST_PARTS;
}

void
hnsw_bulk_tree_set_memory(HnswBulkTree *tree, const HnswLayout *dense, uint32 space, void *memory)
{
	char	   *p = (char *) memory + TOP_BYTES;

	tree->top = memory;
	tree->spare = (uint32 *) p;
	tree->centers = (uint8 *) (tree->spare + space);
	tree->part = tree->centers + (Size) dense->own_bytes * MOST_PARTS;
}

void
hnsw_bulk_tree_clear(HnswBulkTree *tree)
{
	memset(tree->top, 0, sizeof(*tree->top));
}

void
hnsw_bulk_tree_begin(HnswBulkTree *tree, const HnswBulkSource *source)
{
	HnswBulkTreeTop *top = tree->top;
	int			parts = parts_of(top->nrows);
	Splitter	s;

	top->seed = source->seed;
	if (parts == 0)
		return;
	splitter_init(&s, source, tree);
	seed_for(&s, 0);
	find_centers(&s, 0, top->nrows, parts);
	top->nparts = s.centers.count;
	memcpy(top->factors, s.centers.factors, sizeof(HnswOwnFactors) * top->nparts);
	memcpy(tree->centers, s.codes, (Size) source->layout->own_bytes * top->nparts);
	splitter_free(&s);
}

void
hnsw_bulk_tree_assign(HnswBulkTree *tree, const HnswBulkSource *source)
{
	HnswBulkTreeTop *top = tree->top;
	Splitter	s;
	uint64		from;

	splitter_init(&s, source, tree);
	for (uint32 i = 0; i < top->nparts; i++)
		hnsw_own_block_add(&s.centers, tree->centers + (Size) source->layout->own_bytes * i,
						   top->factors[i]);
	while (top->nparts > 0 &&
		   (from = __atomic_fetch_add(&top->next_rows, PIECE, __ATOMIC_RELAXED)) < top->nrows)
	{
		assign_parts(&s, from, Min(from + PIECE, top->nrows));
		tick(source);
	}
	splitter_free(&s);
}

void
hnsw_bulk_tree_divide(HnswBulkTree *tree)
{
	HnswBulkTreeTop *top = tree->top;

	if (top->nparts > 0)
		top->nparts = sort_by_part(tree, 0, top->nrows, top->nparts, top->starts);
	else
	{
		top->nparts = 1;
		top->starts[1] = top->nrows;
	}
}

void
hnsw_bulk_tree_split(HnswBulkTree *tree, const HnswBulkSource *source)
{
	HnswBulkTreeTop *top = tree->top;
	Splitter	s;
	uint32		i;

	splitter_init(&s, source, tree);
	while ((i = __atomic_fetch_add(&top->next_part, 1, __ATOMIC_RELAXED)) < top->nparts)
		if (top->starts[i + 1] > top->starts[i])
		{
			seed_for(&s, top->starts[i]);
			split(&s, top->starts[i], top->starts[i + 1]);
		}
	splitter_free(&s);
}

void
hnsw_bulk_tree_make(HnswBulkTree *tree, const HnswBulkSource *source)
{
	hnsw_bulk_tree_begin(tree, source);
	hnsw_bulk_tree_assign(tree, source);
	hnsw_bulk_tree_divide(tree);
	hnsw_bulk_tree_split(tree, source);
}

uint32
hnsw_bulk_tree_nleaves(const HnswBulkTree *tree)
{
	uint32		nleaves = 0;

	for (uint32 i = 0; i < tree->top->nrows; i++)
		nleaves += tree->part[i];
	return nleaves;
}

void
hnsw_bulk_tree_starts(const HnswBulkTree *tree, uint32 *starts)
{
	for (uint32 i = 0; i < tree->top->nrows; i++)
		if (tree->part[i] != 0)
			*starts++ = i;
	*starts = tree->top->nrows;
}
