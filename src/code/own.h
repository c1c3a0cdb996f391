/*-------------------------------------------------------------------------
 *
 * own.h
 *		A record's own vector: what a record stores of the vector it stands for.
 *
 * There is one set of operations for each form (cells.h).  The rest of code and
 * graph move vectors about without knowing what they are, in one of these shapes:
 *
 *	plain values, as they come from SQL (const void *v)
 *		dense: dim floats.  bits: (dim + 7) / 8 bytes, the bits beyond dim 0.
 *		sparse: a HnswSparse.
 *	plain values made ready to be compared (const void *q, x, xhat)
 *		dense: dim floats, rotated (not for L1).  bits: the same bytes.
 *		sparse: a HnswSparsePlain.
 *	stored: layout->own_bytes bytes in a record, with vmin and vstep (HnswOwn).
 *
 * Cells with codes are dense; their records are scored in edge.c, without a call
 * through a pointer.
 *
 * IDENTIFICATION
 *	  src/code/own.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_OWN_H
#define HNSW_OWN_H

#include "code/layout.h"
#include "distance/sparse.h"

/*
 * Coordinates beyond this are stored as this, lest squares overflow; what is
 * lost goes into the residual bound.
 */
#define HNSW_COORD_LIMIT	1e15f

/*
 * Rounding margin relative to a norm: of rotating, of dividing by a norm, of
 * sums in double precision.
 */
#define HNSW_ROUNDING		4e-6

typedef struct HnswPoint
{
	void	   *x;				/* plain values, ready */
	void	   *xhat;			/* the same of what is stored */
	uint8	   *own;			/* what is stored */
	float		vmin;
	float		vstep;
	float		resid;			/* bound on the norm of vector - xhat, in the
								 * metric's own norm */
	double		norm;			/* norm of x, same norm */
	bool		clamped;		/* coordinates were too large for the codes */
	HnswTid		value;			/* of a row to be inserted: HnswRecord.value;
								 * hnsw_point_set leaves it alone */
} HnswPoint;

/* How a query and a stored vector compare. */
typedef struct HnswScore
{
	float		g;				/* graph distance */
	float		pp;				/* dense, with codes: squared L2 distance;
								 * sparse: by how much the inner product may
								 * be off; Jaccard: bits in either */
} HnswScore;

typedef struct HnswOwn
{
	const uint8 *codes;
	float		vmin;
	float		vstep;
	/* dense: the sum of codes, the squared norm; "ready" fills them */
	double		sum;
	double		norm2;
} HnswOwn;

/* The plain values of a sparse vector that is to be compared with stored ones. */
typedef struct HnswSparsePlain
{
	HnswSparse	v;
	double		size;			/* sum of squares; L1: of absolute values */
	int			room;			/* pairs that fit behind this struct */
} HnswSparsePlain;

typedef struct HnswOwnOps
{
	/* Nothing is lost: the lower bound of a distance is the distance. */
	bool		exact;

	/* bytes of a stored vector */
	uint64		(*bytes) (uint32 dim, uint32 nonzeros);

	/* Memory for plain values: of any vector, or of what is "stored" of one. */
	void	   *(*alloc) (const HnswLayout *layout, bool stored);

	/*
	 * Sets x, norm and clamped; false when the vector has no direction and
	 * the metric is cosine.
	 */
	bool		(*prepare) (HnswPoint *point, const HnswLayout *layout, const void *v);

	/* Sets the rest, from x and what "prepare" was given. */
	void		(*quantise) (HnswPoint *point, const HnswLayout *layout, const void *v);

	/*
	 * Graph distance of ready plain values and a stored vector, without
	 * codes.
	 */
	HnswScore	(*score) (const HnswLayout *layout, const void *q, const HnswOwn *own);

	/*
	 * The largest value, in the operator's own scale, that surely is not
	 * above the distance between the query and a vector whose record has this
	 * score and residual bound.  Both are finite.
	 */
	double		(*lower_bound) (const HnswPoint *query, const HnswLayout *layout,
								HnswScore score, float resid);

	/* Plain values of a stored vector. */
	void		(*decode) (const HnswLayout *layout, const HnswOwn *own, void *plain);

	/* Graph distance of two stored vectors, both made ready for that. */
	void		(*ready) (const HnswLayout *layout, HnswOwn *own);
	float		(*distance) (const HnswLayout *layout, const HnswOwn *a, const HnswOwn *b);

	/*
	 * Makes of a stored vector the equal dense one, whose codes may be in
	 * "room", which has dim bytes.  NULL: this form has too many coordinates
	 * for that.
	 */
	void		(*as_dense) (const HnswLayout *layout, HnswOwn *own, uint8 *room);

	/*
	 * What a graph distance of these plain values may be off by, times a
	 * million.
	 */
	double		(*size) (const HnswLayout *layout, const void *plain);

	/*
	 * Why these bytes cannot even be read, or NULL.  The operation itself may
	 * be NULL: any bytes can be read then.
	 */
	const char *(*unsafe) (const HnswLayout *layout, const uint8 *codes);

	/* What is wrong with a stored vector that can be read, or NULL; likewise. */
	const char *(*problem) (const HnswLayout *layout, const HnswOwn *own);
} HnswOwnOps;

extern const HnswOwnOps hnsw_own_dense;
extern const HnswOwnOps hnsw_own_bits;
extern const HnswOwnOps hnsw_own_sparse;

extern const HnswOwnOps *hnsw_own_ops(int form);

static inline const HnswOwnOps *
hnsw_layout_own(const HnswLayout *layout)
{
	return hnsw_own_ops(layout->form);
}

/* The own vector of a record. */
static inline HnswOwn
hnsw_own_of(const HnswRecord *rec, const HnswShape *shape)
{
	HnswOwn		own = {hnsw_record_own(rec, shape), rec->vmin, rec->vstep, 0, 0};

	return own;
}

/* Decodes a record's own vector into plain values. */
static inline void
hnsw_own_decode(const HnswLayout *layout, const HnswShape *shape, const HnswRecord *rec,
				void *plain)
{
	HnswOwn		own = hnsw_own_of(rec, shape);

	hnsw_layout_own(layout)->decode(layout, &own, plain);
}

/*
 * The residual bound of a point whose quantised vector lacks "lost" of it, to
 * be rounded up.
 */
extern float hnsw_own_resid(double lost, double norm);

#endif							/* HNSW_OWN_H */
