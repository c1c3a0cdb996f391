/*-------------------------------------------------------------------------
 *
 * tids.c
 *		The heap TIDs of nodes, and those kept aside.
 *
 * A node has a few TIDs in its layer-0 record and the rest in a chain of chunks,
 * newest first.  The record's lock covers the chain: who holds it, shared or
 * exclusively, may follow the chain; a chunk joins or leaves the chain only
 * under the exclusive lock.  A chunk that is in no chain is marked as pending, in
 * the same WAL record that takes it out, so that vacuum finds what a crash has
 * left.  A chunk that is not the first is marked one step before it is taken out:
 * it is empty then and stays so, since TIDs are only put into the first.
 *
 * IDENTIFICATION
 *	  src/graph/tids.c
 *-------------------------------------------------------------------------
 */
#include "graph/tids.h"

#include "base/debug.h"

bool
hnsw_tids_any(const HnswRecord *rec)
{
	if (rec->down != HNSW_NO_ID)
		return true;
	for (int i = 0; i < HNSW_INLINE_TIDS; i++)
		if (hnsw_tid_used(&rec->tids[i]))
			return true;
	return false;
}

/* Puts the TID into a free place of the array; false when there is none. */
static bool
put_tid(HnswTid *tids, int n, HnswTid tid)
{
	for (int i = 0; i < n; i++)
		if (!hnsw_tid_used(&tids[i]))
		{
			tids[i] = tid;
			return true;
		}
	return false;
}

static HnswChunk *
modify_chunk(HnswPager *pager, HnswId chunk_id, HnswId owner)
{
	HnswChunk  *chunk = HNSW_MODIFY(pager, HNSW_CHUNK, chunk_id);

	if (chunk == NULL || chunk->owner != owner || chunk->state == HNSW_FREE)
		hnsw_corrupt("index \"%s\": chunk %u does not belong to record %u",
					 pager->name, chunk_id, owner);
	return chunk;
}

static bool
takes_tids(const HnswRecord *rec, uint32 generation, bool staged)
{
	return rec->generation == generation &&
		(rec->state == HNSW_LINKED || (staged && rec->state == HNSW_PENDING));
}

/* What a record knows of its tuples beside their TIDs. */
static void
take_in(HnswRecord *rec, const HnswTuple *tuple)
{
	rec->resid = Max(rec->resid, tuple->resid);
	/* of several the newest: an older version of a row goes first */
	if (hnsw_tid_used(&tuple->value))
		rec->value = tuple->value;
}

/*
 * Tries to attach without a new chunk.  *head is the first chunk when there was
 * no room, and *usable says whether the record may take TIDs at all.
 */
static bool
attach_in_place(HnswPager *pager, HnswId id, uint32 generation, bool staged,
				const HnswTuple *tuple, HnswId *head, bool *usable)
{
	HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, id);
	HnswChunk  *chunk = NULL;
	bool		done;

	*usable = rec != NULL && takes_tids(rec, generation, staged);
	*head = HNSW_NO_ID;
	if (!*usable)
	{
		if (rec != NULL)
			HNSW_CANCEL(pager);
		return false;
	}
	*head = rec->down;
	done = put_tid(rec->tids, HNSW_INLINE_TIDS, tuple->tid);
	if (!done && rec->down != HNSW_NO_ID)
	{
		chunk = modify_chunk(pager, rec->down, id);
		done = put_tid(chunk->tids, HNSW_CHUNK_TIDS, tuple->tid);
	}
	if (!done)
	{
		HNSW_CANCEL(pager);
		return false;
	}
	take_in(rec, tuple);
	HNSW_COMMIT(pager);
	return true;
}

/* Puts a new chunk in front of the chain, if its head is still the same. */
static bool
attach_chunk(HnswPager *pager, HnswId id, uint32 generation, bool staged,
			 const HnswTuple *tuple, HnswId head, HnswId new_head)
{
	HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, id);
	HnswChunk  *chunk;

	if (rec == NULL)
		return false;
	if (!takes_tids(rec, generation, staged) || rec->down != head)
	{
		HNSW_CANCEL(pager);
		return false;
	}
	chunk = modify_chunk(pager, new_head, id);
	chunk->state = HNSW_LINKED;
	rec->down = new_head;
	take_in(rec, tuple);
	HNSW_COMMIT(pager);
	return true;
}

