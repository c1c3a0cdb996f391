/*-------------------------------------------------------------------------
 *
 * beam.c
 *		Best-first search of one layer, resumable.
 *
 * Estimates order the candidates and are never compared with anything but the
 * bound; what counts as found has its true score.  A node is estimated afresh
 * from each parent and the best estimate is kept, so that one bad estimate
 * seldom hides it.
 *
 * IDENTIFICATION
 *	  src/graph/beam.c
 *-------------------------------------------------------------------------
 */
#include "graph/beam.h"

/* entries of the set of seen records: to begin with, and at most from search to search */
#define SEEN_SPACE		2048
#define SEEN_KEPT		65536

/*
 * Candidates in the queue: twice ef up to here, then half as many again as ef.  A search
 * ends when it has visited some 1.5 ef records; a shorter queue sends it back to the rest,
 * a longer one takes time to keep in order.  Forgetting what cannot be queued would be
 * faster still, but traps an insert among near twins (make demo: recall .93 instead of
 * .96).
 */
#define SHORT_QUEUE		256
#define LEAST_QUEUE		16

void
hnsw_beam_init(HnswBeam *beam, HnswPager *pager, HnswScorer *scorer)
{
	memset(beam, 0, sizeof(*beam));
	beam->pager = pager;
	beam->scorer = scorer;
	hnsw_heap_init(&beam->rest, 1024);
	hnsw_heap_init(&beam->far, 1024);
	hnsw_heap_init(&beam->best, 128);
	hnsw_heap_init(&beam->counted, 128);
	hnsw_seen_init(&beam->seen, SEEN_SPACE);
}

void
hnsw_beam_free(HnswBeam *beam)
{
	hnsw_heap_free(&beam->rest);
	hnsw_heap_free(&beam->far);
	hnsw_heap_free(&beam->best);
	hnsw_heap_free(&beam->counted);
	hnsw_seen_free(&beam->seen);
}

static void
set_queue(HnswBeam *beam)
{
	int64		ef = beam->ef;
	int64		most = Max(Min(2 * ef, SHORT_QUEUE), ef + ef / 2);

	beam->near.most = (int) Min(Max(most, LEAST_QUEUE), HNSW_QUEUE_MAX);
}

void
hnsw_beam_start(HnswBeam *beam, int layer, const void *q, int ef,
				HnswVisit visit, void *arg)
{
	beam->kind = layer == 0 ? HNSW_BASE : HNSW_UPPER;
	beam->shape = &beam->pager->layout->shape[beam->kind];
	beam->layer = layer;
	beam->q = q;
	beam->ef = ef;
	beam->resumable = false;
	beam->visit = visit;
	beam->arg = arg;
	beam->stop = false;
	beam->near.head = beam->near.tail = 0;
	set_queue(beam);
	beam->horizon = HUGE_VALF;
	beam->rest.count = 0;
	beam->settled = 0;
	beam->far.count = 0;
	beam->best.count = 0;
	beam->counted.count = 0;
	beam->visited = 0;
	beam->expanded = 0;
	if (beam->seen.space > SEEN_KEPT)
	{
		/* one deep search must not make all later ones clear a large table */
		hnsw_seen_free(&beam->seen);
		hnsw_seen_init(&beam->seen, SEEN_SPACE);
	}
	hnsw_seen_clear(&beam->seen);
}

static inline float
bound(const HnswBeam *beam)
{
	return beam->best.count < (Size) beam->ef ? HUGE_VALF : -beam->best.items[0].key;
}

static void
count_best(HnswBeam *beam, float g)
{
	if (beam->best.count < (Size) beam->ef)
		hnsw_heap_push(&beam->best, -g, 0);
	else if (-g > beam->best.items[0].key)
		hnsw_heap_replace(&beam->best, -g, 0);
}

static inline bool
is_record_here(const HnswBeam *beam, const HnswRecord *rec)
{
	return rec != NULL && rec->state != HNSW_FREE && rec->layer == beam->layer;
}

static void
visit_record(HnswBeam *beam, HnswId id, const HnswRecord *rec, HnswScore score)
{
	beam->visited++;
	if (isnan(score.g))
		score.g = FLT_MAX;
	if (beam->visit(beam->arg, id, rec, score))
	{
		count_best(beam, score.g);
		if (beam->resumable)
			hnsw_heap_append(&beam->counted, score.g, id);
	}
}

/* A candidate that has no place in the queue. */
static inline void
put_beyond(HnswBeam *beam, float key, HnswId id)
{
	beam->horizon = Min(beam->horizon, key);
	hnsw_heap_append(&beam->rest, key, id);
}

static inline void
put_candidate(HnswBeam *beam, float key, HnswId id)
{
	HnswItem	evicted;

	if (key >= beam->horizon)
		put_beyond(beam, key, id);
	else if (hnsw_queue_insert(&beam->near, key, id, &evicted))
		put_beyond(beam, evicted.key, evicted.id);
}

