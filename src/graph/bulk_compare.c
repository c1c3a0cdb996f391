/*-------------------------------------------------------------------------
 *
 * bulk_compare.c
 *		The rows of each leaf meet, and each chooses its neighbors.
 *
 * All pairs of a leaf are compared, tile by tile.  What a row remembers of that, its
 * nearest so far, is kept where the codes of its edges will be: so it takes no memory.
 * Records without codes have no such place; theirs is in the plan.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_compare.c
 *-------------------------------------------------------------------------
 */
#include "distance/kernels.h"
#include "graph/bulk.h"

/* rows that are compared with as many at once */
#define TILE			HNSW_BLOCK_STEP

/*
 * Of a leaf with more, so many are compared at a time.  Only where far too many rows are
 * about equally near to one center.
 */
#define MOST_MEMBERS	HNSW_BULK_MOST_MEMBERS

/*
 * What a row has met before the nearest are sorted out, beyond those it remembers: the
 * first in leaves of so many members, which nearly all are, and less in larger ones, whose
 * rows share the memory of these.
 */
#define MEETING_SPACE		128
#define LEAST_MEETING_SPACE	32
#define USUAL_MEMBERS		1024

/*
 * With codes, where the edge codes of a staged row will be, from the next multiple of 4
 * bytes on.
 */
typedef struct HnswNearest
{
	uint32		count;
	float		farthest;		/* +infinity while there is room */
	HnswItem	items[FLEXIBLE_ARRAY_MEMBER];	/* nearest first */
} HnswNearest;

/* A member of the leaf that is being compared. */
typedef struct HnswMeeting
{
	HnswId		id;
	int			count;
	HnswItem   *met;
} HnswMeeting;

/* Own vectors, behind which codes lie, have any number of bytes; records begin aligned. */
static inline uint32
nearest_at(const HnswShape *shape)
{
	return (shape->off_codes + 3) / 4 * 4;
}

int
hnsw_bulk_keep(const HnswLayout *layout, int ef_construction)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];
	int			room = (int) shape->slots * shape->code_bytes -
	(int) (nearest_at(shape) - shape->off_codes) - (int) sizeof(HnswNearest);

	int			wanted = Max(ef_construction * 3 / 4, HNSW_BULK_LEAST(shape, ef_construction));

	if (shape->bits == 0)
		return wanted;
	return Min(room / (int) sizeof(HnswItem), wanted);
}

int
hnsw_bulk_insert_ef(const HnswLayout *layout, int ef_construction)
{
	return layout->shape[HNSW_BASE].bits > 0 && layout->metric != HNSW_IP &&
		hnsw_bulk_suits(layout, ef_construction) ? hnsw_bulk_keep(layout, ef_construction) : ef_construction;
}

Size
hnsw_bulk_nearest_bytes(int keep)
{
	return sizeof(HnswNearest) + sizeof(HnswItem) * keep;
}

HnswNearest *
hnsw_bulk_nearest(const HnswBulk *bulk, const HnswRecord *rec)
{
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];

	if (shape->bits > 0)
		return (HnswNearest *) ((char *) rec + nearest_at(shape));
	return (HnswNearest *) (bulk->plan.nearest +
							hnsw_bulk_nearest_bytes(bulk->keep) * rec->reserved[0]);
}

void
hnsw_bulk_forget(HnswNearest *nearest)
{
	nearest->count = 0;
	nearest->farthest = HUGE_VALF;
}

/* Items as numbers that sort like them, by distance and then by id. */
static inline uint64
item_to_number(HnswItem item)
{
	uint32		bits;

	memcpy(&bits, &item.key, sizeof(float));
	bits ^= bits >> 31 ? UINT32_C(0xFFFFFFFF) : UINT32_C(0x80000000);
	return (uint64) bits << 32 | item.id;
}

