/*-------------------------------------------------------------------------
 *
 * test_shared.c
 *		Several threads fill one shared arena, as the processes of a parallel
 *		build do: by inserts, or all at once (graph/bulk.h).  Compiled with
 *		ThreadSanitizer.
 *
 * IDENTIFICATION
 *	  test/unit/test_shared.c
 *-------------------------------------------------------------------------
 */
#include <pthread.h>

#include "fixture.h"

#include "code/rotation.h"
#include "graph/bulk.h"

#define THREADS		4
#define LOCKS		64
#define CHUNKS		4096

/* what the threads have in common */
typedef struct Shared
{
	HnswArenaState state;
	pthread_rwlock_t records[LOCKS];
	pthread_rwlock_t others[LOCKS];
	pthread_rwlock_t alloc;
	pthread_rwlock_t entry;
	pthread_mutex_t growth;
	char	   *chunks[CHUNKS];
	uint32		max_chunks;

	/* of those who stage rows */
	pthread_barrier_t together;
	HnswBulkTable table;
	uint64	   *entries;
	struct
	{
		uint32		nrows;
		uint32		nleaves;
		void	   *memory;
	}			provided[HNSW_BULK_MEMORIES];
	int			step;
} Shared;

typedef struct ThreadArena
{
	HnswArena	arena;
	Shared	   *shared;
	pthread_rwlock_t *held[3];
	int			nheld;
} ThreadArena;

typedef struct Worker
{
	ThreadArena arena;
	HnswInserter ins;
	const Fixture *f;
	int			number;
	int			from;
	int			to;
	pthread_t	thread;
} Worker;

static void
shared_lock(HnswArena *arena, HnswArenaLock which, uint32 number, bool exclusive)
{
	ThreadArena *mine = (ThreadArena *) arena;
	Shared	   *shared = mine->shared;
	pthread_rwlock_t *lock = which == HNSW_ARENA_RECORDS ? &shared->records[number % LOCKS] :
	which == HNSW_ARENA_OTHERS ? &shared->others[number % LOCKS] :
	which == HNSW_ARENA_ALLOC ? &shared->alloc : &shared->entry;

	if (mine->nheld == lengthof(mine->held))
		abort();
	mine->held[mine->nheld++] = lock;
	if (exclusive)
		pthread_rwlock_wrlock(lock);
	else
		pthread_rwlock_rdlock(lock);
}

static void
shared_unlock(HnswArena *arena)
{
	ThreadArena *mine = (ThreadArena *) arena;

	pthread_rwlock_unlock(mine->held[--mine->nheld]);
}

static char *
shared_map(HnswArena *arena, uint32 chunk)
{
	char	   *address = __atomic_load_n(&((ThreadArena *) arena)->shared->chunks[chunk],
										  __ATOMIC_ACQUIRE);

	hnsw_arena_set_chunk(arena, chunk, address);
	return address;
}

static bool
shared_grow(HnswArena *arena, uint32 pages)
{
	Shared	   *shared = ((ThreadArena *) arena)->shared;
	bool		enough;

	if (((ThreadArena *) arena)->nheld > 0)
		abort();
	pthread_mutex_lock(&shared->growth);
	while (shared->state.capacity < pages &&
		   shared->state.capacity / HNSW_ARENA_CHUNK_PAGES < shared->max_chunks)
	{
		__atomic_store_n(&shared->chunks[shared->state.capacity / HNSW_ARENA_CHUNK_PAGES],
						 malloc((size_t) HNSW_ARENA_CHUNK_PAGES * BLCKSZ), __ATOMIC_RELEASE);
		__atomic_store_n(&shared->state.capacity,
						 shared->state.capacity + HNSW_ARENA_CHUNK_PAGES, __ATOMIC_RELEASE);
	}
	enough = shared->state.capacity >= pages;
	pthread_mutex_unlock(&shared->growth);
	return enough;
}

static const HnswArenaSharing sharing = {
	.lock = shared_lock,
	.unlock = shared_unlock,
	.map = shared_map,
	.grow = shared_grow,
};

static void
open_shared(Shared *shared, uint32 max_chunks)
{
	memset(shared, 0, sizeof(*shared));
	hnsw_arena_clear_state(&shared->state);
	for (int i = 0; i < LOCKS; i++)
	{
		pthread_rwlock_init(&shared->records[i], NULL);
		pthread_rwlock_init(&shared->others[i], NULL);
	}
	pthread_rwlock_init(&shared->alloc, NULL);
	pthread_rwlock_init(&shared->entry, NULL);
	pthread_mutex_init(&shared->growth, NULL);
	shared->max_chunks = max_chunks;
}

static void *
insert_rows(void *arg)
{
	Worker	   *w = arg;

	for (int i = w->from; i < w->to; i++)
	{
		if (!hnsw_arena_has_room(&w->arena.arena, THREADS))
			abort();
		hnsw_insert(&w->ins, fixture_row(w->f, i), fixture_tid(i));
	}
	return NULL;
}

/* After the last step; the others end. */
#define NO_STEP		(-1)