static bool
attach(HnswPager *pager, HnswId id, uint32 generation, bool staged, const HnswTuple *tuple)
{
	for (;;)
	{
		HnswId		head,
					new_head;
		bool		usable;
		HnswChunk	image;

		if (attach_in_place(pager, id, generation, staged, tuple, &head, &usable))
			return true;
		if (!usable)
			return false;
		memset(&image, 0, sizeof(image));
		image.state = HNSW_PENDING;
		image.owner = id;
		image.next = head;
		image.tids[0] = tuple->tid;
		new_head = pager->ops->create(pager, HNSW_CHUNK, &image, sizeof(image));
		HNSW_DEBUG_POINT("chunk-created");
		if (attach_chunk(pager, id, generation, staged, tuple, head, new_head))
			return true;
		pager->ops->destroy(pager, HNSW_CHUNK, &new_head, 1);
		CHECK_FOR_INTERRUPTS();
	}
}

bool
hnsw_tids_attach(HnswPager *pager, HnswId id, uint32 generation, const HnswTuple *tuple)
{
	return attach(pager, id, generation, false, tuple);
}

bool
hnsw_tids_attach_staged(HnswPager *pager, HnswId id, uint32 generation, const HnswTuple *tuple)
{
	return attach(pager, id, generation, true, tuple);
}

void
hnsw_tidlist_add(HnswTidList *list, HnswTid tid)
{
	if (list->count == list->space)
	{
		Size		space = list->space == 0 ? 64 : list->space * 2;

		list->tids = list->tids == NULL ? hnsw_alloc(sizeof(HnswTid) * space) :
			hnsw_realloc(list->tids, sizeof(HnswTid) * space);
		list->space = space;
	}
	list->tids[list->count++] = tid;
}

static void
add_used(HnswTidList *list, const HnswTid *tids, int n)
{
	for (int i = 0; i < n; i++)
		if (hnsw_tid_used(&tids[i]))
			hnsw_tidlist_add(list, tids[i]);
}

void
hnsw_tids_chunks(HnswPager *pager, HnswId id, uint32 generation, HnswTidList *list)
{
	HnswId		limit = pager->ops->limit(pager, HNSW_CHUNK);
	const HnswRecord *rec = HNSW_READ_PART(pager, HNSW_BASE, id, HNSW_PART_HEAD);
	HnswId		at,
				steps = 0;

	if (rec == NULL)
		return;
	if (rec->state == HNSW_FREE || rec->generation != generation)
	{
		HNSW_RELEASE(pager);
		return;
	}
	for (at = rec->down; at != HNSW_NO_ID;)
	{
		const HnswChunk *chunk = HNSW_READ(pager, HNSW_CHUNK, at);

		/* twice: others may have made chunks since the limit was asked for */
		if (chunk == NULL || chunk->owner != id || chunk->state == HNSW_FREE ||
			steps++ / 2 > limit)
			hnsw_corrupt("index \"%s\": chunk %u does not belong to record %u",
						 pager->name, at, id);
		add_used(list, chunk->tids, HNSW_CHUNK_TIDS);
		at = chunk->next;
		HNSW_RELEASE(pager);
	}
	HNSW_RELEASE(pager);
}

/* ------------------------------------------------------------------------
 * TIDs aside
 * ------------------------------------------------------------------------
 */
/* *next is the page behind it. */
static bool
aside_put(HnswPager *pager, HnswAsideList which, HnswId page, HnswTid tid, HnswId *next)
{
	HnswAside  *aside;

	*next = HNSW_NO_ID;
	if (page == HNSW_NO_ID)
		return false;
	aside = HNSW_MODIFY(pager, HNSW_ASIDE, page);
	if (aside == NULL)
		return false;
	if (aside->state != HNSW_FREE && aside->list == which)
	{
		*next = aside->next;
		if (put_tid(aside->tids, HNSW_ASIDE_TIDS, tid))
		{
			HNSW_COMMIT(pager);
			return true;
		}
	}
	HNSW_CANCEL(pager);
	return false;
}

typedef struct RoomArg
{
	HnswAsideList which;
	HnswId		old;
	HnswId		page;
} RoomArg;

static bool
move_room(HnswEntry *entry, void *arg)
{
	RoomArg    *room = arg;

	if (entry->room[room->which] != room->old)
		return false;
	entry->room[room->which] = room->page;
	return true;
}

/*
 * Puts the TID into the first page with room, from the one on that vacuum has
 * left in the entry; the entry then says so, so that full pages are passed only
 * once.
 */