static inline HnswItem
item_of_number(uint64 number)
{
	uint32		bits = (uint32) (number >> 32);
	HnswItem	item;

	bits ^= bits >> 31 ? UINT32_C(0x80000000) : UINT32_C(0xFFFFFFFF);
	memcpy(&item.key, &bits, sizeof(float));
	item.id = (uint32) number;
	return item;
}

/* Merges sorted a and b without a branch on how they compare. */
static void
merge(const uint64 *a, int na, const uint64 *b, int nb, uint64 *out)
{
	int			i = 0,
				k = 0;

	while (i < na && k < nb)
	{
		bool		second = b[k] < a[i];

		*out++ = second ? b[k] : a[i];
		i += !second;
		k += second;
	}
	memcpy(out, a + i, sizeof(uint64) * (na - i));
	memcpy(out + (na - i), b + k, sizeof(uint64) * (nb - k));
}

/* rows are sorted by insertion in runs of so many, which are merged then */
#define RUN		8

/* Sorts a few numbers; spare is as large.  Returns whichever of the two holds them. */
static uint64 *
sort_numbers(uint64 *numbers, int count, uint64 *spare)
{
	for (int start = 0; start < count; start += RUN)
		for (int i = start + 1; i < Min(start + RUN, count); i++)
		{
			uint64		number = numbers[i];
			int			k = i;

			for (; k > start && number < numbers[k - 1]; k--)
				numbers[k] = numbers[k - 1];
			numbers[k] = number;
		}
	for (int run = RUN; run < count; run *= 2)
	{
		uint64	   *other = spare;

		for (int i = 0; i < count; i += 2 * run)
		{
			int			na = Min(run, count - i),
						nb = Max(0, Min(run, count - i - run));

			merge(numbers + i, na, numbers + i + na, nb, spare + i);
		}
		spare = numbers;
		numbers = other;
	}
	return numbers;
}

/* Keeps the nearest of what the row has met; what is farther than limit is not wanted then. */
static void
sort_out(HnswMeeting *meeting, float *limit, int keep)
{
	hnsw_items_select(meeting->met, meeting->count, keep);
	meeting->count = Min(meeting->count, keep);
	if (meeting->count == keep)
	{
		float		farthest = -HUGE_VALF;

		for (int i = 0; i < keep; i++)
			farthest = Max(farthest, meeting->met[i].key);
		*limit = Min(*limit, farthest);
	}
}

/*
 * Row i of the leaf has met row k at distance g, which is within its limit.  Ids are in
 * the order of staging, and a row remembers others up to twice its own id only: rows of
 * the first half choose among few, far from each other, and so have longer edges.  An
 * insert finds only those before it; that is a little worse than this where there are
 * few dimensions (bench/README.md, "build").
 */
static inline void
meet(HnswBulk *bulk, int i, int k, float g)
{
	HnswMeeting *meeting = &bulk->meetings[i];

	if (bulk->meetings[k].id / 2 >= meeting->id)
		return;
	if (meeting->count == bulk->space)
	{
		sort_out(meeting, &bulk->limits[i], bulk->keep);
		if (!(g <= bulk->limits[i]))
			return;
	}
	meeting->met[meeting->count].key = g;
	meeting->met[meeting->count++].id = k;
}

static void
prefetch_own(HnswBulk *bulk, HnswId id)
{
	const HnswRecord *rec = hnsw_bulk_record(bulk, id);
	const char *own = (const char *) hnsw_record_own(rec, &bulk->layout->shape[HNSW_BASE]);

	__builtin_prefetch(rec);
	for (uint32 i = 0; i < bulk->layout->own_bytes; i += 64)
		__builtin_prefetch(own + i);
}

/* Puts the rows at..at + n - 1 of the leaf on one side of the comparison. */
static void
add_rows(HnswBulk *bulk, int at, int n, bool probes)
{
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];

	for (int i = at; i < at + n; i++)
	{
		const HnswRecord *rec = hnsw_bulk_record(bulk, bulk->meetings[i].id);

		if (probes)
			hnsw_own_probes_add(&bulk->probes, hnsw_record_own(rec, shape), hnsw_bulk_factors(bulk, rec));
		else
			hnsw_own_block_add(&bulk->block, hnsw_record_own(rec, shape), hnsw_bulk_factors(bulk, rec));
	}
}