typedef struct Director
{
	Shared	   *shared;
	HnswBulk   *bulk;
} Director;

static void *
provide(void *arg, HnswBulkMemory which, Size bytes, uint32 nrows, uint32 nleaves)
{
	Shared	   *shared = ((Director *) arg)->shared;

	shared->provided[which].nrows = nrows;
	shared->provided[which].nleaves = nleaves;
	return shared->provided[which].memory = malloc(bytes);
}

static void
release(void *arg, HnswBulkMemory which)
{
	free(((Director *) arg)->shared->provided[which].memory);
}

static void
direct(void *arg, HnswBulkStep step)
{
	Director   *director = arg;

	director->shared->step = step;
	pthread_barrier_wait(&director->shared->together);
	hnsw_bulk_work(director->bulk, step);
	pthread_barrier_wait(&director->shared->together);
}

/* The first thread directs; all of them take part in each step. */
static void *
stage_rows(void *arg)
{
	Worker	   *w = arg;
	Shared	   *shared = w->arena.shared;
	HnswBulk	bulk;

	hnsw_bulk_init(&bulk, &w->ins, &w->arena.arena, &shared->table, shared->entries);
	for (int i = w->from; i < w->to; i++)
	{
		if (!hnsw_arena_has_room(&w->arena.arena, THREADS))
			abort();
		hnsw_bulk_add(&bulk, fixture_row(w->f, i), fixture_tid(i));
	}
	pthread_barrier_wait(&shared->together);
	if (w->number == 0)
	{
		Director	director = {shared, &bulk};
		HnswBulkTeam team = {provide, release, direct, &director};

		hnsw_bulk_complete(&bulk, &team);
		shared->step = NO_STEP;
		pthread_barrier_wait(&shared->together);
	}
	else
		for (;;)
		{
			pthread_barrier_wait(&shared->together);
			if (shared->step == NO_STEP)
				break;
			for (int i = 0; i < HNSW_BULK_MEMORIES; i++)
				if (hnsw_bulk_needs(shared->step, i))
					hnsw_bulk_set_memory(&bulk, i, shared->provided[i].nrows,
										 shared->provided[i].nleaves, shared->provided[i].memory);
			hnsw_bulk_work(&bulk, shared->step);
			pthread_barrier_wait(&shared->together);
		}
	hnsw_bulk_free(&bulk);
	return NULL;
}

/*
 * Puts all rows of the fixture into the index at once, each thread its share, through
 * one shared arena, which the fixture's own arena then looks at.
 */
