/*-------------------------------------------------------------------------
 *
 * test_heap.c
 *		Heaps, the sorted queue, selection and the set of ids, against plain
 *		arrays.
 *
 * IDENTIFICATION
 *	  test/unit/test_heap.c
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "base/heap.h"

/* few different keys, so that many are equal; now and then the extremes */
static float
random_key(void)
{
	static const float extremes[] = {HUGE_VALF, -HUGE_VALF, FLT_MAX, -FLT_MAX, 0};

	return unit_below(20) == 0 ? extremes[unit_below(lengthof(extremes))] :
		(float) unit_below(50) / 7;
}

static int
compare_keys(const void *a, const void *b)
{
	float		ka = ((const HnswItem *) a)->key,
				kb = ((const HnswItem *) b)->key;

	return ka < kb ? -1 : ka > kb;
}

static void
test_heap(void)
{
	HnswHeap	heap;
	HnswItem	model[300];

	unit_group("a heap gives the smallest first");
	hnsw_heap_init(&heap, 16);
	for (int round = 0; round < 200; round++)
	{
		int			n = unit_below(lengthof(model)) + 1;

		for (int i = 0; i < n; i++)
		{
			model[i].key = random_key();
			hnsw_heap_push(&heap, model[i].key, i);
		}
		qsort(model, n, sizeof(HnswItem), compare_keys);
		for (int i = 0; i < n; i++)
			CHECK(hnsw_heap_pop(&heap).key == model[i].key);
		CHECK_INT(heap.count, 0);
	}
	hnsw_heap_free(&heap);
}

/* Is what the queue holds the best of what was put in, in order? */
static void
check_queue(const HnswQueue *queue, const HnswItem *model, int n)
{
	CHECK_INT(hnsw_queue_count(queue), n);
	for (int i = 0; i < n && i < hnsw_queue_count(queue); i++)
		CHECK(queue->items[queue->head + i].key == model[i].key);
}

static void
test_queue(int most)
{
	static HnswQueue queue;
	HnswItem	model[HNSW_QUEUE_MAX + 1];
	int			n = 0;

	unit_group("a queue of at most %d", most);
	queue.most = most;
	queue.head = queue.tail = 0;
	for (int round = 0; round < 20000; round++)
	{
		if (unit_below(3) == 0 && n > 0)
		{
			CHECK(queue.items[queue.head].key == model[0].key);
			queue.head++;
			memmove(model, model + 1, sizeof(HnswItem) * --n);
		}
		else
		{
			HnswItem	evicted = {-1, 7};
			float		key = random_key();
			bool		full = n == most;

			CHECK(hnsw_queue_insert(&queue, key, round, &evicted) == full);
			model[n].key = key;
			model[n++].id = round;
			qsort(model, n, sizeof(HnswItem), compare_keys);
			if (full)
				CHECK(evicted.key == model[--n].key);
		}
		if (round % 16 == 0)
			check_queue(&queue, model, n);
	}
}

static void
test_select(void)
{
	HnswItem	items[500],
				sorted[500];

	unit_group("selection of the n smallest");
	for (int round = 0; round < 2000; round++)
	{
		int			count = unit_below(lengthof(items)) + 1,
					n = unit_below(count + 1);
		uint64		ids = 0,
					ids_after = 0;

		for (int i = 0; i < count; i++)
		{
			items[i].key = round % 3 == 0 ? i : random_key();
			items[i].id = unit_below(1000000);
			ids += items[i].id;
		}
		memcpy(sorted, items, sizeof(items));
		qsort(sorted, count, sizeof(HnswItem), compare_keys);
		hnsw_items_select(items, count, n);
		for (int i = 0; i < count; i++)
			ids_after += items[i].id;
		CHECK(ids == ids_after);
		for (int i = 0; i < n; i++)
			CHECK(items[i].key <= sorted[n - 1].key);
		for (int i = n; n > 0 && i < count; i++)
			CHECK(items[i].key >= sorted[n - 1].key);
	}

	/* NaN has no place, but it must end */
	for (int round = 0; round < 200; round++)
	{
		for (int i = 0; i < 8; i++)
			items[i].key = unit_below(2) ? NAN : (float) unit_below(3);
		hnsw_items_select(items, 8, unit_below(9));
	}
	CHECK(true);
}

static void
test_seen(void)
{
	HnswSeen	seen;
	float	   *model = malloc(sizeof(float) * 20000);

	unit_group("the set of ids");
	hnsw_seen_init(&seen, 64);
	for (int round = 0; round < 5; round++)
	{
		hnsw_seen_clear(&seen);
		for (int i = 0; i < 20000; i++)
			model[i] = NAN;
		for (int i = 0; i < 30000; i++)
		{
			uint32		id = unit_below(20000);
			float	   *key = hnsw_seen_put(&seen, id);

			if (isnan(model[id]))
				CHECK(*key == HUGE_VALF);
			else
				CHECK(*key == model[id]);
			model[id] = *key = (float) i;
		}
		for (uint32 id = 0; id < 20000; id++)
		{
			const float *key = hnsw_seen_get(&seen, id);

			CHECK(isnan(model[id]) ? key == NULL : (key != NULL && *key == model[id]));
		}
	}
	hnsw_seen_free(&seen);
	free(model);
}

int
main(void)
{
	test_heap();
	test_queue(1);
	test_queue(2);
	test_queue(40);
	test_queue(HNSW_QUEUE_MAX);
	test_select();
	test_seen();
	return unit_done();
}