/* Appends the neighbors that have just been estimated at more than "above", up to "most". */
static void
append_estimated(const HnswBeam *beam, HnswHeap *heap, int count, float above, float most)
{
	const float *est = beam->scorer->est;

	hnsw_heap_reserve(heap, count);
	for (int i = 0; i < count; i++)
	{
		HnswItem   *item = &heap->items[heap->count];

		item->key = est[i];
		item->id = beam->ids[i];
		heap->count += est[i] > above && est[i] <= most;
	}
}

/*
 * The neighbors that have just been estimated: those within the bound become
 * candidates, of which those within the horizon have to be queued.  Few are, so they are
 * picked out first, without a branch each.
 */
static void
offer_all(HnswBeam *beam, int count)
{
	const float *est = beam->scorer->est;
	float		farthest = bound(beam);
	float		limit = Min(farthest, beam->horizon);
	int			picked = 0;

	for (int i = 0; i < count; i++)
	{
		beam->picks[picked] = i;
		picked += est[i] <= limit;
	}
	for (int i = 0; i < picked; i++)
		hnsw_seen_prefetch(&beam->seen, beam->ids[beam->picks[i]]);
	if (beam->horizon < farthest)
		append_estimated(beam, &beam->rest, count, beam->horizon, farthest);
	if (beam->resumable)
		append_estimated(beam, &beam->far, count, farthest, FLT_MAX);
	for (int i = 0; i < picked; i++)
	{
		HnswId		id = beam->ids[beam->picks[i]];
		float		key = est[beam->picks[i]];
		float	   *known;

		if (id == HNSW_NO_ID)
			continue;
		known = hnsw_seen_put(&beam->seen, id);
		if (key < *known)
		{
			*known = key;
			put_candidate(beam, key, id);
		}
	}
}

/*
 * Keeps of the rest the best estimate of each record that has not been visited, and lies
 * within the bound, which has come down since.
 */
static void
settle_rest(HnswBeam *beam)
{
	HnswHeap   *rest = &beam->rest;
	float		farthest = bound(beam);
	Size		kept = 0;

	for (Size i = beam->settled; i < rest->count; i++)
		if (rest->items[i].id != HNSW_NO_ID)
		{
			float	   *known = hnsw_seen_put(&beam->seen, rest->items[i].id);

			*known = Min(*known, rest->items[i].key);
		}
	for (Size i = 0; i < rest->count; i++)
	{
		HnswItem	item = rest->items[i];

		if (item.id == HNSW_NO_ID || item.key > *hnsw_seen_get(&beam->seen, item.id))
			continue;
		if (item.key <= farthest)
			rest->items[kept++] = item;
		else if (beam->resumable)
			hnsw_heap_append(&beam->far, item.key, item.id);
	}
	rest->count = kept;
}

/* The queue is empty: takes the nearest of the rest. */
static void
refill(HnswBeam *beam)
{
	HnswHeap   *rest = &beam->rest;
	HnswItem	evicted;
	Size		n;

	settle_rest(beam);
	n = Min(rest->count, (Size) beam->near.most);
	hnsw_items_select(rest->items, rest->count, n);
	for (Size i = 0; i < n; i++)
		hnsw_queue_insert(&beam->near, rest->items[i].key, rest->items[i].id, &evicted);
	rest->count -= n;
	memmove(rest->items, rest->items + n, sizeof(HnswItem) * rest->count);
	beam->settled = rest->count;
	beam->horizon = HUGE_VALF;
	for (Size i = 0; i < rest->count; i++)
		beam->horizon = Min(beam->horizon, rest->items[i].key);
}

/* Without codes: is this the first time that the search comes across the record? */
static bool
is_new(HnswBeam *beam, HnswId id)
{
	float	   *known = hnsw_seen_put(&beam->seen, id);

	if (*known < HUGE_VALF)
		return false;
	*known = FLT_MAX;
	return true;
}

/* Without codes: reads and scores a record. */
static void
score_uncoded(HnswBeam *beam, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(beam->pager, beam->kind, id);
	HnswScore	score;

	if (!is_record_here(beam, rec))
	{
		if (rec != NULL)
			HNSW_RELEASE(beam->pager);
		return;
	}
	score = hnsw_score_own(beam->scorer, beam->shape, beam->q, rec);
	if (!(score.g <= FLT_MAX))
		score.g = FLT_MAX;
	visit_record(beam, id, rec, score);
	HNSW_RELEASE(beam->pager);
	put_candidate(beam, score.g, id);
}

