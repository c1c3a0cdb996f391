/*-------------------------------------------------------------------------
 *
 * layout.c
 *		The layout plan: how many records a page holds, how many edges a
 *		record has and how many bits code an edge.
 *
 * The three fight for the same bytes.  What decides is the error that a code
 * leaves in an estimated distance: the plan takes the most records a page
 * whose error stays below HNSW_PLAN_ERROR, then spends what is left of the
 * page on better codes and on more slots.
 *
 * A code of b bits on the first Dc of D rotated coordinates leaves, in units of
 * |r| |p|, the variance (1 + rho_b^2) / Dc - 1 / D: the prefix is a random
 * projection, and rho_b is the quantiser's own noise (RaBitQ, Gao & Long,
 * SIGMOD 2024 and 2025; rho_b for the uniform grids used here by numerical
 * integration).  Near the answer |r| ~ |p| ~ d, so that the relative error of
 * d^2 is twice its root.
 *
 * IDENTIFICATION
 *	  src/code/layout.c
 *-------------------------------------------------------------------------
 */
#include "code/layout.h"

#include "code/own.h"
#include "distance/kernels.h"

/* relative error of d^2 that the plan accepts, and at one record a page */
#define HNSW_PLAN_ERROR		0.095f
#define HNSW_PLAN_ERROR_PAGE 0.12f

/*
 * The least slots that the plan chooses by itself.  A node's tree edges take two
 * slots on average; with m = 2 nothing would be left to navigate by.
 */
#define HNSW_LEAST_SLOTS	8

/* coordinates of a sparse vector that a record has room for if nobody knows better */
#define HNSW_DEFAULT_NONZEROS 400

static const struct
{
	uint8		bits;
	float		rho2;
}			grids[] = {
	{1, 0.5708f}, {2, 0.1349f}, {4, 0.01167f}, {8, 0.00005f},
};

static float
code_error(int dim, int cdim, float rho2)
{
	float		used = Min(dim, cdim);

	return 2 * sqrtf(Max(0.0f, (1 + rho2) / used - 1.0f / dim));
}

/*
 * The best code of at most max_bytes for dim coordinates: fills bits, cdim,
 * code_bytes and error; false when there is none.
 */
static bool
choose_code(int dim, int max_bytes, HnswShape *shape)
{
	bool		found = false;

	for (int g = 0; g < (int) lengthof(grids); g++)
	{
		int			bits = grids[g].bits;
		int			block = bits == 8 ? 1 : HNSW_CODE_BLOCK;
		int			cdim = (dim + block - 1) / block * block;
		float		error;

		cdim = Min(cdim, max_bytes * 8 / bits / block * block);
		if (cdim <= 0 || (bits == 8 && cdim < dim))
			continue;
		error = code_error(dim, cdim, grids[g].rho2);
		if (found && error >= shape->error)
			continue;
		found = true;
		shape->bits = bits;
		shape->cdim = cdim;
		shape->code_bytes = bits == 8 ? cdim : cdim / 8 * bits;
		shape->error = error;
	}
	return found;
}

/* bytes of a slot besides its code */
static int
slot_bytes(bool coded)
{
	return coded ? 8 : 6;
}

static int
map_bytes(int slots)
{
	return ((slots + 7) / 8 * 2 + 3) / 4 * 4;
}

/* Lays out the parts once slots and code are known. */
static void
place_parts(HnswShape *shape, int own_bytes, bool coded)
{
	int			off = sizeof(HnswRecord);

	shape->off_pruned = off;
	shape->off_pinned = off + (shape->slots + 7) / 8;
	off += map_bytes(shape->slots);
	shape->off_ids = off;
	off += 4 * shape->slots;
	shape->off_bias = off;
	off += 2 * shape->slots;
	shape->off_scale = off;
	if (coded)
		off += 2 * shape->slots;
	/* own vectors without codes hold integers */
	if (!coded)
		off = (off + 3) / 4 * 4;
	shape->off_own = off;
	off += own_bytes;
	shape->off_codes = off;
	off += shape->slots * shape->code_bytes;
	shape->size = (off + 3) / 4 * 4;
}

