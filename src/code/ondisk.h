/*-------------------------------------------------------------------------
 *
 * ondisk.h
 *		Everything that an index page holds: the on-disk format.
 *
 * An index is a metapage (block 0), an allocation page (block 1) and then
 * extents of HnswLayout.extent_pages consecutive blocks each.  An extent holds
 * slots of one kind.  A slot is named by a dense 32-bit id,
 *
 *		id = extent * slots per extent + slot within the extent
 *
 * so that ids of different kinds overlap: an id means something only together
 * with its kind, which is always known from where the id was found.
 *
 * Change HNSW_FORMAT_VERSION whenever anything here, the rotation or the
 * layout plan changes what bytes mean.
 *
 * IDENTIFICATION
 *	  src/code/ondisk.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ONDISK_H
#define HNSW_ONDISK_H

#include "base/base.h"

#define HNSW_FORMAT_VERSION	3
#define HNSW_META_MAGIC		0x48734E57
#define HNSW_PAGE_MAGIC		0x4E57

#define HNSW_META_BLOCK		0
#define HNSW_ALLOC_BLOCK	1
#define HNSW_FIRST_BLOCK	2

/* what is left of a page between its 24-byte header and our special space */
#define HNSW_PAGE_HEADER	24
#define HNSW_PAGE_SPECIAL	16
#define HNSW_PAGE_ROOM		(BLCKSZ - HNSW_PAGE_HEADER - HNSW_PAGE_SPECIAL)

/* one generic WAL record holds four pages, one of which is block 1 */
#define HNSW_MAX_EXTENT_PAGES 3

#define HNSW_MAX_LAYERS		32
#define HNSW_MAX_SLOTS		400
#define HNSW_MAX_PER_PAGE	64

typedef uint32 HnswId;

#define HNSW_NO_ID			((HnswId) 0xFFFFFFFF)
#define HNSW_NO_BLOCK		((uint32) 0xFFFFFFFF)

/* A heap tuple's address; the same bytes as ItemPointerData. */
typedef struct HnswTid
{
	uint16		block_hi;
	uint16		block_lo;
	uint16		offset;			/* 0 = no tuple */
} HnswTid;

/* Kinds of slots. */
typedef enum HnswKind
{
	HNSW_BASE = 0,				/* a node's record of layer 0 */
	HNSW_UPPER,					/* a node's record of one layer above */
	HNSW_CHUNK,					/* more heap TIDs of a node */
	HNSW_ASIDE,					/* a page of TIDs that have no place in the
								 * graph */
	HNSW_NKINDS
} HnswKind;

/* States of a record.  src/README says who may meet which. */
#define HNSW_FREE			0	/* not in use */
#define HNSW_PENDING		1	/* being linked, or left by a failed insert */
#define HNSW_LINKED			2	/* in the graph */
#define HNSW_DYING			3	/* has no tuple, routes, takes no new edge */

#define HNSW_INLINE_TIDS	3

/*
 * Head of a record (kinds HNSW_BASE and HNSW_UPPER).  Behind it, at the offsets of the
 * HnswShape: two bit maps over the edge slots (pruned, pinned), ids, biases,
 * scales, own vector, codes.
 */
typedef struct HnswRecord
{
	uint8		state;
	uint8		layer;
	uint16		count;			/* edges in use, slots 0 .. count - 1 */
	uint32		generation;		/* counts the uses of this slot */
	HnswId		base;			/* layer-0 record of this node */
	HnswId		down;			/* UPPER: this node's record one layer down;
								 * BASE: first chunk of TIDs */
	HnswId		parent;			/* tree edge; NO_ID in the layer's root */
	float		vmin;			/* what own codes mean: dense vmin + vstep *
								 * code, */
	float		vstep;			/* sparse vstep * code; there vmin is a bound
								 * on the norm of what was left out */
	float		resid;			/* bound on |vector - own vector| */
	HnswTid		tids[HNSW_INLINE_TIDS];
	HnswTid		value;			/* BASE: where in the TOAST table a tuple's
								 * value began, that of the newest whose place
								 * was known; a hint, offset 0 = none */
	uint32		reserved[2];
} HnswRecord;

StaticAssertDecl(sizeof(HnswTid) == 6, "HnswTid must be 6 bytes");
StaticAssertDecl(sizeof(HnswRecord) == 64, "HnswRecord must be 64 bytes");
StaticAssertDecl(offsetof(HnswRecord, tids) == 32, "HnswRecord has changed");

