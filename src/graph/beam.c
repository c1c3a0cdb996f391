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

void
hnsw_beam_init(HnswBeam *beam, HnswPager *pager, HnswScorer *scorer)
{
	memset(beam, 0, sizeof(*beam));
	beam->pager = pager;
	beam->scorer = scorer;
	hnsw_heap_init(&beam->near, 1024);
	hnsw_heap_init(&beam->rest, 1024);
	hnsw_heap_init(&beam->best, 128);
	hnsw_heap_init(&beam->counted, 128);
	hnsw_seen_init(&beam->seen, SEEN_SPACE);
}

void
hnsw_beam_free(HnswBeam *beam)
{
	hnsw_heap_free(&beam->near);
	hnsw_heap_free(&beam->rest);
	hnsw_heap_free(&beam->best);
	hnsw_heap_free(&beam->counted);
	hnsw_seen_free(&beam->seen);
}

void
hnsw_beam_start(HnswBeam *beam, int layer, const float *q, int ef,
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
	beam->near.count = 0;
	beam->rest.count = 0;
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

/* A candidate with an estimate (codes) or with its true score (no codes). */
static inline void
offer(HnswBeam *beam, HnswId id, float key, float limit)
{
	float	   *known;

	/* not finite: a corrupted factor, or far beyond what float can tell apart */
	if (!(key <= FLT_MAX))
		key = FLT_MAX;
	if (key >= limit)
	{
		if (beam->resumable)
			hnsw_heap_append(&beam->rest, key, id);
		return;
	}
	known = hnsw_seen_put(&beam->seen, id);
	if (key < *known)
	{
		*known = key;
		hnsw_heap_push(&beam->near, key, id);
	}
}

/* Without codes: reads and scores a record that was not seen before. */
static void
score_uncoded(HnswBeam *beam, HnswId id)
{
	float	   *known = hnsw_seen_put(&beam->seen, id);
	const HnswRecord *rec;
	HnswScore	score;
	float		limit = bound(beam);	/* before the record itself counts */

	if (*known < HUGE_VALF)
		return;
	rec = HNSW_READ(beam->pager, beam->kind, id);
	if (!is_record_here(beam, rec))
	{
		*known = FLT_MAX;
		if (rec != NULL)
			HNSW_RELEASE(beam->pager);
		return;
	}
	score = hnsw_score_own(beam->scorer, beam->shape, beam->q, rec);
	if (!(score.g <= FLT_MAX))
		score.g = FLT_MAX;
	*known = score.g;
	visit_record(beam, id, rec, score);
	HNSW_RELEASE(beam->pager);
	if (score.g < limit)
		hnsw_heap_push(&beam->near, score.g, id);
	else if (beam->resumable)
		hnsw_heap_append(&beam->rest, score.g, id);
}

static void
expand_uncoded(HnswBeam *beam, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(beam->pager, beam->kind, id);
	int			count;

	if (!is_record_here(beam, rec))
	{
		if (rec != NULL)
			HNSW_RELEASE(beam->pager);
		return;
	}
	count = rec->count;
	memcpy(beam->ids, hnsw_record_ids(rec, beam->shape), sizeof(HnswId) * count);
	HNSW_RELEASE(beam->pager);
	beam->expanded++;
	for (int i = 0; i < count; i++)
		if (beam->ids[i] != HNSW_NO_ID)
			score_uncoded(beam, beam->ids[i]);
}

static void
expand_coded(HnswBeam *beam, HnswId id)
{
	const HnswRecord *rec = HNSW_READ(beam->pager, beam->kind, id);
	HnswScore	score;
	int			count;
	float		limit;

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
	limit = bound(beam);
	for (int i = 0; i < count; i++)
		if (beam->scorer->est[i] < limit)
			hnsw_seen_prefetch(&beam->seen, beam->ids[i]);
	for (int i = 0; i < count; i++)
		if (beam->ids[i] != HNSW_NO_ID)
			offer(beam, beam->ids[i], beam->scorer->est[i], limit);
}

void
hnsw_beam_seed(HnswBeam *beam, HnswId id)
{
	/* a record that leads nowhere is corrupted; what else there is may do */
	if (id == HNSW_NO_ID)
		return;
	if (beam->shape->bits == 0)
		score_uncoded(beam, id);
	else
		offer(beam, id, -FLT_MAX, HUGE_VALF);
}

bool
hnsw_beam_run(HnswBeam *beam, int64 budget)
{
	bool		coded = beam->shape->bits > 0;

	while (beam->near.count > 0)
	{
		HnswItem	top = beam->near.items[0];

		if (top.key > bound(beam))
			return true;
		if (beam->visited >= budget)
			return false;
		hnsw_heap_pop(&beam->near);
		if (coded)
		{
			float	   *known = hnsw_seen_put(&beam->seen, top.id);

			if (top.key > *known)
				continue;		/* a better estimate came first */
			*known = -HUGE_VALF;
			expand_coded(beam, top.id);
		}
		else
			expand_uncoded(beam, top.id);
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

void
hnsw_beam_widen(HnswBeam *beam, int ef)
{
	float		limit;
	Size		kept = 0;

	Assert(beam->resumable);
	beam->ef = ef;
	beam->best.count = 0;
	for (Size i = 0; i < beam->counted.count; i++)
		count_best(beam, beam->counted.items[i].key);

	limit = bound(beam);
	for (Size i = 0; i < beam->rest.count; i++)
	{
		HnswItem	item = beam->rest.items[i];

		if (item.key >= limit && item.key < FLT_MAX)
			beam->rest.items[kept++] = item;
		else if (beam->shape->bits == 0)
			hnsw_heap_push(&beam->near, item.key, item.id);
		else
			offer(beam, item.id, item.key, HUGE_VALF);
	}
	beam->rest.count = kept;
}

bool
hnsw_beam_exhausted(const HnswBeam *beam)
{
	return beam->near.count == 0 && beam->rest.count == 0;
}

bool
hnsw_beam_has_seen(const HnswBeam *beam, HnswId id)
{
	return hnsw_seen_get(&beam->seen, id) != NULL;
}

Size
hnsw_beam_memory(const HnswBeam *beam)
{
	return sizeof(HnswItem) * (beam->near.space + beam->rest.space + beam->best.space +
							   beam->counted.space + beam->seen.space);
}
