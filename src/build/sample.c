/*-------------------------------------------------------------------------
 *
 * sample.c
 *		Looking at some of the table before the records are planned.
 *
 * IDENTIFICATION
 *	  src/build/sample.c
 *-------------------------------------------------------------------------
 */
#include "build/build.h"

#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "types/column.h"
#include "utils/memutils.h"

/* blocks that are read, evenly spread over the table */
#define SAMPLE_BLOCKS	64

/* values that are remembered */
#define SAMPLE_VALUES	20000

typedef struct Sample
{
	const HnswCell *cell;
	MemoryContext context;		/* of one value */
	int			values[SAMPLE_VALUES];
	int			n;
} Sample;

static void
sample_row(Relation index, ItemPointer tid, Datum *values, bool *isnull,
		   bool tuple_is_alive, void *state)
{
	Sample	   *sample = state;
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	if (isnull[0] || sample->n == SAMPLE_VALUES)
		return;
	old = MemoryContextSwitchTo(sample->context);
	sample->values[sample->n++] = hnsw_column_nonzeros(sample->cell, values[0]);
	MemoryContextSwitchTo(old);
	MemoryContextReset(sample->context);
}

static int
compare_ints(const void *a, const void *b)
{
	int			x = *(const int *) a,
				y = *(const int *) b;

	return x < y ? -1 : x > y;
}

int
hnsw_sample_nonzeros(Relation heap, Relation index, IndexInfo *info, const HnswCell *cell)
{
	BlockNumber blocks = RelationGetNumberOfBlocks(heap);
	BlockNumber parts = Min(blocks, SAMPLE_BLOCKS);
	Sample	   *sample;
	int			result = 0;

	/* other tables need not consist of blocks */
	if (heap->rd_rel->relam != HEAP_TABLE_AM_OID)
		return 0;
	sample = palloc(sizeof(Sample));
	sample->cell = cell;
	sample->n = 0;
	sample->context = AllocSetContextCreate(CurrentMemoryContext, "hnsw sample",
											ALLOCSET_DEFAULT_SIZES);
	for (BlockNumber i = 0; i < parts; i++)
		table_index_build_range_scan(heap, index, info, false, false, false,
									 (BlockNumber) ((uint64) blocks * i / parts), 1,
									 sample_row, sample, NULL);
	if (sample->n > 0)
	{
		qsort(sample->values, sample->n, sizeof(int), compare_ints);
		result = Max(1, sample->values[(int) ((int64) (sample->n - 1) * 99 / 100)]);
	}
	MemoryContextDelete(sample->context);
	pfree(sample);
	return result;
}
