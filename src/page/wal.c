/*-------------------------------------------------------------------------
 *
 * wal.c
 *		Changes of pages: one generic WAL record each.
 *
 * IDENTIFICATION
 *	  src/page/wal.c
 *-------------------------------------------------------------------------
 */
#include "page/wal.h"

#include "access/xloginsert.h"
#include "base/debug.h"

void
hnsw_change_begin(HnswChange *change, Relation index, bool logged)
{
	change->index = index;
	change->logged = logged;
	change->state = logged ? GenericXLogStart(index) : NULL;
	change->count = 0;
}

Page
hnsw_change_page(HnswChange *change, Buffer buffer, bool whole)
{
	Page		page;

	/* callers stay within the limit: static assert below */
	if (change->count >= MAX_GENERIC_XLOG_PAGES)
		elog(ERROR, "too many pages in one change of index \"%s\"",
			 RelationGetRelationName(change->index));
	page = !change->logged ? BufferGetPage(buffer) :
		GenericXLogRegisterBuffer(change->state, buffer, whole ? GENERIC_XLOG_FULL_IMAGE : 0);
	change->buffers[change->count] = buffer;
	change->pages[change->count++] = page;
	return page;
}

Page
hnsw_change_find_page(const HnswChange *change, BlockNumber block)
{
	for (int i = 0; i < change->count; i++)
		if (BufferGetBlockNumber(change->buffers[i]) == block)
			return change->pages[i];
	return NULL;
}

StaticAssertDecl(HNSW_MAX_EXTENT_PAGES + 1 <= MAX_GENERIC_XLOG_PAGES,
				 "an extent and the allocation page must fit one WAL record");

static void
release_all(HnswChange *change)
{
	for (int i = 0; i < change->count; i++)
		hnsw_buffer_release(change->buffers[i]);
	change->count = 0;
}

void
hnsw_change_commit(HnswChange *change)
{
	if (change->logged)
		GenericXLogFinish(change->state);
	else
		for (int i = 0; i < change->count; i++)
			MarkBufferDirty(change->buffers[i]);
	release_all(change);
	HNSW_DEBUG_POINT("change");
}

/*
 * Unlogged changes are made in place: nothing may have been changed yet, except how far
 * the page reaches.
 */
void
hnsw_change_cancel(HnswChange *change)
{
	if (change->logged)
		GenericXLogAbort(change->state);
	release_all(change);
}

void
hnsw_log_new_pages(Relation index, ForkNumber fork, BlockNumber from, BlockNumber to)
{
	log_newpage_range(index, fork, from, to, true);
}
