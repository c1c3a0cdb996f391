/*-------------------------------------------------------------------------
 *
 * lock.c
 *		The one heavyweight lock: inserts against vacuum.
 *
 * The lock is on page 0 of the index as an object, not on its buffer.  While it
 * is held no other heavyweight lock may be asked for but that for extending the
 * index (the server asserts so).
 *
 * IDENTIFICATION
 *	  src/page/lock.c
 *-------------------------------------------------------------------------
 */
#include "page/lock.h"

#include "code/ondisk.h"
#include "storage/lmgr.h"

void
hnsw_lock_insert(Relation index)
{
	LockPage(index, HNSW_META_BLOCK, ShareLock);
}

void
hnsw_unlock_insert(Relation index)
{
	UnlockPage(index, HNSW_META_BLOCK, ShareLock);
}

void
hnsw_lock_out_inserts(Relation index)
{
	LockPage(index, HNSW_META_BLOCK, ExclusiveLock);
}

void
hnsw_let_inserts_in(Relation index)
{
	UnlockPage(index, HNSW_META_BLOCK, ExclusiveLock);
}

void
hnsw_wait_for_inserts(Relation index)
{
	hnsw_lock_out_inserts(index);
	hnsw_let_inserts_in(index);
}
