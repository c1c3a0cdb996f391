/*-------------------------------------------------------------------------
 *
 * arena.c
 *		The pager in memory, private or shared.
 *
 * Index builds work here until the arena is full; the unit tests work nowhere
 * else.  Pages carry their special space as on disk; their page header and the
 * first two blocks are filled in when the pages are written out.
 *
 * A shared arena keeps the protocol of the pager over shared buffers, with a lock
 * for the records of an extent instead of content locks.  What makes a new slot
 * visible to others is an edge, a pointer or the entry, each written under a lock
 * that its readers take after; so its bytes are there when they follow it.
 *
 * IDENTIFICATION
 *	  src/graph/arena.c
 *-------------------------------------------------------------------------
 */
#include "graph/arena.h"

/* HnswArena.kinds of a page that this process has not looked at */
#define KIND_UNKNOWN	0xFF

static HnswArena *
arena_of(HnswPager *pager)
{
	HnswArena  *arena = (HnswArena *) pager;

	arena->calls++;
	if (unlikely(arena->calls == arena->fail_at))
		hnsw_limit("fault injected at call %lld", (long long) arena->calls);
	return arena;
}

static inline void
lock(HnswArena *arena, HnswArenaLock which, uint32 number, bool exclusive)
{
	if (arena->sharing != NULL)
		arena->sharing->lock(arena, which, number, exclusive);
}

static inline void
unlock(HnswArena *arena)
{
	if (arena->sharing != NULL)
		arena->sharing->unlock(arena);
}

/* The first block of an extent stands for it. */
static inline void
lock_slot(HnswArena *arena, HnswKind kind, uint32 block, bool exclusive)
{
	lock(arena, kind <= HNSW_UPPER ? HNSW_ARENA_RECORDS : HNSW_ARENA_OTHERS,
		 (block - HNSW_FIRST_BLOCK) / arena->pager.layout->extent_pages, exclusive);
}

static inline uint32
nblocks(const HnswArena *arena)
{
	return __atomic_load_n(&arena->state->nblocks, __ATOMIC_ACQUIRE);
}

/* Room for so many chunks, more than there was. */
static void
make_chunk_space(HnswArena *arena, uint32 space)
{
	uint32		before = arena->chunk_space;

	arena->chunks = hnsw_realloc(arena->chunks, sizeof(char *) * space);
	memset(arena->chunks + before, 0, sizeof(char *) * (space - before));
	arena->kinds = hnsw_realloc(arena->kinds, (Size) space * HNSW_ARENA_CHUNK_PAGES);
	memset(arena->kinds + (Size) before * HNSW_ARENA_CHUNK_PAGES, KIND_UNKNOWN,
		   (Size) (space - before) * HNSW_ARENA_CHUNK_PAGES);
	arena->chunk_space = space;
}

void
hnsw_arena_set_chunk(HnswArena *arena, uint32 chunk, char *address)
{
	if (chunk >= arena->chunk_space)
		make_chunk_space(arena, Max(chunk + 1, arena->chunk_space * 2));
	arena->chunks[chunk] = address;
}

char *
hnsw_arena_page(HnswArena *arena, uint32 block)
{
	uint32		chunk = block / HNSW_ARENA_CHUNK_PAGES;
	char	   *pages = likely(chunk < arena->chunk_space) ? arena->chunks[chunk] : NULL;

	/* only in a shared arena: a chunk that somebody else has made */
	if (unlikely(pages == NULL))
		pages = arena->sharing->map(arena, chunk);
	return pages + (Size) (block % HNSW_ARENA_CHUNK_PAGES) * BLCKSZ;
}

static HnswPageSpecial *
special(HnswArena *arena, uint32 block)
{
	return (HnswPageSpecial *) (hnsw_arena_page(arena, block) + BLCKSZ - HNSW_PAGE_SPECIAL);
}

/*
 * Is the page of this kind?  It stays what it is, so each is looked at once: its special
 * space is nowhere near its records.
 */
static inline bool
is_of_kind(HnswArena *arena, uint32 block, HnswKind kind)
{
	/* maps the page, and so makes room for its kind */
	const HnswPageSpecial *sp = special(arena, block);

	if (unlikely(arena->kinds[block] == KIND_UNKNOWN))
		arena->kinds[block] = sp->kind;
	return arena->kinds[block] == kind;
}

