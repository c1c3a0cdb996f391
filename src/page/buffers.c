/*-------------------------------------------------------------------------
 *
 * buffers.c
 *		Reading, locking and checking buffers of an index.
 *
 * IDENTIFICATION
 *	  src/page/buffers.c
 *-------------------------------------------------------------------------
 */
#include "page/buffers.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/lmgr.h"

StaticAssertDecl(MAXALIGN(SizeOfPageHeaderData) == HNSW_PAGE_HEADER,
				 "HNSW_PAGE_HEADER is not the size of a page header");

void
hnsw_page_init(Page page, int kind, int part)
{
	HnswPageSpecial *special;

	PageInit(page, BLCKSZ, HNSW_PAGE_SPECIAL);
	special = hnsw_page_special(page);
	special->magic = HNSW_PAGE_MAGIC;
	special->kind = kind;
	special->part = part;
	special->next_free = HNSW_NO_BLOCK;
}

/* Is this one of our pages at all? */
static bool
is_ours(Page page)
{
	return !PageIsNew(page) &&
		PageGetSpecialSize(page) == HNSW_PAGE_SPECIAL &&
		((PageHeader) page)->pd_special == BLCKSZ - HNSW_PAGE_SPECIAL &&
		hnsw_page_special(page)->magic == HNSW_PAGE_MAGIC;
}

static inline Buffer
check_buffer(Relation index, Buffer buffer, int kind)
{
	Page		page = BufferGetPage(buffer);

	if (unlikely(!is_ours(page)))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %u is not an hnsw page",
						RelationGetRelationName(index), BufferGetBlockNumber(buffer)),
				 errhint("REINDEX rebuilds the index from the table.")));
	if (unlikely(hnsw_page_special(page)->kind != kind))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %u is of kind %d, not %d",
						RelationGetRelationName(index), BufferGetBlockNumber(buffer),
						hnsw_page_special(page)->kind, kind),
				 errhint("REINDEX rebuilds the index from the table.")));
	return buffer;
}

Buffer
hnsw_buffer_get(Relation index, BlockNumber block, bool exclusive, int kind)
{
	Buffer		buffer = ReadBuffer(index, block);

	LockBuffer(buffer, exclusive ? BUFFER_LOCK_EXCLUSIVE : BUFFER_LOCK_SHARE);
	return check_buffer(index, buffer, kind);
}

/*
 * Where pages were when this backend read them last.  The server's table of buffers is
 * locked and searched for every page, with several cache misses in a large one, before
 * the page itself can be fetched into the cache; a page that is where it was needs
 * none of it.  The server checks that it is (ReadRecentBuffer), so that entries may be
 * stale, and lost to each other.
 */
typedef struct RecentPage
{
	BlockNumber block;
	Buffer		buffer;			/* InvalidBuffer = an entry not in use */
} RecentPage;

#define RECENT_PAGES	65536
static RecentPage recent_pages[RECENT_PAGES];

#if PG_VERSION_NUM >= 160000
#define relation_locator(relation)	((relation)->rd_locator)
#define relation_file(relation)		((relation)->rd_locator.relNumber)
#else
#define relation_locator(relation)	((relation)->rd_node)
#define relation_file(relation)		((relation)->rd_node.relNode)
#endif

/*
 * NULL for temporary tables: their pages are found fast, and bear the numbers of
 * files that a permanent table may have as well.
 */
static RecentPage *
recent_page(Relation relation, BlockNumber block)
{
	uint32		at = block + (uint32) relation_file(relation) * UINT32_C(0x9E3779B1);

	return RelationUsesLocalBuffers(relation) ? NULL : &recent_pages[at % RECENT_PAGES];
}

/* In which buffer the page was found; InvalidBuffer = not known. */
static inline Buffer
recent_buffer(const RecentPage *recent, BlockNumber block)
{
	return recent != NULL && recent->block == block ? recent->buffer : InvalidBuffer;
}

static inline void
fetch_ahead(Buffer buffer, int first, int size)
{
	const char *page = (const char *) BufferGetPage(buffer);

	__builtin_prefetch(page);
	__builtin_prefetch(page + BLCKSZ - HNSW_PAGE_SPECIAL);
	for (int i = 0; i < size; i += 64)
		__builtin_prefetch(page + first + i);
}

void
hnsw_buffer_expect(Relation relation, BlockNumber block, int first, int size)
{
	Buffer		buffer = recent_buffer(recent_page(relation, block), block);

	if (buffer == InvalidBuffer)
		return;
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	fetch_ahead(buffer, first, size);
}

/*
 * Does the server's choice of victims know that the page is in use?  Only reads
 * through the table of buffers tell it.
 */
static inline bool
is_used_enough(Buffer buffer)
{
	uint32		state = pg_atomic_read_u32(&GetBufferDescriptor(buffer - 1)->state);

	return BUF_STATE_GET_USAGECOUNT(state) >= BM_MAX_USAGE_COUNT;
}

