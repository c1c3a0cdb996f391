/*-------------------------------------------------------------------------
 *
 * opclass.c
 *		From an index's operator class to its cell of the list.
 *
 * Each operator class has a support function that returns a pointer to its
 * cell.  Its argument and result are "internal", so that SQL cannot call it.
 *
 * IDENTIFICATION
 *	  src/config/opclass.c
 *-------------------------------------------------------------------------
 */
#include "config/opclass.h"

#include "access/genam.h"

#define CELL_FUNCTION(element, metric, name, coded) \
HNSW_FUNCTION(name##_cell) \
{ \
	PG_RETURN_POINTER(hnsw_cell_find(element, metric)); \
}

HNSW_CELLS(CELL_FUNCTION)

const HnswCell *
hnsw_opclass_cell(Relation index)
{
	FmgrInfo   *proc = index_getprocinfo(index, 1, HNSW_CELL_PROC);
	const HnswCell *cell = (const HnswCell *) DatumGetPointer(FunctionCall1(proc, PointerGetDatum(NULL)));

	/* only a foreign support function could return another pointer */
	if (cell == NULL || hnsw_cell_find(cell->element, cell->metric) != cell)
		elog(ERROR, "operator class of index \"%s\" has no hnsw cell",
			 RelationGetRelationName(index));
	return cell;
}
