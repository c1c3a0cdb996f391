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
 * of its own, and they have in common the HnswBulkTable, and the memory of the HnswBulkTree
 * and then of the HnswBulkPlan.
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
} HnswBulkProgress;

/*
 * All nodes of layer 0 in leaves of near ones.  The arrays are in one piece of memory,
 * which hnsw_bulk_plan_set_memory divides up.
 */
typedef struct HnswBulkPlan
{
	uint32		nrows;
	uint32		nleaves;
	uint32		nnear;			/* leaves that are near each leaf */
	uint32		fanout;
	HnswBulkProgress *progress;
	HnswId	   *rows;			/* leaf by leaf */
	uint32	   *starts;			/* of the leaves in rows; nleaves + 1 */
	HnswOwnFactors *factors;	/* of the leaves' centers */
	uint32	   *near;			/* nnear for each leaf */
	uint32	   *first;			/* of the leaves in members; nleaves + 1 */
	HnswId	   *members;		/* rows of the leaf and those near it, in the
								 * order of rows */
	uint8	   *picks;			/* fanout for each of rows: which of the
								 * leaves near its own */
	uint8	   *centers;		/* own vectors, of HnswBulk.dense */
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
	HnswItem   *met;
	uint64	   *numbers;		/* 5 keep */
	int64		compared;		/* pairs, in all */
} HnswBulk;

/*
 * Can this layout be built so, with this ef_construction?  Vectors that have means, whose
 * records have one page, and with codes room for what a row remembers.
 */
extern bool hnsw_bulk_suits(const HnswLayout *layout, int ef_construction);

/* Memory beside the arena: for each row, and of each process, in bytes. */
extern double hnsw_bulk_row_bytes(const HnswLayout *layout, int ef_construction, int processes);
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

/* What the processes have in common. */
typedef enum HnswBulkMemory
{
	HNSW_BULK_TREE,
	HNSW_BULK_PLAN
} HnswBulkMemory;

/* Which of them a step is on. */
#define HNSW_BULK_MEMORY(step) \
	((step) <= HNSW_BULK_TREE_SPLIT ? HNSW_BULK_TREE : HNSW_BULK_PLAN)

/*
 * Who makes a graph of the rows that have been staged.  "memory" provides so many bytes:
 * for the tree of so many rows at most, then for the plan of so many rows and leaves; all
 * who take part set theirs to the same (hnsw_bulk_set_memory).  The tree's is not needed
 * any more when the first step on the plan begins.  "work" has all of them do a step
 * (hnsw_bulk_work), and returns when they have ended.
 */
typedef struct HnswBulkTeam
{
	void	   *(*memory) (void *arg, HnswBulkMemory which, Size bytes, uint32 nrows,
						   uint32 nleaves);
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

/* Scratch for a member of the leaf that is being compared. */
extern Size hnsw_bulk_meeting_bytes(int keep);

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
extern void hnsw_bulk_stage_free(HnswBulk *bulk);

/* Between the steps, by one process: the rows come into a tree, which is begun. */
extern void hnsw_bulk_collect(HnswBulk *bulk);

/* The tree has been split: the plan has its rows and leaves. */
extern Size hnsw_bulk_plan_bytes(const HnswLayout *layout, int ef_construction,
								 uint32 nrows, uint32 nleaves);
extern void hnsw_bulk_plan_set_memory(HnswBulk *bulk, uint32 nrows, uint32 nleaves, void *memory);
extern void hnsw_bulk_plan_fill(HnswBulk *bulk);

/* Rows have been assigned: each leaf has a list of its members. */
extern void hnsw_bulk_members(HnswBulk *bulk);

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
