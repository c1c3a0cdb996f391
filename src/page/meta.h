/*-------------------------------------------------------------------------
 *
 * meta.h
 *		The first two pages of an index: metapage and allocation page.
 *
 * IDENTIFICATION
 *	  src/page/meta.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_META_H
#define HNSW_META_H

#include "page/shared.h"

static inline HnswAllocator *
hnsw_page_allocator(Page page)
{
	return (HnswAllocator *) hnsw_page_contents(page);
}

extern void hnsw_meta_get_entry(Relation index, HnswEntry *entry);
extern bool hnsw_meta_update_entry(Relation index, bool logged,
								   bool (*change) (HnswEntry *entry, void *arg), void *arg);

/*
 * Makes and frees slots (alloc.c).  Both hold the allocation page's lock
 * throughout, and under it that of the slot's page.
 */
extern HnswId hnsw_alloc_create(HnswSharedPager *shared, HnswKind kind,
								const void *image, Size size);
extern void hnsw_alloc_destroy(HnswSharedPager *shared, HnswKind kind,
							   const HnswId *ids, int count);

/* First block of a slot, and its number in that page. */
extern BlockNumber hnsw_slot_block(const HnswLayout *layout, HnswKind kind, HnswId id,
								   int *slot);

/* The page, which is being changed, reaches to the end of a slot. */
extern void hnsw_page_reach_slot(Page page, const HnswLayout *layout, HnswKind kind, int slot);

/* The same for the last of its slots that is in use. */
extern void hnsw_page_reach_slots(Page page, const HnswLayout *layout, HnswKind kind);

#endif							/* HNSW_META_H */