/* Row "row" has met the n rows from "from" on, at distances g. */
static void
meet_all(HnswBulk *bulk, int row, int from, int n, const float *g)
{
	uint64		near[2];

	hnsw_kernels->within(g, n, bulk->limits[row], bulk->limits + from, near);
	for (uint64 mask = near[0]; mask != 0; mask &= mask - 1)
		meet(bulk, row, from + __builtin_ctzll(mask), g[__builtin_ctzll(mask)]);
	for (uint64 mask = near[1]; mask != 0; mask &= mask - 1)
		meet(bulk, from + __builtin_ctzll(mask), row, g[__builtin_ctzll(mask)]);
}

/*
 * Compares n rows with each other, of which the tiles on and above the diagonal, and
 * fetches those of bulk->members meanwhile.
 */
static void
compare_all(HnswBulk *bulk, int n, int nahead)
{
	int			fetched = 0;

	for (int row = 0; row < n; row += TILE)
	{
		int			nrows = Min(TILE, n - row);

		for (int end = (int) ((int64) nahead * (row + nrows) / n); fetched < end; fetched++)
			prefetch_own(bulk, bulk->plan.rows[bulk->members[fetched]]);
		bulk->probes.count = 0;
		add_rows(bulk, row, nrows, true);
		for (int col = row; col < n; col += TILE)
		{
			int			ncols = Min(TILE, n - col);

			hnsw_own_block_score(&bulk->block, col, ncols, &bulk->probes, false, bulk->g);
			bulk->compared += (int64) nrows * ncols;
			for (int i = 0; i < nrows; i++)
			{
				int			skip = col == row ? i + 1 : 0;	/* met before, or itself */

				if (skip < ncols)
					meet_all(bulk, row + i, col + skip, ncols - skip, bulk->g + i * ncols + skip);
			}
		}
	}
}

/* Adds to what a row remembers; pairs meet in several leaves, and are equal there. */
static void
remember(HnswBulk *bulk, HnswMeeting *meeting)
{
	uint64	   *known = bulk->numbers,
			   *met = known + bulk->keep,
			   *merged = met + bulk->keep;
	HnswRecord *rec;
	HnswNearest *nearest;
	float		limit;
	int			count = 0,
				all;

	if (meeting->count == 0)
		return;
	sort_out(meeting, &bulk->limits[meeting - bulk->meetings], bulk->keep);
	for (int i = 0; i < meeting->count; i++)
	{
		HnswItem	item = {meeting->met[i].key, bulk->meetings[meeting->met[i].id].id};

		met[i] = item_to_number(item);
	}
	met = sort_numbers(met, meeting->count, merged);

	rec = hnsw_arena_lock_record(bulk->arena, meeting->id);
	nearest = hnsw_bulk_nearest(bulk, rec);
	for (uint32 i = 0; i < nearest->count; i++)
		known[i] = item_to_number(nearest->items[i]);
	merged = bulk->numbers + 3 * bulk->keep;
	merge(known, nearest->count, met, meeting->count, merged);
	all = (int) nearest->count + meeting->count;
	for (int i = 0; i < all && count < bulk->keep; i++)
		if (i == 0 || merged[i] != merged[i - 1])
			nearest->items[count++] = item_of_number(merged[i]);
	limit = count == bulk->keep ? nearest->items[count - 1].key : HUGE_VALF;
	__atomic_store(&nearest->farthest, &limit, __ATOMIC_RELAXED);
	nearest->count = count;
	hnsw_arena_unlock(bulk->arena);
}

/*
 * The row's limit so far; a row that is linked already remembers nothing.  Another
 * process may be lowering it: an old one is as good.
 */
