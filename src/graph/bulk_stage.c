/*-------------------------------------------------------------------------
 *
 * bulk_stage.c
 *		Staging rows: records of layer 0 without edges yet.
 *
 * A row of higher layers is inserted like any other, among those before it: they are
 * the skeleton of the graph, and give layer 0 its long edges.  All others are written
 * as PENDING records without edges, so that the arena holds them all before the first
 * is compared with another.  A search does not meet them.
 *
 * Equal vectors share a node.  Inserts find the equal by searching; here a table of
 * hashes of what is stored tells.
 *
 * IDENTIFICATION
 *	  src/graph/bulk_stage.c
 *-------------------------------------------------------------------------
 */
#include "graph/bulk.h"

#include "graph/tids.h"

/*
 * Inner products: rows whose norms differ by no more than this from the first one's
 * are staged, since then the nearest by distance are the nearest by inner product.
 * Others are inserted.
 */
#define NORM_TOLERANCE	0.02

/*
 * Rows of higher layers find their neighbors with these parts of ef_construction, in
 * layer 0 and in the others.  There are few others yet; in layer 0 the staged rows, whose
 * edges count, will be linked to them with all of it, and the layers above are for the
 * way down; with less than half of it there, searches miss whole groups of rows
 * (bench/README.md, "build").  Inner products may have unequal norms; then all rows are
 * inserted, and need all of it.
 */
#define SKELETON_SHARE			4
#define SKELETON_UPPER_SHARE	2

/* a table is at most this full; a shared one takes no more then */
#define MOST_FULL(space)	((space) / 4 * 3)

#define LEAST_TABLE		1024

uint64
hnsw_bulk_table_space(double rows)
{
	return (uint64) Max(LEAST_TABLE, Min(rows, 4e9) / 3 * 4 + 4);
}

static void
make_own_table(HnswBulk *bulk, uint64 space)
{
	bulk->own_table.count = 0;
	bulk->own_table.space = space;
	bulk->entries = hnsw_alloc(sizeof(uint64) * space);
	memset(bulk->entries, 0xFF, sizeof(uint64) * space);
}

void
hnsw_bulk_stage_init(HnswBulk *bulk, HnswBulkTable *table, uint64 *entries)
{
	bulk->table = table;
	bulk->entries = entries;
	if (table == NULL)
	{
		make_own_table(bulk, LEAST_TABLE);
		bulk->table = &bulk->own_table;
	}
}

void
hnsw_bulk_stage_free(HnswBulk *bulk)
{
	if (bulk->table == &bulk->own_table)
		hnsw_free(bulk->entries);
	bulk->table = NULL;
	bulk->entries = NULL;
}

