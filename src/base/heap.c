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
hnsw_heap_append(HnswHeap *heap, float key, uint32 id)
{
	if (heap->count == heap->space)
	{
		heap->items = hnsw_realloc(heap->items, sizeof(HnswItem) * heap->space * 2);
		heap->space *= 2;
	}
	heap->items[heap->count].key = key;
	heap->items[heap->count++].id = id;
}

void
hnsw_heap_push(HnswHeap *heap, float key, uint32 id)
{
	HnswItem   *items;
	Size		i;

	hnsw_heap_append(heap, key, id);
	items = heap->items;
	for (i = heap->count - 1; i > 0;)
	{
		Size		up = (i - 1) / 2;

		if (items[up].key <= key)
			break;
		items[i] = items[up];
		i = up;
	}
	items[i].key = key;
	items[i].id = id;
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
			*hnsw_seen_put(&bigger, seen->entries[i].id) = seen->entries[i].key;
	hnsw_seen_free(seen);
	*seen = bigger;
}

float *
hnsw_seen_put(HnswSeen *seen, uint32 id)
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
		return hnsw_seen_put(seen, id);
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
