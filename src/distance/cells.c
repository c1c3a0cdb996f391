/*-------------------------------------------------------------------------
 *
 * cells.c
 *		The lists of elements and cells as tables.
 *
 * IDENTIFICATION
 *	  src/distance/cells.c
 *-------------------------------------------------------------------------
 */
#include "distance/cells.h"

#define CELL(e, m, n, c) {e, m, #n, c},
static const HnswCell cells[] = {HNSW_CELLS(CELL)};
#undef CELL

#define ELEMENT(e, n, f, d) {e, #n, f, d},
static const HnswElementKind elements[] = {HNSW_ELEMENTS(ELEMENT)};
#undef ELEMENT

const HnswElementKind *
hnsw_element_find(int element)
{
	for (int i = 0; i < (int) lengthof(elements); i++)
		if ((int) elements[i].element == element)
			return &elements[i];
	return NULL;
}

const HnswCell *
hnsw_cell_find(int element, int metric)
{
	for (int i = 0; i < (int) lengthof(cells); i++)
		if ((int) cells[i].element == element && (int) cells[i].metric == metric)
			return &cells[i];
	return NULL;
}
