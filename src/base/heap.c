/*-------------------------------------------------------------------------
 *
 * heap.c
 *		Binary heaps of (key, id), and a set of ids with a key each.
 *
 * IDENTIFICATION
 *	  src/base/heap.c
 *-------------------------------------------------------------------------
 */
#include "base/heap.h"

#define NOBODY 0xFFFFFFFFu

void
hnsw_heap_init(HnswHeap *heap, Size space)
{
	heap->count = 0;
	heap->space = Max(space, 16);
	heap->items = hnsw_alloc(sizeof(HnswItem) * heap->space);
}

void
hnsw_heap_free(HnswHeap *heap)
{
	hnsw_free(heap->items);
	heap->items = NULL;
}

void
hnsw_heap_grow(HnswHeap *heap, Size more)
{
	Size		space = heap->space;

	while (space < heap->count + more)
		space *= 2;
	heap->items = hnsw_realloc(heap->items, sizeof(HnswItem) * space);
	heap->space = space;
}

static void
sift_down(HnswHeap *heap, HnswItem item)
{
	HnswItem   *items = heap->items;
	Size		i = 0;

	for (;;)
	{
		Size		child = 2 * i + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && items[child + 1].key < items[child].key)
			child++;
		if (item.key <= items[child].key)
			break;
		items[i] = items[child];
		i = child;
	}
	items[i] = item;
}

HnswItem
hnsw_heap_pop(HnswHeap *heap)
{
	HnswItem	top = heap->items[0];

	Assert(heap->count > 0);
	heap->count--;
	if (heap->count > 0)
		sift_down(heap, heap->items[heap->count]);
	return top;
}

void
hnsw_heap_replace(HnswHeap *heap, float key, uint32 id)
{
	HnswItem	item = {key, id};

	sift_down(heap, item);
}

bool
hnsw_queue_insert(HnswQueue *queue, float key, uint32 id, HnswItem *evicted)
{
	HnswItem   *items;
	int			low,
				count;
	bool		full = hnsw_queue_count(queue) >= queue->most;

	if (full)
	{
		*evicted = queue->items[queue->tail - 1];
		if (!(key < evicted->key))
		{
			evicted->key = key;
			evicted->id = id;
			return true;
		}
		queue->tail--;
	}
	else if (queue->tail == lengthof(queue->items))
	{
		count = hnsw_queue_count(queue);
		memmove(queue->items, queue->items + queue->head, sizeof(HnswItem) * count);
		queue->head = 0;
		queue->tail = count;
	}

	/* the first item with a larger key; no branch that cannot be foreseen */
	items = queue->items + queue->head;
	low = 0;
	for (count = hnsw_queue_count(queue); count > 0;)
	{
		int			half = count / 2;
		bool		right = items[low + half].key <= key;

		low = right ? low + half + 1 : low;
		count = right ? count - half - 1 : half;
	}
	memmove(items + low + 1, items + low,
			sizeof(HnswItem) * (hnsw_queue_count(queue) - low));
	items[low].key = key;
	items[low].id = id;
	queue->tail++;
	return full;
}

/*
 * Puts the items of first..end - 1 whose keys are below the pivot, or equal to it too,
 * before the others, without a branch on the keys; returns where the others begin.
 */
static inline Size
partition(HnswItem *items, Size first, Size end, float pivot, bool with_equal)
{
	Size		others = first;

	for (Size at = first; at < end; at++)
	{
		HnswItem	item = items[at];

		items[at] = items[others];
		items[others] = item;
		others += with_equal ? item.key <= pivot : item.key < pivot;
	}
	return others;
}

/* Quickselect (Hoare, CACM 1961), pivot by the median of three. */
void
hnsw_items_select(HnswItem *items, Size count, Size n)
{
	Size		first = 0,
				end = count;

	while (end - first > 1 && n > first && n < end)
	{
		float		a = items[first].key,
					b = items[first + (end - first) / 2].key,
					c = items[end - 1].key;
		float		pivot = Max(Min(a, b), Min(Max(a, b), c));
		Size		equal = partition(items, first, end, pivot, false);

		if (n <= equal)
			end = equal;
		else
		{
			first = partition(items, equal, end, pivot, true);

			/*
			 * nothing is equal to NaN, not even itself: there is no order
			 * then
			 */
			if (n < first || first == equal)
				return;
		}
	}
}

void
hnsw_seen_init(HnswSeen *seen, Size space)
{
	seen->space = 64;
	while (seen->space < space)
		seen->space *= 2;
	seen->entries = hnsw_alloc(sizeof(HnswItem) * seen->space);
	hnsw_seen_clear(seen);
}

void
hnsw_seen_free(HnswSeen *seen)
{
	hnsw_free(seen->entries);
	seen->entries = NULL;
}

void
hnsw_seen_clear(HnswSeen *seen)
{
	seen->count = 0;
	memset(seen->entries, 0xFF, sizeof(HnswItem) * seen->space);
}

static void
grow(HnswSeen *seen)
{
	HnswSeen	bigger;

	hnsw_seen_init(&bigger, seen->space * 2);
	for (Size i = 0; i < seen->space; i++)
		if (seen->entries[i].id != NOBODY)
			*hnsw_seen_add(&bigger, seen->entries[i].id) = seen->entries[i].key;
	hnsw_seen_free(seen);
	*seen = bigger;
}

float *
hnsw_seen_add(HnswSeen *seen, uint32 id)
{
	Size		i;

	Assert(id != NOBODY);
	for (i = hnsw_seen_home(seen, id);; i = (i + 1) & (seen->space - 1))
	{
		if (seen->entries[i].id == id)
			return &seen->entries[i].key;
		if (seen->entries[i].id == NOBODY)
			break;
	}
	if ((seen->count + 1) * 2 > seen->space)
	{
		grow(seen);
		return hnsw_seen_add(seen, id);
	}
	seen->count++;
	seen->entries[i].id = id;
	seen->entries[i].key = HUGE_VALF;
	return &seen->entries[i].key;
}

const float *
hnsw_seen_get(const HnswSeen *seen, uint32 id)
{
	for (Size i = hnsw_seen_home(seen, id);; i = (i + 1) & (seen->space - 1))
	{
		if (seen->entries[i].id == id)
			return &seen->entries[i].key;
		if (seen->entries[i].id == NOBODY)
			return NULL;
	}
}