static bool
put_in_room(HnswPager *pager, HnswAsideList which, const HnswEntry *entry, HnswTid tid)
{
	RoomArg		room = {which, entry->room[which], HNSW_NO_ID};
	HnswId		next,
				steps = 0;
	bool		done = false;

	if (room.old == HNSW_NO_ID)
		return false;
	for (room.page = room.old; room.page != HNSW_NO_ID; room.page = next)
	{
		done = aside_put(pager, which, room.page, tid, &next);
		if (done)
			break;
		if (steps++ > pager->ops->limit(pager, HNSW_ASIDE))
			hnsw_corrupt("index \"%s\": pages of tuples kept aside form a loop", pager->name);
		CHECK_FOR_INTERRUPTS();
	}
	if (room.page != room.old)
		pager->ops->update_entry(pager, move_room, &room);
	return done;
}

typedef struct AsideArg
{
	HnswAsideList which;
	HnswId		head;
	HnswId		page;
} AsideArg;

static bool
push_aside_page(HnswEntry *entry, void *arg)
{
	AsideArg   *push = arg;

	if (entry->aside[push->which] != push->head)
		return false;
	entry->aside[push->which] = push->page;
	return true;
}

void
hnsw_aside_insert(HnswPager *pager, HnswAsideList which, HnswTid tid)
{
	for (;;)
	{
		HnswEntry	entry;
		HnswAside  *image;
		AsideArg	push;
		HnswId		next;

		pager->ops->get_entry(pager, &entry);
		if (aside_put(pager, which, entry.aside[which], tid, &next) ||
			put_in_room(pager, which, &entry, tid))
			return;
		image = hnsw_alloc_zero(sizeof(HnswAside));
		image->state = HNSW_PENDING;
		image->list = which;
		image->next = entry.aside[which];
		image->tids[0] = tid;
		push.which = which;
		push.head = entry.aside[which];
		push.page = pager->ops->create(pager, HNSW_ASIDE, image, sizeof(HnswAside));
		hnsw_free(image);
		HNSW_DEBUG_POINT("aside-created");
		if (pager->ops->update_entry(pager, push_aside_page, &push))
		{
			HnswAside  *aside;

			HNSW_DEBUG_POINT("aside-pushed");
			aside = HNSW_MODIFY(pager, HNSW_ASIDE, push.page);
			if (aside != NULL)
			{
				aside->state = HNSW_LINKED;
				HNSW_COMMIT(pager);
			}
			return;
		}
		pager->ops->destroy(pager, HNSW_ASIDE, &push.page, 1);
		CHECK_FOR_INTERRUPTS();
	}
}

HnswId
hnsw_aside_read(HnswPager *pager, HnswAsideList which, HnswId page, HnswTidList *list)
{
	const HnswAside *aside = HNSW_READ(pager, HNSW_ASIDE, page);
	HnswId		next;

	if (aside == NULL || aside->state == HNSW_FREE || aside->list != which)
		hnsw_corrupt("index \"%s\": page %u of the tuples kept aside is not one",
					 pager->name, page);
	add_used(list, aside->tids, HNSW_ASIDE_TIDS);
	next = aside->next;
	HNSW_RELEASE(pager);
	return next;
}

/* ------------------------------------------------------------------------
 * Vacuum
 * ------------------------------------------------------------------------
 */

/* Removes dead TIDs from an array; returns how many stay. */
static int
sweep(HnswTid *tids, int n, HnswTidCounts *counts, bool *changed)
{
	int			live = 0;

	for (int i = 0; i < n; i++)
	{
		if (!hnsw_tid_used(&tids[i]))
			continue;
		if (counts->dead(counts->arg, tids[i]))
		{
			memset(&tids[i], 0, sizeof(HnswTid));
			counts->removed++;
			*changed = true;
		}
		else
			live++;
	}
	counts->live += live;
	return live;
}

/* Does this record need any change?  Counts its live TIDs if not. */
static bool
needs_vacuum(const HnswRecord *rec, HnswTidCounts *counts)
{
	int			live = 0;

	if (rec->down != HNSW_NO_ID)
		return true;
	for (int i = 0; i < HNSW_INLINE_TIDS; i++)
		if (hnsw_tid_used(&rec->tids[i]))
		{
			if (counts->dead(counts->arg, rec->tids[i]))
				return true;
			live++;
		}
	counts->live += live;
	return live == 0 && rec->state != HNSW_DYING;
}

/*
 * Takes an empty chunk, which is marked as pending, out of the chain behind
 * "previous", and frees it.  Only vacuum changes the chain behind its first
 * chunk.
 */
static void
unlink_chunk(HnswPager *pager, HnswId id, HnswId previous, HnswId empty, HnswId next)
{
	HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, id);
	HnswChunk  *chunk;

	/* records are never taken out of the index */
	if (rec == NULL)
		hnsw_corrupt("index \"%s\": record %u is beyond the end", pager->name, id);
	chunk = modify_chunk(pager, previous, id);
	if (chunk->next != empty)
	{
		HNSW_CANCEL(pager);
		hnsw_corrupt("index \"%s\": chunks of record %u changed during vacuum",
					 pager->name, id);
	}
	chunk->next = next;
	HNSW_COMMIT(pager);
	HNSW_DEBUG_POINT("chunk-unlinked");
	pager->ops->destroy(pager, HNSW_CHUNK, &empty, 1);
}

