/*-------------------------------------------------------------------------
 *
 * stream.c
 *		A search that goes on for as long as rows are asked for.
 *
 * The search works in rounds.  A round searches with its ef, then hands out
 * rows in the order of their lower bounds, but only so many as its ef has
 * probably got right; when more are wanted, the next round carries on where the
 * last one stopped, with twice the ef.  The search thus always runs ahead of
 * what it hands out, and rows that turn up after a farther one has been handed
 * out ("late" rows) are rare.  Strict order keeps them for the very end, since a
 * row must not be lost; relaxed order hands them out at once.
 *
 * IDENTIFICATION
 *	  src/graph/stream.c
 *-------------------------------------------------------------------------
 */
#include "graph/stream.h"

#include "base/debug.h"

/*
 * An index of at most this many records for each unit of ef is read from end to
 * end, which costs about the same and is exact.
 */
#define EXHAUSTIVE_FACTOR	10

/*
 * Candidates that the way down through an upper layer keeps.  With one, a query may end
 * in the wrong one of clusters that lie apart, with none of its answers.  What decides
 * are the layers where a cluster has a few records; in the top layer there is little to
 * choose from, and in layer 1 the right cluster has mostly been found (bench/README.md,
 * "Way down").
 */
#define DESCENT_EF			3

static int
descent_width(int layer, int top)
{
	return layer == top ? 1 : layer == 1 ? 2 : DESCENT_EF;
}

/* share of a round's ef that is handed out before the next round */
#define ALLOWANCE(ef)		((int64) (ef) * 3 / 4 + 1)

void
hnsw_stream_init(HnswStream *stream, HnswPager *pager)
{
	memset(stream, 0, sizeof(*stream));
	stream->pager = pager;
	stream->layout = pager->layout;
	hnsw_scorer_init(&stream->scorer, pager->layout);
	hnsw_beam_init(&stream->beam, pager, &stream->scorer);
	hnsw_point_init(&stream->query, pager->layout);
	stream->rows_space = 256;
	stream->rows = hnsw_alloc(sizeof(HnswRow) * stream->rows_space);
	stream->late_space = 16;
	stream->late = hnsw_alloc(sizeof(HnswRow) * stream->late_space);
}

void
hnsw_stream_free(HnswStream *stream)
{
	hnsw_scorer_free(&stream->scorer);
	hnsw_beam_free(&stream->beam);
	hnsw_point_free(&stream->query);
	hnsw_free(stream->rows);
	hnsw_free(stream->late);
	if (stream->tids.tids != NULL)
		hnsw_free(stream->tids.tids);
}

bool
hnsw_stream_start(HnswStream *stream, const HnswStreamOptions *options, const void *v)
{
	stream->options = *options;
	stream->nrows = 0;
	stream->nlate = 0;
	stream->started = false;
	stream->draining = false;
	stream->end = HNSW_STREAM_RUNNING;
	stream->given = 0;
	stream->last = -HUGE_VAL;
	stream->tids.count = 0;
	stream->next_tid = 0;
	stream->visited = 0;
	stream->rounds = 0;
	stream->walking = v == NULL ||
		!hnsw_point_set_query(&stream->query, stream->layout, v);
	stream->walk_at = 0;
	return !stream->walking;
}

/* ------------------------------------------------------------------------
 * The rows visited and not yet returned: a binary heap by lower bound
 * ------------------------------------------------------------------------
 */
static void
push_row(HnswStream *stream, const HnswRow *row)
{
	Size		i;

	if (stream->nrows == stream->rows_space)
	{
		stream->rows = hnsw_realloc(stream->rows, sizeof(HnswRow) * stream->rows_space * 2);
		stream->rows_space *= 2;
	}
	for (i = stream->nrows++; i > 0;)
	{
		Size		up = (i - 1) / 2;

		if (stream->rows[up].lower <= row->lower)
			break;
		stream->rows[i] = stream->rows[up];
		i = up;
	}
	stream->rows[i] = *row;
}

