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

extern void hnsw_alter_init(void);

#endif							/* HNSW_ALTER_H */
