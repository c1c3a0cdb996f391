/*-------------------------------------------------------------------------
 *
 * shared.c
 *		The pager over shared buffers.
 *
 * Locks: reading share-locks the pages of one record (all of them, in block
 * order), and perhaps one chunk under it; changing locks the same exclusively.
 * src/README has the order of all locks.
 *
 * IDENTIFICATION
 *	  src/page/shared.c
 *-------------------------------------------------------------------------
 */
#include "page/shared.h"

#include "commands/vacuum.h"
#include "page/lock.h"
#include "page/meta.h"

static HnswSharedPager *
shared_of(HnswPager *pager)
{
	return (HnswSharedPager *) pager;
}

/*
 * First block of a slot; false beyond the end of the index, whose length is
 * asked for again only when the id lies beyond what is known.
 */
static inline bool
locate(HnswSharedPager *shared, HnswKind kind, HnswId id, BlockNumber *block, int *slot)
{
	BlockNumber last;

	*block = hnsw_slot_block(shared->pager.layout, kind, id, slot);
	if (*block == InvalidBlockNumber)
		return false;
	last = *block + hnsw_layout_pages(shared->pager.layout, kind) - 1;
	if (likely(last < shared->nblocks))
		return true;
	shared->nblocks = RelationGetNumberOfBlocks(shared->index);
	return last < shared->nblocks;
}

static void
check_slot(HnswSharedPager *shared, HnswKind kind, BlockNumber block, const void *slot,
		   HnswPart part)
{
	const char *problem = hnsw_slot_problem(shared->pager.layout, kind, slot, part);

	if (unlikely(problem != NULL))
		hnsw_corrupt("index \"%s\": block %u: %s",
					 RelationGetRelationName(shared->index), block, problem);
}

/*
 * A slot under another one lies on other pages.  Only a corrupted id says
 * otherwise, and locking one page twice would wait for ever.
 */
static void
check_apart(HnswSharedPager *shared, HnswKind kind, BlockNumber block,
			const Buffer *held, int nheld)
{
	int			npages = hnsw_layout_pages(shared->pager.layout, kind);

	for (int i = 0; i < nheld; i++)
	{
		BlockNumber other = BufferGetBlockNumber(held[i]);

		if (unlikely(other >= block && other - block < (BlockNumber) npages))
			hnsw_corrupt("index \"%s\": block %u: a slot refers to one of another kind in its own page",
						 RelationGetRelationName(shared->index), other);
	}
}

/*
 * Of a record of several pages only those that hold the part: each change locks all,
 * so that they go together.
 */
static const void *
shared_read(HnswPager *pager, HnswKind kind, HnswId id, HnswPart part)
{
	HnswSharedPager *shared = shared_of(pager);
	const HnswLayout *layout = pager->layout;
	HnswSharedRead *read = &shared->reads[shared->nreads];
	int			size = hnsw_layout_part_size(layout, kind, part),
				first,
				done = 0;
	BlockNumber block;
	int			slot;
	char	   *p;

	Assert(shared->nreads < (int) lengthof(shared->reads));
	if (!locate(shared, kind, id, &block, &slot))
		return NULL;
	first = HNSW_PAGE_HEADER + slot * hnsw_layout_slot_size(layout, kind);
	read->count = 0;
	for (int left = size; left > 0; left -= HNSW_PAGE_ROOM)
	{
		read->buffers[read->count] =
			hnsw_buffer_get_ahead(shared->index, block + read->count, false, kind, first,
								  Min(left, HNSW_PAGE_ROOM));
		read->count++;
	}
	shared->nreads++;

	p = (char *) BufferGetPage(read->buffers[0]) + first;
	if (unlikely(*p != HNSW_FREE &&
				 ((PageHeader) BufferGetPage(read->buffers[0]))->pd_lower <
				 first + Min(size, HNSW_PAGE_ROOM)))
		hnsw_corrupt("index \"%s\": block %u: a slot in use lies beyond the page's contents",
					 RelationGetRelationName(shared->index), block);
	if (read->count > 1)
	{
		p = shared->gathered[0];
		for (int i = 0; i < read->count; i++)
		{
			int			bytes = Min(size - done, HNSW_PAGE_ROOM);

			memcpy(p + done, hnsw_page_contents(BufferGetPage(read->buffers[i])), bytes);
			done += bytes;
		}
	}
	check_slot(shared, kind, block, p, part);
	return p;
}