/* First block and offset within it of a slot; false beyond the end. */
static bool
locate(HnswArena *arena, HnswKind kind, HnswId id, uint32 *block, int *slot)
{
	const HnswLayout *layout = arena->pager.layout;
	int			per_extent = hnsw_layout_per_extent(layout, kind);
	int			per_page = hnsw_layout_per_page(layout, kind);
	uint32		extent = id / per_extent;
	int			within = id % per_extent;

	if (extent >= (nblocks(arena) - HNSW_FIRST_BLOCK) / layout->extent_pages)
		return false;
	*block = HNSW_FIRST_BLOCK + extent * layout->extent_pages + within / per_page;
	*slot = within % per_page;
	return true;
}

static char *
slot_address(HnswArena *arena, HnswKind kind, uint32 block, int slot)
{
	return hnsw_arena_page(arena, block) + HNSW_PAGE_HEADER +
		(Size) slot * hnsw_layout_slot_size(arena->pager.layout, kind);
}

static inline HnswRecord *
base_record(HnswArena *arena, HnswId id, bool lock)
{
	uint32		block;
	int			slot;

	if (!locate(arena, HNSW_BASE, id, &block, &slot))
		return NULL;
	if (lock)
		lock_slot(arena, HNSW_BASE, block, true);
	return (HnswRecord *) slot_address(arena, HNSW_BASE, block, slot);
}

HnswRecord *
hnsw_arena_record(HnswArena *arena, HnswId id)
{
	return base_record(arena, id, false);
}

HnswRecord *
hnsw_arena_lock_record(HnswArena *arena, HnswId id)
{
	return base_record(arena, id, true);
}

void
hnsw_arena_unlock(HnswArena *arena)
{
	unlock(arena);
}

static inline void
prefetch_bytes(const char *p, int size)
{
	for (int i = 0; i < size; i += 64)
		__builtin_prefetch(p + i);
}

/*
 * Copies a record between its pages and the scratch.  Its pages lie behind each
 * other, but their payloads do not.
 */
static void
copy_record(HnswArena *arena, HnswArenaScratch *scratch, bool gather)
{
	Size		done = 0;

	for (int i = 0; i < scratch->pages && done < scratch->size; i++)
	{
		Size		part = Min(scratch->size - done, (Size) HNSW_PAGE_ROOM);
		char	   *page = hnsw_arena_page(arena, scratch->block + i) + HNSW_PAGE_HEADER;

		if (gather)
			memcpy(scratch->bytes + done, page, part);
		else
			memcpy(page, scratch->bytes + done, part);
		done += part;
	}
}

/*
 * The bytes of a slot that has been located and locked.  Records are read and
 * changed one at a time (plus a chunk of TIDs, which has one page), so one scratch
 * for each of the two will do.
 */
static char *
slot_bytes(HnswArena *arena, HnswKind kind, HnswId id, uint32 block, int slot, HnswPart part,
		   bool change)
{
	const HnswLayout *layout = arena->pager.layout;
	int			pages = hnsw_layout_pages(layout, kind);
	char	   *p = slot_address(arena, kind, block, slot);
	const char *problem;

	if (pages == 1)
		prefetch_bytes(p, hnsw_layout_part_size(layout, kind, part));
	if (unlikely(!is_of_kind(arena, block, kind)))
		hnsw_corrupt("index \"%s\": block %u holds no slot %u of kind %d",
					 arena->pager.name, block, id, kind);
	if (pages > 1)
	{
		HnswArenaScratch *scratch = &arena->scratch[change];

		scratch->block = block;
		scratch->pages = pages;
		scratch->size = hnsw_layout_part_size(layout, kind, part);
		copy_record(arena, scratch, true);
		p = scratch->bytes;
	}
	problem = hnsw_slot_problem(layout, kind, p, part);
	if (problem != NULL)
		hnsw_corrupt("index \"%s\": block %u: %s", arena->pager.name, block, problem);
	return p;
}

static const void *
arena_read(HnswPager *pager, HnswKind kind, HnswId id, HnswPart part)
{
	HnswArena  *arena = arena_of(pager);
	uint32		block;
	int			slot;

	if (!locate(arena, kind, id, &block, &slot))
		return NULL;
	lock_slot(arena, kind, block, false);
	return slot_bytes(arena, kind, id, block, slot, part, false);
}

static void
arena_release(HnswPager *pager)
{
	unlock((HnswArena *) pager);
}

static void *
arena_modify(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswArena  *arena = arena_of(pager);
	uint32		block;
	int			slot;

	if (!locate(arena, kind, id, &block, &slot))
		return NULL;
	lock_slot(arena, kind, block, true);
	arena->nchanging++;
	return slot_bytes(arena, kind, id, block, slot, HNSW_PART_ALL, true);
}