static void
work_together(Fixture *f, Shared *shared, void *(*work) (void *worker))
{
	static Worker workers[THREADS];

	for (int i = 0; i < THREADS; i++)
	{
		Worker	   *w = &workers[i];

		memset(w, 0, sizeof(*w));
		w->f = f;
		w->number = i;
		w->from = (int) ((int64) f->nrows * i / THREADS);
		w->to = (int) ((int64) f->nrows * (i + 1) / THREADS);
		hnsw_arena_init_shared(&w->arena.arena, &f->layout, "test", &shared->state, &sharing);
		w->arena.shared = shared;
		hnsw_inserter_init(&w->ins, &w->arena.arena.pager, 20, i + 1);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	for (int i = 0; i < THREADS; i++)
	{
		pthread_join(workers[i].thread, NULL);
		CHECK_INT(workers[i].arena.nheld, 0);
		hnsw_inserter_free(&workers[i].ins);
		hnsw_arena_free(&workers[i].arena.arena);
	}
	for (int i = 0; i < f->nrows; i++)
		f->present[i] = true;
}

static const HnswPageSpecial *
page_special(HnswArena *arena, uint32 block)
{
	return (HnswPageSpecial *) (hnsw_arena_page(arena, block) + BLCKSZ - HNSW_PAGE_SPECIAL);
}

static int
free_slots(HnswArena *arena, uint32 block)
{
	const HnswLayout *layout = arena->pager.layout;
	HnswKind	kind = page_special(arena, block)->kind;
	const char *slots = hnsw_arena_page(arena, block) + HNSW_PAGE_HEADER;
	int			count = 0;

	if (page_special(arena, block)->part > 0 && hnsw_layout_pages(layout, kind) > 1)
		return 0;
	for (int i = 0; i < hnsw_layout_per_page(layout, kind); i++)
		count += slots[(Size) i * hnsw_layout_slot_size(layout, kind)] == HNSW_FREE;
	return count;
}

/* All free slots are in the lists, once each, wherever a thread has kept their pages. */
static void
check_lists(HnswArena *arena)
{
	const HnswArenaState *state = arena->state;
	uint64		slots = 0,
				listed = 0;

	hnsw_arena_list_pages(arena);
	for (uint32 block = HNSW_FIRST_BLOCK; block < state->nblocks; block++)
		slots += free_slots(arena, block);
	for (int kind = 0; kind < HNSW_NKINDS; kind++)
	{
		uint32		pages = 0;

		for (uint32 block = state->free_page[kind]; block != HNSW_NO_BLOCK && pages < state->nblocks;
			 block = page_special(arena, block)->next_free, pages++)
		{
			CHECK_INT(page_special(arena, block)->kind, kind);
			CHECK(free_slots(arena, block) > 0);
			listed += free_slots(arena, block);
		}
	}
	CHECK_INT(listed, slots);
}

static void
test_together(HnswMetric metric, int dim, int m, int nrows, Shape shape, bool staged)
{
	static Shared shared;
	Fixture		f;

	unit_group("%d threads %s, metric %d, %d dimensions, m %d, %d rows, shape %d", THREADS,
			   staged ? "stage" : "insert", metric, dim, m, nrows, shape);
	fixture_open(&f, metric, dim, m, 0, nrows, 20);
	fixture_fill(&f, shape);
	open_shared(&shared, CHUNKS);
	if (staged)
	{
		/* every other time too small */
		shared.table.space = nrows % 2 == 0 ? hnsw_bulk_table_space(nrows) : 64;
		shared.entries = malloc(sizeof(uint64) * shared.table.space);
		memset(shared.entries, 0xFF, sizeof(uint64) * shared.table.space);
		pthread_barrier_init(&shared.together, NULL, THREADS);
		work_together(&f, &shared, stage_rows);
		pthread_barrier_destroy(&shared.together);
		free(shared.entries);
	}
	else
		work_together(&f, &shared, insert_rows);

	/* a private view of what the threads have made; it frees the memory */
	f.arena.state = &shared.state;
	for (uint32 i = 0; i < shared.state.capacity / HNSW_ARENA_CHUNK_PAGES; i++)
		hnsw_arena_set_chunk(&f.arena, i, shared.chunks[i]);
	check_lists(&f.arena);
	check_whole(&f, "built together");
	if (staged)
		check_clean(&f);
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	fixture_close(&f);
}

/* An arena that cannot grow says so in time. */
static void
test_full(void)
{
	static Shared shared;
	Fixture		f;
	ThreadArena mine;
	HnswInserter ins;
	int			n = 0;

	unit_group("a shared arena that is full");
	fixture_open(&f, HNSW_L2, 32, 4, 0, 20000, 20);
	fixture_fill(&f, SHAPE_GAUSS);
	open_shared(&shared, 10);
	memset(&mine, 0, sizeof(mine));
	hnsw_arena_init_shared(&mine.arena, &f.layout, "test", &shared.state, &sharing);
	mine.shared = &shared;
	hnsw_inserter_init(&ins, &mine.arena.pager, 20, 1);
	while (n < f.nrows && hnsw_arena_has_room(&mine.arena, THREADS))
	{
		hnsw_insert(&ins, fixture_row(&f, n), fixture_tid(n));
		n++;
	}
	CHECK_MSG(n > 500 && n < f.nrows, "%d rows fit", n);
	CHECK_INT(shared.state.capacity, 10 * HNSW_ARENA_CHUNK_PAGES);
	CHECK(!hnsw_arena_has_room(&mine.arena, THREADS));
	hnsw_inserter_free(&ins);
	hnsw_arena_free(&mine.arena);
	for (int i = 0; i < 10; i++)
		free(shared.chunks[i]);
	fixture_close(&f);
}

int
main(void)
{
	static float x[5000];

	hnsw_kernels_init();
	/* makes the table of signs, which each process of a build has its own of */
	hnsw_rotate(x, lengthof(x));
	test_together(HNSW_L2, 16, 4, 2000, SHAPE_GAUSS, false);
	test_together(HNSW_COSINE, 48, 8, 1500, SHAPE_CLUSTERED, false);
	test_together(HNSW_IP, 16, 2, 1500, SHAPE_REPEATED, false);
	test_together(HNSW_L1, 16, 4, 1000, SHAPE_GAUSS, false);
	test_together(HNSW_L2, 16, 4, 2000, SHAPE_EQUAL, false);
	test_together(HNSW_L2, 5000, 6, 60, SHAPE_GAUSS, false);
	for (int i = 0; i < 50; i++)
		test_together(HNSW_L2, 8, 2, 12, SHAPE_GAUSS, false);
	test_together(HNSW_L2, 16, 4, 3000, SHAPE_GAUSS, true);
	test_together(HNSW_COSINE, 50, 8, 1501, SHAPE_CLUSTERED, true);
	test_together(HNSW_IP, 16, 2, 1000, SHAPE_GAUSS, true);
	test_together(HNSW_L2, 15, 4, 1500, SHAPE_REPEATED, true);
	test_together(HNSW_L1, 16, 4, 2000, SHAPE_GAUSS, true);
	test_together(HNSW_L1, 15, 4, 1501, SHAPE_REPEATED, true);
	test_together(HNSW_L2, 16, 4, 1500, SHAPE_EQUAL, true);
	for (int i = 0; i < 50; i++)
		test_together(HNSW_L2, 8, 2, 5 + i, i % 2 == 0 ? SHAPE_GAUSS : SHAPE_REPEATED, true);
	test_full();
	return unit_done();
}