/*
 * Sweeps one chunk under its record's lock; *at is HNSW_NO_ID for the first one
 * and becomes its id.  True when it is (or stays) in the chain; else it is empty
 * and marked as pending, still in the chain.  The first one always stays: an
 * insert may put a TID there.
 */
static bool
sweep_chunk(HnswPager *pager, HnswId id, uint32 generation, HnswId *at,
			HnswTidCounts *counts, HnswId *next, int *live)
{
	bool		first = *at == HNSW_NO_ID,
				changed = false;
	HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, id);
	HnswChunk  *chunk;
	int			state;

	if (rec == NULL || rec->generation != generation)
		hnsw_corrupt("index \"%s\": record %u changed hands during vacuum", pager->name, id);
	if (first)
		*at = rec->down;
	*next = HNSW_NO_ID;
	*live = 0;
	if (*at == HNSW_NO_ID)
	{
		HNSW_CANCEL(pager);
		return true;
	}
	chunk = modify_chunk(pager, *at, id);
	*live = sweep(chunk->tids, HNSW_CHUNK_TIDS, counts, &changed);
	*next = chunk->next;
	state = *live == 0 && !first ? HNSW_PENDING : HNSW_LINKED;
	changed |= chunk->state != state;
	chunk->state = state;
	if (changed)
		HNSW_COMMIT(pager);
	else
		HNSW_CANCEL(pager);
	return state == HNSW_LINKED;
}

/*
 * Sweeps the chunks of a record, each one under the record's lock, and frees
 * those left empty but for the first: *empty_head is that one when nothing is
 * left in it, else HNSW_NO_ID.
 */
static void
sweep_chunks(HnswPager *pager, HnswId id, uint32 generation, HnswTidCounts *counts,
			 HnswId *empty_head)
{
	HnswId		previous = HNSW_NO_ID,
				at = HNSW_NO_ID,
				next,
				steps = 0;
	int			live;

	*empty_head = HNSW_NO_ID;
	do
	{
		if (!sweep_chunk(pager, id, generation, &at, counts, &next, &live))
		{
			HNSW_DEBUG_POINT("chunk-emptied");
			unlink_chunk(pager, id, previous, at, next);
		}
		else
		{
			if (previous == HNSW_NO_ID && live == 0)
				*empty_head = at;
			previous = at;
		}
		if (steps++ > pager->ops->limit(pager, HNSW_CHUNK))
			hnsw_corrupt("index \"%s\": chunks of record %u form a loop", pager->name, id);
		at = next;
		pager->ops->pause(pager);
	}
	while (at != HNSW_NO_ID);
}

/*
 * Takes the first chunk out of the chain if it is (still) empty; true when it
 * was, so that the next one should be looked at.
 */
static bool
drop_empty_head(HnswPager *pager, HnswId id, HnswId head)
{
	HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, id);
	HnswChunk  *chunk;

	if (rec == NULL)
		return false;
	if (head == HNSW_NO_ID || rec->down != head)
	{
		HNSW_CANCEL(pager);
		return false;
	}
	chunk = modify_chunk(pager, head, id);
	for (int i = 0; i < HNSW_CHUNK_TIDS; i++)
		if (hnsw_tid_used(&chunk->tids[i]))
		{
			HNSW_CANCEL(pager);
			return false;
		}
	rec->down = chunk->next;
	chunk->state = HNSW_PENDING;
	HNSW_COMMIT(pager);
	HNSW_DEBUG_POINT("chunk-dropped");
	pager->ops->destroy(pager, HNSW_CHUNK, &head, 1);
	return true;
}

static HnswId
first_chunk(HnswPager *pager, HnswId id)
{
	const HnswRecord *rec = HNSW_READ_PART(pager, HNSW_BASE, id, HNSW_PART_HEAD);
	HnswId		head = HNSW_NO_ID;

	if (rec != NULL)
	{
		head = rec->down;
		HNSW_RELEASE(pager);
	}
	return head;
}

/* A record whose own TIDs may have to go. */
typedef struct Sweep
{
	HnswId		id;
	uint32		generation;
} Sweep;

/*
 * Looks at one record, and sweeps its chunks.  True when something may have to be
 * changed in the record itself; *dying tells that it is dying already.
 */