/* Changes are made in place: held is as good as changed. */
static const void *
arena_hold(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswArena  *arena = arena_of(pager);

	arena->held = arena_modify(pager, kind, id);
	return arena->held;
}

static void *
arena_change(HnswPager *pager)
{
	return ((HnswArena *) pager)->held;
}

static void
end_change(HnswArena *arena)
{
	arena->scratch[true].pages = 0;
	for (; arena->nchanging > 0; arena->nchanging--)
		unlock(arena);
}

static void
arena_commit(HnswPager *pager)
{
	HnswArena  *arena = (HnswArena *) pager;

	if (arena->scratch[true].pages > 0)
		copy_record(arena, &arena->scratch[true], false);
	end_change(arena);
}

/*
 * Changes of one-page slots are made in place, so a caller that cancels must
 * not have changed anything that matters.
 */
static void
arena_cancel(HnswPager *pager)
{
	end_change((HnswArena *) pager);
}

/* ------------------------------------------------------------------------
 * Making and freeing slots
 *
 * Pages with free slots are in lists, one of each kind.  A process of a shared arena has
 * lists of its own, into which it takes pages one by one from those of all, or makes
 * them: so it creates slots without waiting for the others.  Slots that are freed go into
 * the lists of all, under the lock for allocation, unless their page is in a list anyhow.
 * ------------------------------------------------------------------------
 */
static uint32 *
free_pages(HnswArena *arena)
{
	return arena->sharing != NULL ? arena->free_page : arena->state->free_page;
}

static void
list_page(HnswArena *arena, uint32 *lists, uint32 block)
{
	HnswPageSpecial *sp = special(arena, block);

	sp->next_free = lists[sp->kind];
	sp->listed = 1;
	lists[sp->kind] = block;
}

/* The number of the first block of an extent that is this process's to make. */
static uint32
reserve_extent(HnswArena *arena)
{
	int			pages = arena->pager.layout->extent_pages;
	uint32		block;

	lock(arena, HNSW_ARENA_ALLOC, 0, true);
	block = arena->state->nblocks;

	/* another process may be raising it, under a lock of its own */
	while (block + pages > __atomic_load_n(&arena->state->capacity, __ATOMIC_ACQUIRE))
	{
		/* see hnsw_arena_has_room: there is room in a shared arena */
		if (arena->sharing != NULL)
			hnsw_limit("no memory for another page of index \"%s\"", arena->pager.name);
		hnsw_arena_set_chunk(arena, arena->state->capacity / HNSW_ARENA_CHUNK_PAGES,
							 hnsw_alloc((Size) HNSW_ARENA_CHUNK_PAGES * BLCKSZ));
		arena->state->capacity += HNSW_ARENA_CHUNK_PAGES;
	}
	__atomic_store_n(&arena->state->nblocks, block + pages, __ATOMIC_RELEASE);
	unlock(arena);
	return block;
}

/* Adds an extent of pages of this kind; the number of its first block. */
static uint32
add_extent(HnswArena *arena, HnswKind kind)
{
	uint32		block = reserve_extent(arena);

	for (int i = 0; i < arena->pager.layout->extent_pages; i++)
	{
		HnswPageSpecial *sp;

		memset(hnsw_arena_page(arena, block + i), 0, BLCKSZ);
		sp = special(arena, block + i);
		sp->magic = HNSW_PAGE_MAGIC;
		sp->kind = kind;
		sp->part = i;
		sp->next_free = HNSW_NO_BLOCK;
	}
	return block;
}

/* Shared: takes a page of all into a list of this process's own. */
static void
take_page(HnswArena *arena, HnswKind kind)
{
	uint32	   *shared = &arena->state->free_page[kind];

	lock(arena, HNSW_ARENA_ALLOC, 0, true);
	if (*shared != HNSW_NO_BLOCK)
	{
		uint32		block = *shared;

		*shared = special(arena, block)->next_free;
		list_page(arena, arena->free_page, block);
	}
	unlock(arena);
}

static uint8 *
slot_state(HnswArena *arena, HnswKind kind, uint32 block, int slot)
{
	return (uint8 *) slot_address(arena, kind, block, slot);
}

/* The first page with free slots of a kind; makes one where there is none. */
static uint32
page_with_room(HnswArena *arena, HnswKind kind)
{
	const HnswLayout *layout = arena->pager.layout;
	uint32	   *lists = free_pages(arena),
				block;
	int			slots_pages = hnsw_layout_pages(layout, kind) > 1 ? 1 : layout->extent_pages;

	if (lists[kind] == HNSW_NO_BLOCK && arena->sharing != NULL)
		take_page(arena, kind);
	if (lists[kind] == HNSW_NO_BLOCK)
	{
		block = add_extent(arena, kind);
		for (int i = slots_pages - 1; i >= 0; i--)
			list_page(arena, lists, block + i);
	}
	return lists[kind];
}

