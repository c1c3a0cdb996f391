/*-------------------------------------------------------------------------
 *
 * shared_arena.c
 *		An arena that the processes of a parallel build share.
 *
 * Its memory comes in segments of dynamic shared memory, made one after the other
 * as the index grows by whoever needs the next one, and mapped by the others when
 * they meet a page in it.  A segment lives as long as somebody maps it: see
 * hnsw_parallel_build_main for why the leader maps all before the workers go.
 *
 * A parallel group does not conflict over heavyweight locks, hence LWLocks.
 *
 * IDENTIFICATION
 *	  src/build/shared_arena.c
 *-------------------------------------------------------------------------
 */
#include "build/shared_arena.h"

#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

#define CHUNK_BYTES		((Size) HNSW_ARENA_CHUNK_PAGES * BLCKSZ)

/* the first segments; later ones are larger */
#define LEAST_SEGMENT	((Size) 2 * 1024 * 1024)

int
hnsw_build_tranche(void)
{
	static int	tranche = 0;

	if (tranche == 0)
	{
		bool		found;
		int		   *number;

		LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
		number = ShmemInitStruct("hnsw build locks", sizeof(int), &found);
		if (!found)
			*number = LWLockNewTrancheId();
		LWLockRelease(AddinShmemInitLock);
		tranche = *number;
		LWLockRegisterTranche(tranche, "hnsw_build");
	}
	return tranche;
}

void
hnsw_shared_arena_init(HnswSharedArena *shared, Size max_bytes)
{
	int			tranche = hnsw_build_tranche();

	hnsw_arena_clear_state(&shared->state);
	shared->max_bytes = max_bytes;
	SpinLockInit(&shared->mutex);
	ConditionVariableInit(&shared->grown);
	shared->growing = shared->at_end = shared->short_of_memory = false;
	shared->nsegments = 0;
	LWLockInitialize(&shared->alloc.lock, tranche);
	LWLockInitialize(&shared->entry.lock, tranche);
	for (int i = 0; i < HNSW_RECORD_LOCKS; i++)
		LWLockInitialize(&shared->records[i].lock, tranche);
	for (int i = 0; i < HNSW_OTHER_LOCKS; i++)
		LWLockInitialize(&shared->others[i].lock, tranche);
}

/* ------------------------------------------------------------------------
 * What graph/arena.c asks for
 * ------------------------------------------------------------------------
 */
static void
lock_arena(HnswArena *arena, HnswArenaLock which, uint32 number, bool exclusive)
{
	HnswArenaMapping *mapping = (HnswArenaMapping *) arena;
	HnswSharedArena *shared = mapping->shared;
	LWLock	   *lock;

	switch (which)
	{
		case HNSW_ARENA_RECORDS:
			lock = &shared->records[number % HNSW_RECORD_LOCKS].lock;
			break;
		case HNSW_ARENA_OTHERS:
			lock = &shared->others[number % HNSW_OTHER_LOCKS].lock;
			break;
		case HNSW_ARENA_ALLOC:
			lock = &shared->alloc.lock;
			break;
		default:
			lock = &shared->entry.lock;
			break;
	}
	Assert(mapping->nheld < (int) lengthof(mapping->held));
	LWLockAcquire(lock, exclusive ? LW_EXCLUSIVE : LW_SHARED);
	mapping->held[mapping->nheld++] = lock;
}

static void
unlock_arena(HnswArena *arena)
{
	HnswArenaMapping *mapping = (HnswArenaMapping *) arena;

	Assert(mapping->nheld > 0);
	LWLockRelease(mapping->held[--mapping->nheld]);
}

/* Enters the addresses of a segment's chunks into the arena's table. */
static void
enter_chunks(HnswArenaMapping *mapping, int i)
{
	const HnswArenaSegment *segment = &mapping->shared->segments[i];
	char	   *address = dsm_segment_address(mapping->segments[i]);

	for (uint32 k = 0; k < segment->nchunks; k++)
		hnsw_arena_set_chunk(&mapping->arena, segment->first_chunk + k,
							 address + k * CHUNK_BYTES);
}

/*
 * Maps the segment that holds a chunk.  Its entry in the table was written before
 * the number of segments was, and never changes.
 */
static char *
map_chunk(HnswArena *arena, uint32 chunk)
{
	HnswArenaMapping *mapping = (HnswArenaMapping *) arena;
	HnswSharedArena *shared = mapping->shared;
	int			n;

	SpinLockAcquire(&shared->mutex);
	n = shared->nsegments;
	SpinLockRelease(&shared->mutex);
	for (int i = 0; i < n; i++)
	{
		const HnswArenaSegment *segment = &shared->segments[i];

		if (chunk < segment->first_chunk || chunk >= segment->first_chunk + segment->nchunks)
			continue;
		if (mapping->segments[i] == NULL)
			mapping->segments[i] = dsm_attach(segment->handle);
		/* it cannot have gone: somebody has a page of it */
		if (mapping->segments[i] == NULL)
			elog(ERROR, "could not map shared memory of the build of index \"%s\"",
				 arena->pager.name);
		enter_chunks(mapping, i);
		return arena->chunks[chunk];
	}
	elog(ERROR, "index \"%s\": no shared memory holds block %u",
		 arena->pager.name, chunk * HNSW_ARENA_CHUNK_PAGES);
	return NULL;				/* keep compiler quiet */
}