static void
shared_release(HnswPager *pager)
{
	HnswSharedPager *shared = shared_of(pager);
	HnswSharedRead *read;

	Assert(shared->nreads > 0);
	read = &shared->reads[--shared->nreads];
	for (int i = 0; i < read->count; i++)
		hnsw_buffer_release(read->buffers[i]);
}

/* All pages of a slot, exclusively locked. */
static void
get_exclusively(HnswSharedPager *shared, HnswKind kind, BlockNumber block, int slot,
				Buffer *buffers)
{
	int			size = hnsw_layout_slot_size(shared->pager.layout, kind),
				first = HNSW_PAGE_HEADER + slot * size;

	for (int i = 0; i < hnsw_layout_pages(shared->pager.layout, kind); i++)
	{
		buffers[i] = hnsw_buffer_get_ahead(shared->index, block + i, true, kind, first,
										   Min(size, HNSW_PAGE_ROOM));
		size -= HNSW_PAGE_ROOM;
	}
}

/* Where a slot is in its pages, or in a copy of its parts. */
static char *
slot_in_pages(HnswSharedPager *shared, HnswKind kind, const Page *pages, int slot)
{
	int			npages = hnsw_layout_pages(shared->pager.layout, kind);
	Size		size = hnsw_layout_slot_size(shared->pager.layout, kind),
				done = 0;
	char	   *p = shared->gathered[1];

	if (npages == 1)
		return hnsw_page_contents(pages[0]) + (Size) slot * size;
	for (int i = 0; i < npages && done < size; i++)
	{
		Size		part = Min(size - done, (Size) HNSW_PAGE_ROOM);

		memcpy(p + done, hnsw_page_contents(pages[i]), part);
		done += part;
	}
	return p;
}

/* The buffers of a slot, to be changed together with what is being changed already. */
static char *
add_to_change(HnswSharedPager *shared, HnswKind kind, int slot, const Buffer *buffers)
{
	int			npages = hnsw_layout_pages(shared->pager.layout, kind);
	Page		pages[HNSW_MAX_EXTENT_PAGES];

	for (int i = 0; i < npages; i++)
	{
		pages[i] = hnsw_change_page(&shared->change, buffers[i], false);
		hnsw_page_reach_slot(pages[i], shared->pager.layout, kind, slot);
	}
	if (npages > 1)
	{
		memcpy(shared->pages, pages, sizeof(Page) * npages);
		shared->npages = npages;
		shared->changed_size = hnsw_layout_slot_size(shared->pager.layout, kind);
	}
	return slot_in_pages(shared, kind, pages, slot);
}

static void
begin_change(HnswSharedPager *shared)
{
	hnsw_change_begin(&shared->change, shared->index, shared->logged);
	shared->changing = true;
	shared->npages = 0;
}

static void *
shared_modify(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswSharedPager *shared = shared_of(pager);
	Buffer		buffers[HNSW_MAX_EXTENT_PAGES];
	BlockNumber block;
	int			slot;
	char	   *p;

	/* a first modify leaves nothing open; another one is the caller's */
	if (!locate(shared, kind, id, &block, &slot))
		return NULL;
	if (shared->changing && hnsw_layout_pages(pager->layout, kind) == 1)
	{
		Page		page = hnsw_change_find_page(&shared->change, block);

		if (page != NULL && hnsw_page_special(page)->kind == kind)
		{
			hnsw_page_reach_slot(page, pager->layout, kind, slot);
			p = slot_in_pages(shared, kind, &page, slot);
			check_slot(shared, kind, block, p, HNSW_PART_ALL);
			return p;
		}
	}
	if (shared->changing)
		check_apart(shared, kind, block, shared->change.buffers, shared->change.count);
	get_exclusively(shared, kind, block, slot, buffers);
	if (!shared->changing)
		begin_change(shared);
	p = add_to_change(shared, kind, slot, buffers);
	check_slot(shared, kind, block, p, HNSW_PART_ALL);
	return p;
}

