/*-------------------------------------------------------------------------
 *
 * pager.h
 *		What the graph knows of storage: slots of four kinds, read, changed,
 *		made and freed one at a time.
 *
 * Three pagers exist: shared buffers (page/pager_shared.c), and the arena
 * (graph/arena.c), which serves both index builds and plain memory.
 *
 * Any call may raise an error; the graph holds nothing that an error would
 * leak except memory of the current context.  src/README gives the locks
 * behind each call and argues why the protocol is right.
 *
 * IDENTIFICATION
 *	  src/graph/pager.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_PAGER_H
#define HNSW_PAGER_H

#include "code/layout.h"

typedef struct HnswPager HnswPager;

typedef struct HnswPagerOps
{
	/*
	 * The slot's bytes up to the end of "part", share-locked until release,
	 * or NULL when the id lies beyond the end.  Whatever comes back has been
	 * checked: state, counts and layer are within bounds; ids inside are not.
	 * Reads may nest two deep (a record, then a chunk); release undoes the
	 * latest.
	 */
	const void *(*read) (HnswPager *pager, HnswKind kind, HnswId id, HnswPart part);
	void		(*release) (HnswPager *pager);

	/*
	 * The slot's bytes to be changed in place, exclusively locked.  Another
	 * modify (a chunk under its record, or records of the same page, see
	 * together) joins the first; commit makes all of it permanent and visible
	 * at once, cancel forgets it.  NULL when the id lies beyond the end.  No
	 * error is raised and no other call is made between modify and commit or
	 * cancel, except those other modifies.
	 */
	void	   *(*modify) (HnswPager *pager, HnswKind kind, HnswId id);
	void		(*commit) (HnswPager *pager);
	void		(*cancel) (HnswPager *pager);

	/*
	 * The same in two steps, for who may find nothing to change: hold locks
	 * the slot exclusively and returns its bytes to be read, or NULL; change,
	 * right after it, returns them to be changed; cancel lets go after
	 * either.
	 */
	const void *(*hold) (HnswPager *pager, HnswKind kind, HnswId id);
	void	   *(*change) (HnswPager *pager);

	/*
	 * A new slot holding a copy of the image (size bytes, the rest zero); a
	 * record's generation is set by the pager, and base is set to the new id
	 * where the image says HNSW_NO_ID.
	 */
	HnswId		(*create) (HnswPager *pager, HnswKind kind, const void *image, Size size);
	/* Frees slots, all of them on one page. */
	void		(*destroy) (HnswPager *pager, HnswKind kind, const HnswId *ids, int count);

	/*
	 * How many slots, this one and those that follow, lie on one page: they
	 * can be changed together.  HNSW_MAX_PER_PAGE at most.
	 */
	int			(*together) (HnswPager *pager, HnswKind kind, HnswId id);

	/* The first slot of this kind at or behind "from", or HNSW_NO_ID. */
	HnswId		(*seek) (HnswPager *pager, HnswKind kind, HnswId from);

	/* All ids of this kind are below this. */
	HnswId		(*limit) (HnswPager *pager, HnswKind kind);

	void		(*get_entry) (HnswPager *pager, HnswEntry *entry);

	/*
	 * Lets "change" alter the entry under an exclusive lock; writes it when
	 * that returns true, and returns the same.
	 */
	bool		(*update_entry) (HnswPager *pager,
								 bool (*change) (HnswEntry *entry, void *arg), void *arg);

	/* Will be read soon. */
	void		(*prefetch) (HnswPager *pager, HnswKind kind, HnswId id);

	/*
	 * May be read next: where that takes next to nothing, its first bytes
	 * come into the processor's cache.
	 */
	void		(*expect) (HnswPager *pager, HnswKind kind, HnswId id);

	/* Between two steps of a long job: a chance to stop or to sleep. */
	void		(*pause) (HnswPager *pager);

	/* Waits until every insert that is now running has ended. */
	void		(*barrier) (HnswPager *pager);

	/* Calls "work" while no insert is running; it must be short. */
	void		(*alone) (HnswPager *pager, void (*work) (void *arg), void *arg);
} HnswPagerOps;

struct HnswPager
{
	const HnswPagerOps *ops;
	const HnswLayout *layout;
	const char *name;			/* of the index, for messages */
};

/* Contents of a slot that has just been read, up to "part": the pager's own check. */
extern const char *hnsw_slot_problem(const HnswLayout *layout, HnswKind kind,
									 const void *slot, HnswPart part);

/* Fills a free slot for create. */
extern void hnsw_slot_fill(const HnswLayout *layout, HnswKind kind, HnswId id,
						   void *slot, const void *image, Size size);

/* The entry of an empty index. */
extern void hnsw_entry_clear(HnswEntry *entry);

/* Makes "id" the root of a layer, if that is "old" now; otherwise false. */
extern bool hnsw_entry_replace_root(HnswPager *pager, int layer, HnswId old, HnswId id);

/* Of a record that is expected: what its reader waits for before it reads on in order. */
#define HNSW_EXPECTED_BYTES	1024

#define HNSW_READ(pager, kind, id) HNSW_READ_PART(pager, kind, id, HNSW_PART_ALL)
#define HNSW_READ_PART(pager, kind, id, part) \
	((pager)->ops->read((pager), (kind), (id), (part)))
#define HNSW_EXPECT(pager, kind, id) ((pager)->ops->expect((pager), (kind), (id)))
#define HNSW_RELEASE(pager) ((pager)->ops->release(pager))
#define HNSW_MODIFY(pager, kind, id) ((pager)->ops->modify((pager), (kind), (id)))
#define HNSW_HOLD(pager, kind, id) ((pager)->ops->hold((pager), (kind), (id)))
#define HNSW_CHANGE(pager) ((pager)->ops->change(pager))
#define HNSW_COMMIT(pager) ((pager)->ops->commit(pager))
#define HNSW_CANCEL(pager) ((pager)->ops->cancel(pager))

#endif							/* HNSW_PAGER_H */
