/*-------------------------------------------------------------------------
 *
 * arena.c
 *		The pager in private memory.
 *
 * Index builds work here until the arena is full; the unit tests work nowhere
 * else.  Pages carry their special space as on disk; their page header and the
 * first two blocks are filled in when the pages are written out.
 *
 * IDENTIFICATION
 *	  src/graph/arena.c
 *-------------------------------------------------------------------------
 */
#include "graph/arena.h"

static HnswArena *
arena_of(HnswPager *pager)
{
	HnswArena  *arena = (HnswArena *) pager;

	arena->calls++;
	if (unlikely(arena->calls == arena->fail_at))
		hnsw_limit("fault injected at call %lld", (long long) arena->calls);
	return arena;
}

char *
hnsw_arena_page(const HnswArena *arena, uint32 block)
{
	return arena->chunks[block / HNSW_ARENA_CHUNK_PAGES] +
		(Size) (block % HNSW_ARENA_CHUNK_PAGES) * BLCKSZ;
}

static HnswPageSpecial *
special(const HnswArena *arena, uint32 block)
{
	return (HnswPageSpecial *) (hnsw_arena_page(arena, block) + BLCKSZ - HNSW_PAGE_SPECIAL);
}

/* First block and offset within it of a slot; false beyond the end. */
static bool
locate(const HnswArena *arena, HnswKind kind, HnswId id, uint32 *block, int *slot)
{
	const HnswLayout *layout = arena->pager.layout;
	int			per_extent = hnsw_layout_per_extent(layout, kind);
	int			per_page = hnsw_layout_per_page(layout, kind);
	uint32		extent = id / per_extent;
	int			within = id % per_extent;

	if (extent >= (arena->nblocks - HNSW_FIRST_BLOCK) / layout->extent_pages)
		return false;
	*block = HNSW_FIRST_BLOCK + extent * layout->extent_pages + within / per_page;
	*slot = within % per_page;
	return true;
}

/*
 * Pages of a record lie behind each other in a chunk of the arena, but their
 * payloads do not: a record of several pages is gathered here and scattered
 * again.  Arena records are read and changed one at a time (plus a chunk of
 * TIDs, which has one page), so one buffer for each of the two will do.
 */
typedef struct ArenaScratch
{
	HnswArena  *arena;
	uint32		block;
	int			pages;
	Size		size;
} ArenaScratch;

static char gathered[2][HNSW_PAGE_ROOM * HNSW_MAX_EXTENT_PAGES] __attribute__((aligned(8)));
static ArenaScratch scratch;

static void *
access_slot(HnswArena *arena, HnswKind kind, HnswId id, bool change)
{
	const HnswLayout *layout = arena->pager.layout;
	int			pages = hnsw_layout_pages(layout, kind);
	uint32		block;
	int			slot;
	Size		size,
				done = 0;
	const char *problem;

	if (!locate(arena, kind, id, &block, &slot))
		return NULL;
	if (special(arena, block)->kind != kind)
		hnsw_corrupt("index \"%s\": block %u holds no slot %u of kind %d",
					 arena->pager.name, block, id, kind);
	if (pages == 1)
	{
		char	   *p = hnsw_arena_page(arena, block) + HNSW_PAGE_HEADER +
		(Size) slot * hnsw_layout_slot_size(layout, kind);

		problem = hnsw_slot_problem(layout, kind, p);
		if (problem != NULL)
			hnsw_corrupt("index \"%s\": block %u: %s", arena->pager.name, block, problem);
		return p;
	}
	size = hnsw_layout_slot_size(layout, kind);
	for (int i = 0; i < pages && done < size; i++)
	{
		Size		part = Min(size - done, (Size) HNSW_PAGE_ROOM);

		memcpy(gathered[change] + done,
			   hnsw_arena_page(arena, block + i) + HNSW_PAGE_HEADER, part);
		done += part;
	}
	problem = hnsw_slot_problem(layout, kind, gathered[change]);
	if (problem != NULL)
		hnsw_corrupt("index \"%s\": block %u: %s", arena->pager.name, block, problem);
	if (change)
	{
		scratch.arena = arena;
		scratch.block = block;
		scratch.pages = pages;
		scratch.size = size;
	}
	return gathered[change];
}

static const void *
arena_read(HnswPager *pager, HnswKind kind, HnswId id)
{
	return access_slot(arena_of(pager), kind, id, false);
}

