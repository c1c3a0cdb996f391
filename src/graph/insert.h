/*-------------------------------------------------------------------------
 *
 * insert.h
 *		Inserting one vector (INSERT of the HNSW paper, algorithm 1).
 *
 * IDENTIFICATION
 *	  src/graph/insert.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_INSERT_H
#define HNSW_INSERT_H

#include "graph/beam.h"
#include "graph/link.h"

/* A record met by the search of an insert, with what linking to it needs. */
typedef struct HnswFound
{
	HnswId		id;
	HnswId		down;
	uint32		generation;
	float		g;
	uint8		state;
	bool		has_room;		/* for another tree edge */
	bool		declines;		/* any other edge to the new node's record, in
								 * a layer where it will have one */
	bool		pruned;
	bool		ready;			/* own is, to be compared */
	HnswOwn		own;			/* codes are NULL when too far to be linked to */
	Size		own_at;			/* of its codes in HnswFoundSet.codes */
} HnswFound;

typedef struct HnswFoundSet
{
	HnswFound  *items;
	int		   *order;			/* of the items, nearest first */
	int			count;
	int			space;
	uint8	   *codes;
	Size		codes_used;
	Size		codes_space;
	int		   *chosen;			/* the neighbors-to-be, diverse first */
	int			nchosen;
} HnswFoundSet;

typedef struct HnswInserter
{
	HnswPager  *pager;
	const HnswLayout *layout;
	int			ef;				/* ef_construction */
	int			search_ef[HNSW_UPPER + 1];	/* instead of it where the new
											 * node searches for neighbors, by
											 * kind; ef_construction, too,
											 * unless set */
	uint64		random;			/* state of the level generator */
	HnswScorer	scorer;
	HnswBeam	beam;
	HnswLinker	linker;
	HnswSeen	scored;			/* of the search of one layer, without codes */
	HnswHeap	order;			/* sorts what a search has found */
	HnswPoint	point;
	void	   *vhat;			/* decoded neighbor */
	HnswRecord *image;			/* of the record being made */
	HnswFoundSet found[HNSW_MAX_LAYERS];
	int			level;			/* of the new node; -1 when none is to be */
	bool		stop_at_equal;	/* may a search end at an equal vector? */
	int			equal;			/* that one, of found[0], or -1 */
	HnswId		evict;			/* dying child that may make room for a tree
								 * edge, or HNSW_NO_ID */
	HnswId		node;			/* layer-0 record of the last new node */
	int64		visited;		/* records scored by the last insert */
} HnswInserter;

typedef enum HnswInserted
{
	HNSW_INSERTED_NODE,			/* a new node */
	HNSW_INSERTED_TID,			/* an equal vector was there: one more TID */
	HNSW_INSERTED_ASIDE			/* no place in the graph: kept aside */
} HnswInserted;

extern void hnsw_inserter_init(HnswInserter *ins, HnswPager *pager, int ef_construction,
							   uint64 seed);
extern void hnsw_inserter_free(HnswInserter *ins);

/* v is plain values (code/own.h), all of them finite. */
extern HnswInserted hnsw_insert(HnswInserter *ins, const void *v, HnswTid tid);

/* For bulk.h: parts of an insert. */

/* A level for a new node. */
extern int	hnsw_inserter_level(HnswInserter *ins);

/* Inserts ins->point, which has been set. */
extern HnswInserted hnsw_insert_point(HnswInserter *ins, int level, HnswTid tid);

/*
 * What an insert of ins->point.xhat would find in layer 0, in ins->found[0]; false when
 * that is nothing.
 */
extern bool hnsw_inserter_search(HnswInserter *ins);

extern void hnsw_found_reset(HnswInserter *ins, HnswFoundSet *set);

/* Without codes: the distances found are what the linker knows of the new record. */
extern void hnsw_remember_scores(HnswInserter *ins, const HnswFoundSet *set);
extern void hnsw_choose_neighbors(HnswInserter *ins, HnswFoundSet *set, int slots);

/* Edges to the chosen ones, of a record without any whose decoded vector is ins->point.xhat. */
extern void hnsw_write_chosen(HnswInserter *ins, const HnswShape *shape, HnswRecord *rec,
							  const HnswFoundSet *set);
extern void hnsw_finish_record(HnswInserter *ins, HnswKind kind, HnswId id,
							   const HnswFound *parent, const HnswId *gone, int ngone);

#endif							/* HNSW_INSERT_H */