static bool
sweep_behind(HnswPager *pager, HnswId id, HnswTidCounts *counts, Sweep *found, bool *dying)
{
	const HnswRecord *rec = HNSW_READ_PART(pager, HNSW_BASE, id, HNSW_PART_HEAD);
	HnswId		head;
	bool		wanted;

	*dying = rec != NULL && rec->state == HNSW_DYING;
	if (rec == NULL)
		return false;
	wanted = rec->state != HNSW_FREE && !*dying && needs_vacuum(rec, counts);
	found->id = id;
	found->generation = rec->generation;
	head = rec->down;
	HNSW_RELEASE(pager);
	if (wanted && head != HNSW_NO_ID)
	{
		sweep_chunks(pager, id, found->generation, counts, &head);
		while (head != HNSW_NO_ID && drop_empty_head(pager, id, head))
			head = first_chunk(pager, id);
		HNSW_DEBUG_POINT("chunks-swept");
	}
	return wanted;
}

int
hnsw_tids_vacuum(HnswPager *pager, HnswId first, int count, HnswTidCounts *counts, HnswId *dying)
{
	Sweep		sweeps[HNSW_MAX_PER_PAGE];
	int			nsweeps = 0,
				ndying = 0;
	bool		changed = false;

	for (int i = 0; i < count; i++)
	{
		bool		was_dying;

		nsweeps += sweep_behind(pager, first + i, counts, &sweeps[nsweeps], &was_dying);
		if (was_dying)
			dying[ndying++] = first + i;
	}
	counts->left += ndying;
	for (int i = 0; i < nsweeps; i++)
	{
		HnswRecord *rec = HNSW_MODIFY(pager, HNSW_BASE, sweeps[i].id);

		if (rec == NULL || rec->generation != sweeps[i].generation)
			hnsw_corrupt("index \"%s\": record %u changed hands during vacuum",
						 pager->name, sweeps[i].id);
		sweep(rec->tids, HNSW_INLINE_TIDS, counts, &changed);
		if (!hnsw_tids_any(rec))
		{
			rec->state = HNSW_DYING;
			dying[ndying++] = sweeps[i].id;
			changed = true;
		}
	}
	if (changed)
		HNSW_COMMIT(pager);
	else if (nsweeps > 0)
		HNSW_CANCEL(pager);
	return ndying;
}

static HnswAside *
modify_aside(HnswPager *pager, HnswAsideList which, HnswId page, HnswId *steps)
{
	HnswAside  *aside = HNSW_MODIFY(pager, HNSW_ASIDE, page);

	if (aside == NULL || aside->state == HNSW_FREE || aside->list != which ||
		(*steps)++ > pager->ops->limit(pager, HNSW_ASIDE))
		hnsw_corrupt("index \"%s\": page %u of the tuples kept aside is not one",
					 pager->name, page);
	return aside;
}

void
hnsw_aside_vacuum(HnswPager *pager, HnswAsideList which, HnswTidCounts *counts)
{
	HnswEntry	entry;
	RoomArg		room = {which, HNSW_NO_ID, HNSW_NO_ID};
	HnswId		steps = 0;

	pager->ops->get_entry(pager, &entry);
	for (HnswId at = entry.aside[which]; at != HNSW_NO_ID;)
	{
		HnswAside  *aside = modify_aside(pager, which, at, &steps);
		bool		changed = false;
		int			live = sweep(aside->tids, HNSW_ASIDE_TIDS, counts, &changed);
		HnswId		next = aside->next;

		if (changed)
			HNSW_COMMIT(pager);
		else
			HNSW_CANCEL(pager);
		if (room.page == HNSW_NO_ID && live < HNSW_ASIDE_TIDS)
			room.page = at;
		at = next;
		pager->ops->pause(pager);
	}
	do
	{
		pager->ops->get_entry(pager, &entry);
		room.old = entry.room[which];
	} while (room.old != room.page && !pager->ops->update_entry(pager, move_room, &room));
}

void
hnsw_aside_adopt(HnswPager *pager, HnswAsideList which)
{
	HnswEntry	entry;
	HnswId		steps = 0;

	pager->ops->get_entry(pager, &entry);
	for (HnswId at = entry.aside[which]; at != HNSW_NO_ID;)
	{
		HnswAside  *aside = modify_aside(pager, which, at, &steps);
		HnswId		next = aside->next;

		if (aside->state == HNSW_PENDING)
		{
			aside->state = HNSW_LINKED;
			HNSW_COMMIT(pager);
		}
		else
			HNSW_CANCEL(pager);
		at = next;
		CHECK_FOR_INTERRUPTS();
	}
}