static float
limit_of(HnswBulk *bulk, HnswId id)
{
	const HnswRecord *rec = hnsw_bulk_record(bulk, id);
	const HnswNearest *nearest;
	float		limit;

	if (rec->state != HNSW_PENDING)
		return -HUGE_VALF;
	nearest = hnsw_bulk_nearest(bulk, rec);
	__atomic_load(&nearest->farthest, &limit, __ATOMIC_RELAXED);
	return limit;
}

/* Room for what the rows of a leaf have met, in all, at most. */
static Size
most_met(int keep)
{
	return Max((Size) USUAL_MEMBERS * (keep + MEETING_SPACE),
			   (Size) MOST_MEMBERS * (keep + LEAST_MEETING_SPACE));
}

Size
hnsw_bulk_meetings_bytes(int keep)
{
	return MOST_MEMBERS * (sizeof(HnswMeeting) + sizeof(float) + sizeof(uint32) + 2 * sizeof(uint64)) +
		most_met(keep) * sizeof(HnswItem);
}

/* Room for what so many members meet. */
static void
make_meeting_space(HnswBulk *bulk, int n)
{
	Size		share = most_met(bulk->keep) / Max(n, 1);

	bulk->space = (int) Min((Size) bulk->keep + MEETING_SPACE, share);
	if ((Size) bulk->space * n <= bulk->nmet)
		return;
	if (bulk->met != NULL)
		hnsw_free(bulk->met);
	bulk->nmet = (Size) bulk->space * n;
	bulk->met = hnsw_alloc(sizeof(HnswItem) * bulk->nmet);
}

/* Room for so many members. */
static void
make_scratch(HnswBulk *bulk, int n)
{
	make_meeting_space(bulk, n);
	if (n <= bulk->nmeetings)
		return;
	if (bulk->meetings != NULL)
	{
		hnsw_free(bulk->meetings);
		hnsw_free(bulk->limits);
	}
	if (bulk->members == NULL)
	{
		bulk->members = hnsw_alloc(sizeof(uint32) * MOST_MEMBERS);
		bulk->places = hnsw_alloc(sizeof(uint64) * 2 * MOST_MEMBERS);
	}
	bulk->nmeetings = n;
	bulk->meetings = hnsw_alloc(sizeof(HnswMeeting) * n);
	bulk->limits = hnsw_alloc(sizeof(float) * n);
}

/*
 * The next n members of the list, the last place first.  That is how one process has
 * entered them; several may have mixed them.  The order matters: two rows that meet in
 * several leaves have to be compared the same way round, since the other way the distance
 * may differ in its last bit.
 */
static void
take_members(HnswBulk *bulk, HnswBulkCursor *cursor, int n)
{
	uint64	   *places = bulk->places;
	bool		sorted = true;

	n = hnsw_bulk_list_take(&bulk->plan, cursor, n, bulk->members);
	for (int i = 0; i < n; i++)
	{
		places[i] = UINT32_MAX - bulk->members[i];
		sorted &= i == 0 || places[i] > places[i - 1];
	}
	if (!sorted)
		places = sort_numbers(places, n, places + MOST_MEMBERS);
	for (int i = 0; i < n; i++)
	{
		HnswMeeting *meeting = &bulk->meetings[i];

		meeting->id = bulk->plan.rows[UINT32_MAX - places[i]];
		meeting->count = 0;
		meeting->met = bulk->met + (Size) bulk->space * i;
		bulk->limits[i] = limit_of(bulk, meeting->id);
	}
}

