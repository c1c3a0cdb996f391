/*-------------------------------------------------------------------------
 *
 * cells.c
 *		The list of cells as a table.
 *
 * IDENTIFICATION
 *	  src/distance/cells.c
 *-------------------------------------------------------------------------
 */
#include "distance/cells.h"

#define CELL(e, m, n, c) {e, m, #n, c},
static const HnswCell cells[] = {HNSW_CELLS(CELL)};
#undef CELL

const HnswCell *
hnsw_cell_find(int element, int metric)
{
	for (int i = 0; i < (int) lengthof(cells); i++)
		if ((int) cells[i].element == element && (int) cells[i].metric == metric)
			return &cells[i];
	return NULL;
}