#define HNSW_CHUNK_TIDS		30

/* More TIDs of one node, newest chunk first. */
typedef struct HnswChunk
{
	uint8		state;			/* FREE, PENDING (in no chain, or empty and
								 * about to leave it) or LINKED */
	uint8		unused[3];
	HnswId		owner;			/* layer-0 record */
	HnswId		next;
	HnswTid		tids[HNSW_CHUNK_TIDS];
} HnswChunk;

StaticAssertDecl(sizeof(HnswChunk) == 192, "HnswChunk must be 192 bytes");

/* Why a tuple is not in the graph, in the order in which a sort puts them. */
typedef enum HnswAsideList
{
	HNSW_ASIDE_NAN = 0,			/* zero vector under cosine */
	HNSW_ASIDE_NULL,
	HNSW_ASIDE_LISTS
} HnswAsideList;

#define HNSW_ASIDE_TIDS		((HNSW_PAGE_ROOM - 8) / 6)

/* A page of TIDs kept aside. */
typedef struct HnswAside
{
	uint8		state;			/* FREE, PENDING or LINKED */
	uint8		list;			/* HnswAsideList */
	uint16		unused;
	HnswId		next;
	HnswTid		tids[HNSW_ASIDE_TIDS];
} HnswAside;

StaticAssertDecl(sizeof(HnswAside) <= HNSW_PAGE_ROOM, "HnswAside must fit a page");

/* At the end of each page. */
typedef struct HnswPageSpecial
{
	uint16		magic;			/* HNSW_PAGE_MAGIC */
	uint8		kind;			/* HnswKind, or one of the two below */
	uint8		part;			/* page number within the extent */
	uint32		next_free;		/* next page with free slots */
	uint32		listed;			/* 1 = in the list of pages with free slots */
	uint32		unused;
} HnswPageSpecial;

#define HNSW_PAGE_META		254
#define HNSW_PAGE_ALLOC		255

StaticAssertDecl(sizeof(HnswPageSpecial) == HNSW_PAGE_SPECIAL, "HnswPageSpecial has changed");

/* The shape of a record: where its parts are and how its edges are coded. */
typedef struct HnswShape
{
	uint16		slots;			/* edge slots */
	uint16		cdim;			/* coded coordinates of an edge */
	uint16		code_bytes;		/* bytes of one edge code */
	uint8		bits;			/* bits a coded coordinate; 0 = no codes */
	uint8		pages;			/* pages of a record */
	uint16		per_page;		/* records a page (1 when pages > 1) */
	uint16		per_extent;
	uint16		off_pruned;
	uint16		off_pinned;
	uint16		off_ids;
	uint16		off_bias;
	uint16		off_scale;
	uint16		off_own;
	uint16		off_codes;
	uint16		size;
	float		error;			/* standard error of an estimated squared
								 * distance, relative */
} HnswShape;

/* The plan of an index, made once when it is created. */
typedef struct HnswLayout
{
	uint8		element;		/* HnswElement */
	uint8		metric;			/* HnswMetric */
	uint8		form;			/* HnswForm: the element's */
	uint8		unused;
	uint16		m;				/* M of the paper */
	uint16		m0;				/* M_max0: slots of layer 0 */
	uint16		extent_pages;
	uint32		dim;
	uint32		own_bytes;		/* of an own vector */
	uint32		nonzeros;		/* coordinates that an own vector has room
								 * for; 0 = all */
	HnswShape	shape[2];		/* HNSW_BASE, HNSW_UPPER */
} HnswLayout;

/* Where searches start, and the roots of the layers' trees. */
typedef struct HnswEntry
{
	HnswId		id;				/* record of the entry point; NO_ID = empty */
	uint32		layer;			/* its layer: the top one */
	HnswId		root[HNSW_MAX_LAYERS];
	HnswId		aside[HNSW_ASIDE_LISTS];	/* first page of each list */
	HnswId		room[HNSW_ASIDE_LISTS]; /* a page of it that has room */
} HnswEntry;

typedef struct HnswMeta
{
	uint32		magic;
	uint32		version;
	HnswLayout	layout;
	HnswEntry	entry;
} HnswMeta;

typedef struct HnswAllocator
{
	/* first page of each kind that has free slots, or HNSW_NO_BLOCK */
	uint32		free_page[HNSW_NKINDS];
} HnswAllocator;

#endif							/* HNSW_ONDISK_H */