static HnswRow
pop_row(HnswStream *stream)
{
	HnswRow    *rows = stream->rows;
	HnswRow		top = rows[0];
	HnswRow		last = rows[--stream->nrows];
	Size		i = 0;

	for (;;)
	{
		Size		child = 2 * i + 1;

		if (child >= stream->nrows)
			break;
		if (child + 1 < stream->nrows && rows[child + 1].lower < rows[child].lower)
			child++;
		if (last.lower <= rows[child].lower)
			break;
		rows[i] = rows[child];
		i = child;
	}
	rows[i] = last;
	return top;
}

static void
keep_late(HnswStream *stream, const HnswRow *row)
{
	if (stream->nlate == stream->late_space)
	{
		stream->late = hnsw_realloc(stream->late, sizeof(HnswRow) * stream->late_space * 2);
		stream->late_space *= 2;
	}
	stream->late[stream->nlate++] = *row;
}

static bool
collect_row(void *arg, HnswId id, const HnswRecord *rec, HnswScore score)
{
	HnswStream *stream = arg;
	HnswRow		row;

	if (!hnsw_tids_any(rec))
		return false;
	row.lower = stream->walking ? 0 :
		hnsw_point_lower_bound(&stream->query, stream->layout, score, rec->resid);
	row.id = id;
	row.generation = rec->generation;
	memcpy(row.tids, rec->tids, sizeof(row.tids));
	row.value = rec->value;
	row.has_chunks = rec->down != HNSW_NO_ID;
	push_row(stream, &row);
	return true;
}

/* ------------------------------------------------------------------------
 * Searching
 * ------------------------------------------------------------------------
 */
/* The nearest records of a layer, nearest first. */
typedef struct Descent
{
	int			width;			/* at most so many */
	int			count;
	float		g[DESCENT_EF];
	HnswId		down[DESCENT_EF];
} Descent;

static bool
descend(void *arg, HnswId id, const HnswRecord *rec, HnswScore score)
{
	Descent    *nearest = arg;
	int			i;

	if (nearest->count == nearest->width && !(score.g < nearest->g[nearest->width - 1]))
		return true;
	if (nearest->count < nearest->width)
		nearest->count++;
	for (i = nearest->count - 1; i > 0 && score.g < nearest->g[i - 1]; i--)
	{
		nearest->g[i] = nearest->g[i - 1];
		nearest->down[i] = nearest->down[i - 1];
	}
	nearest->g[i] = score.g;
	nearest->down[i] = rec->down;
	return true;
}

/*
 * Walks down to the records of layer 0 to start from; how many, 0 when the way was
 * cut by a vacuum that freed what the entry led to.
 */
static int
find_seeds(HnswStream *stream, const HnswEntry *entry, HnswId *seeds)
{
	int			count = entry->id != HNSW_NO_ID;

	seeds[0] = entry->id;
	for (int layer = entry->layer; layer > 0 && count > 0; layer--)
	{
		Descent		nearest = {descent_width(layer, entry->layer)};

		hnsw_beam_start(&stream->beam, layer, stream->query.x, nearest.width, descend, &nearest);
		for (int i = 0; i < count; i++)
			hnsw_beam_seed(&stream->beam, seeds[i]);
		hnsw_beam_run(&stream->beam, INT64_MAX);
		stream->visited += stream->beam.visited;
		count = nearest.count;
		memcpy(seeds, nearest.down, sizeof(HnswId) * count);
	}
	return count;
}

/*
 * Reads all records from end to end, but those that the beam has seen when it is
 * told to; false when the budget of visits ended it.
 */
