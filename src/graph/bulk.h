/*-------------------------------------------------------------------------
 *
 * bulk.h
 *		Layer 0 of many vectors at once: how an arena is built.
 *
 * Rows are staged first: their records are written without edges.  Then the vectors
 * are partitioned into leaves that overlap, all pairs of a leaf are compared, and each
 * row's neighbors are chosen from the nearest that it has met.  src/README, "Build",
 * tells why, and what each step may rely on.
 *
 * Several processes that share an arena may do the steps together: each has an HnswBulk
 * of its own, and they have in common the HnswBulkTable, and then the pieces of memory
 * that are HnswBulkMemory.
 *
 * IDENTIFICATION
 *	  src/graph/bulk.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_BULK_H
#define HNSW_BULK_H

#include "graph/arena.h"
#include "graph/bulk_tree.h"
#include "graph/insert.h"

/* leaves that a row belongs to, at most, and leaves near its own that they are among */
#define HNSW_BULK_MOST_FANOUT	18
#define HNSW_BULK_NEAR		160

/*
 * Which stored vectors there are, by their hashes: open addressing, the high half of an
 * entry is of the hash, the low half the record's id.
 */
typedef struct HnswBulkTable
{
	uint64		count;			/* entries in use */
	uint64		space;
	uint32		norm;			/* bits of the first row's, a float; inner
								 * products only; 0 = none yet */
} HnswBulkTable;

typedef enum HnswBulkStep
{
	HNSW_BULK_TREE_ASSIGN,		/* all rows to the topmost parts of a tree */
	HNSW_BULK_TREE_SPLIT,		/* each of these into leaves */
	HNSW_BULK_CENTER,			/* of each leaf */
	HNSW_BULK_ASSIGN,			/* rows to leaves */
	HNSW_BULK_COMPARE,			/* the rows of each leaf with each other */
	HNSW_BULK_CHOOSE,			/* each row's neighbors */
	HNSW_BULK_LINK,				/* from the neighbors' side as well; parents */
	HNSW_BULK_LINK_REST,		/* rows that none of their neighbors could be
								 * the parent of */
	HNSW_BULK_STEPS
} HnswBulkStep;

/*
 * Leaves are handed out in lanes of consecutive ones, which are near each other, so that
 * processes work on other records each, as long as there are lanes that nobody has begun.
 */
#define HNSW_BULK_LANES		16

/* The part of a plan that changes; in shared memory when processes share it. */
typedef struct HnswBulkProgress
{
	uint32		done[HNSW_BULK_STEPS];	/* leaves handed out */
	uint32		joined[HNSW_BULK_STEPS];	/* processes that have begun */
	uint32		next[HNSW_BULK_STEPS][HNSW_BULK_LANES]; /* how many of each lane
														 * have been asked for */
	uint32		nblocks;		/* of the lists, in use */
} HnswBulkProgress;

/*
 * The members of a leaf: a chain of blocks, the last one first, each of which but this is
 * full.  A block has the number of the one before it, and then members (bulk_list.c).
 */
typedef struct HnswBulkList
{
	uint32		block;
	uint32		count;			/* members */
} HnswBulkList;

/* Those of a list that have not been taken yet. */
typedef HnswBulkList HnswBulkCursor;

#define HNSW_BULK_BLOCK		64

/* All nodes of layer 0 in leaves of near ones. */
typedef struct HnswBulkPlan
{
	uint32		nrows;
	uint32		nleaves;
	uint32		nnear;			/* leaves near a leaf */
	uint32		fanout;
	uint32		member_bytes;	/* of a member in a list */
	uint32		per_block;

	/* HNSW_BULK_ROWS */
	HnswId	   *rows;			/* leaf by leaf */

	/* HNSW_BULK_CENTERS */
	HnswOwnFactors *factors;	/* of the leaves' centers */
	uint8	   *centers;		/* own vectors, of HnswBulk.dense */

	/* HNSW_BULK_PLAN */
	HnswBulkProgress *progress;
	uint32	   *starts;			/* of the leaves in rows; nleaves + 1 */
	HnswBulkList *lists;		/* of the leaves: rows of the leaf and those
								 * near it */
	char	   *blocks;			/* of the lists */
	char	   *nearest;		/* records without codes: what each row
								 * remembers */
} HnswBulkPlan;