static void
arena_release(HnswPager *pager)
{
}

static void *
arena_modify(HnswPager *pager, HnswKind kind, HnswId id)
{
	return access_slot(arena_of(pager), kind, id, true);
}

static void
arena_commit(HnswPager *pager)
{
	if (scratch.arena == (HnswArena *) pager)
	{
		Size		done = 0;

		for (int i = 0; i < scratch.pages && done < scratch.size; i++)
		{
			Size		part = Min(scratch.size - done, (Size) HNSW_PAGE_ROOM);

			memcpy(hnsw_arena_page(scratch.arena, scratch.block + i) + HNSW_PAGE_HEADER,
				   gathered[true] + done, part);
			done += part;
		}
		scratch.arena = NULL;
	}
}

/*
 * Changes of one-page slots are made in place, so a caller that cancels must
 * not have changed anything.
 */
static void
arena_cancel(HnswPager *pager)
{
	scratch.arena = NULL;
}

static void
add_page(HnswArena *arena, HnswKind kind, int part)
{
	uint32		block = arena->nblocks;
	HnswPageSpecial *sp;

	if (block / HNSW_ARENA_CHUNK_PAGES >= arena->nchunks)
	{
		if (arena->nchunks == arena->chunk_space)
		{
			arena->chunk_space *= 2;
			arena->chunks = hnsw_realloc(arena->chunks, sizeof(char *) * arena->chunk_space);
		}
		arena->chunks[arena->nchunks] = hnsw_alloc((Size) HNSW_ARENA_CHUNK_PAGES * BLCKSZ);
		arena->nchunks++;
	}
	arena->nblocks++;
	memset(hnsw_arena_page(arena, block), 0, BLCKSZ);
	sp = special(arena, block);
	sp->magic = HNSW_PAGE_MAGIC;
	sp->kind = kind;
	sp->part = part;
	sp->next_free = HNSW_NO_BLOCK;
}

static uint8 *
page_slot(const HnswArena *arena, HnswKind kind, uint32 block, int slot)
{
	return (uint8 *) hnsw_arena_page(arena, block) + HNSW_PAGE_HEADER +
		(Size) slot * hnsw_layout_slot_size(arena->pager.layout, kind);
}

/* The free slots of a kind's first page with free slots; makes such a page. */
static uint32
page_with_room(HnswArena *arena, HnswKind kind)
{
	const HnswLayout *layout = arena->pager.layout;
	uint32		block = arena->free_page[kind];
	int			slots_pages = hnsw_layout_pages(layout, kind) > 1 ? 1 : layout->extent_pages;

	if (block != HNSW_NO_BLOCK)
		return block;
	block = arena->nblocks;
	for (int i = 0; i < layout->extent_pages; i++)
		add_page(arena, kind, i);
	for (int i = slots_pages - 1; i >= 0; i--)
	{
		special(arena, block + i)->next_free = arena->free_page[kind];
		special(arena, block + i)->listed = 1;
		arena->free_page[kind] = block + i;
	}
	return block;
}

static HnswId
arena_create(HnswPager *pager, HnswKind kind, const void *image, Size size)
{
	HnswArena  *arena = arena_of(pager);
	const HnswLayout *layout = pager->layout;
	int			per_page = hnsw_layout_per_page(layout, kind);
	uint32		block = page_with_room(arena, kind);
	uint32		extent = (block - HNSW_FIRST_BLOCK) / layout->extent_pages;
	int			page = (block - HNSW_FIRST_BLOCK) % layout->extent_pages;
	int			slot = 0,
				left = 0;
	HnswId		id;

	while (slot < per_page && *page_slot(arena, kind, block, slot) != HNSW_FREE)
		slot++;
	Assert(slot < per_page);
	for (int i = slot + 1; i < per_page; i++)
		left += *page_slot(arena, kind, block, i) == HNSW_FREE;
	id = extent * hnsw_layout_per_extent(layout, kind) + page * per_page + slot;

	hnsw_slot_fill(layout, kind, id, arena_modify(pager, kind, id), image, size);
	arena_commit(pager);
	if (left == 0)
	{
		arena->free_page[kind] = special(arena, block)->next_free;
		special(arena, block)->listed = 0;
	}
	return id;
}

