/*-------------------------------------------------------------------------
 *
 * test_own.c
 *		Own vectors of bits and of sparse vectors: what they lose, lower bounds,
 *		what is wrong with damaged ones; what sparse lists have in common.
 *
 * IDENTIFICATION
 *	  test/unit/test_own.c
 *-------------------------------------------------------------------------
 */
#include "fixture.h"

/* A vector of either form, in all its shapes. */
typedef struct Sample
{
	HnswPoint	point;
	HnswRecord *rec;
	HnswSparse	sparse;
	int32	   *index;
	float	   *value;
	uint8	   *bits;
} Sample;

static void
sample_init(Sample *s, const HnswLayout *layout)
{
	int			room = Min(layout->dim, 16000);

	hnsw_point_init(&s->point, layout);
	s->rec = calloc(1, layout->shape[HNSW_BASE].size);
	s->index = malloc(sizeof(int32) * room);
	s->value = malloc(sizeof(float) * room);
	s->bits = malloc((Min(layout->dim, 64000) + 7) / 8);
	s->sparse.index = s->index;
	s->sparse.value = s->value;
}

static void
sample_free(Sample *s)
{
	hnsw_point_free(&s->point);
	free(s->rec);
	free(s->index);
	free(s->value);
	free(s->bits);
}

static const void *
sample_plain(const Sample *s, const HnswLayout *layout)
{
	return layout->form == HNSW_BITS ? (const void *) s->bits : &s->sparse;
}

/* Writes the point's own vector into the record; false when it has none. */
static bool
sample_store(Sample *s, const HnswLayout *layout)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];

	if (!hnsw_point_set(&s->point, layout, sample_plain(s, layout)))
		return false;
	s->rec->state = HNSW_LINKED;
	s->rec->vmin = s->point.vmin;
	s->rec->vstep = s->point.vstep;
	s->rec->resid = s->point.resid;
	memcpy(hnsw_record_own(s->rec, shape), s->point.own, layout->own_bytes);
	return true;
}

/* n ascending indices below dim, some of them those of the other sample. */
static void
fill_sparse(Sample *s, const Sample *other, int dim, int n, double scale)
{
	int			max = Max(1, (int) Min(2 * (double) dim / Max(1, n) - 1, 1e9)),
				at = unit_below(max),
				other_at = 0;

	s->sparse.n = 0;
	while (s->sparse.n < n && at < dim)
	{
		s->index[s->sparse.n] = at;
		s->value[s->sparse.n++] = (float) ((unit_normal() + (unit_below(9) == 0 ? 50 : 0)) * scale);
		if (s->value[s->sparse.n - 1] == 0)
			s->value[s->sparse.n - 1] = 1e-45f;
		at += 1 + unit_below(max);
		/* every now and then, the next index of the other */
		while (other != NULL && other_at < other->sparse.n && other->index[other_at] <= s->index[s->sparse.n - 1])
			other_at++;
		if (other != NULL && other_at < other->sparse.n && unit_below(2) == 0)
			at = other->index[other_at];
	}
}

static void
fill_bits(Sample *s, int dim, double share)
{
	memset(s->bits, 0, (dim + 7) / 8);
	for (int i = 0; i < dim; i++)
		if (unit_uniform() < share)
			s->bits[i / 8] |= 0x80 >> i % 8;
}

/* What the operator returns. */
static double
operator_distance(const HnswLayout *layout, const Sample *a, const Sample *b)
{
	int			bytes = (layout->dim + 7) / 8;
	uint64		overlap[2];
	double		ab;

	switch ((HnswMetric) layout->metric)
	{
		case HNSW_HAMMING:
			return (double) hnsw_kernels->bit_differ(a->bits, b->bits, bytes);
		case HNSW_JACCARD:
			hnsw_kernels->bit_overlap(a->bits, b->bits, bytes, overlap);
			return overlap[0] == 0 ? 1 : 1 - (double) overlap[0] / (double) overlap[1];
		case HNSW_L2:
			return sqrt((float) hnsw_sparse_l2sq(&a->sparse, &b->sparse));
		case HNSW_IP:
			return 0.0 - (float) hnsw_sparse_dot(&a->sparse, &b->sparse);
		case HNSW_L1:
			return (float) hnsw_sparse_l1(&a->sparse, &b->sparse);
		default:
			ab = hnsw_sparse_dot(&a->sparse, &b->sparse) /
				sqrt(hnsw_sparse_square(&a->sparse) * hnsw_sparse_square(&b->sparse));
			return 1 - fmax(-1, fmin(1, ab));
	}
}