/*
 * An error that says that there is no more memory is caught without a subtransaction:
 * dsm_create holds no lock when it fails, and the half-made segment belongs to a resource
 * owner of its own.
 */
dsm_segment *
hnsw_create_segment(Size bytes)
{
	ResourceOwner old_owner = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(old_owner, "hnsw shared memory");
	MemoryContext old = CurrentMemoryContext;
	dsm_segment *volatile segment = NULL;

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		segment = dsm_create(bytes, DSM_CREATE_NULL_IF_MAXSEGMENTS);
		if (segment != NULL)
		{
			/* the mapping belongs to the caller's owner */
			dsm_pin_mapping(segment);
			CurrentResourceOwner = old_owner;
			dsm_unpin_mapping(segment);
		}
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		if (code != ERRCODE_DISK_FULL && code != ERRCODE_OUT_OF_MEMORY &&
			ERRCODE_TO_CATEGORY(code) != ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		MemoryContextSwitchTo(old);
		FlushErrorState();
	}
	PG_END_TRY();
	CurrentResourceOwner = old_owner;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(owner);
	return segment;
}

/* The next segment, in whole chunks but for the last one; 0 at the end. */
static Size
next_segment_bytes(const HnswSharedArena *shared)
{
	Size		have = (Size) shared->state.capacity * BLCKSZ;
	Size		bytes = Max(have / 16 / CHUNK_BYTES * CHUNK_BYTES, LEAST_SEGMENT);

	if (have >= shared->max_bytes || shared->nsegments == HNSW_ARENA_SEGMENTS)
		return 0;
	return Min(bytes, (shared->max_bytes - have) / BLCKSZ * BLCKSZ);
}

/* Called without a lock. */
static bool
grow(HnswArena *arena, uint32 pages)
{
	HnswArenaMapping *mapping = (HnswArenaMapping *) arena;
	HnswSharedArena *shared = mapping->shared;
	dsm_segment *segment = NULL;
	Size		bytes;
	int			at;
	bool		enough,
				mine = false;

	Assert(mapping->nheld == 0);
	for (;;)
	{
		SpinLockAcquire(&shared->mutex);
		enough = shared->state.capacity >= pages;
		mine = !enough && !shared->at_end && !shared->growing;
		if (mine)
			shared->growing = true;
		at = shared->at_end ? -1 : shared->nsegments;
		SpinLockRelease(&shared->mutex);
		if (enough || mine || at < 0)
			break;
		ConditionVariableSleep(&shared->grown, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	if (!mine)
		return enough;

	bytes = next_segment_bytes(shared);
	if (bytes > 0)
		segment = hnsw_create_segment(bytes);
	if (segment != NULL)
	{
		HnswArenaSegment *entry = &shared->segments[at];

		entry->handle = dsm_segment_handle(segment);
		entry->first_chunk = shared->state.capacity / HNSW_ARENA_CHUNK_PAGES;
		entry->nchunks = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
		mapping->segments[at] = segment;
		enter_chunks(mapping, at);
	}

	SpinLockAcquire(&shared->mutex);
	shared->growing = false;
	if (segment != NULL)
	{
		shared->nsegments++;
		__atomic_store_n(&shared->state.capacity,
						 shared->state.capacity + (uint32) (bytes / BLCKSZ), __ATOMIC_RELEASE);
	}
	else
	{
		shared->at_end = true;
		shared->short_of_memory = bytes > 0;
	}
	enough = shared->state.capacity >= pages;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->grown);
	return enough || (segment != NULL && grow(arena, pages));
}

static const HnswArenaSharing sharing = {
	.lock = lock_arena,
	.unlock = unlock_arena,
	.map = map_chunk,
	.grow = grow,
};

void
hnsw_arena_attach(HnswArenaMapping *mapping, HnswSharedArena *shared,
				  const HnswLayout *layout, const char *name)
{
	hnsw_build_tranche();
	memset(mapping, 0, sizeof(*mapping));
	hnsw_arena_init_shared(&mapping->arena, layout, name, &shared->state, &sharing);
	mapping->shared = shared;
}

void
hnsw_arena_map_all(HnswArenaMapping *mapping)
{
	for (int i = 0; i < mapping->shared->nsegments; i++)
		hnsw_arena_page(&mapping->arena, mapping->shared->segments[i].first_chunk *
						HNSW_ARENA_CHUNK_PAGES);
}

void
hnsw_arena_detach(HnswArenaMapping *mapping)
{
	/* when the build has left the arena */
	if (mapping->shared == NULL)
		return;
	for (int i = 0; i < HNSW_ARENA_SEGMENTS; i++)
		if (mapping->segments[i] != NULL)
			dsm_detach(mapping->segments[i]);
	hnsw_arena_free(&mapping->arena);
	mapping->shared = NULL;
}

bool
hnsw_shared_memory_available(Size bytes)
{
	dsm_segment *segment = hnsw_create_segment(bytes);

	if (segment != NULL)
		dsm_detach(segment);
	return segment != NULL;
}
