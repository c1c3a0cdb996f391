/*-------------------------------------------------------------------------
 *
 * alter.h
 *		Telling users which changed options wait for REINDEX.
 *
 * IDENTIFICATION
 *	  src/config/alter.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ALTER_H
#define HNSW_ALTER_H

#include "hnsw.h"

#include "utils/rel.h"

/* Notes that options of this kind of index are being validated. */
extern void hnsw_alter_init(void);

#endif							/* HNSW_ALTER_H */
