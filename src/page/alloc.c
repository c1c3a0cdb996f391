/*-------------------------------------------------------------------------
 *
 * alloc.c
 *		Making and freeing slots.
 *
 * Pages with free slots of each kind form a list that begins in the allocation
 * page (block 1).  A page joins the list when it is made or when one of its slots
 * is freed, and leaves it, from the front only, when it is full.  The allocation
 * page's exclusive lock covers all that, and the extension of the index too.
 *
 * IDENTIFICATION
 *	  src/page/alloc.c
 *-------------------------------------------------------------------------
 */
#include "page/meta.h"

#include "base/debug.h"
#include "miscadmin.h"

/* ms that a process waits for the error of another one */
#define FAILURE_WAIT	10000

BlockNumber
hnsw_slot_block(const HnswLayout *layout, HnswKind kind, HnswId id, int *slot)
{
	int			per_extent = hnsw_layout_per_extent(layout, kind);
	int			per_page = hnsw_layout_per_page(layout, kind);
	uint64		block = HNSW_FIRST_BLOCK +
	(uint64) (id / per_extent) * layout->extent_pages + (id % per_extent) / per_page;

	*slot = (id % per_extent) % per_page;
	return block >= MaxBlockNumber ? InvalidBlockNumber : (BlockNumber) block;
}

static HnswId
id_of(const HnswLayout *layout, HnswKind kind, BlockNumber block, int slot)
{
	uint32		extent = (block - HNSW_FIRST_BLOCK) / layout->extent_pages;
	int			page = (block - HNSW_FIRST_BLOCK) % layout->extent_pages;
	uint64		id = (uint64) extent * hnsw_layout_per_extent(layout, kind) +
	page * hnsw_layout_per_page(layout, kind) + slot;

	if (id >= HNSW_NO_ID)
		hnsw_limit("index has reached the largest number of records");
	return (HnswId) id;
}

static char *
slot_in(Page page, const HnswLayout *layout, HnswKind kind, int slot)
{
	return hnsw_page_contents(page) + (Size) slot * hnsw_layout_slot_size(layout, kind);
}

/* The state is the first byte of every slot. */
static bool
slot_is_free(Page page, const HnswLayout *layout, HnswKind kind, int slot)
{
	return *(uint8 *) slot_in(page, layout, kind, slot) == HNSW_FREE;
}

void
hnsw_page_reach_slot(Page page, const HnswLayout *layout, HnswKind kind, int slot)
{
	Size		size = hnsw_layout_slot_size(layout, kind);

	/* a slot of several pages fills them */
	hnsw_page_reach(page, hnsw_layout_pages(layout, kind) > 1 ? HNSW_PAGE_ROOM :
					(slot + 1) * size);
}

void
hnsw_page_reach_slots(Page page, const HnswLayout *layout, HnswKind kind)
{
	for (int i = 0; i < hnsw_layout_per_page(layout, kind); i++)
		/* of several pages only the first tells */
		if (hnsw_layout_pages(layout, kind) > 1 || !slot_is_free(page, layout, kind, i))
			hnsw_page_reach_slot(page, layout, kind, i);
}

/* The first free slot of a page, -1 if none, and how many there are. */
static int
find_free(Page page, const HnswLayout *layout, HnswKind kind, int *nfree)
{
	int			found = -1;

	*nfree = 0;
	for (int i = 0; i < hnsw_layout_per_page(layout, kind); i++)
		if (slot_is_free(page, layout, kind, i))
		{
			if (found < 0)
				found = i;
			(*nfree)++;
		}
	return found;
}

/* Spreads a record over the pages of its extent, or puts it into its slot. */
static void
put_slot(Page *pages, int npages, int slot, const HnswLayout *layout, HnswKind kind,
		 HnswId id, const void *image, Size size)
{
	char	   *whole;
	Size		slot_size = hnsw_layout_slot_size(layout, kind),
				done = 0;

	for (int i = 0; i < npages; i++)
		hnsw_page_reach_slot(pages[i], layout, kind, slot);
	if (npages == 1)
	{
		hnsw_slot_fill(layout, kind, id, slot_in(pages[0], layout, kind, slot), image, size);
		return;
	}
	whole = palloc0(HNSW_PAGE_ROOM * npages);
	memcpy(whole, hnsw_page_contents(pages[0]), sizeof(HnswRecord));
	hnsw_slot_fill(layout, kind, id, whole, image, size);
	for (int i = 0; i < npages && done < slot_size; i++)
	{
		Size		part = Min(slot_size - done, (Size) HNSW_PAGE_ROOM);

		memcpy(hnsw_page_contents(pages[i]), whole + done, part);
		done += part;
	}
	pfree(whole);
}