void
hnsw_bulk_compare(HnswBulk *bulk, uint32 leaf, uint32 next)
{
	const HnswBulkPlan *plan = &bulk->plan;
	HnswBulkCursor cursor = hnsw_bulk_list_open(plan, leaf);
	uint32		shares = cursor.count / MOST_MEMBERS + (cursor.count % MOST_MEMBERS > 0),
				share = shares > 0 ? cursor.count / shares + (cursor.count % shares > 0) : 0;

	make_scratch(bulk, share);
	while (cursor.count > 0)
	{
		int			n = Min(share, cursor.count);
		HnswBulkCursor ahead;
		bool		wanted = false;

		take_members(bulk, &cursor, n);
		for (int i = 0; i < n; i++)
			wanted |= bulk->limits[i] > -HUGE_VALF;
		/* none of them looks for neighbors */
		if (!wanted)
			continue;
		bulk->block.count = 0;
		add_rows(bulk, 0, n, false);
		ahead = cursor.count > 0 || next >= plan->nleaves ? cursor : hnsw_bulk_list_open(plan, next);
		compare_all(bulk, n, hnsw_bulk_list_take(plan, &ahead, MOST_MEMBERS, bulk->members));
		for (int i = 0; i < n; i++)
			remember(bulk, &bulk->meetings[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/* ------------------------------------------------------------------------
 * Choosing
 * ------------------------------------------------------------------------
 */
/* What a row remembers becomes what an insert's search would have found. */
static void
find_remembered(HnswBulk *bulk, const HnswNearest *nearest)
{
	HnswInserter *ins = bulk->ins;
	HnswFoundSet *set = &ins->found[0];
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];

	hnsw_found_reset(ins, set);
	for (uint32 i = 0; i < nearest->count; i++)
		prefetch_own(bulk, nearest->items[i].id);
	for (uint32 i = 0; i < nearest->count; i++)
	{
		HnswFound  *item = &set->items[set->count];
		const HnswRecord *rec = hnsw_bulk_record(bulk, nearest->items[i].id);
		HnswOwnFactors factors = hnsw_bulk_factors(bulk, rec);

		memset(item, 0, sizeof(*item));
		item->id = nearest->items[i].id;
		item->g = nearest->items[i].key;
		item->state = HNSW_LINKED;
		item->own = hnsw_own_of(rec, shape);
		item->own.sum = factors.vstep > 0 ? (double) factors.stepsum / factors.vstep : 0;
		item->own.norm2 = factors.norm2;
		item->ready = true;
		set->order[set->count] = set->count;
		set->count++;
	}
}

static void
choose_for(HnswBulk *bulk, HnswId id)
{
	HnswInserter *ins = bulk->ins;
	const HnswLayout *layout = bulk->layout;
	const HnswShape *shape = &layout->shape[HNSW_BASE];
	HnswFoundSet *set = &ins->found[0];
	HnswRecord *rec = hnsw_arena_record(bulk->arena, id);

	if (rec->state != HNSW_PENDING)
		return;
	find_remembered(bulk, hnsw_bulk_nearest(bulk, rec));
	hnsw_choose_neighbors(ins, set, shape->slots);

	rec = hnsw_arena_lock_record(bulk->arena, id);
	memset(hnsw_record_codes(rec, shape), 0, (Size) shape->slots * shape->code_bytes);
	hnsw_own_decode(layout, shape, rec, ins->point.xhat);
	hnsw_write_chosen(ins, shape, rec, set);
	hnsw_arena_unlock(bulk->arena);
}

void
hnsw_bulk_choose(HnswBulk *bulk, uint32 leaf)
{
	const HnswBulkPlan *plan = &bulk->plan;

	for (uint32 i = plan->starts[leaf]; i < plan->starts[leaf + 1]; i++)
		choose_for(bulk, plan->rows[i]);
}

void
hnsw_bulk_recall(HnswBulk *bulk, const HnswNearest *nearest)
{
	HnswInserter *ins = bulk->ins;

	hnsw_seen_clear(&ins->scored);
	for (uint32 i = 0; i < nearest->count; i++)
		*hnsw_seen_put(&ins->scored, nearest->items[i].id) = nearest->items[i].key;
	ins->linker.scored = &ins->scored;
}