/* How much of a vector is not in its record, in the metric's norm. */
static double
lost_norm(const HnswLayout *layout, const HnswPoint *point)
{
	const HnswSparse *x = &((const HnswSparsePlain *) point->x)->v;
	const HnswSparse *xhat = &((const HnswSparsePlain *) point->xhat)->v;

	return layout->metric == HNSW_L1 ? hnsw_sparse_l1(x, xhat) : sqrt(hnsw_sparse_l2sq(x, xhat));
}

static void
check_pair(const HnswLayout *layout, HnswScorer *scorer, Sample *q, Sample *v, const char *what)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];
	const HnswOwnOps *ops = hnsw_layout_own(layout);
	double		distance = operator_distance(layout, q, v);
	HnswOwn		own;
	HnswScore	score;
	double		lower;

	if (!sample_store(v, layout) ||
		!hnsw_point_set_query(&q->point, layout, sample_plain(q, layout)))
		return;
	CHECK(hnsw_slot_problem(layout, HNSW_BASE, v->rec, HNSW_PART_ALL) == NULL);
	own = hnsw_own_of(v->rec, shape);
	CHECK_MSG(ops->problem(layout, &own) == NULL, "%s: %s", what, ops->problem(layout, &own));
	if (layout->form == HNSW_SPARSE && !v->point.clamped)
		CHECK_MSG(lost_norm(layout, &v->point) <= v->point.resid, "%s: %g lost, bound %g", what,
				  lost_norm(layout, &v->point), v->point.resid);
	score = hnsw_score_own(scorer, shape, q->point.x, v->rec);
	lower = hnsw_point_lower_bound(&q->point, layout, score, v->rec->resid);
	CHECK_MSG(!isnan(lower), "%s: bound is NaN", what);
	CHECK_MSG(lower <= distance || isnan(distance), "%s: bound %.17g, distance %.17g", what,
			  lower, distance);
	if (layout->form == HNSW_BITS)
		CHECK_MSG(lower == distance, "%s: bound %.17g, distance %.17g", what, lower, distance);
}

static void
test_sparse_bounds(HnswMetric metric)
{
	static const int dims[] = {1, 2, 17, 300, 30000, 1000000000};
	static const int nonzeros[] = {1, 7, 100, 4000};
	static const double scales[] = {1, 1e-3, 1e6, 1e-20, 1e-38, 1e-42, 1e16, 3e34};

	unit_group("lower bound, %s", hnsw_cell_find(HNSW_SPARSEVEC, metric)->name);
	unit_seed(metric);
	for (int d = 0; d < (int) lengthof(dims); d++)
		for (int k = 0; k < (int) lengthof(nonzeros); k++)
		{
			HnswLayout	layout;
			HnswScorer	scorer;
			Sample		q,
						v;

			fixture_nonzeros = nonzeros[k];
			fixture_layout_cell(&layout, hnsw_cell_find(HNSW_SPARSEVEC, metric), dims[d], 8, 0);
			hnsw_scorer_init(&scorer, &layout);
			sample_init(&q, &layout);
			sample_init(&v, &layout);
			for (int i = 0; i < 300; i++)
			{
				double		scale = scales[i % 7 == 0 ? i / 7 % lengthof(scales) : 0];
				int			most = Min(dims[d], i % 30 == 0 ? 16000 : 200);
				char		what[64];

				snprintf(what, sizeof(what), "%d dimensions, room for %u, case %d", dims[d],
						 layout.nonzeros, i);
				fill_sparse(&v, NULL, dims[d], unit_below(most + 1), scale);
				if (i % 11 == 0)
				{
					/* the same, or nearly */
					memcpy(q.index, v.index, sizeof(int32) * v.sparse.n);
					for (int j = 0; j < v.sparse.n; j++)
						q.value[j] = v.value[j] * (i % 2 == 0 ? 1 : 1.0001f);
					q.sparse.n = v.sparse.n;
				}
				else
					fill_sparse(&q, &v, dims[d], unit_below(most + 1), i % 5 == 0 ? 1 : scale);
				check_pair(&layout, &scorer, &q, &v, what);
			}
			hnsw_scorer_free(&scorer);
			sample_free(&q);
			sample_free(&v);
		}
	fixture_nonzeros = 0;
}