/* Fills a free slot, which nobody else knows of. */
static void
fill_slot(HnswArena *arena, HnswKind kind, HnswId id, uint32 block, int slot,
		  const void *image, Size size)
{
	const HnswLayout *layout = arena->pager.layout;
	HnswArenaScratch *scratch = &arena->scratch[true];

	if (hnsw_layout_pages(layout, kind) == 1)
	{
		hnsw_slot_fill(layout, kind, id, slot_address(arena, kind, block, slot), image, size);
		return;
	}
	scratch->block = block;
	scratch->pages = hnsw_layout_pages(layout, kind);
	scratch->size = hnsw_layout_slot_size(layout, kind);
	copy_record(arena, scratch, true);
	hnsw_slot_fill(layout, kind, id, scratch->bytes, image, size);
	copy_record(arena, scratch, false);
	scratch->pages = 0;
}

static HnswId
arena_create(HnswPager *pager, HnswKind kind, const void *image, Size size)
{
	HnswArena  *arena = arena_of(pager);
	const HnswLayout *layout = pager->layout;
	int			per_page = hnsw_layout_per_page(layout, kind);
	uint32		block,
				extent;
	int			page,
				slot = 0,
				left = 0;
	HnswId		id;

	block = page_with_room(arena, kind);
	lock_slot(arena, kind, block, true);
	extent = (block - HNSW_FIRST_BLOCK) / layout->extent_pages;
	page = (block - HNSW_FIRST_BLOCK) % layout->extent_pages;
	while (slot < per_page && *slot_state(arena, kind, block, slot) != HNSW_FREE)
		slot++;
	Assert(slot < per_page);
	for (int i = slot + 1; i < per_page; i++)
		left += *slot_state(arena, kind, block, i) == HNSW_FREE;
	id = extent * hnsw_layout_per_extent(layout, kind) + page * per_page + slot;

	fill_slot(arena, kind, id, block, slot, image, size);
	if (left == 0)
	{
		free_pages(arena)[kind] = special(arena, block)->next_free;
		special(arena, block)->listed = 0;
	}
	unlock(arena);
	return id;
}

static void
arena_destroy(HnswPager *pager, HnswKind kind, const HnswId *ids, int count)
{
	HnswArena  *arena = arena_of(pager);
	uint32		block;
	int			slot;

	if (!locate(arena, kind, ids[0], &block, &slot))
		return;
	lock(arena, HNSW_ARENA_ALLOC, 0, true);
	lock_slot(arena, kind, block, true);
	for (int i = 0; i < count; i++)
		*slot_state(arena, kind, block, slot + (int) (ids[i] - ids[0])) = HNSW_FREE;
	if (!special(arena, block)->listed)
		list_page(arena, arena->state->free_page, block);
	unlock(arena);
	unlock(arena);
}

/* A shared arena's locks cannot be taken twice; nobody changes much in one either. */
static int
arena_together(HnswPager *pager, HnswKind kind, HnswId id)
{
	HnswArena  *arena = arena_of(pager);
	uint32		block;
	int			slot;

	if (arena->sharing != NULL || !locate(arena, kind, id, &block, &slot))
		return 1;
	return hnsw_layout_per_page(pager->layout, kind) - slot;
}

static HnswId
arena_limit(HnswPager *pager, HnswKind kind)
{
	HnswArena  *arena = (HnswArena *) pager;

	return (nblocks(arena) - HNSW_FIRST_BLOCK) / pager->layout->extent_pages *
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
		if (is_of_kind(arena, block, kind))
			return from;
		from = (from / per_extent + 1) * per_extent;
	}
	return HNSW_NO_ID;
}

static void
arena_get_entry(HnswPager *pager, HnswEntry *entry)
{
	HnswArena  *arena = arena_of(pager);

	lock(arena, HNSW_ARENA_ENTRY, 0, false);
	*entry = arena->state->entry;
	unlock(arena);
}

static bool
arena_update_entry(HnswPager *pager, bool (*change) (HnswEntry *entry, void *arg), void *arg)
{
	HnswArena  *arena = arena_of(pager);
	HnswEntry	entry;
	bool		changed;

	lock(arena, HNSW_ARENA_ENTRY, 0, true);
	entry = arena->state->entry;
	changed = change(&entry, arg);
	if (changed)
		arena->state->entry = entry;
	unlock(arena);
	return changed;
}