typedef struct HnswBulk
{
	HnswInserter *ins;
	HnswArena  *arena;
	const HnswLayout *layout;
	HnswLayout	dense;			/* of the leaves' centers, and of rows that
								 * are compared with them: with codes, layout
								 * itself */
	uint8	   *dense_codes;	/* of a row; scratch */
	HnswBulkTable *table;
	uint64	   *entries;		/* of the table, in this process */
	bool		has_root;		/* rows may be staged */
	HnswBulkTree tree;			/* of rows, in the first steps */
	HnswBulkPlan plan;			/* in the others */
	int			keep;			/* nearest rows that a row remembers */
	void		(*tick) (void *arg);	/* called after each task */
	void	   *tick_arg;

	/* scratch of the steps */
	HnswOwnBlock block;
	HnswOwnProbes probes;
	HnswOwnBlock *dense_block;	/* with codes, block itself */
	HnswOwnProbes *dense_probes;
	HnswOwnBlock uncoded_block;
	HnswOwnProbes uncoded_probes;
	HnswBulkTable own_table;
	float	   *g;
	struct HnswMeeting *meetings;
	float	   *limits;			/* of the meetings */
	int			nmeetings;		/* that there is room for */
	int			space;			/* what a row has met, before it is sorted out */
	Size		nmet;			/* all that there is room for */
	uint32	   *members;		/* of the leaf that will be next */
	uint64	   *places;			/* of this one, twice as many */
	HnswItem   *met;
	uint64	   *numbers;		/* 5 keep */
	int64		compared;		/* pairs, in all */
} HnswBulk;

/*
 * Can this layout be built so, with this ef_construction?  Vectors that have means, whose
 * records have one page, and with codes room for what a row remembers.
 */
extern bool hnsw_bulk_suits(const HnswLayout *layout, int ef_construction);

/*
 * Memory beside the arena, in bytes: what the processes have in common after so many rows
 * have been staged, but for the tree, which is less; and the scratch of each.
 */
extern double hnsw_bulk_common_bytes(const HnswLayout *layout, int ef_construction, double rows);
extern Size hnsw_bulk_scratch_bytes(const HnswLayout *layout, int ef_construction);

/*
 * maintenance_work_mem that keeps a build of so many rows in memory, by so many
 * processes, in bytes; and what building them so takes, which is more where records have
 * no codes: what a row remembers is beside them then.
 */
extern double hnsw_bulk_build_bytes(const HnswLayout *layout, int ef_construction, double rows,
									int processes);
extern double hnsw_bulk_staged_bytes(const HnswLayout *layout, int ef_construction, double rows,
									 int processes);

/*
 * Is a build of so many rows with so much memory made so?  With codes, of as many of
 * them as the memory takes; without, where it is enough for all.
 */
extern bool hnsw_bulk_pays(const HnswLayout *layout, int ef_construction, double rows,
						   Size memory, int processes);

/* What of the memory of such a build the arena may take. */
extern Size hnsw_bulk_arena_bytes(const HnswLayout *layout, int ef_construction, Size memory,
								  int processes);

/*
 * The inserter works on the arena.  Without a table and its entries there will be some
 * of its own, which grow.
 */
extern void hnsw_bulk_init(HnswBulk *bulk, HnswInserter *ins, HnswArena *arena,
						   HnswBulkTable *table, uint64 *entries);
extern void hnsw_bulk_free(HnswBulk *bulk);

/* Nothing will be staged any more: the table is not needed. */
extern void hnsw_bulk_stage_free(HnswBulk *bulk);

/* Entries of a table for so many rows; all of them are HNSW_BULK_EMPTY at first. */
extern uint64 hnsw_bulk_table_space(double rows);

/*
 * A shared table has room for so many rows for each that is expected: what comes beyond
 * is not entered, and equal vectors among it have nodes of their own.
 */
#define HNSW_BULK_TABLE_FACTOR	1.2

#define HNSW_BULK_EMPTY		UINT64_C(0xFFFFFFFFFFFFFFFF)

