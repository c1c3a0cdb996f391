/*-------------------------------------------------------------------------
 *
 * bulk_batch.c
 *		Inserting many rows so that near ones follow each other.
 *
 * An insert reads a hundred records.  Those of a row near the last one are mostly the
 * same, and still in the cache; in the order in which rows come from the table hardly
 * any is.  The graph is as good: it is among the rows that were there before that the
 * first of a group finds its neighbors.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_batch.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk_batch.h"

#include "base/debug.h"

/* A row that waits; its codes follow. */
typedef struct BatchRow
{
	HnswTid		tid;
	HnswTid		value;
	float		resid;
	HnswOwnFactors factors;
} BatchRow;

/* memory of a row in a tree (bulk_tree.h): two numbers and a part */
#define TREE_ROW	(2 * sizeof(uint32) + 1)

/* rows for which it takes the trouble */
#define LEAST_ROWS		256

bool
hnsw_batch_suits(const HnswLayout *layout)
{
	return hnsw_own_dense_suits(layout);
}

void
hnsw_batch_init(HnswBatch *batch, const HnswLayout *layout, Size bytes)
{
	Size		most;

	memset(batch, 0, sizeof(*batch));
	batch->layout = layout;
	hnsw_own_dense_layout(layout, &batch->dense);
	batch->stride = (sizeof(BatchRow) + layout->own_bytes + 7) / 8 * 8;
	most = Max(LEAST_ROWS, bytes / (batch->stride + TREE_ROW));
	batch->most = (uint32) Min(most, UINT32_C(0x7FFFFFFF));
	batch->chunks = hnsw_alloc_zero(sizeof(char *) * (batch->most / HNSW_BATCH_CHUNK + 1));
}

void
hnsw_batch_free(HnswBatch *batch)
{
	if (batch->chunks == NULL)
		return;
	for (uint32 i = 0; i < batch->nchunks; i++)
		hnsw_free(batch->chunks[i]);
	hnsw_free(batch->chunks);
	memset(batch, 0, sizeof(*batch));
}

static BatchRow *
row_at(const HnswBatch *batch, uint32 i)
{
	return (BatchRow *) (batch->chunks[i / HNSW_BATCH_CHUNK] +
						 batch->stride * (i % HNSW_BATCH_CHUNK));
}

void
hnsw_batch_add(HnswBatch *batch, const HnswPoint *point, HnswTid tid)
{
	HnswOwn		own = {point->own, point->vmin, point->vstep, 0, 0};
	BatchRow   *row;

	Assert(batch->count < batch->most);
	if (batch->count / HNSW_BATCH_CHUNK == batch->nchunks)
	{
		Size		rows = Min(HNSW_BATCH_CHUNK, batch->most - batch->count);

		batch->chunks[batch->nchunks] = hnsw_alloc(batch->stride * rows);
		batch->nchunks++;
	}
	row = row_at(batch, batch->count++);
	row->tid = tid;
	row->value = point->value;
	row->resid = point->resid;
	row->factors = hnsw_own_factors(batch->layout, &own);
	memcpy(row + 1, point->own, batch->layout->own_bytes);
}

/* The row's own vector as a dense one. */
static const uint8 *
own_of(void *arg, uint32 i, HnswOwnFactors *factors)
{
	HnswBatch  *batch = arg;
	const BatchRow *row = row_at(batch, i);
	HnswOwn		own = {(const uint8 *) (row + 1), row->factors.vmin, row->factors.vstep, 0, 0};

	*factors = row->factors;
	hnsw_own_as_dense(batch->layout, &batch->dense, &own, factors, batch->dense_codes);
	return own.codes;
}

/* Sets the point to what is stored of the row; an insert needs no more. */
static void
restore(HnswPoint *point, const HnswLayout *layout, const BatchRow *row)
{
	HnswOwn		own;

	memcpy(point->own, row + 1, layout->own_bytes);
	point->vmin = own.vmin = row->factors.vmin;
	point->vstep = own.vstep = row->factors.vstep;
	point->resid = row->resid;
	point->value = row->value;
	own.codes = point->own;
	hnsw_layout_own(layout)->decode(layout, &own, point->xhat);
}

void
hnsw_batch_insert(HnswBatch *batch, HnswInserter *ins, void (*done) (void *arg), void *arg)
{
	HnswBulkSource source = {.layout = &batch->dense,.own = own_of,.arg = batch,.seed = ins->random};
	void	   *memory = hnsw_alloc(hnsw_bulk_tree_bytes(&batch->dense, batch->count));
	HnswBulkTree tree = {.rows = hnsw_alloc(sizeof(uint32) * batch->count)};

	batch->dense_codes = hnsw_alloc(batch->layout->dim);
	hnsw_bulk_tree_set_memory(&tree, &batch->dense, batch->count, memory);
	hnsw_bulk_tree_clear(&tree);
	tree.top->nrows = batch->count;
	for (uint32 i = 0; i < batch->count; i++)
		tree.rows[i] = i;
	hnsw_bulk_tree_make(&tree, &source);
	hnsw_free(batch->dense_codes);
	for (uint32 i = 0; i < batch->count; i++)
	{
		const BatchRow *row = row_at(batch, tree.rows[i]);

		HNSW_DEBUG_POINT("batch-insert");
		restore(&ins->point, batch->layout, row);
		hnsw_insert_point(ins, hnsw_inserter_level(ins), row->tid);
		done(arg);
		CHECK_FOR_INTERRUPTS();
	}
	hnsw_free(memory);
	hnsw_free(tree.rows);
	batch->count = 0;
}
