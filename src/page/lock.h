/*-------------------------------------------------------------------------
 *
 * lock.h
 *		The one heavyweight lock: inserts against vacuum.
 *
 * IDENTIFICATION
 *	  src/page/lock.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_LOCK_H
#define HNSW_LOCK_H

#include "hnsw.h"

#include "utils/rel.h"

/* An insert holds this from its first read to its last change. */
extern void hnsw_lock_insert(Relation index);
extern void hnsw_unlock_insert(Relation index);

/* Waits until no insert is running, and lets none start in between. */
extern void hnsw_lock_out_inserts(Relation index);
extern void hnsw_let_inserts_in(Relation index);

/* Waits until all inserts that now hold the lock have ended. */
extern void hnsw_wait_for_inserts(Relation index);

#endif							/* HNSW_LOCK_H */