/* Pins the page in this buffer; false when it is not there, or is not to be tried. */
static bool
pin_recent(Relation relation, BlockNumber block, Buffer buffer)
{
	/* the server counts what vacuum reads */
	if (VacuumCostActive || !is_used_enough(buffer) ||
		!ReadRecentBuffer(relation_locator(relation), MAIN_FORKNUM, block, buffer))
		return false;
	/* what ReadBuffer counts */
	pgstat_count_buffer_read(relation);
	pgstat_count_buffer_hit(relation);
#if PG_VERSION_NUM >= 180000
	pgstat_count_io_op(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_HIT, 1, 0);
#elif PG_VERSION_NUM >= 160000
	pgstat_count_io_op(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_HIT);
#endif
	return true;
}

static Buffer
pin_ahead(Relation relation, BlockNumber block, int first, int size)
{
	RecentPage *recent = recent_page(relation, block);
	Buffer		known = recent_buffer(recent, block),
				buffer;

	if (known != InvalidBuffer)
	{
		fetch_ahead(known, first, size);
		if (pin_recent(relation, block, known))
			return known;
	}
	buffer = ReadBuffer(relation, block);
	if (buffer != known)
		fetch_ahead(buffer, first, size);
	if (recent != NULL)
	{
		recent->block = block;
		recent->buffer = buffer;
	}
	return buffer;
}

Buffer
hnsw_buffer_get_ahead(Relation index, BlockNumber block, bool exclusive, int kind,
					  int first, int size)
{
	Buffer		buffer = pin_ahead(index, block, first, size);

	LockBuffer(buffer, exclusive ? BUFFER_LOCK_EXCLUSIVE : BUFFER_LOCK_SHARE);
	return check_buffer(index, buffer, kind);
}

Buffer
hnsw_buffer_get_of_table(Relation table, BlockNumber block)
{
	Buffer		buffer = pin_ahead(table, block, 0, 0);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	return buffer;
}

Buffer
hnsw_buffer_probe(Relation index, BlockNumber block, int kind)
{
	Buffer		buffer = ReadBuffer(index, block);
	Page		page;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	if (is_ours(page) && hnsw_page_special(page)->kind == kind)
		return buffer;
	if (!is_ours(page) && !PageIsNew(page))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %u is not an hnsw page",
						RelationGetRelationName(index), block),
				 errhint("REINDEX rebuilds the index from the table.")));
	UnlockReleaseBuffer(buffer);
	return InvalidBuffer;
}

bool
hnsw_buffer_is_blank(Relation index, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(index, block);
	bool		blank;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	blank = PageIsNew(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	return blank;
}

/* Did somebody else extend the index without the allocation page's lock? */
static void
check_extended(Relation index, BlockNumber block, BlockNumber wanted)
{
	if (block != wanted)
		elog(ERROR, "index \"%s\" was extended by block %u instead of %u",
			 RelationGetRelationName(index), block, wanted);
}

Buffer
hnsw_buffer_new(Relation index, ForkNumber fork, BlockNumber block)
{
	Buffer		buffer;

	if (block < RelationGetNumberOfBlocksInFork(index, fork))
	{
		buffer = ReadBufferExtended(index, fork, block, RBM_ZERO_AND_LOCK, NULL);
		return buffer;
	}
#if PG_VERSION_NUM >= 160000
	buffer = ExtendBufferedRel(BMR_REL(index), fork, NULL, EB_LOCK_FIRST);
#else
	if (!RELATION_IS_LOCAL(index))
		LockRelationForExtension(index, ExclusiveLock);
	buffer = ReadBufferExtended(index, fork, P_NEW, RBM_ZERO_AND_LOCK, NULL);
	if (!RELATION_IS_LOCAL(index))
		UnlockRelationForExtension(index, ExclusiveLock);
#endif
	check_extended(index, BufferGetBlockNumber(buffer), block);
	return buffer;
}

/*
 * From 16 on the server extends a file by many pages in one step, without writing zeros
 * into them, which took most of the time of writing an index.
 */
int
hnsw_buffers_new(Relation index, BlockNumber block, int count, Buffer *buffers)
{
#if PG_VERSION_NUM >= 160000
	uint32		extended;

	if (block >= RelationGetNumberOfBlocks(index))
	{
		BlockNumber first = ExtendBufferedRelBy(BMR_REL(index), MAIN_FORKNUM, NULL, 0, count,
												buffers, &extended);

		check_extended(index, first, block);
		return (int) extended;
	}
#endif
	buffers[0] = hnsw_buffer_new(index, MAIN_FORKNUM, block);
	LockBuffer(buffers[0], BUFFER_LOCK_UNLOCK);
	return 1;
}

void
hnsw_buffer_lock(Buffer buffer)
{
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
}

void
hnsw_buffer_release(Buffer buffer)
{
	UnlockReleaseBuffer(buffer);
}

void
hnsw_buffer_prefetch(Relation index, BlockNumber block)
{
	PrefetchBuffer(index, MAIN_FORKNUM, block);
}
