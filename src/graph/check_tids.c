/*-------------------------------------------------------------------------
 *
 * check_tids.c
 *		Integrity check: chains of chunks, lists of TIDs kept aside, and that no
 *		TID is in the index twice.
 *
 * A record's lock covers its chain, so that a chain is read as it is at one
 * moment.  A chunk names its owner, so that no chain can follow another one's
 * chunks unnoticed.
 *
 * IDENTIFICATION
 *	  src/graph/check_tids.c
 *-------------------------------------------------------------------------
 */
#include "graph/check.h"

#include "graph/checker.h"

/* the table of TIDs: 64 MB of 16-byte places; beyond that nothing is compared */
#define MAX_PLACES		((Size) 4 * 1024 * 1024)
#define FIRST_PLACES	((Size) 4096)

/* repeated TIDs that are reported; each costs two walks along chains */
#define MAX_REPEATED	100

/* ------------------------------------------------------------------------
 * The chain of one node
 * ------------------------------------------------------------------------
 */
typedef enum ChainResult
{
	CHAIN_OK,
	CHAIN_UNKNOWN,				/* leads to a chunk not known to exist */
	CHAIN_FREE,
	CHAIN_FOREIGN,
	CHAIN_LOOSE,
	CHAIN_LOOP
} ChainResult;

static const char *const chain_problems[] = {
	[CHAIN_UNKNOWN] = "does not exist",
	[CHAIN_FREE] = "is free",
	[CHAIN_FOREIGN] = "has another owner",
	[CHAIN_LOOSE] = "is marked as in no chain",
	[CHAIN_LOOP] = "closes a loop",
};

static void
take_tids(HnswTidList *list, const HnswTid *tids, int n)
{
	for (int i = 0; i < n; i++)
		if (hnsw_tid_used(&tids[i]))
			hnsw_tidlist_add(list, tids[i]);
}

/*
 * Reads all TIDs of a node into c->list and marks its chunks, up to the first
 * that is wrong, which goes to *bad.
 */
static ChainResult
read_chain(HnswChecker *c, HnswId id, HnswId *bad)
{
	HnswPager  *pager = c->pager;
	HnswId		most = pager->ops->limit(pager, HNSW_CHUNK);
	const HnswRecord *rec = HNSW_READ(pager, HNSW_BASE, id);
	ChainResult result = CHAIN_OK;
	HnswId		at,
				steps = 0,
				mark = HNSW_NO_ID;

	c->list.count = 0;
	if (rec == NULL)
		return CHAIN_OK;
	if (rec->state == HNSW_FREE)
	{
		HNSW_RELEASE(pager);
		return CHAIN_OK;
	}
	take_tids(&c->list, rec->tids, HNSW_INLINE_TIDS);
	for (at = rec->down; at != HNSW_NO_ID && result == CHAIN_OK;)
	{
		const HnswChunk *chunk;

		*bad = at;
		if (!hnsw_bits_get(&c->known[HNSW_CHUNK], at) ||
			(chunk = HNSW_READ(pager, HNSW_CHUNK, at)) == NULL)
		{
			result = CHAIN_UNKNOWN;
			break;
		}
		/* Brent's: a chunk marked on the way is waited for */
		if (at == mark || steps > most)
			result = CHAIN_LOOP;
		else if (chunk->state == HNSW_FREE)
			result = CHAIN_FREE;
		else if (chunk->owner != id)
			result = CHAIN_FOREIGN;
		else
		{
			Size		before = c->list.count;

			hnsw_bits_set(&c->chained, at);
			take_tids(&c->list, chunk->tids, HNSW_CHUNK_TIDS);
			/* an empty one may be on its way out */
			if (chunk->state != HNSW_LINKED && c->list.count > before)
				result = CHAIN_LOOSE;
			if ((steps & (steps - 1)) == 0)
				mark = at;
			steps++;
			at = chunk->next;
		}
		HNSW_RELEASE(pager);
	}
	HNSW_RELEASE(pager);
	return result;
}

/* The same, learning of chunks that are new since the check began. */
static ChainResult
read_chain_again(HnswChecker *c, HnswId id, HnswId *bad)
{
	ChainResult result;

	do
		result = read_chain(c, id, bad);
	while (result == CHAIN_UNKNOWN && !hnsw_bits_get(&c->known[HNSW_CHUNK], *bad) &&
		   hnsw_check_exists(c, HNSW_CHUNK, *bad));
	return result;
}

static void
check_chain(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswId		bad = HNSW_NO_ID;
	ChainResult result = read_chain_again(c, id, &bad);

	if (result != CHAIN_OK)
		hnsw_check_say(c, kind, id, "chunk %u in the chain %s", bad, chain_problems[result]);
}

/* ------------------------------------------------------------------------
 * No TID twice
 * ------------------------------------------------------------------------
 */