/* The first block of the extent that comes next. */
static BlockNumber
next_extent(Relation index, const HnswLayout *layout)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);
	uint64		extent = (nblocks - HNSW_FIRST_BLOCK) / layout->extent_pages;

	/* what a crash left between the extension and its WAL record */
	while (extent > 0 &&
		   hnsw_buffer_is_blank(index, HNSW_FIRST_BLOCK + (extent - 1) * layout->extent_pages))
		extent--;
	if (HNSW_FIRST_BLOCK + (extent + 1) * layout->extent_pages >= MaxBlockNumber)
		hnsw_limit("index \"%s\" has reached the largest size", RelationGetRelationName(index));
	return HNSW_FIRST_BLOCK + extent * layout->extent_pages;
}

/*
 * A process of a parallel build that fails to extend the index keeps the lock for that
 * (and, from 16 on, the buffer in which the new page was to be) until its transaction
 * has ended; in the leader that is after all workers have.  The allocation page's lock it
 * loses at once.  Who takes that next would wait for the others without end, since who
 * holds it is not interrupted.  So it must not go on; the error comes from the other, soon.
 */
static void
begin_to_extend(HnswSharedPager *shared, Buffer alloc_buffer)
{
	if (shared->extending == NULL)
		return;
	if (*shared->extending)
	{
		hnsw_buffer_release(alloc_buffer);
		for (int i = 0; i < FAILURE_WAIT; i++)
		{
			CHECK_FOR_INTERRUPTS();
			pg_usleep(1000);
		}
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("another process could not extend index \"%s\"",
						RelationGetRelationName(shared->index)),
				 errdetail("The server's log has that process's error.")));
	}
	*shared->extending = true;
}

/* A new extent, and a slot in it.  The allocation page is locked. */
static HnswId
create_in_new_extent(HnswSharedPager *shared, Buffer alloc_buffer, HnswKind kind,
					 const void *image, Size size)
{
	const HnswLayout *layout = shared->pager.layout;
	BlockNumber first;
	int			npages = hnsw_layout_pages(layout, kind);
	Buffer		buffers[HNSW_MAX_EXTENT_PAGES];
	Page		pages[HNSW_MAX_EXTENT_PAGES];
	HnswChange	wal;
	HnswAllocator *allocator;
	uint32		next;
	HnswId		id;

	begin_to_extend(shared, alloc_buffer);
	first = next_extent(shared->index, layout);
	id = id_of(layout, kind, first, 0);
	for (int i = 0; i < layout->extent_pages; i++)
		buffers[i] = hnsw_buffer_new(shared->index, MAIN_FORKNUM, first + i);
	if (shared->extending != NULL)
		*shared->extending = false;
	HNSW_DEBUG_POINT("extended");

	hnsw_change_begin(&wal, shared->index, shared->logged);
	allocator = hnsw_page_allocator(hnsw_change_page(&wal, alloc_buffer, false));
	next = allocator->free_page[kind];
	for (int i = layout->extent_pages - 1; i >= 0; i--)
	{
		bool		room;

		pages[i] = hnsw_change_page(&wal, buffers[i], true);
		hnsw_page_init(pages[i], kind, i);
		/* a record of several pages fills its extent */
		room = npages == 1 && (i > 0 || hnsw_layout_per_page(layout, kind) > 1);
		if (room)
		{
			hnsw_page_special(pages[i])->next_free = next;
			hnsw_page_special(pages[i])->listed = 1;
			next = first + i;
		}
	}
	put_slot(pages, npages, 0, layout, kind, id, image, size);
	allocator->free_page[kind] = next;
	hnsw_change_commit(&wal);
	shared->nblocks = Max(shared->nblocks, first + layout->extent_pages);
	return id;
}

/*
 * A slot in the first page of the list.  The allocation page is locked and is
 * released.
 */