/* The slot's first bytes come into the processor's cache. */
static void
prefetch_slot(HnswPager *pager, HnswKind kind, HnswId id, int bytes)
{
	HnswArena  *arena = (HnswArena *) pager;
	uint32		block;
	int			slot;

	if (locate(arena, kind, id, &block, &slot))
		prefetch_bytes(slot_address(arena, kind, block, slot),
					   Min(hnsw_layout_slot_size(pager->layout, kind), bytes));
}

static void
arena_prefetch(HnswPager *pager, HnswKind kind, HnswId id)
{
	prefetch_slot(pager, kind, id, HNSW_PAGE_ROOM);
}

static void
arena_expect(HnswPager *pager, HnswKind kind, HnswId id)
{
	prefetch_slot(pager, kind, id, HNSW_EXPECTED_BYTES);
}

static void
arena_pause(HnswPager *pager)
{
	CHECK_FOR_INTERRUPTS();
}

/* Nobody vacuums an arena that others insert into. */
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
	.hold = arena_hold,
	.change = arena_change,
	.commit = arena_commit,
	.cancel = arena_cancel,
	.create = arena_create,
	.destroy = arena_destroy,
	.together = arena_together,
	.seek = arena_seek,
	.limit = arena_limit,
	.get_entry = arena_get_entry,
	.update_entry = arena_update_entry,
	.prefetch = arena_prefetch,
	.expect = arena_expect,
	.pause = arena_pause,
	.barrier = arena_barrier,
	.alone = arena_alone,
};

void
hnsw_arena_clear_state(HnswArenaState *state)
{
	memset(state, 0, sizeof(*state));
	state->nblocks = HNSW_FIRST_BLOCK;
	hnsw_entry_clear(&state->entry);
	for (int i = 0; i < HNSW_NKINDS; i++)
		state->free_page[i] = HNSW_NO_BLOCK;
}

void
hnsw_arena_init_shared(HnswArena *arena, const HnswLayout *layout, const char *name,
					   HnswArenaState *state, const HnswArenaSharing *sharing)
{
	memset(arena, 0, sizeof(*arena));
	arena->pager.ops = &arena_ops;
	arena->pager.layout = layout;
	arena->pager.name = name;
	arena->state = state;
	arena->sharing = sharing;
	arena->chunks = hnsw_alloc(sizeof(char *));
	arena->kinds = hnsw_alloc(1);
	make_chunk_space(arena, 64);
	for (int i = 0; i < HNSW_NKINDS; i++)
		arena->free_page[i] = HNSW_NO_BLOCK;
	for (int i = 0; i < 2; i++)
		arena->scratch[i].bytes = hnsw_alloc(HNSW_PAGE_ROOM * HNSW_MAX_EXTENT_PAGES);
}

void
hnsw_arena_init(HnswArena *arena, const HnswLayout *layout, const char *name, Size max_bytes)
{
	hnsw_arena_init_shared(arena, layout, name, NULL, NULL);
	arena->state = &arena->private_state;
	arena->max_bytes = max_bytes;
	hnsw_arena_clear_state(arena->state);
}

void
hnsw_arena_free(HnswArena *arena)
{
	if (arena->sharing == NULL)
		for (uint32 i = 0; i < arena->chunk_space; i++)
			if (arena->chunks[i] != NULL)
				hnsw_free(arena->chunks[i]);
	hnsw_free(arena->chunks);
	hnsw_free(arena->kinds);
	for (int i = 0; i < 2; i++)
		hnsw_free(arena->scratch[i].bytes);
}

void
hnsw_arena_list_pages(HnswArena *arena)
{
	HnswArenaState *state = arena->state;

	for (int i = 0; i < HNSW_NKINDS; i++)
		state->free_page[i] = HNSW_NO_BLOCK;
	for (uint32 block = state->nblocks; block-- > HNSW_FIRST_BLOCK;)
	{
		if (special(arena, block)->listed)
			list_page(arena, state->free_page, block);
		if (block % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

bool
hnsw_arena_has_room(HnswArena *arena, int processes)
{
	Size		pages = nblocks(arena) + (Size) processes * hnsw_layout_insert_pages(arena->pager.layout);

	if (arena->sharing == NULL)
		return arena->max_bytes == 0 || pages * BLCKSZ <= arena->max_bytes;
	if (likely(pages <= __atomic_load_n(&arena->state->capacity, __ATOMIC_ACQUIRE)))
		return true;
	return pages < HNSW_NO_BLOCK && arena->sharing->grow(arena, pages);
}