static const void *
shared_hold(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswSharedPager *shared = shared_of(pager);
	HnswSharedHold *hold = &shared->hold;
	Page		pages[HNSW_MAX_EXTENT_PAGES];
	BlockNumber block;
	char	   *p;

	Assert(!shared->changing && hold->count == 0);
	if (!locate(shared, kind, id, &block, &hold->slot))
		return NULL;
	hold->kind = kind;
	get_exclusively(shared, kind, block, hold->slot, hold->buffers);
	hold->count = hnsw_layout_pages(pager->layout, kind);
	for (int i = 0; i < hold->count; i++)
		pages[i] = BufferGetPage(hold->buffers[i]);
	p = slot_in_pages(shared, kind, pages, hold->slot);
	check_slot(shared, kind, block, p, HNSW_PART_ALL);
	return p;
}

static void *
shared_change(HnswPager *pager)
{
	HnswSharedPager *shared = shared_of(pager);

	Assert(shared->hold.count > 0);
	begin_change(shared);
	shared->hold.count = 0;
	return add_to_change(shared, shared->hold.kind, shared->hold.slot, shared->hold.buffers);
}

static void
shared_commit(HnswPager *pager)
{
	HnswSharedPager *shared = shared_of(pager);
	Size		done = 0;

	Assert(shared->changing);
	for (int i = 0; i < shared->npages && done < shared->changed_size; i++)
	{
		Size		part = Min(shared->changed_size - done, (Size) HNSW_PAGE_ROOM);

		memcpy(hnsw_page_contents(shared->pages[i]), shared->gathered[1] + done, part);
		done += part;
	}
	shared->changing = false;
	hnsw_change_commit(&shared->change);
}

static void
shared_cancel(HnswPager *pager)
{
	HnswSharedPager *shared = shared_of(pager);

	Assert(shared->changing || shared->hold.count > 0);
	for (; shared->hold.count > 0; shared->hold.count--)
		hnsw_buffer_release(shared->hold.buffers[shared->hold.count - 1]);
	if (shared->changing)
		hnsw_change_cancel(&shared->change);
	shared->changing = false;
}

static HnswId
shared_create(HnswPager *pager, HnswKind kind, const void *image, Size size)
{
	Assert(!shared_of(pager)->changing && shared_of(pager)->nreads == 0);
	return hnsw_alloc_create(shared_of(pager), kind, image, size);
}

static void
shared_destroy(HnswPager *pager, HnswKind kind, const HnswId *ids, int count)
{
	Assert(!shared_of(pager)->changing && shared_of(pager)->nreads == 0);
	hnsw_alloc_destroy(shared_of(pager), kind, ids, count);
}

static int
shared_together(HnswPager *pager, HnswKind kind, HnswId id)
{
	int			slot;

	hnsw_slot_block(pager->layout, kind, id, &slot);
	return hnsw_layout_per_page(pager->layout, kind) - slot;
}

static HnswId
shared_seek(HnswPager *pager, HnswKind kind, HnswId from)
{
	HnswSharedPager *shared = shared_of(pager);
	int			per_page = hnsw_layout_per_page(pager->layout, kind);
	BlockNumber block;
	int			slot;

	while (from != HNSW_NO_ID && locate(shared, kind, from, &block, &slot))
	{
		Buffer		buffer;

		/* within the page that has been found before */
		if (slot > 0 && block == shared->sought && kind == shared->sought_kind)
			return from;
		buffer = hnsw_buffer_probe(shared->index, block, kind);
		if (BufferIsValid(buffer))
		{
			hnsw_buffer_release(buffer);
			shared->sought = block;
			shared->sought_kind = kind;
			return from;
		}
		CHECK_FOR_INTERRUPTS();
		from += per_page - slot;
	}
	return HNSW_NO_ID;
}

