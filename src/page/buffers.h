/*-------------------------------------------------------------------------
 *
 * buffers.h
 *		Reading, locking and checking buffers of an index.
 *
 * No other file of the extension reads or locks a buffer.
 *
 * IDENTIFICATION
 *	  src/page/buffers.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BUFFERS_H
#define HNSW_BUFFERS_H

#include "hnsw.h"

#include "code/ondisk.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

static inline HnswPageSpecial *
hnsw_page_special(Page page)
{
	return (HnswPageSpecial *) PageGetSpecialPointer(page);
}

/* First byte of what a page holds. */
static inline char *
hnsw_page_contents(Page page)
{
	return (char *) page + HNSW_PAGE_HEADER;
}

/*
 * Says that the page, which is being changed, has contents up to this byte of them.
 * What lies beyond is empty: WAL leaves it out, and a change of it would be lost.
 */
static inline void
hnsw_page_reach(Page page, Size bytes)
{
	PageHeader	header = (PageHeader) page;

	Assert(bytes <= HNSW_PAGE_ROOM);
	header->pd_lower = Max(header->pd_lower, (LocationIndex) (HNSW_PAGE_HEADER + bytes));
}

/*
 * Makes a page of a kind with no contents yet (hnsw_page_reach); the page is being changed
 * by the caller.
 */
extern void hnsw_page_init(Page page, int kind, int part);

/*
 * Pins and locks (share or exclusive) a page that must be of this kind; raises
 * an error naming index and block when it is not.
 */
extern Buffer hnsw_buffer_get(Relation index, BlockNumber block, bool exclusive, int kind);

/*
 * The same for a page of which bytes first .. first + size - 1 will be read at
 * once: they are on their way to the processor's cache while the lock is taken.
 * A page that is where this backend found it before needs no lookup.
 */
extern Buffer hnsw_buffer_get_ahead(Relation index, BlockNumber block, bool exclusive,
									int kind, int first, int size);

/* The same for a page of a table, share-locked. */
extern Buffer hnsw_buffer_get_of_table(Relation table, BlockNumber block);

/*
 * A page that one of these two may get next: if it takes no lookup, its header and these
 * bytes come into the processor's cache.
 */
extern void hnsw_buffer_expect(Relation relation, BlockNumber block, int first, int size);

/*
 * hnsw_buffer_get, share-locked, for a page that may have no contents or another
 * kind: InvalidBuffer then, nothing locked.
 */
extern Buffer hnsw_buffer_probe(Relation index, BlockNumber block, int kind);

/*
 * A new or never initialised page at exactly this block, pinned and exclusively
 * locked.  The caller holds the allocation page's lock, so that nobody else
 * extends the index.
 */
extern Buffer hnsw_buffer_new(Relation index, ForkNumber fork, BlockNumber block);

/*
 * Up to "count" new pages from this block on, at the end of an index that nobody else
 * knows yet, pinned; how many.
 */
extern int	hnsw_buffers_new(Relation index, BlockNumber block, int count, Buffer *buffers);

/* Exclusively, one of these. */
extern void hnsw_buffer_lock(Buffer buffer);

/* Is this block there, and has it never been initialised? */
extern bool hnsw_buffer_is_blank(Relation index, BlockNumber block);

extern void hnsw_buffer_release(Buffer buffer);
extern void hnsw_buffer_prefetch(Relation index, BlockNumber block);

#endif							/* HNSW_BUFFERS_H */