static HnswId
create_in_page(HnswSharedPager *shared, Buffer alloc_buffer, BlockNumber block,
			   HnswKind kind, const void *image, Size size)
{
	const HnswLayout *layout = shared->pager.layout;
	int			npages = hnsw_layout_pages(layout, kind);
	Buffer		buffers[HNSW_MAX_EXTENT_PAGES];
	Page		pages[HNSW_MAX_EXTENT_PAGES];
	HnswChange	wal;
	int			slot,
				nfree;
	HnswId		id = HNSW_NO_ID;

	for (int i = 0; i < npages; i++)
		buffers[i] = hnsw_buffer_get(shared->index, block + i, true, kind);
	slot = find_free(BufferGetPage(buffers[0]), layout, kind, &nfree);
	if (slot >= 0)
		id = id_of(layout, kind, block, slot);

	hnsw_change_begin(&wal, shared->index, shared->logged);
	for (int i = 0; i < npages; i++)
		pages[i] = hnsw_change_page(&wal, buffers[i], false);
	if (slot >= 0)
		put_slot(pages, npages, slot, layout, kind, id, image, size);
	if (nfree <= 1)
	{
		HnswAllocator *allocator =
		hnsw_page_allocator(hnsw_change_page(&wal, alloc_buffer, false));

		allocator->free_page[kind] = hnsw_page_special(pages[0])->next_free;
		hnsw_page_special(pages[0])->next_free = HNSW_NO_BLOCK;
		hnsw_page_special(pages[0])->listed = 0;
		hnsw_change_commit(&wal);
	}
	else
	{
		hnsw_change_commit(&wal);
		hnsw_buffer_release(alloc_buffer);
	}
	return id;
}

HnswId
hnsw_alloc_create(HnswSharedPager *shared, HnswKind kind, const void *image, Size size)
{
	for (;;)
	{
		Buffer		buffer = hnsw_buffer_get(shared->index, HNSW_ALLOC_BLOCK, true,
											 HNSW_PAGE_ALLOC);
		BlockNumber block =
		hnsw_page_allocator(BufferGetPage(buffer))->free_page[kind];
		HnswId		id;

		if (block == HNSW_NO_BLOCK)
			return create_in_new_extent(shared, buffer, kind, image, size);
		if (block < HNSW_FIRST_BLOCK || block >= RelationGetNumberOfBlocks(shared->index))
			hnsw_corrupt("index \"%s\": block %d lists block %u, which is not there",
						 RelationGetRelationName(shared->index), HNSW_ALLOC_BLOCK, block);
		id = create_in_page(shared, buffer, block, kind, image, size);
		if (id != HNSW_NO_ID)
			return id;

		/*
		 * the page was full, which only a corrupted list brings about; it is
		 * out now
		 */
		CHECK_FOR_INTERRUPTS();
	}
}

void
hnsw_alloc_destroy(HnswSharedPager *shared, HnswKind kind, const HnswId *ids, int count)
{
	const HnswLayout *layout = shared->pager.layout;
	int			slot;
	BlockNumber block = hnsw_slot_block(layout, kind, ids[0], &slot);
	Buffer		alloc_buffer = hnsw_buffer_get(shared->index, HNSW_ALLOC_BLOCK, true,
											   HNSW_PAGE_ALLOC);
	Buffer		buffer = hnsw_buffer_get(shared->index, block, true, kind);
	HnswChange	wal;
	Page		page;

	hnsw_change_begin(&wal, shared->index, shared->logged);
	page = hnsw_change_page(&wal, buffer, false);
	for (int i = 0; i < count; i++)
		*(uint8 *) slot_in(page, layout, kind, slot + (int) (ids[i] - ids[0])) = HNSW_FREE;
	if (hnsw_page_special(page)->listed)
	{
		hnsw_change_commit(&wal);
		hnsw_buffer_release(alloc_buffer);
	}
	else
	{
		HnswAllocator *allocator =
		hnsw_page_allocator(hnsw_change_page(&wal, alloc_buffer, false));

		hnsw_page_special(page)->next_free = allocator->free_page[kind];
		hnsw_page_special(page)->listed = 1;
		allocator->free_page[kind] = block;
		hnsw_change_commit(&wal);
	}
}