/* bytes that a record of so many slots has left for its codes */
static int
code_room(int room, int slots, int own_bytes, bool coded)
{
	int			edges = slots * slot_bytes(coded);

	if (!coded)
		edges = (edges + 3) / 4 * 4;
	return room - (int) sizeof(HnswRecord) - map_bytes(slots) - edges - own_bytes;
}

/*
 * Plans one shape for about "slots" slots in records that may take up to
 * max_pages pages.  edge_bits bits code an edge, as far as they fit a page; 0: the
 * plan chooses.  With "grow", spare bytes become more slots, and up to an
 * eighth fewer are accepted where that makes another record fit the page.
 */
static void
plan_shape(HnswShape *shape, int dim, int own_bytes, int slots, bool grow,
		   bool coded, int edge_bits, int max_pages)
{
	int			per_page,
				pages = 1,
				room;
	int			least = grow && coded ? slots - slots / 8 : slots;
	HnswShape	best = {0},
				wanted = {0};

	if (coded && edge_bits > 0 && !choose_code(dim, edge_bits / 8, &wanted))
		hnsw_limit("no code of %d bits for an edge", edge_bits);
	for (per_page = coded ? HNSW_MAX_PER_PAGE : 1; per_page >= 1; per_page--)
	{
		bool		fits = false;

		room = HNSW_PAGE_ROOM / per_page / 4 * 4;
		for (int s = slots; s >= least && !fits; s--)
		{
			int			bytes = code_room(room, s, own_bytes, coded);

			if (bytes < 0)
				continue;
			best.slots = s;
			if (!coded)
				fits = true;
			else if (edge_bits > 0)
				fits = choose_code(dim, Min(edge_bits / 8, bytes / s), &best) &&
					(best.code_bytes >= wanted.code_bytes || per_page == 1);
			else
				fits = choose_code(dim, bytes / s, &best) &&
					best.error <= (per_page == 1 ? HNSW_PLAN_ERROR_PAGE : HNSW_PLAN_ERROR);
			if (!fits)
				memset(&best, 0, sizeof(best));
		}
		if (fits)
			break;
	}
	if (per_page < 1)
	{
		per_page = 1;
		for (pages = 1; pages <= max_pages; pages++)
		{
			int			bytes;

			room = HNSW_PAGE_ROOM * pages;
			bytes = code_room(room, slots, own_bytes, coded);
			best.slots = slots;
			if (bytes < 0)
				continue;
			if (!coded)
				break;
			if (choose_code(dim, bytes / slots, &best) &&
				(best.error <= HNSW_PLAN_ERROR_PAGE || pages == max_pages))
				break;
		}
		if (pages > max_pages)
			hnsw_limit("index record for %d dimensions and %d neighbors does not fit %d pages",
					   dim, slots, max_pages);
	}
	*shape = best;
	place_parts(shape, own_bytes, coded);
	if (!coded)
		per_page = Max(1, Min(HNSW_MAX_PER_PAGE, HNSW_PAGE_ROOM * pages / shape->size));
	if (pages > 1)
		per_page = 1;

	room = HNSW_PAGE_ROOM * pages / per_page / 4 * 4;
	if (grow && coded)
	{
		int			most = Min(slots + slots / 4, HNSW_MAX_SLOTS);

		while (shape->slots < most &&
			   code_room(room, shape->slots + 1, own_bytes, coded) >=
			   (shape->slots + 1) * shape->code_bytes)
			shape->slots++;
		place_parts(shape, own_bytes, coded);
	}
	Assert(shape->size <= room);
	shape->pages = pages;
	shape->per_page = per_page;
}

/*
 * How many coordinates of a sparse vector records with so many edges have room
 * for: those asked for, as far as they fit the largest record, and what is left of
 * the page then.  0 where all coordinates are stored in any case.
 */
