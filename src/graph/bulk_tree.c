/*-------------------------------------------------------------------------
 *
 * bulk_tree.c
 *		Vectors in the order of a tree of clusters: near ones follow each other.
 *
 * Each node of the tree splits its rows into at most 32 parts by k-means of a sample, down
 * to leaves of some 50.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_tree.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk_tree.h"

#define LEAF_ROWS		50		/* rows of a leaf of the tree, about */
#define MOST_PARTS		32		/* of a node of the tree */
#define SAMPLE			16		/* rows for each part */
#define ROUNDS			3		/* of k-means */

/* rows that are assigned at once */
#define BATCH			64

StaticAssertDecl(MOST_PARTS <= HNSW_BLOCK_STEP, "centers are compared in one step");
StaticAssertDecl(MOST_PARTS <= 256, "parts are numbered in a byte");
StaticAssertDecl(BATCH <= HNSW_BLOCK_STEP, "there are probes for so many rows");

/* What the tree is made with. */
typedef struct Splitter
{
	const HnswBulkSource *source;
	HnswBulkTree *tree;
	uint32	   *spare;			/* as large as rows */
	uint8	   *part;			/* of each row */
	uint64		random;
	HnswOwnBlock centers;
	uint8	   *codes;			/* of the centers */
	HnswOwnProbes probes;
	float	   *sums;			/* of each part's rows */
	float	   *plain;
	HnswPoint	mean;
	float		g[BATCH * MOST_PARTS];
} Splitter;

static void
add_to_sum(Splitter *s, uint32 id, float *sum)
{
	const HnswLayout *layout = s->source->layout;
	HnswOwnFactors factors;
	HnswOwn		own;

	own.codes = s->source->own(s->source->arg, id, &factors);
	own.vmin = factors.vmin;
	own.vstep = factors.vstep;
	hnsw_layout_own(layout)->decode(layout, &own, s->plain);
	for (uint32 i = 0; i < layout->dim; i++)
		sum[i] += s->plain[i];
}

/* Stores the mean of n rows with this sum; what its codes mean. */
static HnswOwnFactors
store_mean(Splitter *s, const float *sum, uint32 n, uint8 *codes)
{
	const HnswLayout *layout = s->source->layout;
	float	   *x = s->mean.x;
	HnswOwn		own;

	for (uint32 i = 0; i < layout->dim; i++)
		x[i] = sum[i] / (float) n;
	s->mean.norm = 0;
	s->mean.clamped = false;
	hnsw_layout_own(layout)->quantise(&s->mean, layout, x);
	memcpy(codes, s->mean.own, layout->own_bytes);
	own.codes = codes;
	own.vmin = s->mean.vmin;
	own.vstep = s->mean.vstep;
	return hnsw_own_factors(layout, &own);
}

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
							   store_mean(s, s->sums + (Size) layout->dim * i, counts[i], codes));
		}
}