static inline uint64
mix_word(uint64 h, uint64 word)
{
	h = (h ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
	return h ^ h >> 29;
}

static uint64
hash_of(const uint8 *codes, float vmin, float vstep, uint32 own_bytes)
{
	uint32		bits[2];
	uint32		i = 0;
	uint64		h,
				word;

	memcpy(&bits[0], &vmin, sizeof(float));
	memcpy(&bits[1], &vstep, sizeof(float));
	h = hnsw_mix64((uint64) bits[0] << 32 | bits[1]);
	for (; i + 8 <= own_bytes; i += 8)
	{
		memcpy(&word, codes + i, 8);
		h = mix_word(h, word);
	}
	if (i < own_bytes)
	{
		word = 0;
		memcpy(&word, codes + i, own_bytes - i);
		h = mix_word(h, word);
	}
	return hnsw_mix64(h);
}

/* By the half of the hash that entries have, so that a table grows without the records. */
static inline uint64
home_of(const HnswBulkTable *table, uint64 hash)
{
	return ((hash >> 32) * table->space) >> 32;
}

static inline uint64
behind(const HnswBulkTable *table, uint64 at)
{
	return at + 1 == table->space ? 0 : at + 1;
}

/*
 * The entry from *at on that may be of this hash, or an empty one, where *at then is.
 * Who fills an entry has written the record before.
 */
static uint64
next_entry(const HnswBulk *bulk, uint64 hash, uint64 *at)
{
	for (;; *at = behind(bulk->table, *at))
	{
		uint64		entry = __atomic_load_n(&bulk->entries[*at], __ATOMIC_ACQUIRE);

		if (entry == HNSW_BULK_EMPTY || entry >> 32 == hash >> 32)
			return entry;
	}
}

static void
grow_own_table(HnswBulk *bulk)
{
	HnswBulkTable old = bulk->own_table;
	uint64	   *entries = bulk->entries;

	make_own_table(bulk, old.space + old.space / 2);
	for (uint64 i = 0; i < old.space; i++)
	{
		uint64		at;

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		if (entries[i] == HNSW_BULK_EMPTY)
			continue;
		at = home_of(bulk->table, entries[i]);
		while (bulk->entries[at] != HNSW_BULK_EMPTY)
			at = behind(bulk->table, at);
		bulk->entries[at] = entries[i];
	}
	bulk->own_table.count = old.count;
	bulk->own_table.norm = old.norm;
	hnsw_free(entries);
}

/*
 * Attaches the TID to the node of this entry if its vector is equal to the one at
 * hand.  Records do not go away while rows are staged.
 */
static bool
attach_if_equal(HnswBulk *bulk, uint64 entry, HnswTid tid)
{
	HnswPager  *pager = bulk->ins->pager;
	const HnswPoint *point = &bulk->ins->point;
	HnswId		id = (HnswId) entry;
	const HnswRecord *rec = HNSW_READ_PART(pager, HNSW_BASE, id, HNSW_PART_OWN);
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	bool		equal = rec->vmin == point->vmin && rec->vstep == point->vstep &&
	memcmp(hnsw_record_own(rec, shape), point->own, bulk->layout->own_bytes) == 0;
	uint32		generation = rec->generation;
	HnswTuple	tuple = {tid, point->value, point->resid};

	HNSW_RELEASE(pager);
	return equal && hnsw_tids_attach_staged(pager, id, generation, &tuple);
}

static HnswId
create_staged(HnswBulk *bulk, HnswTid tid)
{
	HnswInserter *ins = bulk->ins;
	const HnswShape *shape = &bulk->layout->shape[HNSW_BASE];
	HnswRecord *rec = ins->image;

	memset(rec, 0, shape->size);
	rec->state = HNSW_PENDING;
	rec->base = rec->down = rec->parent = HNSW_NO_ID;
	rec->vmin = ins->point.vmin;
	rec->vstep = ins->point.vstep;
	rec->resid = ins->point.resid;
	rec->tids[0] = tid;
	rec->value = ins->point.value;
	memcpy(hnsw_record_own(rec, shape), ins->point.own, bulk->layout->own_bytes);
	if (shape->bits > 0)
	{
		hnsw_bulk_set_factors(bulk, rec);
		hnsw_bulk_forget(hnsw_bulk_nearest(bulk, rec));
	}
	return ins->pager->ops->create(ins->pager, HNSW_BASE, rec, shape->size);
}

/* May the row wait, or does it have to be inserted? */
static bool
can_be_staged(HnswBulk *bulk, int level)
{
	HnswEntry	entry;

	if (level > 0)
		return false;
	if (bulk->layout->metric == HNSW_IP)
	{
		float		norm = (float) bulk->ins->point.norm,
					first;
		uint32		bits,
					known = 0;

		memcpy(&bits, &norm, sizeof(float));
		if (__atomic_compare_exchange_n(&bulk->table->norm, &known, bits, false,
										__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			known = bits;
		memcpy(&first, &known, sizeof(float));
		if (!(fabsf(norm - first) <= NORM_TOLERANCE * first))
			return false;
	}
	/* the first one is the root, which stays */
	if (!bulk->has_root)
	{
		bulk->ins->pager->ops->get_entry(bulk->ins->pager, &entry);
		bulk->has_root = entry.id != HNSW_NO_ID;
	}
	return bulk->has_root;
}

HnswInserted
hnsw_bulk_add(HnswBulk *bulk, const void *v, HnswTid tid)
{
	HnswInserter *ins = bulk->ins;
	HnswBulkTable *table = bulk->table;
	uint64		hash,
				at,
				entry;
	HnswId		id;
	int			level;

	if (!hnsw_point_set(&ins->point, bulk->layout, v))
	{
		hnsw_aside_insert(ins->pager, HNSW_ASIDE_NAN, tid);
		return HNSW_INSERTED_ASIDE;
	}
	hash = hash_of(ins->point.own, ins->point.vmin, ins->point.vstep, bulk->layout->own_bytes);
	at = home_of(table, hash);
	while ((entry = next_entry(bulk, hash, &at)) != HNSW_BULK_EMPTY)
	{
		if (attach_if_equal(bulk, entry, tid))
			return HNSW_INSERTED_TID;
		at = behind(table, at);
	}

	level = hnsw_inserter_level(ins);
	if (can_be_staged(bulk, level))
		id = create_staged(bulk, tid);
	else
	{
		HnswInserted inserted;

		if (level > 0 && bulk->layout->metric != HNSW_IP)
		{
			ins->search_ef[HNSW_BASE] = Max(ins->ef / SKELETON_SHARE, 1);
			ins->search_ef[HNSW_UPPER] = Max(ins->ef / SKELETON_UPPER_SHARE, 1);
		}
		inserted = hnsw_insert_point(ins, level, tid);
		ins->search_ef[HNSW_BASE] = ins->search_ef[HNSW_UPPER] = ins->ef;
		if (inserted != HNSW_INSERTED_NODE)
			return inserted;
		id = ins->node;
	}
	if (table == &bulk->own_table && table->count >= MOST_FULL(table->space))
	{
		grow_own_table(bulk);
		at = home_of(table, hash);
	}
	if (__atomic_load_n(&table->count, __ATOMIC_RELAXED) >= MOST_FULL(table->space))
		return HNSW_INSERTED_NODE;

	/* an equal one that has come meanwhile gets a node of its own */
	for (;;)
	{
		uint64		empty = HNSW_BULK_EMPTY;

		while (next_entry(bulk, hash, &at) != HNSW_BULK_EMPTY)
			at = behind(table, at);
		if (__atomic_compare_exchange_n(&bulk->entries[at], &empty, (hash >> 32) << 32 | id,
										false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			break;
	}
	__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
	return HNSW_INSERTED_NODE;
}