static bool
read_everything(HnswStream *stream, bool skip_seen)
{
	HnswPager  *pager = stream->pager;
	const HnswShape *shape = &stream->layout->shape[HNSW_BASE];
	int64		budget = skip_seen ? stream->options.max_visits - stream->beam.visited : INT64_MAX;

	for (HnswId id = pager->ops->seek(pager, HNSW_BASE, 0); id != HNSW_NO_ID;
		 id = pager->ops->seek(pager, HNSW_BASE, id + 1))
	{
		const HnswRecord *rec;

		CHECK_FOR_INTERRUPTS();
		if (skip_seen && hnsw_beam_has_seen(&stream->beam, id))
			continue;
		rec = HNSW_READ_PART(pager, HNSW_BASE, id, HNSW_PART_OWN);
		if (rec == NULL)
			break;
		if (rec->state != HNSW_FREE)
		{
			HnswScore	score = hnsw_score_own(&stream->scorer, shape, stream->query.x, rec);

			if (budget-- <= 0)
			{
				HNSW_RELEASE(pager);
				return false;
			}
			stream->visited++;
			collect_row(stream, id, rec, score);
		}
		HNSW_RELEASE(pager);
	}
	return true;
}

/*
 * Hands out the rows of the next record in the order of storage: for queries
 * that order nothing.  False at the end.
 */
static bool
walk_on(HnswStream *stream)
{
	HnswPager  *pager = stream->pager;

	for (;;)
	{
		const HnswRecord *rec;
		HnswScore	score = {0, 0};

		CHECK_FOR_INTERRUPTS();
		stream->walk_at = pager->ops->seek(pager, HNSW_BASE, stream->walk_at);
		if (stream->walk_at == HNSW_NO_ID)
			return false;
		rec = HNSW_READ_PART(pager, HNSW_BASE, stream->walk_at, HNSW_PART_HEAD);
		if (rec == NULL)
			return false;
		stream->visited++;
		if (rec->state != HNSW_FREE)
			collect_row(stream, stream->walk_at, rec, score);
		HNSW_RELEASE(pager);
		stream->walk_at++;
		if (stream->nrows > 0)
			return true;
	}
}

static void
start_search(HnswStream *stream)
{
	HnswPager  *pager = stream->pager;
	HnswId		seeds[DESCENT_EF];
	int			nseeds = 0;
	HnswEntry	entry;

	stream->ef = stream->options.ef;
	stream->allowance = stream->options.iterative == HNSW_ITERATIVE_OFF ?
		stream->ef : ALLOWANCE(stream->ef);
	if (pager->ops->limit(pager, HNSW_BASE) <= (int64) stream->ef * EXHAUSTIVE_FACTOR)
	{
		read_everything(stream, false);
		stream->draining = true;
		stream->end = HNSW_STREAM_COMPLETE;
		return;
	}

	for (int tries = 0; tries < 4 && nseeds == 0; tries++)
	{
		pager->ops->get_entry(pager, &entry);
		nseeds = find_seeds(stream, &entry, seeds);
	}
	if (nseeds == 0)
		seeds[nseeds++] = entry.root[0];
	HNSW_DEBUG_POINT("scan-seeded");
	hnsw_beam_start(&stream->beam, 0, stream->query.x, hnsw_layout_beam(stream->layout, HNSW_BASE, stream->ef),
					collect_row, stream);
	hnsw_beam_set_resumable(&stream->beam);
	for (int i = 0; i < nseeds; i++)
		hnsw_beam_seed(&stream->beam, seeds[i]);
	stream->root = entry.root[0];
}