/*
 * Stages a row: v as for hnsw_insert.  Rows of higher layers are inserted at once, and
 * equal ones attached to each other.
 */
extern HnswInserted hnsw_bulk_add(HnswBulk *bulk, const void *v, HnswTid tid);

/* What the processes have in common, each piece as long as steps need it. */
typedef enum HnswBulkMemory
{
	HNSW_BULK_ROWS,				/* ids of the rows */
	HNSW_BULK_TREE,				/* the rest of the tree */
	HNSW_BULK_CENTERS,			/* of the plan's leaves */
	HNSW_BULK_PLAN,				/* the rest of the plan */
	HNSW_BULK_MEMORIES
} HnswBulkMemory;

static inline bool
hnsw_bulk_needs(HnswBulkStep step, HnswBulkMemory which)
{
	bool		on_tree = step <= HNSW_BULK_TREE_SPLIT;

	return which == HNSW_BULK_ROWS ? true :
		which == HNSW_BULK_TREE ? on_tree :
		which == HNSW_BULK_CENTERS ? step == HNSW_BULK_CENTER || step == HNSW_BULK_ASSIGN :
		!on_tree;
}

/*
 * Who makes a graph of the rows that have been staged.  "memory" provides so many bytes,
 * for so many rows (in a tree at most so many) and leaves; all who take part set theirs to
 * the same (hnsw_bulk_set_memory).  "release" takes them back, after the last step that
 * needs them (hnsw_bulk_needs).  "work" has all of them do a step (hnsw_bulk_work), and
 * returns when they have ended.
 */
typedef struct HnswBulkTeam
{
	void	   *(*memory) (void *arg, HnswBulkMemory which, Size bytes, uint32 nrows,
						   uint32 nleaves);
	void		(*release) (void *arg, HnswBulkMemory which);
	void		(*work) (void *arg, HnswBulkStep step);
	void	   *arg;
} HnswBulkTeam;

extern void hnsw_bulk_complete(HnswBulk *bulk, const HnswBulkTeam *team);

extern void hnsw_bulk_set_memory(HnswBulk *bulk, HnswBulkMemory which, uint32 nrows,
								 uint32 nleaves, void *memory);

/* What each does of a step. */
extern void hnsw_bulk_work(HnswBulk *bulk, HnswBulkStep step);

/* All of it, by one process. */
extern void hnsw_bulk_finish(HnswBulk *bulk);

/* rows that are compared with each other at once */
#define HNSW_BULK_MOST_MEMBERS	2048

/* leaves that a row belongs to: the more, the more of its nearest it meets */
extern int	hnsw_bulk_fanout(const HnswLayout *layout, int ef_construction);

/* near rows to fill the slots from, where ef_construction is as many */
#define HNSW_BULK_LEAST(shape, ef_construction) \
	Min((ef_construction), 3 * (int) (shape)->slots / 2)

/*
 * Nearest rows that a row remembers: three quarters of ef_construction (with all of it
 * the graph is no better), but enough to fill the slots from; fewer where its codes have
 * no room for more.
 */
extern int	hnsw_bulk_keep(const HnswLayout *layout, int ef_construction);

/*
 * Breadth of the search for the neighbors of a row that is inserted later: with as many as
 * it would remember in a build the graph stays as good as that, with all of
 * ef_construction it gets a little better (bench/README.md, "insert").  Inner products, and
 * layouts that are built row by row, need all of it.
 */
extern int	hnsw_bulk_insert_ef(const HnswLayout *layout, int ef_construction);

/* Scratch for the members of the leaf that is being compared. */
extern Size hnsw_bulk_meetings_bytes(int keep);

/* Bytes of what a row remembers; where it is, which is valid for a staged row. */
extern Size hnsw_bulk_nearest_bytes(int keep);
extern struct HnswNearest *hnsw_bulk_nearest(const HnswBulk *bulk, const HnswRecord *rec);

/* A staged row has met nobody yet. */
extern void hnsw_bulk_forget(struct HnswNearest *nearest);

/*
 * Without codes: how far the row is from those it remembers is what the linker knows of
 * it from here on.
 */