static inline uint64
tid_number(HnswTid tid)
{
	return (uint64) tid.offset << 32 | (uint64) tid.block_hi << 16 | tid.block_lo;
}

/* Where the TID is, or where it would go. */
static HnswTidPlace *
find_place(const HnswChecker *c, uint64 tid)
{
	uint64		hash = tid * UINT64_C(0x9E3779B97F4A7C15);
	Size		i = (Size) (hash >> 20) & (c->places_space - 1);

	while (c->places[i].tid != 0 && c->places[i].tid != tid)
		i = (i + 1) & (c->places_space - 1);
	return &c->places[i];
}

/* Makes room for one more; false when the table may not grow. */
static bool
grow_places(HnswChecker *c)
{
	HnswTidPlace *old = c->places;
	Size		old_space = c->places_space;

	if (c->places_space == 0)
	{
		c->places_space = FIRST_PLACES;
		c->places = hnsw_alloc_zero(sizeof(HnswTidPlace) * c->places_space);
	}
	if ((c->nplaces + 1) * 4 <= c->places_space * 3)
		return true;
	if (c->places_space >= MAX_PLACES)
		return false;
	c->places_space *= 2;
	c->places = hnsw_alloc_zero(sizeof(HnswTidPlace) * c->places_space);
	for (Size i = 0; i < old_space; i++)
		if (old[i].tid != 0)
			*find_place(c, old[i].tid) = old[i];
	hnsw_free(old);
	return true;
}

/* How often the TID is where it was seen; changes c->list. */
static int
count_at(HnswChecker *c, const HnswTidPlace *place)
{
	HnswId		bad;
	int			times = 0;

	c->list.count = 0;
	if (place->kind == HNSW_BASE)
		read_chain_again(c, place->owner, &bad);
	else if (hnsw_check_exists(c, HNSW_ASIDE, place->owner))
	{
		const HnswAside *aside = HNSW_READ(c->pager, HNSW_ASIDE, place->owner);

		if (aside != NULL)
		{
			if (aside->state != HNSW_FREE)
				take_tids(&c->list, aside->tids, HNSW_ASIDE_TIDS);
			HNSW_RELEASE(c->pager);
		}
	}
	for (Size i = 0; i < c->list.count; i++)
		times += tid_number(c->list.tids[i]) == place->tid;
	return times;
}

static void
check_repeated(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswTidPlace *a = &c->before,
			   *b = &c->again;
	bool		same = a->owner == b->owner && a->kind == b->kind;
	int			times = count_at(c, b) + (same ? 0 : count_at(c, a));

	if (times > 1)
		hnsw_check_say(c, kind, id, "heap tuple (%u,%u) is there again; first seen in %s %u",
					   (uint32) (b->tid & 0xFFFFFFFF), (uint32) (b->tid >> 32),
					   a->kind == HNSW_BASE ? "record" : "page", a->owner);
}

/* Enters what is in c->list, which belongs to the given owner. */
static void
enter_tids(HnswChecker *c, HnswKind kind, HnswId owner)
{
	HnswTidList mine = c->list;

	if (c->repeated >= MAX_REPEATED)
		return;
	memset(&c->list, 0, sizeof(c->list));
	for (Size i = 0; i < mine.count && c->repeated < MAX_REPEATED; i++)
	{
		HnswTidPlace *place;

		if (!grow_places(c))
			break;
		c->again.tid = tid_number(mine.tids[i]);
		c->again.owner = owner;
		c->again.kind = kind;
		place = find_place(c, c->again.tid);
		if (place->tid != 0)
		{
			c->before = *place;
			hnsw_check_confirm(c, kind, owner, check_repeated);
			c->repeated++;
		}
		else
			c->nplaces++;
		*place = c->again;
	}
	if (c->list.tids != NULL)
		hnsw_free(c->list.tids);
	c->list = mine;
}

void
hnsw_check_node_tids(HnswChecker *c, HnswId id)
{
	hnsw_check_confirm(c, HNSW_BASE, id, check_chain);
	enter_tids(c, HNSW_BASE, id);
}

/* ------------------------------------------------------------------------
 * Chunks in no chain
 * ------------------------------------------------------------------------
 */
static void
check_chunk(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswChunk *chunk = HNSW_READ(c->pager, kind, id);
	bool		linked = chunk != NULL && chunk->state == HNSW_LINKED;
	HnswId		owner = linked ? chunk->owner : HNSW_NO_ID;
	HnswId		bad;

	if (chunk != NULL)
		HNSW_RELEASE(c->pager);
	if (!linked || hnsw_bits_get(&c->chained, id))
		return;
	if (!hnsw_check_exists(c, HNSW_BASE, owner))
		hnsw_check_say(c, kind, id, "owner %u does not exist", owner);
	else
	{
		read_chain_again(c, owner, &bad);
		if (!hnsw_bits_get(&c->chained, id))
			hnsw_check_say(c, kind, id, "is not in the chain of its owner %u", owner);
	}
}