static void
test_bit_bounds(HnswMetric metric)
{
	static const int dims[] = {1, 7, 8, 9, 64, 100, 768, 4001, 64000};

	unit_group("lower bound, %s", hnsw_cell_find(HNSW_BIT, metric)->name);
	unit_seed(metric);
	for (int d = 0; d < (int) lengthof(dims); d++)
	{
		HnswLayout	layout;
		HnswScorer	scorer;
		Sample		q,
					v;

		fixture_layout_cell(&layout, hnsw_cell_find(HNSW_BIT, metric), dims[d], 8, 0);
		hnsw_scorer_init(&scorer, &layout);
		sample_init(&q, &layout);
		sample_init(&v, &layout);
		for (int i = 0; i < 300; i++)
		{
			fill_bits(&q, dims[d], i % 10 == 0 ? i / 10 % 2 : unit_uniform());
			fill_bits(&v, dims[d], i % 10 == 5 ? i / 10 % 2 : unit_uniform());
			check_pair(&layout, &scorer, &q, &v, "bits");
		}
		hnsw_scorer_free(&scorer);
		sample_free(&q);
		sample_free(&v);
	}
}

/* Vectors with nothing in common: the bound is the distance, to the last bit. */
static void
test_nothing_in_common(HnswMetric metric)
{
	HnswLayout	layout;
	HnswScorer	scorer;
	Sample		q,
				v;

	unit_group("nothing in common, %s", hnsw_cell_find(HNSW_SPARSEVEC, metric)->name);
	unit_seed(9);
	fixture_layout_cell(&layout, hnsw_cell_find(HNSW_SPARSEVEC, metric), 1000, 8, 0);
	hnsw_scorer_init(&scorer, &layout);
	sample_init(&q, &layout);
	sample_init(&v, &layout);
	for (int i = 0; i < 100; i++)
	{
		fill_sparse(&q, NULL, 500, 1 + unit_below(50), 1);
		fill_sparse(&v, NULL, 500, 1 + unit_below(50), 1);
		for (int j = 0; j < v.sparse.n; j++)
			v.index[j] += 500;
		if (v.sparse.n == 0 || q.sparse.n == 0)
			continue;
		sample_store(&v, &layout);
		hnsw_point_set_query(&q.point, &layout, &q.sparse);
		CHECK(hnsw_point_lower_bound(&q.point, &layout,
									 hnsw_score_own(&scorer, &layout.shape[HNSW_BASE], q.point.x, v.rec),
									 v.rec->resid) == operator_distance(&layout, &q, &v));
	}
	hnsw_scorer_free(&scorer);
	sample_free(&q);
	sample_free(&v);
}