/* One round: searches, and says how many rows may be returned before the next. */
static void
search_round(HnswStream *stream)
{
	CHECK_FOR_INTERRUPTS();
	if (!stream->started)
	{
		stream->started = true;
		start_search(stream);
	}
	else
	{
		stream->ef = (int) Min((int64) stream->ef * 2, INT_MAX / 4);
		stream->allowance = ALLOWANCE(stream->ef);
		hnsw_beam_widen(&stream->beam, hnsw_layout_beam(stream->layout, HNSW_BASE, stream->ef));
	}
	stream->rounds++;
	if (stream->draining)
		return;

	if (stream->rounds == 1 && stream->root != HNSW_NO_ID)
	{
		/* a seed that was freed a moment ago leads nowhere; the root does */
		hnsw_beam_run(&stream->beam, stream->options.max_visits);
		if (stream->beam.visited == 0)
			hnsw_beam_seed(&stream->beam, stream->root);
	}
	if (!hnsw_beam_run(&stream->beam, stream->options.max_visits))
		stream->end = HNSW_STREAM_VISITS;
	else if (hnsw_beam_exhausted(&stream->beam))

		/*
		 * A vacuum since the search began may have freed, before they were
		 * visited, the records that led to the rest; the edges that replace
		 * them are in records that had been visited by then.
		 */
		stream->end = read_everything(stream, true) ?
			HNSW_STREAM_COMPLETE : HNSW_STREAM_VISITS;
	else if (hnsw_beam_memory(&stream->beam) +
			 sizeof(HnswRow) * (hnsw_in_use(stream->nrows, stream->rows_space, 2) +
								hnsw_in_use(stream->nlate, stream->late_space, 2)) >
			 stream->options.max_memory)
		stream->end = HNSW_STREAM_MEMORY;
	stream->draining = stream->end != HNSW_STREAM_RUNNING;
	if (stream->options.iterative == HNSW_ITERATIVE_OFF && !stream->draining)
	{
		stream->draining = true;
		stream->end = HNSW_STREAM_EF;
	}
}

/* Makes the TIDs of a row ready to be returned. */
static void
open_row(HnswStream *stream, const HnswRow *row)
{
	stream->tids.count = 0;
	stream->next_tid = 0;
	stream->tids_lower = row->lower;
	stream->value = row->value;
	stream->given++;
	for (int i = 0; i < HNSW_INLINE_TIDS; i++)
		if (hnsw_tid_used(&row->tids[i]))
			hnsw_tidlist_add(&stream->tids, row->tids[i]);
	if (row->has_chunks)
	{
		HNSW_DEBUG_POINT("scan-chunks");
		hnsw_tids_chunks(stream->pager, row->id, row->generation, &stream->tids);
	}
}

static int
compare_rows(const void *a, const void *b)
{
	double		la = ((const HnswRow *) a)->lower,
				lb = ((const HnswRow *) b)->lower;

	return la < lb ? -1 : la > lb;
}

/* Opens the next row; false when there is none. */
static bool
next_row(HnswStream *stream)
{
	if (stream->walking)
	{
		HnswRow		row;

		if (!walk_on(stream))
		{
			stream->end = HNSW_STREAM_COMPLETE;
			return false;
		}
		row = pop_row(stream);
		open_row(stream, &row);
		return true;
	}
	for (;;)
	{
		bool		off = stream->options.iterative == HNSW_ITERATIVE_OFF;

		if (off && stream->given >= stream->options.ef)
		{
			if (stream->nrows > 0 || stream->end != HNSW_STREAM_COMPLETE)
				stream->end = HNSW_STREAM_EF;
			return false;
		}
		if (stream->started && stream->nrows > 0 &&
			(stream->draining || stream->given < stream->allowance))
		{
			HnswRow		row = pop_row(stream);

			if (row.lower < stream->last && stream->options.iterative == HNSW_ITERATIVE_STRICT)
			{
				keep_late(stream, &row);
				continue;
			}
			stream->last = Max(stream->last, row.lower);
			open_row(stream, &row);
			return true;
		}
		if (!stream->draining && stream->end == HNSW_STREAM_RUNNING)
		{
			search_round(stream);
			continue;
		}
		if (stream->nlate == 0)
			return false;

		/* the rows that came too late: better out of order than lost */
		qsort(stream->late, stream->nlate, sizeof(HnswRow), compare_rows);
		stream->last = -HUGE_VAL;
		for (Size i = 0; i < stream->nlate; i++)
			push_row(stream, &stream->late[i]);
		stream->nlate = 0;
	}
}

bool
hnsw_stream_next(HnswStream *stream, HnswTid *tid, double *lower)
{
	while (stream->next_tid >= stream->tids.count)
	{
		stream->tids.count = 0;
		stream->next_tid = 0;
		if (!next_row(stream))
			return false;
	}
	*tid = stream->tids.tids[stream->next_tid++];
	*lower = stream->tids_lower;
	return true;
}
