/*-------------------------------------------------------------------------
 *
 * heap.h
 *		Binary heaps and a short sorted queue of (key, id), smallest key first,
 *		and a set of ids with a key each.
 *
 * Flat arrays: the search makes and takes thousands of entries a query, where
 * the allocation of a pairing heap's node or a bucket's chain would dominate.
 *
 * IDENTIFICATION
 *	  src/base/heap.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_HEAP_H
#define HNSW_HEAP_H

#include "base/base.h"

typedef struct HnswItem
{
	float		key;
	uint32		id;
} HnswItem;

typedef struct HnswHeap
{
	HnswItem   *items;
	Size		count;
	Size		space;
} HnswHeap;

extern void hnsw_heap_init(HnswHeap *heap, Size space);
extern void hnsw_heap_free(HnswHeap *heap);
extern void hnsw_heap_grow(HnswHeap *heap, Size more);

/* Room for so many more items. */
static inline void
hnsw_heap_reserve(HnswHeap *heap, Size more)
{
	if (unlikely(heap->count + more > heap->space))
		hnsw_heap_grow(heap, more);
}

static inline void
hnsw_heap_append(HnswHeap *heap, float key, uint32 id)
{
	hnsw_heap_reserve(heap, 1);
	heap->items[heap->count].key = key;
	heap->items[heap->count++].id = id;
}

static inline void
hnsw_heap_push(HnswHeap *heap, float key, uint32 id)
{
	HnswItem   *items;
	Size		i;

	hnsw_heap_reserve(heap, 1);
	items = heap->items;
	for (i = heap->count++; i > 0;)
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

extern HnswItem hnsw_heap_pop(HnswHeap *heap);

/* Takes the least item away and puts another one in. */
extern void hnsw_heap_replace(HnswHeap *heap, float key, uint32 id);

/*
 * A queue of at most "most" items, smallest key first: a sorted array, in
 * which inserting moves the items behind and taking the first costs nothing.
 */
#define HNSW_QUEUE_MAX	1024

typedef struct HnswQueue
{
	int			most;			/* items that it may hold */
	int			head;
	int			tail;			/* items head .. tail - 1 are in the queue */
	HnswItem	items[2 * HNSW_QUEUE_MAX];
} HnswQueue;

static inline int
hnsw_queue_count(const HnswQueue *queue)
{
	return queue->tail - queue->head;
}

/*
 * Puts an item in.  When the queue is full the last item gives way, which may be
 * the new one: true, and *evicted is that item.
 */
extern bool hnsw_queue_insert(HnswQueue *queue, float key, uint32 id, HnswItem *evicted);

/* Moves the n items with the smallest keys to the front of the array, unsorted. */
extern void hnsw_items_select(HnswItem *items, Size count, Size n);

/*
 * The set: open addressing, a power of two of entries.  The id 0xFFFFFFFF is
 * not allowed.
 */
typedef struct HnswSeen
{
	HnswItem   *entries;
	Size		count;
	Size		space;
} HnswSeen;

extern void hnsw_seen_init(HnswSeen *seen, Size space);
extern void hnsw_seen_free(HnswSeen *seen);
extern void hnsw_seen_clear(HnswSeen *seen);

static inline Size
hnsw_seen_home(const HnswSeen *seen, uint32 id)
{
	/* Knuth's multiplicative hash; the high bits are the good ones */
	uint32		h = id * UINT32_C(2654435769);

	return (h ^ (h >> 15)) & (seen->space - 1);
}

/* The id will be asked for soon. */
static inline void
hnsw_seen_prefetch(const HnswSeen *seen, uint32 id)
{
	__builtin_prefetch(&seen->entries[hnsw_seen_home(seen, id)]);
}

extern float *hnsw_seen_add(HnswSeen *seen, uint32 id);

/* The id's key, put in as +infinity when it was not there. */
static inline float *
hnsw_seen_put(HnswSeen *seen, uint32 id)
{
	HnswItem   *entry = &seen->entries[hnsw_seen_home(seen, id)];

	return likely(entry->id == id) ? &entry->key : hnsw_seen_add(seen, id);
}

/* The id's key, or NULL. */
extern const float *hnsw_seen_get(const HnswSeen *seen, uint32 id);

/*
 * Entries that are counted against a limit of memory: what an array holds takes up to
 * "factor" times as much, but not more than the array.  Not all of the array: it may
 * have grown for a deeper search before this one.
 */
static inline Size
hnsw_in_use(Size count, Size space, Size factor)
{
	return Min(count * factor, space);
}

#endif							/* HNSW_HEAP_H */