/* Stored vectors among each other: as when one of them is decoded. */
static void
test_stored_distance(const HnswCell *cell, int dim)
{
	HnswLayout	layout;
	HnswScorer	scorer;
	const HnswOwnOps *ops;
	void	   *plain;
	Sample		a,
				b;

	unit_group("stored vectors among each other, %s, %d dimensions", cell->name, dim);
	unit_seed(dim);
	fixture_nonzeros = 20;
	fixture_layout_cell(&layout, cell, dim, 8, 0);
	fixture_nonzeros = 0;
	ops = hnsw_layout_own(&layout);
	plain = ops->alloc(&layout, true);
	hnsw_scorer_init(&scorer, &layout);
	sample_init(&a, &layout);
	sample_init(&b, &layout);
	for (int i = 0; i < 200; i++)
	{
		HnswOwn		x,
					y;
		double		size,
					want;

		fill_sparse(&a, NULL, dim, 1 + unit_below(40), 1);
		fill_sparse(&b, &a, dim, 1 + unit_below(40), 1);
		fill_bits(&a, Min(dim, 64000), unit_uniform());
		fill_bits(&b, Min(dim, 64000), unit_uniform());
		if (!sample_store(&a, &layout) || !sample_store(&b, &layout))
			continue;
		x = hnsw_own_of(a.rec, &layout.shape[HNSW_BASE]);
		y = hnsw_own_of(b.rec, &layout.shape[HNSW_BASE]);
		ops->ready(&layout, &x);
		ops->ready(&layout, &y);
		ops->decode(&layout, &x, plain);
		want = hnsw_score_own(&scorer, &layout.shape[HNSW_BASE], plain, b.rec).g;
		size = ops->size(&layout, plain) + ops->size(&layout, b.point.xhat);
		CHECK_NEAR(ops->distance(&layout, &x, &y), want, 1e-6 * (size + fabs(want)));
		CHECK_NEAR(ops->distance(&layout, &y, &x), want, 1e-6 * (size + fabs(want)));
		/* what was decoded is what the point said is stored */
		CHECK_NEAR(hnsw_score_own(&scorer, &layout.shape[HNSW_BASE], a.point.xhat, b.rec).g, want, 0);
	}
	hnsw_free(plain);
	hnsw_scorer_free(&scorer);
	sample_free(&a);
	sample_free(&b);
}

/* Random bytes of an own vector are changed: noticed, or harmless. */
static void
test_damage(const HnswCell *cell, int dim)
{
	HnswLayout	layout;
	const HnswShape *shape;
	HnswScorer	scorer;
	const HnswOwnOps *ops;
	Sample		a,
				b;
	void	   *plain;
	int			refused = 0,
				reported = 0;

	unit_group("damaged own vectors, %s", cell->name);
	unit_seed(3);
	fixture_nonzeros = 60;
	fixture_layout_cell(&layout, cell, dim, 8, 0);
	fixture_nonzeros = 0;
	shape = &layout.shape[HNSW_BASE];
	ops = hnsw_layout_own(&layout);
	plain = ops->alloc(&layout, true);
	hnsw_scorer_init(&scorer, &layout);
	sample_init(&a, &layout);
	sample_init(&b, &layout);
	for (int i = 0; i < 3000; i++)
	{
		uint8	   *bytes = hnsw_record_own(a.rec, shape);
		HnswOwn		x,
					y;

		fill_sparse(&a, NULL, dim, 50, 1);
		fill_sparse(&b, &a, dim, 50, 1);
		sample_store(&a, &layout);
		sample_store(&b, &layout);
		for (int n = 1 + unit_below(4); n > 0; n--)
			bytes[unit_below(unit_below(3) == 0 ? 4 : (int) layout.own_bytes)] = (uint8) unit_random();
		x = hnsw_own_of(a.rec, shape);
		y = hnsw_own_of(b.rec, shape);
		if (hnsw_slot_problem(&layout, HNSW_BASE, a.rec, HNSW_PART_ALL) != NULL)
		{
			refused++;
			continue;
		}
		reported += ops->problem(&layout, &x) != NULL;
		/* nothing of this may read or write out of bounds */
		hnsw_score_own(&scorer, shape, b.point.x, a.rec);
		ops->decode(&layout, &x, plain);
		hnsw_score_own(&scorer, shape, plain, b.rec);
		ops->ready(&layout, &x);
		ops->ready(&layout, &y);
		ops->distance(&layout, &x, &y);
		ops->size(&layout, plain);
	}
	CHECK_MSG(refused > 500 && reported > 800, "%d refused, %d reported", refused, reported);
	hnsw_free(plain);
	hnsw_scorer_free(&scorer);
	sample_free(&a);
	sample_free(&b);
}

