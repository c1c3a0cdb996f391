/*-------------------------------------------------------------------------
 *
 * meta.c
 *		The first two pages of an index: metapage and allocation page.
 *
 * IDENTIFICATION
 *	  src/page/meta.c
 *-------------------------------------------------------------------------
 */
#include "page/meta.h"

#include "utils/memutils.h"

static void
check_meta(Relation index, const HnswMeta *meta)
{
	if (meta->magic != HNSW_META_MAGIC)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %d is not the metapage of an hnsw index",
						RelationGetRelationName(index), HNSW_META_BLOCK),
				 errhint("REINDEX rebuilds the index from the table.")));
	if (meta->version != HNSW_FORMAT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has format version %u, but this library reads version %d",
						RelationGetRelationName(index), meta->version, HNSW_FORMAT_VERSION),
				 errhint("REINDEX the index.")));
	if (!hnsw_layout_valid(&meta->layout))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %d holds no valid layout",
						RelationGetRelationName(index), HNSW_META_BLOCK),
				 errhint("REINDEX rebuilds the index from the table.")));
	if (meta->entry.layer >= HNSW_MAX_LAYERS)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\": block %d holds no valid entry point",
						RelationGetRelationName(index), HNSW_META_BLOCK),
				 errhint("REINDEX rebuilds the index from the table.")));
}

static HnswMeta *
page_meta(Page page)
{
	return (HnswMeta *) hnsw_page_contents(page);
}

const HnswLayout *
hnsw_index_layout(Relation index)
{
	if (index->rd_amcache == NULL)
	{
		Buffer		buffer;
		HnswMeta	meta;
		HnswLayout *layout;

		hnsw_version_check(index);
		buffer = hnsw_buffer_get(index, HNSW_META_BLOCK, false, HNSW_PAGE_META);
		meta = *page_meta(BufferGetPage(buffer));
		hnsw_buffer_release(buffer);
		check_meta(index, &meta);
		layout = MemoryContextAlloc(index->rd_indexcxt, sizeof(HnswLayout));
		*layout = meta.layout;
		index->rd_amcache = layout;
	}
	return index->rd_amcache;
}

void
hnsw_meta_get_entry(Relation index, HnswEntry *entry)
{
	Buffer		buffer = hnsw_buffer_get(index, HNSW_META_BLOCK, false, HNSW_PAGE_META);
	const HnswMeta *meta = page_meta(BufferGetPage(buffer));

	if (unlikely(meta->magic != HNSW_META_MAGIC || meta->version != HNSW_FORMAT_VERSION ||
				 meta->entry.layer >= HNSW_MAX_LAYERS))
		check_meta(index, meta);
	*entry = meta->entry;
	hnsw_buffer_release(buffer);
}

bool
hnsw_meta_update_entry(Relation index, bool logged,
					   bool (*change) (HnswEntry *entry, void *arg), void *arg)
{
	Buffer		buffer = hnsw_buffer_get(index, HNSW_META_BLOCK, true, HNSW_PAGE_META);
	HnswEntry	entry = page_meta(BufferGetPage(buffer))->entry;
	HnswChange	wal;
	Page		page;

	if (!change(&entry, arg))
	{
		hnsw_buffer_release(buffer);
		return false;
	}
	hnsw_change_begin(&wal, index, logged);
	page = hnsw_change_page(&wal, buffer, false);
	page_meta(page)->entry = entry;
	hnsw_change_commit(&wal);
	return true;
}

void
hnsw_write_head(Relation index, ForkNumber fork, const HnswLayout *layout,
				const HnswEntry *entry, const uint32 *free_page)
{
	HnswChange	wal;
	Page		page;
	HnswMeta   *meta;
	HnswAllocator *allocator;

	hnsw_change_begin(&wal, index, false);
	page = hnsw_change_page(&wal, hnsw_buffer_new(index, fork, HNSW_META_BLOCK), true);
	hnsw_page_init(page, HNSW_PAGE_META, 0);
	hnsw_page_reach(page, sizeof(HnswMeta));
	meta = page_meta(page);
	memset(meta, 0, sizeof(*meta));
	meta->magic = HNSW_META_MAGIC;
	meta->version = HNSW_FORMAT_VERSION;
	meta->layout = *layout;
	meta->entry = *entry;

	page = hnsw_change_page(&wal, hnsw_buffer_new(index, fork, HNSW_ALLOC_BLOCK), true);
	hnsw_page_init(page, HNSW_PAGE_ALLOC, 0);
	hnsw_page_reach(page, sizeof(HnswAllocator));
	allocator = hnsw_page_allocator(page);
	memcpy(allocator->free_page, free_page, sizeof(allocator->free_page));
	hnsw_change_commit(&wal);
}

StaticAssertDecl(sizeof(HnswMeta) <= HNSW_PAGE_ROOM, "the metapage is too small");