static void
expand_uncoded(HnswBeam *beam, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(beam->pager, beam->kind, id);
	int			all,
				count = 0;

	if (!is_record_here(beam, rec))
	{
		if (rec != NULL)
			HNSW_RELEASE(beam->pager);
		return;
	}
	all = rec->count;
	memcpy(beam->ids, hnsw_record_ids(rec, beam->shape), sizeof(HnswId) * all);
	HNSW_RELEASE(beam->pager);
	beam->expanded++;
	for (int i = 0; i < all; i++)
		if (beam->ids[i] != HNSW_NO_ID && is_new(beam, beam->ids[i]))
			beam->ids[count++] = beam->ids[i];
	for (int i = 0; i < count; i++)
	{
		if (i + 1 < count)
			HNSW_EXPECT(beam->pager, beam->kind, beam->ids[i + 1]);
		score_uncoded(beam, beam->ids[i]);
	}
}

static void
expand_coded(HnswBeam *beam, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(beam->pager, beam->kind, id);
	HnswScore	score;
	int			count;

	if (!is_record_here(beam, rec))
	{
		if (rec != NULL)
			HNSW_RELEASE(beam->pager);
		return;
	}
	score = hnsw_score_all(beam->scorer, beam->shape, beam->q, rec);
	visit_record(beam, id, rec, score);
	count = rec->count;
	memcpy(beam->ids, hnsw_record_ids(rec, beam->shape), sizeof(HnswId) * count);
	HNSW_RELEASE(beam->pager);
	beam->expanded++;
	offer_all(beam, count);
}

void
hnsw_beam_seed(HnswBeam *beam, HnswId id)
{
	/* a record that leads nowhere is corrupted; what else there is may do */
	if (id == HNSW_NO_ID)
		return;
	if (beam->shape->bits == 0)
	{
		if (is_new(beam, id))
			score_uncoded(beam, id);
	}
	else
	{
		float	   *known = hnsw_seen_put(&beam->seen, id);

		if (*known > -FLT_MAX)
		{
			*known = -FLT_MAX;
			put_candidate(beam, -FLT_MAX, id);
		}
	}
}

bool
hnsw_beam_run(HnswBeam *beam, int64 budget)
{
	HnswQueue  *near = &beam->near;
	bool		coded = beam->shape->bits > 0;

	for (;;)
	{
		HnswItem	top;

		if (unlikely(beam->stop))
		{
			beam->stop = false;
			return false;
		}
		if (hnsw_queue_count(near) == 0)
		{
			if (beam->rest.count == 0 || beam->horizon > bound(beam))
				return true;
			refill(beam);
			continue;
		}
		top = near->items[near->head];
		if (top.key > bound(beam))
			return true;
		if (beam->visited >= budget)
			return false;
		near->head++;
		if (coded)
		{
			float	   *known = hnsw_seen_put(&beam->seen, top.id);

			if (top.key > *known)
				continue;		/* a better estimate came first */
			*known = -HUGE_VALF;
			/* what is next unless this record has something nearer */
			if (near->head < near->tail)
				HNSW_EXPECT(beam->pager, beam->kind, near->items[near->head].id);
			expand_coded(beam, top.id);
		}
		else
			expand_uncoded(beam, top.id);
		CHECK_FOR_INTERRUPTS();
	}
}

void
hnsw_beam_set_resumable(HnswBeam *beam)
{
	beam->resumable = true;
	set_queue(beam);
}

void
hnsw_beam_widen(HnswBeam *beam, int ef)
{
	HnswQueue  *near = &beam->near;

	Assert(beam->resumable);
	beam->ef = ef;
	set_queue(beam);
	beam->best.count = 0;
	for (Size i = 0; i < beam->counted.count; i++)
		count_best(beam, beam->counted.items[i].key);

	/* the bound has risen: what was beyond it may come before the queue */
	for (Size i = 0; i < beam->far.count; i++)
		hnsw_heap_append(&beam->rest, beam->far.items[i].key, beam->far.items[i].id);
	beam->far.count = 0;
	for (int i = near->head; i < near->tail; i++)
		hnsw_heap_append(&beam->rest, near->items[i].key, near->items[i].id);
	near->head = near->tail = 0;
	beam->horizon = -HUGE_VALF;
}

bool
hnsw_beam_promises(const HnswBeam *beam, float g)
{
	return g <= bound(beam);
}

bool
hnsw_beam_exhausted(const HnswBeam *beam)
{
	return hnsw_queue_count(&beam->near) == 0 && beam->rest.count == 0 && beam->far.count == 0;
}

bool
hnsw_beam_has_seen(const HnswBeam *beam, HnswId id)
{
	return hnsw_seen_get(&beam->seen, id) != NULL;
}

/*
 * What the search uses, not what the arrays have from a deeper one before it: that
 * would end each search after it in its first round.
 */
Size
hnsw_beam_memory(const HnswBeam *beam)
{
	return sizeof(HnswItem) * (hnsw_in_use(beam->rest.count, beam->rest.space, 2) +
							   hnsw_in_use(beam->far.count, beam->far.space, 2) +
							   hnsw_in_use(beam->best.count, beam->best.space, 2) +
							   hnsw_in_use(beam->counted.count, beam->counted.space, 2) +
							   hnsw_in_use(beam->seen.count, beam->seen.space, 4));
}