/* One thing wrong, each of which the check has words for. */
static void
test_problems(void)
{
	HnswLayout	layout;
	const HnswShape *shape;
	Sample		a;
	HnswOwn		own;
	uint32	   *words;

	unit_group("problems of own vectors");
	unit_seed(4);
	fixture_layout_cell(&layout, hnsw_cell_find(HNSW_SPARSEVEC, HNSW_L2), 1000, 8, 0);
	shape = &layout.shape[HNSW_BASE];
	sample_init(&a, &layout);
	fill_sparse(&a, NULL, 1000, 50, 1);

#define DAMAGED(change) \
	(sample_store(&a, &layout), words = (uint32 *) hnsw_record_own(a.rec, shape), (change), \
	 own = hnsw_own_of(a.rec, shape), hnsw_layout_own(&layout)->problem(&layout, &own) != NULL)

	CHECK(!DAMAGED((void) 0));
	CHECK(DAMAGED(words[0]--)); /* count */
	CHECK(DAMAGED(words[1]++)); /* sum */
	CHECK(DAMAGED(words[2]++));
	CHECK(DAMAGED(words[3 + 10] = words[3 + 11]));	/* indices */
	CHECK(DAMAGED(words[3 + 10] = words[3 + 12] + 1));
	CHECK(DAMAGED(words[3] = 0xFFFFFFFF));
	CHECK(DAMAGED(words[3 + words[0] - 1] = 1000));
	CHECK(DAMAGED(((int16 *) (words + 3 + layout.nonzeros))[3] ^= 64)); /* codes */
	CHECK(DAMAGED(a.rec->vmin = -1));
	sample_store(&a, &layout);
	*(uint32 *) hnsw_record_own(a.rec, shape) = layout.nonzeros;
	CHECK(hnsw_slot_problem(&layout, HNSW_BASE, a.rec, HNSW_PART_ALL) == NULL);
	*(uint32 *) hnsw_record_own(a.rec, shape) = layout.nonzeros + 1;
	CHECK(hnsw_slot_problem(&layout, HNSW_BASE, a.rec, HNSW_PART_ALL) != NULL);
	sample_free(&a);

	fixture_layout_cell(&layout, hnsw_cell_find(HNSW_BIT, HNSW_HAMMING), 13, 8, 0);
	shape = &layout.shape[HNSW_BASE];
	sample_init(&a, &layout);
	fill_bits(&a, 13, 0.5);
	CHECK(!DAMAGED((void) 0));
	CHECK(DAMAGED(hnsw_record_own(a.rec, shape)[1] |= 4));
	CHECK(DAMAGED(a.rec->vstep = 1));
	sample_free(&a);
#undef DAMAGED
}

/* What two lists have in common, against the plain way. */
static void
test_matches(void)
{
	Sample		a,
				b;
	HnswLayout	layout;
	int16	   *acode = malloc(sizeof(int16) * 16000);
	int16	   *bcode = malloc(sizeof(int16) * 16000);

	unit_group("what sparse lists have in common");
	unit_seed(5);
	fixture_layout_cell(&layout, hnsw_cell_find(HNSW_SPARSEVEC, HNSW_L2), 1000000, 8, 0);
	sample_init(&a, &layout);
	sample_init(&b, &layout);
	for (int i = 0; i < 2000; i++)
	{
		int			dim = i % 3 == 0 ? 100 : i % 3 == 1 ? 5000 : 1000000;
		int			most = i % 20 == 0 ? 3000 : 60;
		HnswSparseCode ac = {a.index, acode, 0},
					bc = {b.index, bcode, 0};
		double		dot = 0,
					mixed = 0,
					reach = 0,
					common = 0,
					out[3];
		int64		codes = 0;

		fill_sparse(&a, NULL, dim, unit_below(most), 1);
		fill_sparse(&b, &a, dim, unit_below(i % 7 == 0 ? 3000 : most), 1);
		ac.n = a.sparse.n;
		bc.n = b.sparse.n;
		for (int j = 0; j < ac.n; j++)
			acode[j] = (int16) (unit_below(65535) - 32767);
		for (int j = 0; j < bc.n; j++)
			bcode[j] = (int16) (unit_below(65535) - 32767);
		for (int j = 0, k = 0; j < ac.n; j++)
		{
			while (k < bc.n && b.index[k] < a.index[j])
				k++;
			if (k == bc.n || b.index[k] != a.index[j])
				continue;
			dot += (double) a.value[j] * b.value[k];
			mixed += (double) a.value[j] * bcode[k];
			reach += fabs((double) a.value[j]);
			codes += (int64) acode[j] * bcode[k];
			common += fabs((double) acode[j]) + fabs(2.0 * bcode[k]) - fabs(acode[j] - 2.0 * bcode[k]);
		}
		CHECK_NEAR(hnsw_sparse_dot(&a.sparse, &b.sparse), dot, 1e-9 * (1 + fabs(dot)));
		CHECK_NEAR(hnsw_sparse_dot(&b.sparse, &a.sparse), dot, 1e-9 * (1 + fabs(dot)));
		hnsw_sparse_code_dot(&a.sparse, &bc, out);
		CHECK_NEAR(out[0], mixed, 1e-9 * (1 + out[2]));
		CHECK_NEAR(out[1], reach, 1e-9 * (1 + reach));
		CHECK(hnsw_sparse_codes_dot(&ac, &bc) == codes);
		CHECK(hnsw_sparse_codes_dot(&bc, &ac) == codes);
		CHECK_NEAR(hnsw_sparse_codes_common(&ac, 1, &bc, 2), common, 1e-9 * (1 + common));
	}
	free(acode);
	free(bcode);
	sample_free(&a);
	sample_free(&b);
}