/* Sets the part of each of the rows from .. to - 1: the nearest center. */
static void
assign_parts(Splitter *s, uint32 from, uint32 to)
{
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
			s->part[at + i] = best;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* k-means of a sample, which comes to the front of the rows from .. to - 1. */
static void
find_centers(Splitter *s, uint32 from, uint32 to, int parts)
{
	uint32	   *rows = s->tree->rows;
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
	memset(s->sums, 0, sizeof(float) * dim * parts);
	for (int i = 0; i < parts; i++)
	{
		counts[i] = 1;
		add_to_sum(s, rows[from + i], s->sums + dim * i);
	}
	set_centers(s, counts, parts);
	for (int round = 0; round < ROUNDS; round++)
	{
		assign_parts(s, from, from + sample);
		memset(s->sums, 0, sizeof(float) * dim * parts);
		memset(counts, 0, sizeof(counts));
		for (uint32 i = from; i < from + sample; i++)
		{
			counts[s->part[i]]++;
			add_to_sum(s, rows[i], s->sums + dim * s->part[i]);
		}
		set_centers(s, counts, s->centers.count);
	}
}

static void
add_leaf(HnswBulkTree *tree, uint32 end)
{
	if (tree->nleaves + 2 > tree->space)
	{
		tree->space *= 2;
		tree->starts = hnsw_realloc(tree->starts, sizeof(uint32) * tree->space);
	}
	tree->starts[++tree->nleaves] = end;
}

/* Splits the rows from .. to - 1, and each part again, until parts are leaves. */
static void
split(Splitter *s, uint32 from, uint32 to)
{
	uint32		n = to - from,
				ends[MOST_PARTS + 1] = {from};
	int			parts = (int) Min((uint32) MOST_PARTS, Max(2, n / LEAF_ROWS));

	CHECK_FOR_INTERRUPTS();
	if (n <= LEAF_ROWS + LEAF_ROWS / 2)
	{
		add_leaf(s->tree, to);
		return;
	}
	find_centers(s, from, to, parts);
	assign_parts(s, from, to);
	for (uint32 i = from; i < to; i++)
		ends[s->part[i] + 1]++;
	parts = s->centers.count;
	for (int i = 0; i < parts; i++)
		if (ends[i + 1] > n - n / 16)
		{
			/* they are all the same: in halves, lest it go on like this */
			split(s, from, from + n / 2);
			split(s, from + n / 2, to);
			return;
		}
	for (int i = 0; i < parts; i++)
		ends[i + 1] += ends[i];
	for (uint32 i = to; i > from; i--)
		s->spare[--ends[s->part[i - 1] + 1]] = s->tree->rows[i - 1];
	memcpy(s->tree->rows + from, s->spare + from, sizeof(uint32) * n);

	/* the end of each part has come to be its start */
	for (int i = 1; i <= parts; i++)
	{
		uint32		end = i < parts ? ends[i + 1] : to;

		if (end > ends[i])
			split(s, ends[i], end);
	}
}

static void
splitter_init(Splitter *s, const HnswBulkSource *source, HnswBulkTree *tree)
{
	const HnswLayout *layout = source->layout;

	memset(s, 0, sizeof(*s));
	s->source = source;
	s->tree = tree;
	s->random = source->seed;
	s->sums = hnsw_alloc(sizeof(float) * layout->dim * MOST_PARTS);
	s->plain = hnsw_alloc(sizeof(float) * layout->dim);
	s->codes = hnsw_alloc((Size) layout->own_bytes * MOST_PARTS);
	hnsw_point_init(&s->mean, layout);
	hnsw_own_block_init(&s->centers, layout, MOST_PARTS);
	hnsw_own_probes_init(&s->probes, layout, BATCH);
}

static void
splitter_free(Splitter *s)
{
	hnsw_free(s->sums);
	hnsw_free(s->plain);
	hnsw_free(s->codes);
	hnsw_point_free(&s->mean);
	hnsw_own_block_free(&s->centers);
	hnsw_own_probes_free(&s->probes);
}

void
hnsw_bulk_tree_init(HnswBulkTree *tree, uint32 space)
{
	memset(tree, 0, sizeof(*tree));
	tree->rows = hnsw_alloc(sizeof(uint32) * Max(space, 1));
	tree->space = 64;
	tree->starts = hnsw_alloc(sizeof(uint32) * tree->space);
	tree->starts[0] = 0;
}

void
hnsw_bulk_tree_free(HnswBulkTree *tree)
{
	hnsw_free(tree->rows);
	hnsw_free(tree->starts);
}

void
hnsw_bulk_tree_split(HnswBulkTree *tree, const HnswBulkSource *source)
{
	Splitter	s;

	if (tree->nrows == 0)
		return;
	splitter_init(&s, source, tree);
	s.spare = hnsw_alloc(sizeof(uint32) * tree->nrows);
	s.part = hnsw_alloc(tree->nrows);
	split(&s, 0, tree->nrows);
	hnsw_free(s.spare);
	hnsw_free(s.part);
	splitter_free(&s);
}

void
hnsw_bulk_tree_centers(const HnswBulkTree *tree, const HnswBulkSource *source,
					   uint8 *codes, HnswOwnFactors *factors)
{
	const HnswLayout *layout = source->layout;
	Splitter	s;

	splitter_init(&s, source, NULL);
	for (uint32 leaf = 0; leaf < tree->nleaves; leaf++)
	{
		memset(s.sums, 0, sizeof(float) * layout->dim);
		for (uint32 i = tree->starts[leaf]; i < tree->starts[leaf + 1]; i++)
			add_to_sum(&s, tree->rows[i], s.sums);
		factors[leaf] = store_mean(&s, s.sums, tree->starts[leaf + 1] - tree->starts[leaf],
								   codes + (Size) layout->own_bytes * leaf);
		CHECK_FOR_INTERRUPTS();
	}
	splitter_free(&s);
}