static HnswId
shared_limit(HnswPager *pager, HnswKind kind)
{
	HnswSharedPager *shared = shared_of(pager);
	uint64		extents;

	shared->nblocks = RelationGetNumberOfBlocks(shared->index);
	if (shared->nblocks <= HNSW_FIRST_BLOCK)
		return 0;
	extents = (shared->nblocks - HNSW_FIRST_BLOCK) / pager->layout->extent_pages;
	return (HnswId) Min(extents * hnsw_layout_per_extent(pager->layout, kind),
						(uint64) HNSW_NO_ID);
}

static void
shared_get_entry(HnswPager *pager, HnswEntry *entry)
{
	hnsw_meta_get_entry(shared_of(pager)->index, entry);
}

static bool
shared_update_entry(HnswPager *pager, bool (*change) (HnswEntry *entry, void *arg), void *arg)
{
	return hnsw_meta_update_entry(shared_of(pager)->index, shared_of(pager)->logged,
								  change, arg);
}

static void
shared_prefetch(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswSharedPager *shared = shared_of(pager);
	BlockNumber block;
	int			slot;

	if (locate(shared, kind, id, &block, &slot))
		hnsw_buffer_prefetch(shared->index, block);
}

static void
shared_expect(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswSharedPager *shared = shared_of(pager);
	int			size = hnsw_layout_slot_size(pager->layout, kind);
	BlockNumber block;
	int			slot;

	if (locate(shared, kind, id, &block, &slot))
		hnsw_buffer_expect(shared->index, block, HNSW_PAGE_HEADER + slot * size,
						   Min(size, HNSW_EXPECTED_BYTES));
}

static void
shared_pause(HnswPager *pager)
{
	Assert(shared_of(pager)->nreads == 0 && !shared_of(pager)->changing &&
		   shared_of(pager)->hold.count == 0);
	if (!shared_of(pager)->may_sleep)
		CHECK_FOR_INTERRUPTS();
	else
#if PG_VERSION_NUM >= 180000
		vacuum_delay_point(false);
#else
		vacuum_delay_point();
#endif
}

static void
shared_barrier(HnswPager *pager)
{
	hnsw_wait_for_inserts(shared_of(pager)->index);
}

static void
shared_alone(HnswPager *pager, void (*work) (void *arg), void *arg)
{
	hnsw_lock_out_inserts(shared_of(pager)->index);
	work(arg);
	hnsw_let_inserts_in(shared_of(pager)->index);
}

static const HnswPagerOps shared_ops = {
	.read = shared_read,
	.release = shared_release,
	.modify = shared_modify,
	.hold = shared_hold,
	.change = shared_change,
	.commit = shared_commit,
	.cancel = shared_cancel,
	.create = shared_create,
	.destroy = shared_destroy,
	.together = shared_together,
	.seek = shared_seek,
	.limit = shared_limit,
	.get_entry = shared_get_entry,
	.update_entry = shared_update_entry,
	.prefetch = shared_prefetch,
	.expect = shared_expect,
	.pause = shared_pause,
	.barrier = shared_barrier,
	.alone = shared_alone,
};

void
hnsw_shared_init_new(HnswSharedPager *shared, Relation index,
					 const HnswLayout *layout, bool logged)
{
	memset(shared, 0, sizeof(*shared));
	shared->pager.ops = &shared_ops;
	shared->pager.layout = layout;
	shared->pager.name = RelationGetRelationName(index);
	shared->index = index;
	shared->logged = logged;
	for (int i = 0; i < 2; i++)
		if (layout->extent_pages > 1)
			shared->gathered[i] = palloc(HNSW_PAGE_ROOM * HNSW_MAX_EXTENT_PAGES);
}

void
hnsw_shared_reset(HnswSharedPager *shared, Relation index)
{
	shared->pager.name = RelationGetRelationName(index);
	shared->index = index;
	shared->nblocks = 0;
	shared->sought = 0;
}

void
hnsw_shared_init(HnswSharedPager *shared, Relation index)
{
	/* a copy: the relcache may drop its own at any invalidation */
	HnswLayout *layout = palloc(sizeof(HnswLayout));

	*layout = *hnsw_index_layout(index);
	hnsw_shared_init_new(shared, index, layout, true);
}