void
hnsw_check_chunks(HnswChecker *c)
{
	HnswPager  *pager = c->pager;

	for (HnswId id = pager->ops->seek(pager, HNSW_CHUNK, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_CHUNK, id + 1))
	{
		if (!hnsw_bits_get(&c->chained, id))
			hnsw_check_confirm(c, HNSW_CHUNK, id, check_chunk);
		pager->ops->pause(pager);
	}
	hnsw_bits_clear(&c->chained);
}

/* ------------------------------------------------------------------------
 * Lists of TIDs kept aside
 * ------------------------------------------------------------------------
 */

/*
 * Reads one page: its TIDs go to c->list.  False, with the reason, when it is
 * not one of this list.
 */
static bool
read_aside(HnswChecker *c, HnswAsideList which, HnswId page, HnswId *next, const char **problem)
{
	const HnswAside *aside = NULL;

	*problem = "does not exist";
	c->list.count = 0;
	if (hnsw_check_exists(c, HNSW_ASIDE, page))
		aside = HNSW_READ(c->pager, HNSW_ASIDE, page);
	if (aside == NULL)
		return false;
	*problem = aside->state == HNSW_FREE ? "is free" :
		aside->list != which ? "belongs to another list" : NULL;
	*next = aside->next;
	if (*problem == NULL)
		take_tids(&c->list, aside->tids, HNSW_ASIDE_TIDS);
	HNSW_RELEASE(c->pager);
	return *problem == NULL;
}

/* Marks the pages of a list; pages are only ever added in front. */
static void
check_list(HnswChecker *c, HnswKind kind, HnswId id)
{
	HnswAsideList which = (HnswAsideList) id;
	HnswId		room = c->entry.room[which];
	HnswId		next;
	const char *problem;

	hnsw_bits_clear(&c->chained);
	for (HnswId at = c->entry.aside[which]; at != HNSW_NO_ID; at = next)
	{
		if (!read_aside(c, which, at, &next, &problem))
		{
			hnsw_check_say(c, kind, at, "is in list %d of the tuples kept aside, but %s",
						   which, problem);
			break;
		}
		if (hnsw_bits_get(&c->chained, at))
		{
			hnsw_check_say(c, kind, at, "closes a loop in list %d of the tuples kept aside",
						   which);
			break;
		}
		hnsw_bits_set(&c->chained, at);
		c->pager->ops->pause(c->pager);
	}
	if (room != HNSW_NO_ID && !read_aside(c, which, room, &next, &problem))
		hnsw_check_say(c, kind, room, "is to have room in list %d of the tuples kept aside, but %s",
					   which, problem);
}

/* A page that no list led to: is it still there and still in none? */
static void
check_page(HnswChecker *c, HnswKind kind, HnswId id)
{
	const HnswAside *aside = HNSW_READ(c->pager, kind, id);
	bool		linked = aside != NULL && aside->state == HNSW_LINKED;
	HnswAsideList which = linked ? aside->list : HNSW_ASIDE_NAN;
	bool		quiet = c->quiet;

	if (aside != NULL)
		HNSW_RELEASE(c->pager);
	if (!linked)
		return;
	c->quiet = true;
	check_list(c, kind, which);
	c->quiet = quiet;
	c->found = 0;
	if (!hnsw_bits_get(&c->chained, id))
		hnsw_check_say(c, kind, id, "is not in list %d of the tuples kept aside", which);
}

void
hnsw_check_aside(HnswChecker *c)
{
	HnswPager  *pager = c->pager;
	HnswBits	listed = {NULL, 0};

	pager->ops->get_entry(pager, &c->entry);
	for (int which = 0; which < HNSW_ASIDE_LISTS; which++)
	{
		hnsw_check_confirm(c, HNSW_ASIDE, which, check_list);
		for (Size i = 0; i < c->chained.bytes; i++)
			for (int bit = 0; bit < 8; bit++)
				if ((c->chained.map[i] >> bit) & 1)
					hnsw_bits_set(&listed, (HnswId) (i * 8 + bit));
	}
	for (HnswId id = pager->ops->seek(pager, HNSW_ASIDE, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_ASIDE, id + 1))
	{
		const HnswAside *aside;
		HnswAsideList which;
		HnswId		next;
		const char *problem;

		if (!hnsw_bits_get(&listed, id))
			hnsw_check_confirm(c, HNSW_ASIDE, id, check_page);
		aside = HNSW_READ(pager, HNSW_ASIDE, id);
		if (aside == NULL)
			break;
		which = aside->list;
		HNSW_RELEASE(pager);
		/* a page in no list was left by a failed insert */
		if (hnsw_bits_get(&listed, id) && read_aside(c, which, id, &next, &problem))
			enter_tids(c, HNSW_ASIDE, id);
		pager->ops->pause(pager);
	}
	hnsw_bits_clear(&listed);
	hnsw_bits_clear(&c->chained);
}
