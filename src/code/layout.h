/*-------------------------------------------------------------------------
 *
 * layout.h
 *		The layout plan and access to the parts of a record.
 *
 * IDENTIFICATION
 *	  src/code/layout.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_LAYOUT_H
#define HNSW_LAYOUT_H

#include "code/ondisk.h"
#include "distance/cells.h"

#define HNSW_DEFAULT_EF_CONSTRUCTION 64

/* memory of a build beside its pages: scratch, and one value at a time */
#define HNSW_BUILD_OVERHEAD	((Size) 256 * 1024)

typedef struct HnswLayoutRequest
{
	const HnswCell *cell;
	int			dim;
	int			m;
	int			m0;				/* 0 = chosen by the plan, about 2m */
	int			edge_bits;		/* code bits of an edge; 0 = chosen */
	int			nonzeros;		/* sparse vectors: coordinates to have room
								 * for; 0 = about 400 */
} HnswLayoutRequest;

extern void hnsw_layout_plan(const HnswLayoutRequest *request, HnswLayout *layout);
extern bool hnsw_layout_valid(const HnswLayout *layout);

/* Width of the beam that serves a search with this ef. */
extern int	hnsw_layout_beam(const HnswLayout *layout, HnswKind kind, int ef);

/*
 * A neighbor is pruned when it is nearer to another one than this share of its graph
 * distance.  Below 1 more neighbors count as diverse (alpha of Vamana, Subramanya and
 * others, NeurIPS 2019; here about 1.05).  Graph distances are squares of L2 distances.
 * Inner products have no scale, and 1.  Nor do records without codes gain by it, and
 * sparse vectors, all of which are about equally far from each other, lose a lot: hardly
 * any neighbor would be pruned (bench/README.md, "Occlusion").
 */
static inline float
hnsw_layout_occlusion(const HnswLayout *layout)
{
	return layout->metric == HNSW_IP || layout->shape[HNSW_BASE].bits == 0 ? 1.0f : 0.9f;
}

/* Bytes of an index for each node, upper layers and whole pages included. */
extern double hnsw_layout_row_bytes(const HnswLayout *layout);

/*
 * Pages that the insert of one node may add: an extent for its record in layer 0, one for
 * a chunk, one for a page aside, and those for its records in all other layers.
 */
static inline uint32
hnsw_layout_insert_pages(const HnswLayout *layout)
{
	uint32		per_extent = layout->shape[HNSW_UPPER].per_extent;

	return (3 + (HNSW_MAX_LAYERS - 1 + per_extent - 1) / per_extent) * layout->extent_pages;
}

/*
 * maintenance_work_mem that keeps a build of so many rows in memory, by so many
 * processes, in bytes.
 */
extern double hnsw_layout_build_bytes(const HnswLayout *layout, double rows, int processes);

/*
 * What is read of a slot, from its beginning on: the less, the fewer cache lines and
 * pages.  Of anything but records, all.
 */
typedef enum HnswPart
{
	HNSW_PART_HEAD,				/* HnswRecord */
	HNSW_PART_EDGES,			/* which edges there are, not their codes */
	HNSW_PART_OWN,				/* the own vector as well */
	HNSW_PART_ALL
} HnswPart;

extern int	hnsw_layout_part_size(const HnswLayout *layout, HnswKind kind, HnswPart part);

/* Slots of a kind in a page, in an extent, and where a slot begins. */
extern int	hnsw_layout_slot_size(const HnswLayout *layout, HnswKind kind);
extern int	hnsw_layout_per_page(const HnswLayout *layout, HnswKind kind);
extern int	hnsw_layout_per_extent(const HnswLayout *layout, HnswKind kind);

static inline int
hnsw_layout_pages(const HnswLayout *layout, HnswKind kind)
{
	return kind <= HNSW_UPPER ? layout->shape[kind].pages : 1;
}

static inline uint32 *
hnsw_record_ids(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint32 *) ((char *) rec + shape->off_ids);
}

static inline uint16 *
hnsw_record_bias(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint16 *) ((char *) rec + shape->off_bias);
}

static inline uint16 *
hnsw_record_scale(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint16 *) ((char *) rec + shape->off_scale);
}

static inline uint8 *
hnsw_record_own(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint8 *) rec + shape->off_own;
}

static inline uint8 *
hnsw_record_codes(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint8 *) rec + shape->off_codes;
}

static inline uint8 *
hnsw_record_pruned(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint8 *) rec + shape->off_pruned;
}

static inline uint8 *
hnsw_record_pinned(const HnswRecord *rec, const HnswShape *shape)
{
	return (uint8 *) rec + shape->off_pinned;
}

static inline bool
hnsw_bit(const uint8 *map, int i)
{
	return (map[i >> 3] >> (i & 7)) & 1;
}

static inline void
hnsw_set_bit(uint8 *map, int i, bool on)
{
	if (on)
		map[i >> 3] |= (uint8) (1 << (i & 7));
	else
		map[i >> 3] &= (uint8) ~(1 << (i & 7));
}

#endif							/* HNSW_LAYOUT_H */