/* Room for so many coordinates, as far as three pages go. */
static void
test_plan(void)
{
	const HnswCell *sparse = hnsw_cell_find(HNSW_SPARSEVEC, HNSW_IP);
	const HnswCell *bits = hnsw_cell_find(HNSW_BIT, HNSW_JACCARD);
	HnswLayout	layout;

	unit_group("layout plan of sparse vectors and bits");
	unit_seed(6);
	for (int i = 0; i < 2000; i++)
	{
		int			asked = i % 10 == 0 ? 0 : 1 + unit_below(i % 3 == 0 ? 4000 : 300);
		int			dim = 1 + unit_below(i % 4 == 0 ? 1000000000 : 2000);
		int			m = 2 + unit_below(99);

		fixture_nonzeros = asked;
		fixture_layout_cell(&layout, sparse, dim, m, 0);
		CHECK(hnsw_layout_valid(&layout));
		CHECK((int) layout.nonzeros >= 1 && (int) layout.nonzeros <= dim);
		CHECK_MSG((int) layout.nonzeros >= Min(dim, Min(asked == 0 ? 400 : asked, 3600)),
				  "%d dimensions, m %d: room for %u of %d", dim, m, layout.nonzeros, asked);
		CHECK(layout.shape[HNSW_BASE].off_own % 4 == 0 && layout.shape[HNSW_UPPER].off_own % 4 == 0);
		((uint8 *) &layout)[unit_below(sizeof(layout))] ^= 1 << unit_below(8);
		if (hnsw_layout_valid(&layout))
			CHECK(layout.shape[HNSW_BASE].off_own + layout.own_bytes <= layout.shape[HNSW_BASE].size &&
				  12 + 6 * (uint64) layout.nonzeros <= layout.own_bytes);
	}
	fixture_nonzeros = 0;
	fixture_layout_cell(&layout, sparse, 30000, 16, 0);
	CHECK_INT(layout.shape[HNSW_BASE].per_page, 3);
	fixture_layout_cell(&layout, bits, 64000, 16, 0);
	CHECK(hnsw_layout_valid(&layout));
	CHECK_INT(layout.shape[HNSW_BASE].pages, 2);
	CHECK_INT(layout.own_bytes, 8000);
	layout.dim = 64001;
	CHECK(!hnsw_layout_valid(&layout));
}

int
main(void)
{
	hnsw_kernels_init();
	test_plan();
	test_matches();
	for (int metric = HNSW_L2; metric <= HNSW_L1; metric++)
	{
		test_sparse_bounds(metric);
		test_stored_distance(hnsw_cell_find(HNSW_SPARSEVEC, metric), 100);
		test_stored_distance(hnsw_cell_find(HNSW_SPARSEVEC, metric), 1000000000);
		test_damage(hnsw_cell_find(HNSW_SPARSEVEC, metric), 500);
	}
	test_nothing_in_common(HNSW_IP);
	test_nothing_in_common(HNSW_COSINE);
	for (int metric = HNSW_HAMMING; metric <= HNSW_JACCARD; metric++)
	{
		test_bit_bounds(metric);
		test_stored_distance(hnsw_cell_find(HNSW_BIT, metric), 1000);
	}
	test_problems();
	return unit_done();
}
