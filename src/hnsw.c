/*-------------------------------------------------------------------------
 *
 * hnsw.c
 *		Module start.
 *
 * IDENTIFICATION
 *	  src/hnsw.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "config/alter.h"
#include "config/options.h"
#include "distance/kernels.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	hnsw_kernels_init();
	hnsw_options_init();
	hnsw_alter_init();
}