static uint32
plan_nonzeros(const HnswOwnOps *ops, const HnswLayoutRequest *request, int slots)
{
	uint32		dim = request->dim;
	uint32		n = Min(dim, request->nonzeros > 0 ? request->nonzeros : HNSW_DEFAULT_NONZEROS);
	int			room = HNSW_PAGE_ROOM * HNSW_MAX_EXTENT_PAGES;
	int			bytes,
				per_page;

	if (ops->bytes(dim, 0) == ops->bytes(dim, 1))
		return 0;
	while (n > 1 && code_room(room, slots, ops->bytes(dim, n), false) < 0)
		n--;
	bytes = room - code_room(room, slots, ops->bytes(dim, n), false);
	per_page = Max(1, Min(HNSW_MAX_PER_PAGE, HNSW_PAGE_ROOM / bytes));
	room = bytes > HNSW_PAGE_ROOM ? (bytes + HNSW_PAGE_ROOM - 1) / HNSW_PAGE_ROOM * HNSW_PAGE_ROOM :
		HNSW_PAGE_ROOM / per_page / 4 * 4;
	while (n < dim && code_room(room, slots, ops->bytes(dim, n + 1), false) >= 0)
		n++;
	return n;
}

/*
 * Plans the records of an index.  Raises "program limit exceeded" when no plan
 * fits; the caller has checked dim, m and m0 against their own limits.
 */
void
hnsw_layout_plan(const HnswLayoutRequest *request, HnswLayout *layout)
{
	bool		coded = request->cell->coded;
	int			m0 = request->m0 > 0 ? request->m0 : Max(2 * request->m, HNSW_LEAST_SLOTS);
	const HnswOwnOps *ops;

	memset(layout, 0, sizeof(*layout));
	layout->element = request->cell->element;
	layout->metric = request->cell->metric;
	layout->form = hnsw_element_find(layout->element)->form;
	layout->m = request->m;
	layout->dim = request->dim;
	ops = hnsw_layout_own(layout);
	layout->nonzeros = plan_nonzeros(ops, request, m0);
	layout->own_bytes = ops->bytes(layout->dim, layout->nonzeros);

	plan_shape(&layout->shape[HNSW_BASE], request->dim, layout->own_bytes, m0,
			   request->m0 == 0, coded, request->edge_bits, HNSW_MAX_EXTENT_PAGES);
	plan_shape(&layout->shape[HNSW_UPPER], request->dim, layout->own_bytes,
			   Max(request->m, HNSW_LEAST_SLOTS),
			   false, coded, 0, HNSW_MAX_EXTENT_PAGES);
	layout->m0 = layout->shape[HNSW_BASE].slots;
	layout->extent_pages = Max(layout->shape[HNSW_BASE].pages,
							   layout->shape[HNSW_UPPER].pages);
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		HnswShape  *shape = &layout->shape[kind];

		shape->per_extent = shape->pages > 1 ? 1 : shape->per_page * layout->extent_pages;
	}
}

/*
 * How wide a beam of estimates finds what ef exact distances would.  Coarser
 * codes make a beam visit more records before it is satisfied, so that it finds
 * more at the same width; narrower beams keep visits and recall where ef_search
 * leads users to expect them.  Measured: bench/README.md, "Beam width".
 */
int
hnsw_layout_beam(const HnswLayout *layout, HnswKind kind, int ef)
{
	float		error = layout->shape[kind].error;
	float		share = Min(1.0f, Max(0.7f, 1 - 8 * (error - 0.06f)));

	return Max(1, (int) (ef * share + 0.5f));
}

/*
 * Is this, read from a metapage, a layout whose parts lie inside its records
 * and whose records lie inside their pages?
 */