extern void hnsw_bulk_recall(HnswBulk *bulk, const struct HnswNearest *nearest);

extern void hnsw_bulk_stage_init(HnswBulk *bulk, HnswBulkTable *table, uint64 *entries);

/* Between the steps, by one process: the rows come into a tree, which is begun. */
extern void hnsw_bulk_collect(HnswBulk *bulk);

/* The tree has been split into leaves, which begin there: the plan has them. */
extern Size hnsw_bulk_centers_bytes(const HnswLayout *layout, uint32 nleaves);
extern Size hnsw_bulk_plan_bytes(const HnswLayout *layout, int ef_construction,
								 uint32 nrows, uint32 nleaves);
extern void hnsw_bulk_centers_set_memory(HnswBulk *bulk, uint32 nleaves, void *memory);
extern void hnsw_bulk_plan_set_memory(HnswBulk *bulk, uint32 nrows, uint32 nleaves, void *memory);
extern void hnsw_bulk_plan_fill(HnswBulk *bulk, const uint32 *starts);

/* Scratch of a process that assigns rows to leaves. */
extern Size hnsw_bulk_assign_bytes(void);

/* Members of leaves.  Sets how they are stored; the number of blocks for so many. */
extern uint32 hnsw_bulk_lists_init(HnswBulkPlan *plan);

/* Adds members of a leaf, which are places in plan.rows, under its first row's lock. */
extern void hnsw_bulk_list_add(HnswBulkPlan *plan, uint32 leaf, const uint32 *members, int n);

/* From the last one on; takes up to n members, and returns how many there were. */
extern HnswBulkCursor hnsw_bulk_list_open(const HnswBulkPlan *plan, uint32 leaf);
extern int	hnsw_bulk_list_take(const HnswBulkPlan *plan, HnswBulkCursor *cursor, int n,
								uint32 *members);

/* What a process does of a step on the tree. */
extern void hnsw_bulk_work_on_tree(HnswBulk *bulk, HnswBulkStep step);

/*
 * What the others do of one leaf (center, assign: of HNSW_BULK_ASSIGNED leaves); next is
 * the one that this process will do then, if there is one.
 */
#define HNSW_BULK_ASSIGNED	4

extern void hnsw_bulk_center(HnswBulk *bulk, uint32 leaf);
extern void hnsw_bulk_assign(HnswBulk *bulk, uint32 leaf);
extern void hnsw_bulk_compare(HnswBulk *bulk, uint32 leaf, uint32 next);
extern void hnsw_bulk_choose(HnswBulk *bulk, uint32 leaf);
extern void hnsw_bulk_link(HnswBulk *bulk, uint32 leaf, bool rest);

/* The own vector of a node of layer 0, which nobody changes while this is built. */
static inline const HnswRecord *
hnsw_bulk_record(HnswBulk *bulk, HnswId id)
{
	return hnsw_arena_record(bulk->arena, id);
}

/*
 * reserved[] of a node of layer 0 until all are linked: what HnswOwnFactors has.  Without
 * codes own->distance needs none of that, and reserved[0] is the row's number in
 * plan.nearest.
 */
static inline HnswOwnFactors
hnsw_bulk_factors(const HnswBulk *bulk, const HnswRecord *rec)
{
	HnswOwnFactors factors = {rec->vmin, rec->vstep, 0, 0};

	if (bulk->layout->shape[HNSW_BASE].bits == 0)
		return factors;
	memcpy(&factors.stepsum, &rec->reserved[0], sizeof(float));
	memcpy(&factors.norm2, &rec->reserved[1], sizeof(float));
	return factors;
}

/* Sets them, with codes: those of a record that will be a staged row's, or is in the graph. */
static inline void
hnsw_bulk_set_factors(const HnswBulk *bulk, HnswRecord *rec)
{
	HnswOwn		own = hnsw_own_of(rec, &bulk->layout->shape[HNSW_BASE]);
	HnswOwnFactors factors = hnsw_own_factors(bulk->layout, &own);

	memcpy(&rec->reserved[0], &factors.stepsum, sizeof(float));
	memcpy(&rec->reserved[1], &factors.norm2, sizeof(float));
}

#endif							/* HNSW_BULK_H */
