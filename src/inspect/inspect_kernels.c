/*-------------------------------------------------------------------------
 *
 * inspect_kernels.c
 *		Which kernels run.
 *
 * IDENTIFICATION
 *	  src/inspect/inspect_kernels.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "distance/kernels.h"
#include "utils/builtins.h"

HNSW_FUNCTION(kernels)
{
	PG_RETURN_TEXT_P(cstring_to_text(hnsw_kernels->name));
}