bool
hnsw_layout_valid(const HnswLayout *layout)
{
	const HnswCell *cell = hnsw_cell_find(layout->element, layout->metric);
	const HnswElementKind *element = hnsw_element_find(layout->element);

	if (cell == NULL || layout->form != element->form ||
		layout->dim < 1 || layout->dim > element->max_dim ||
		layout->nonzeros > layout->dim || layout->own_bytes < 1 ||
		layout->own_bytes > HNSW_PAGE_ROOM * HNSW_MAX_EXTENT_PAGES ||
		layout->own_bytes != hnsw_layout_own(layout)->bytes(layout->dim, layout->nonzeros) ||
		layout->extent_pages < 1 || layout->extent_pages > HNSW_MAX_EXTENT_PAGES ||
		layout->m < 2 || layout->m0 != layout->shape[HNSW_BASE].slots)
		return false;
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		const HnswShape *shape = &layout->shape[kind];
		HnswShape	again = *shape;
		bool		code_ok;

		if (shape->slots < 1 || shape->slots > HNSW_MAX_SLOTS ||
			shape->pages < 1 || shape->pages > layout->extent_pages ||
			shape->per_page < 1 || shape->per_page > HNSW_MAX_PER_PAGE ||
			shape->per_extent !=
			(shape->pages > 1 ? 1 : shape->per_page * layout->extent_pages))
			return false;
		switch (shape->bits)
		{
			case 0:
				code_ok = !cell->coded && shape->code_bytes == 0;
				break;
			case 1:
			case 2:
			case 4:
				code_ok = cell->coded && shape->cdim > 0 &&
					shape->cdim % HNSW_CODE_BLOCK == 0 &&
					shape->code_bytes == shape->cdim / 8 * shape->bits;
				break;
			case 8:
				code_ok = cell->coded && shape->cdim > 0 &&
					shape->code_bytes == shape->cdim;
				break;
			default:
				code_ok = false;
		}
		if (!code_ok || shape->cdim > HNSW_KERNEL_MAX_DIM ||
			!(shape->error >= 0 && shape->error <= FLT_MAX))
			return false;
		place_parts(&again, layout->own_bytes, cell->coded);
		if (memcmp(&again, shape, sizeof(again)) != 0 ||
			(int) shape->size > HNSW_PAGE_ROOM * shape->pages / shape->per_page)
			return false;
	}
	return true;
}

double
hnsw_layout_row_bytes(const HnswLayout *layout)
{
	double		extent = (double) layout->extent_pages * BLCKSZ;

	/* one node in m reaches layer 1, one in m of those layer 2, and so on */
	return extent / layout->shape[HNSW_BASE].per_extent +
		extent / layout->shape[HNSW_UPPER].per_extent / (layout->m - 1);
}

double
hnsw_layout_build_bytes(const HnswLayout *layout, double rows, int processes)
{
	double		pages = HNSW_FIRST_BLOCK + (double) processes * hnsw_layout_insert_pages(layout);
	double		upper = rows / (layout->m - 1);

	/* each keeps pages with room for itself, of which others see nothing */
	if (processes > 1)
		pages += (double) processes * HNSW_NKINDS * layout->extent_pages;
	/* levels are drawn by lot: three standard deviations more than expected */
	pages += 3 * sqrt(upper) * layout->extent_pages / layout->shape[HNSW_UPPER].per_extent;
	return rows * hnsw_layout_row_bytes(layout) + pages * BLCKSZ + HNSW_BUILD_OVERHEAD;
}

int
hnsw_layout_part_size(const HnswLayout *layout, HnswKind kind, HnswPart part)
{
	const HnswShape *shape;

	if (kind > HNSW_UPPER || part == HNSW_PART_ALL)
		return hnsw_layout_slot_size(layout, kind);
	shape = &layout->shape[kind];
	return part == HNSW_PART_HEAD ? (int) sizeof(HnswRecord) :
		part == HNSW_PART_EDGES ? shape->off_own : shape->off_codes;
}

int
hnsw_layout_slot_size(const HnswLayout *layout, HnswKind kind)
{
	switch (kind)
	{
		case HNSW_BASE:
		case HNSW_UPPER:
			return layout->shape[kind].size;
		case HNSW_CHUNK:
			return sizeof(HnswChunk);
		default:
			return sizeof(HnswAside);
	}
}

int
hnsw_layout_per_page(const HnswLayout *layout, HnswKind kind)
{
	switch (kind)
	{
		case HNSW_BASE:
		case HNSW_UPPER:
			return layout->shape[kind].per_page;
		case HNSW_CHUNK:
			return HNSW_PAGE_ROOM / sizeof(HnswChunk);
		default:
			return 1;
	}
}

int
hnsw_layout_per_extent(const HnswLayout *layout, HnswKind kind)
{
	if (kind <= HNSW_UPPER)
		return layout->shape[kind].per_extent;
	return hnsw_layout_per_page(layout, kind) * layout->extent_pages;
}
