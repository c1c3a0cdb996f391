/*-------------------------------------------------------------------------
 *
 * heap.h
 *		Binary heaps of (key, id), smallest key first, and a set of ids with
 *		a key each.
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
extern void hnsw_heap_append(HnswHeap *heap, float key, uint32 id);
extern void hnsw_heap_push(HnswHeap *heap, float key, uint32 id);
extern HnswItem hnsw_heap_pop(HnswHeap *heap);

/* Takes the least item away and puts another one in. */
extern void hnsw_heap_replace(HnswHeap *heap, float key, uint32 id);

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

/* The id's key, put in as +infinity when it was not there. */
extern float *hnsw_seen_put(HnswSeen *seen, uint32 id);

/* The id's key, or NULL. */
extern const float *hnsw_seen_get(const HnswSeen *seen, uint32 id);

#endif							/* HNSW_HEAP_H */