static void
arena_destroy(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswArena  *arena = arena_of(pager);
	uint32		block;
	int			slot;
	uint8	   *state;

	if (!locate(arena, kind, id, &block, &slot))
		return;
	state = page_slot(arena, kind, block, slot);
	*state = HNSW_FREE;
	if (!special(arena, block)->listed)
	{
		special(arena, block)->listed = 1;
		special(arena, block)->next_free = arena->free_page[kind];
		arena->free_page[kind] = block;
	}
}

static HnswId
arena_limit(HnswPager *pager, HnswKind kind)
{
	HnswArena  *arena = (HnswArena *) pager;

	return (arena->nblocks - HNSW_FIRST_BLOCK) / pager->layout->extent_pages *
		hnsw_layout_per_extent(pager->layout, kind);
}

static HnswId
arena_seek(HnswPager *pager, HnswKind kind, HnswId from)
{
	HnswArena  *arena = arena_of(pager);
	int			per_extent = hnsw_layout_per_extent(pager->layout, kind);
	uint32		block;
	int			slot;

	while (locate(arena, kind, from, &block, &slot))
	{
		if (special(arena, block)->kind == kind)
			return from;
		from = (from / per_extent + 1) * per_extent;
	}
	return HNSW_NO_ID;
}

static void
arena_get_entry(HnswPager *pager, HnswEntry *entry)
{
	*entry = arena_of(pager)->entry;
}

static bool
arena_update_entry(HnswPager *pager, bool (*change) (HnswEntry *entry, void *arg), void *arg)
{
	HnswArena  *arena = arena_of(pager);
	HnswEntry	entry = arena->entry;

	if (!change(&entry, arg))
		return false;
	arena->entry = entry;
	return true;
}

static void
arena_prefetch(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswArena  *arena = (HnswArena *) pager;
	uint32		block;
	int			slot;

	if (locate(arena, kind, id, &block, &slot))
	{
		const char *p = (const char *) page_slot(arena, kind, block, slot);
		int			size = hnsw_layout_slot_size(pager->layout, kind);

		for (int i = 0; i < Min(size, HNSW_PAGE_ROOM); i += 64)
			__builtin_prefetch(p + i);
	}
}

static void
arena_pause(HnswPager *pager)
{
	CHECK_FOR_INTERRUPTS();
}

static void
arena_barrier(HnswPager *pager)
{
}

static void
arena_alone(HnswPager *pager, void (*work) (void *arg), void *arg)
{
	work(arg);
}

static const HnswPagerOps arena_ops = {
	.read = arena_read,
	.release = arena_release,
	.modify = arena_modify,
	.commit = arena_commit,
	.cancel = arena_cancel,
	.create = arena_create,
	.destroy = arena_destroy,
	.seek = arena_seek,
	.limit = arena_limit,
	.get_entry = arena_get_entry,
	.update_entry = arena_update_entry,
	.prefetch = arena_prefetch,
	.pause = arena_pause,
	.barrier = arena_barrier,
	.alone = arena_alone,
};

void
hnsw_arena_init(HnswArena *arena, const HnswLayout *layout, const char *name, Size max_bytes)
{
	memset(arena, 0, sizeof(*arena));
	arena->pager.ops = &arena_ops;
	arena->pager.layout = layout;
	arena->pager.name = name;
	arena->max_bytes = max_bytes;
	arena->chunk_space = 64;
	arena->chunks = hnsw_alloc(sizeof(char *) * arena->chunk_space);
	arena->chunks[0] = hnsw_alloc((Size) HNSW_ARENA_CHUNK_PAGES * BLCKSZ);
	arena->nchunks = 1;
	arena->nblocks = HNSW_FIRST_BLOCK;
	hnsw_entry_clear(&arena->entry);
	for (int i = 0; i < HNSW_NKINDS; i++)
		arena->free_page[i] = HNSW_NO_BLOCK;
}

void
hnsw_arena_free(HnswArena *arena)
{
	for (uint32 i = 0; i < arena->nchunks; i++)
		hnsw_free(arena->chunks[i]);
	hnsw_free(arena->chunks);
}

bool
hnsw_arena_has_room(const HnswArena *arena, int layers)
{
	Size		pages = arena->nblocks + (Size) (layers + 2) * arena->pager.layout->extent_pages;

	return arena->max_bytes == 0 || pages * BLCKSZ <= arena->max_bytes;
}
