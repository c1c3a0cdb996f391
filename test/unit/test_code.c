/*-------------------------------------------------------------------------
 *
 * test_code.c
 *		Layout plan, rotation, quantised points, lower bounds, edge codes.
 *
 * IDENTIFICATION
 *	  test/unit/test_code.c
 *-------------------------------------------------------------------------
 */
#include "fixture.h"

#include "code/own_block.h"
#include "code/rotation.h"

static const char *const metric_names[] = {"", "l2", "ip", "cosine", "l1"};

/* ------------------------------------------------------------------------
 * Layout
 * ------------------------------------------------------------------------
 */
typedef struct PlanArg
{
	HnswLayoutRequest request;
	HnswLayout	layout;
} PlanArg;

static void
plan(void *arg)
{
	PlanArg    *p = arg;

	hnsw_layout_plan(&p->request, &p->layout);
}

static void
check_plan(const HnswLayout *layout, const HnswLayoutRequest *request)
{
	for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
	{
		const HnswShape *shape = &layout->shape[kind];

		/* 8 slots are the least that the plan chooses by itself */
		int			asked = kind == HNSW_UPPER ? Max(request->m, 8) :
		request->m0 > 0 ? request->m0 : Max(2 * request->m, 8);
		bool		free_choice = kind == HNSW_BASE && request->m0 == 0 && shape->bits > 0;

		CHECK_MSG(free_choice ? shape->slots >= asked - asked / 8 &&
				  shape->slots <= asked + asked / 4 : shape->slots == asked,
				  "dim %d, m %d, m0 %d, kind %d: %d slots", request->dim, request->m,
				  request->m0, kind, shape->slots);
		CHECK_MSG(shape->size <= HNSW_PAGE_ROOM * shape->pages &&
				  shape->size * shape->per_page <= HNSW_PAGE_ROOM * shape->pages,
				  "dim %d, m %d, kind %d: %d bytes, %d a page, %d pages", request->dim,
				  request->m, kind, shape->size, shape->per_page, shape->pages);
		CHECK_MSG(shape->off_codes + shape->slots * shape->code_bytes <= shape->size &&
				  shape->off_own + (int) layout->own_bytes <= shape->off_codes &&
				  shape->off_ids % 4 == 0 && shape->off_bias % 2 == 0 && shape->size % 4 == 0,
				  "dim %d, m %d, kind %d: parts overlap", request->dim, request->m, kind);
		CHECK((shape->bits > 0) == request->cell->coded);
	}
}

static void
test_layout(void)
{
	static const int degrees[] = {2, 3, 5, 8, 16, 31, 32, 48, 64, 99, 100};
	static const int bits[] = {64, 128, 256, 1024, 4096};
	int			refused = 0;

	unit_group("layout plan");
	for (int dim = 1; dim <= 16000; dim += dim < 300 ? 1 : dim < 2100 ? 29 : 271)
		for (int i = 0; i < (int) lengthof(degrees); i++)
			for (int j = 0; j < 3; j++)
			{
				PlanArg		p;
				int			m = degrees[i];

				p.request.cell = hnsw_cell_find(HNSW_VECTOR, (dim + j) % 3 == 0 ? HNSW_L1 : HNSW_L2);
				p.request.dim = dim;
				p.request.m = m;
				p.request.m0 = j == 0 ? 0 : j == 1 ? m : 4 * m;
				p.request.edge_bits = j == 2 ? bits[(dim + i) % lengthof(bits)] : 0;
				if (raises(plan, &p))
				{
					refused++;
					continue;
				}
				CHECK_MSG(hnsw_layout_valid(&p.layout), "dim %d, m %d, m0 %d, bits %d: not valid",
						  dim, m, p.request.m0, p.request.edge_bits);
				check_plan(&p.layout, &p.request);
			}
	CHECK_MSG(refused == 0, "%d plans refused", refused);
}

/* Any byte of a valid layout changed: refused, or still within its bounds. */
static void
test_layout_noise(void)
{
	unit_group("layout read from a damaged page");
	unit_seed(1);
	for (int round = 0; round < 20000; round++)
	{
		HnswLayout	layout;
		uint8		noise = (uint8) (1 + unit_below(255));

		fixture_layout(&layout, 1 + round % 4, 1 + unit_below(round % 7 == 0 ? 16000 : 900),
					   2 + unit_below(40), 0);
		((uint8 *) &layout)[unit_below(sizeof(layout))] ^= noise;
		if (!hnsw_layout_valid(&layout))
			continue;
		for (int kind = HNSW_BASE; kind <= HNSW_UPPER; kind++)
		{
			const HnswShape *shape = &layout.shape[kind];

			CHECK(shape->slots <= HNSW_MAX_SLOTS);
			CHECK(shape->size * shape->per_page <= HNSW_PAGE_ROOM * shape->pages);
			CHECK(shape->off_own + (int) layout.own_bytes <= shape->size);
			CHECK(shape->off_codes + shape->slots * shape->code_bytes <= shape->size);
		}
	}
}

/* ------------------------------------------------------------------------
 * Rotation
 * ------------------------------------------------------------------------
 */
static void
test_rotation(void)
{
	float	   *a = malloc(sizeof(float) * HNSW_KERNEL_MAX_DIM);
	float	   *b = malloc(sizeof(float) * HNSW_KERNEL_MAX_DIM);

	unit_group("rotation keeps lengths and angles");
	unit_seed(2);
	for (int dim = 1; dim <= HNSW_KERNEL_MAX_DIM; dim = dim < 140 ? dim + 1 : dim * 5 / 4 + 1)
	{
		double		aa = 0,
					ab = 0,
					bb = 0,
					raa = 0,
					rab = 0,
					rbb = 0;

		for (int i = 0; i < dim; i++)
		{
			a[i] = (float) unit_normal();
			b[i] = i == dim / 2 ? 3 : (float) (0.1 * unit_normal());
			aa += (double) a[i] * a[i];
			ab += (double) a[i] * b[i];
			bb += (double) b[i] * b[i];
		}
		hnsw_rotate(a, dim);
		hnsw_rotate(b, dim);
		for (int i = 0; i < dim; i++)
		{
			raa += (double) a[i] * a[i];
			rab += (double) a[i] * b[i];
			rbb += (double) b[i] * b[i];
		}
		CHECK_NEAR(raa, aa, 4e-6 * aa);
		CHECK_NEAR(rbb, bb, 4e-6 * bb);
		CHECK_NEAR(rab, ab, 4e-6 * sqrt(aa * bb));
	}

	unit_group("rotation spreads one coordinate");
	for (int dim = 16; dim <= 4100; dim = dim * 3 / 2 + 1)
		for (int at = 0; at < dim; at += dim / 5)
		{
			float		most = 0;

			memset(a, 0, sizeof(float) * dim);
			a[at] = 1;
			hnsw_rotate(a, dim);
			for (int i = 0; i < dim; i++)
				most = fmaxf(most, fabsf(a[i]));
			CHECK_MSG(most <= 8 / sqrt(dim), "dim %d: one coordinate is still %g", dim, most);
		}
	free(a);
	free(b);
}

/* ------------------------------------------------------------------------
 * Points and bounds
 * ------------------------------------------------------------------------
 */
typedef enum Kind
{
	KIND_GAUSS,
	KIND_UNIFORM,				/* positive */
	KIND_NEAR,					/* the query is nearly the vector */
	KIND_EQUAL,					/* the query is the vector */
	KIND_CONSTANT,
	KIND_ONE_HOT,
	KIND_OUTLIER,				/* one coordinate is a thousand times larger */
	KIND_OFFSET,				/* far from the origin, near each other */
	KIND_INTEGERS,
	KIND_MIXED,					/* the query is a million times larger */
	KIND_COUNT
} Kind;

static void
fill_pair(Kind kind, float *q, float *v, int dim, double scale)
{
	int			hot = unit_below(dim);

	for (int i = 0; i < dim; i++)
	{
		double		x = unit_normal(),
					y = unit_normal();

		switch (kind)
		{
			case KIND_UNIFORM:
				x = unit_uniform();
				y = unit_uniform();
				break;
			case KIND_NEAR:
				y = x * (1 + 1e-4 * y);
				break;
			case KIND_EQUAL:
				y = x;
				break;
			case KIND_CONSTANT:
				x = 0.7;
				y = -0.3;
				break;
			case KIND_ONE_HOT:
				x = i == hot;
				y = i == (hot + dim / 2) % dim;
				break;
			case KIND_OUTLIER:
				x *= i == hot ? 1000 : 1;
				break;
			case KIND_OFFSET:
				x = 1000 + x;
				y = 1000 + y;
				break;
			case KIND_INTEGERS:
				x = unit_below(256);
				y = unit_below(256);
				break;
			case KIND_MIXED:
				y *= 1e6;
				break;
			default:
				break;
		}
		v[i] = (float) (x * scale);
		q[i] = (float) (y * scale);
	}
}

/* What the operator returns; see types/vector_math.c. */
static double
operator_distance(const HnswKernels *k, HnswMetric metric, const float *a, const float *b, int dim)
{
	float		sums[3];

	if (metric == HNSW_COSINE)
	{
		k->dot3(a, b, dim, sums);
		if (!(sums[1] > 1e-30 && sums[1] <= FLT_MAX && sums[2] > 1e-30 && sums[2] <= FLT_MAX))
			return true_distance(metric, a, b, dim);
		return 1 - fmax(-1, fmin(1, sums[0] / sqrt((double) sums[1] * sums[2])));
	}
	switch (metric)
	{
		case HNSW_L2:
			return sqrt(k->l2sq(a, b, dim));
		case HNSW_IP:
			return -k->dot(a, b, dim);
		default:
			return k->l1(a, b, dim);
	}
}

static HnswRecord *
make_record(const HnswLayout *layout, const HnswPoint *point)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];
	HnswRecord *rec = calloc(1, shape->size);

	rec->state = HNSW_LINKED;
	rec->base = 0;
	rec->down = rec->parent = HNSW_NO_ID;
	rec->vmin = point->vmin;
	rec->vstep = point->vstep;
	rec->resid = point->resid;
	memcpy(hnsw_record_own(rec, shape), point->own, layout->own_bytes);
	return rec;
}

/* The residual bound is one: the norm of the rotated vector less its codes. */
static void
check_resid(const HnswLayout *layout, const HnswPoint *point)
{
	double		sum = 0;

	for (int i = 0; i < (int) layout->dim; i++)
	{
		double		d = (double) ((float *) point->x)[i] - ((float *) point->xhat)[i];

		sum += layout->metric == HNSW_L1 ? fabs(d) : d * d;
	}
	if (layout->metric != HNSW_L1)
		sum = sqrt(sum);

	/*
	 * It is small, unless steps leave the range of floats or, without a
	 * rotation, one coordinate spoils the steps of all.
	 */
	CHECK_MSG(point->resid >= sum &&
			  (point->resid <= 0.5 * point->norm || point->norm < 1e-30 ||
			   layout->metric == HNSW_L1),
			  "dim %d: bound %g, residual %g, norm %g", (int) layout->dim,
			  point->resid, sum, point->norm);
}

static void
check_pair(const HnswLayout *layout, HnswScorer *scorer, HnswPoint *vp, HnswPoint *qp,
		   const float *q, const float *v, const char *what)
{
	int			dim = layout->dim;
	const HnswKernels *k;
	HnswRecord *rec;
	double		lower,
				truth = true_distance(layout->metric, q, v, dim);

	if (!hnsw_point_set(vp, layout, v) || !hnsw_point_set_query(qp, layout, q))
		return;
	if (dim > 1 && !vp->clamped)
		check_resid(layout, vp);
	rec = make_record(layout, vp);
	lower = hnsw_point_lower_bound(qp, layout,
								   hnsw_score_own(scorer, &layout->shape[HNSW_BASE], qp->x, rec),
								   rec->resid);
	free(rec);
	CHECK_MSG(lower <= truth || isnan(truth), "%s, dim %d: bound %.17g, distance %.17g", what,
			  dim, lower, truth);
	CHECK_MSG(!isnan(lower), "%s, dim %d: bound is NaN", what, dim);
	for (int i = 0; (k = hnsw_kernels_available(i)) != NULL; i++)
	{
		double		d = operator_distance(k, layout->metric, q, v, dim);

		CHECK_MSG(lower <= d || isnan(d), "%s, dim %d: bound %.17g, %s kernels %.17g", what,
				  dim, lower, k->name, d);
	}
}

static void
test_bounds(HnswMetric metric)
{
	static const int dims[] = {1, 2, 3, 5, 8, 17, 31, 64, 100, 128, 300, 768, 1536, 4096, 16000};
	static const double scales[] = {1, 1e-3, 1e3, 1e-12, 1e12, 1e-20, 1e17, 1e-38, 1e-42, 3e34};

	unit_group("lower bound, %s", metric_names[metric]);
	unit_seed(3);
	for (int d = 0; d < (int) lengthof(dims); d++)
	{
		int			dim = dims[d];
		int			times = dim <= 128 ? 12 : dim <= 1536 ? 3 : 1;
		HnswLayout	layout;
		HnswScorer	scorer;
		HnswPoint	vp,
					qp;
		float	   *q = malloc(sizeof(float) * dim);
		float	   *v = malloc(sizeof(float) * dim);

		fixture_layout(&layout, metric, dim, 8, 0);
		hnsw_scorer_init(&scorer, &layout);
		hnsw_point_init(&vp, &layout);
		hnsw_point_init(&qp, &layout);
		for (int kind = 0; kind < KIND_COUNT; kind++)
			for (int s = 0; s < (int) lengthof(scales); s++)
				for (int i = 0; i < times; i++)
				{
					char		what[64];

					snprintf(what, sizeof(what), "kind %d, scale %g", kind, scales[s]);
					fill_pair(kind, q, v, dim, scales[s]);
					check_pair(&layout, &scorer, &vp, &qp, q, v, what);
				}
		hnsw_scorer_free(&scorer);
		hnsw_point_free(&vp);
		hnsw_point_free(&qp);
		free(q);
		free(v);
	}
}

/* ------------------------------------------------------------------------
 * Edges
 * ------------------------------------------------------------------------
 */

/*
 * Edges and queries as near to the record as it is to them, random Gaussian:
 * the estimates must have no bias and the error that the plan promises.
 */
static void
test_estimates(HnswMetric metric, int dim, int m)
{
	HnswLayout	layout;
	const HnswShape *shape;
	HnswScorer	scorer;
	HnswPoint	u,
				v,
				q;
	float	   *x = malloc(sizeof(float) * dim);
	float	   *y = malloc(sizeof(float) * dim);
	double		sum = 0,
				sum2 = 0;
	int			n = 0;
	HnswRecord *rec;

	unit_group("estimates, %s, %d dimensions, m %d", metric_names[metric], dim, m);
	unit_seed(4);
	fixture_layout(&layout, metric, dim, m, 0);
	shape = &layout.shape[HNSW_BASE];
	hnsw_scorer_init(&scorer, &layout);
	hnsw_point_init(&u, &layout);
	hnsw_point_init(&v, &layout);
	hnsw_point_init(&q, &layout);
	for (int round = 0; round < (dim > 1000 ? 10 : 40); round++)
	{
		HnswScore	score;
		float	   *g = malloc(sizeof(float) * shape->slots);
		double		uq;

		for (int i = 0; i < dim; i++)
			x[i] = (float) unit_normal();
		hnsw_point_set(&u, &layout, x);
		rec = make_record(&layout, &u);
		for (int i = 0; i < dim; i++)
			y[i] = x[i] + 0.5f * (float) unit_normal();
		hnsw_point_set_query(&q, &layout, y);
		for (int slot = 0; slot < shape->slots; slot++)
		{
			for (int i = 0; i < dim; i++)
				y[i] = x[i] + 0.5f * (float) unit_normal();
			hnsw_point_set(&v, &layout, y);
			hnsw_edge_write(&layout, shape, rec, u.xhat, slot, slot + 1, v.xhat);
			rec->count++;
			g[slot] = metric == HNSW_IP ? -hnsw_kernels->dot(q.x, v.xhat, dim) :
				hnsw_kernels->l2sq(q.x, v.xhat, dim);
		}
		score = hnsw_score_all(&scorer, shape, q.x, rec);
		uq = score.pp;
		for (int slot = 0; slot < shape->slots; slot++)
		{
			/* relative to the squared distance between neighbor and record */
			double		error = (scorer.est[slot] - g[slot]) / uq;

			sum += error;
			sum2 += error * error;
			n++;
		}
		free(g);
		free(rec);
	}
	sum /= n;
	sum2 = sqrt(sum2 / n);
	if (metric == HNSW_IP)
		sum2 *= 2;
	/* factors have 8 bits: 0.2 % and more of ||r||^2, which no code improves */
	CHECK_MSG(fabs(sum) <= 0.25 * shape->error + 0.004, "bias %.4f, error %.4f, plan %.4f",
			  sum, sum2, shape->error);
	CHECK_MSG(sum2 <= 1.25 * shape->error + 0.01, "error %.4f, plan %.4f", sum2, shape->error);
	CHECK_MSG(sum2 >= 0.6 * shape->error - 0.004, "error %.4f, plan %.4f", sum2, shape->error);
	hnsw_scorer_free(&scorer);
	hnsw_point_free(&u);
	hnsw_point_free(&v);
	hnsw_point_free(&q);
	free(x);
	free(y);
}

/* Writes the edge from u to v as the graph does. */
static void
write_edge(const HnswLayout *layout, HnswRecord *rec, const HnswPoint *u, int slot, const HnswPoint *v)
{
	const HnswShape *shape = &layout->shape[HNSW_BASE];
	HnswScorer	scorer;

	if (shape->bits > 0)
	{
		hnsw_edge_write(layout, shape, rec, u->xhat, slot, slot + 1, v->xhat);
		return;
	}
	hnsw_scorer_init(&scorer, layout);
	hnsw_edge_write_length(layout, shape, rec, slot, slot + 1,
						   hnsw_score_own(&scorer, shape, v->xhat, rec).g);
	hnsw_scorer_free(&scorer);
}

/* Lengths of edges over all magnitudes that coordinates may have. */
static void
test_lengths(HnswMetric metric)
{
	HnswLayout	layout;
	const HnswShape *shape;
	HnswPoint	u,
				v;
	float		x[24],
				y[24];
	const float *uhat,
			   *vhat;

	unit_group("edge factors, %s", metric_names[metric]);
	unit_seed(5);
	fixture_layout(&layout, metric, 24, 8, 0);
	shape = &layout.shape[HNSW_BASE];
	hnsw_point_init(&u, &layout);
	hnsw_point_init(&v, &layout);
	uhat = u.xhat;
	vhat = v.xhat;
	for (double scale = 1e-18; scale <= 1e15; scale *= 7)
	{
		HnswRecord *rec;
		double		uu = 0,
					want,
					got;

		for (int i = 0; i < 24; i++)
		{
			x[i] = (float) (scale * unit_normal());
			y[i] = (float) (scale * unit_normal());
		}
		hnsw_point_set(&u, &layout, x);
		hnsw_point_set(&v, &layout, y);
		rec = make_record(&layout, &u);
		for (int slot = 0; slot < shape->slots; slot++)
			write_edge(&layout, rec, &u, slot, slot % 2 == 0 ? &v : &u);
		rec->count = shape->slots;
		for (int i = 0; i < 24; i++)
			uu += (double) uhat[i] * uhat[i];
		want = true_distance(metric == HNSW_COSINE ? HNSW_L2 : metric, uhat, vhat, 24);
		if (metric == HNSW_L2 || metric == HNSW_COSINE)
			want *= want;
		got = hnsw_edge_length(&layout, shape, rec, 0, uu);
		CHECK_MSG(fabs(got - want) <= 0.004 * (fabs(want) + (metric == HNSW_IP ? uu : 0)),
				  "scale %g: length %g, want %g", scale, got, want);
		/* an edge to an equal vector */
		got = hnsw_edge_length(&layout, shape, rec, 1, uu);
		want = metric == HNSW_IP ? -uu : 0;
		CHECK_MSG(fabs(got - want) <= 1e-6 * uu, "scale %g: to itself %g, want %g",
				  scale, got, want);
		if (shape->bits > 0)
			CHECK_INT(hnsw_record_scale(rec, shape)[1], 0);
		free(rec);
	}
	hnsw_point_free(&u);
	hnsw_point_free(&v);
}

static void
test_moves(HnswMetric metric, int dim)
{
	Fixture		f;
	const HnswShape *shape;
	HnswRecord *rec,
			   *before;
	HnswPoint	u,
				v;
	HnswLinker	linker;
	HnswScorer	scorer;

	unit_group("moving and dropping edges, %s, %d dimensions", metric_names[metric], dim);
	unit_seed(6);
	fixture_open(&f, metric, dim, 8, 0, 40, 20);
	fixture_fill(&f, SHAPE_GAUSS);
	shape = &f.layout.shape[HNSW_BASE];
	hnsw_point_init(&u, &f.layout);
	hnsw_point_init(&v, &f.layout);
	hnsw_scorer_init(&scorer, &f.layout);
	hnsw_linker_init(&linker, &f.layout, &scorer);
	hnsw_point_set(&u, &f.layout, fixture_row(&f, 0));
	rec = make_record(&f.layout, &u);
	before = malloc(shape->size);
	for (int i = 1; i < f.nrows; i++)
	{
		hnsw_point_set(&v, &f.layout, fixture_row(&f, i));
		/* pinned edges fill the record; then there is no room, pinned or not */
		CHECK_INT(hnsw_link_offer(&linker, shape, rec, i, v.xhat, i > 4),
				  i - 1 < shape->slots + 4 ? HNSW_OFFER_TAKEN : HNSW_OFFER_NO_ROOM);
		CHECK(rec->count <= shape->slots);
		if (i == f.nrows - 1)
			CHECK_INT(hnsw_link_offer(&linker, shape, rec, i, v.xhat, false),
					  HNSW_OFFER_DROPPED);
	}
	CHECK(!hnsw_link_has_room(shape, rec));
	while (rec->count > 0)
	{
		int			slot = unit_below(rec->count),
					last = rec->count - 1;
		HnswId		gone = hnsw_record_ids(rec, shape)[slot];

		memcpy(before, rec, shape->size);
		hnsw_link_drop(shape, rec, slot);
		CHECK_INT(rec->count, last);
		CHECK_INT(hnsw_link_find(shape, rec, gone), -1);
		CHECK(hnsw_link_has_room(shape, rec));
		for (int i = 0; i < last; i++)
		{
			int			from = i == slot ? last : i;

			CHECK(hnsw_record_ids(rec, shape)[i] == hnsw_record_ids(before, shape)[from]);
			CHECK(hnsw_record_bias(rec, shape)[i] == hnsw_record_bias(before, shape)[from]);
			CHECK(hnsw_bit(hnsw_record_pinned(rec, shape), i) ==
				  hnsw_bit(hnsw_record_pinned(before, shape), from));
			CHECK(hnsw_bit(hnsw_record_pruned(rec, shape), i) ==
				  hnsw_bit(hnsw_record_pruned(before, shape), from));
			CHECK(memcmp(hnsw_record_codes(rec, shape) + i * shape->code_bytes,
						 hnsw_record_codes(before, shape) + from * shape->code_bytes,
						 shape->code_bytes) == 0);
		}
		CHECK(!hnsw_bit(hnsw_record_pinned(rec, shape), last));
		CHECK(!hnsw_bit(hnsw_record_pruned(rec, shape), last));
	}
	free(before);
	free(rec);
	hnsw_linker_free(&linker);
	hnsw_scorer_free(&scorer);
	hnsw_point_free(&u);
	hnsw_point_free(&v);
	fixture_close(&f);
}

/* ------------------------------------------------------------------------
 * Many own vectors at once
 * ------------------------------------------------------------------------
 */
#define BLOCK_ROWS	80

/* Any vector, the extremes among them; cosine takes no 0 and nothing beyond float. */
static void
extreme_row(float *x, int dim, int i, bool cosine)
{
	static const float sizes[] = {1, 1e-3f, 1e3f, 1e15f, 1e-18f, 3e38f, 1e-40f};
	float		size = sizes[i % (cosine ? 3 : lengthof(sizes))];

	for (int j = 0; j < dim; j++)
		x[j] = i % 10 == 9 ? size : i % 10 == 8 ? (float) (j == i % dim) * size :
			i % 10 == 7 ? 1000 + (float) unit_normal() : (float) unit_normal() * fminf(size, 1e37f);
	if (i == 20 && !cosine)
		memset(x, 0, sizeof(float) * dim);
}

/*
 * All distances of a block are those of own->distance, but for rounding, and for what
 * products of two steps lose below the range of normal floats.
 */
static void
check_block(const HnswOwnBlock *block, const HnswOwnProbes *probes, const HnswOwn *owns,
			int first_probe, bool l2)
{
	const HnswLayout *layout = block->layout;
	HnswLayout	plain = *layout;
	float	   *g = malloc(sizeof(float) * HNSW_BLOCK_STEP * HNSW_BLOCK_STEP);
	int			from = unit_below(block->count),
				n = 1 + unit_below(Min(block->count - from, HNSW_BLOCK_STEP));
	int			bad = 0;
	double		worst = 0;

	if (l2)
		plain.metric = HNSW_L2;
	hnsw_own_block_score(block, from, n, probes, l2, g);
	for (int r = 0; r < probes->count; r++)
		for (int i = 0; i < n; i++)
		{
			const HnswOwn *a = &owns[first_probe + r],
					   *b = &owns[from + i];
			double		want = hnsw_layout_own(&plain)->distance(&plain, a, b);
			double		lost = layout->dim * 255.0 * 128.0 * FLT_MIN * FLT_EPSILON;
			double		off = fmax(0, fabs(g[r * n + i] - want) - lost) / (a->norm2 + b->norm2 + FLT_MIN);

			worst = fmax(worst, off);
			bad += !(off <= 3e-6);
		}
	CHECK_MSG(bad == 0, "%u dimensions: %d of %d wrong, by %g", layout->dim, bad,
			  n * probes->count, worst);
	free(g);
}

static void
test_block(HnswMetric metric, int dim)
{
	HnswLayout	layout;
	HnswPoint	point;
	HnswOwnBlock block;
	HnswOwnProbes probes;
	HnswOwn		owns[BLOCK_ROWS];
	float	   *x = malloc(sizeof(float) * dim);
	uint8	   *codes;
	int			first = unit_below(BLOCK_ROWS - HNSW_BLOCK_STEP),
				nprobes = 1 + unit_below(HNSW_BLOCK_STEP);

	fixture_layout(&layout, metric, dim, 8, 0);
	codes = malloc((size_t) layout.own_bytes * BLOCK_ROWS);
	hnsw_point_init(&point, &layout);
	hnsw_own_block_init(&block, &layout, BLOCK_ROWS);
	hnsw_own_probes_init(&probes, &layout, HNSW_BLOCK_STEP);
	for (int i = 0; i < BLOCK_ROWS; i++)
	{
		HnswOwn    *own = &owns[i];
		HnswOwn		again;

		extreme_row(x, dim, i, metric == HNSW_COSINE);
		CHECK(hnsw_point_set(&point, &layout, x));
		own->codes = memcpy(codes + (size_t) layout.own_bytes * i, point.own, layout.own_bytes);
		own->vmin = point.vmin;
		own->vstep = point.vstep;
		hnsw_own_block_add(&block, own->codes, hnsw_own_factors(&layout, own));
		hnsw_layout_own(&layout)->ready(&layout, own);
		again = hnsw_own_block_get(&block, i);
		CHECK(again.norm2 == own->norm2 && again.sum == own->sum && again.codes == own->codes);
		if (i >= first && i < first + nprobes)
			hnsw_own_probes_add(&probes, own->codes, block.factors[i]);
	}
	check_block(&block, &probes, owns, first, false);
	check_block(&block, &probes, owns, first, true);
	hnsw_own_block_free(&block);
	hnsw_own_probes_free(&probes);
	hnsw_point_free(&point);
	free(codes);
	free(x);
}

static void
test_blocks(void)
{
	const HnswKernels *set;

	for (int i = 0; (set = hnsw_kernels_available(i)) != NULL; i++)
	{
		unit_group("%s: many own vectors at once", set->name);
		unit_seed(91);
		hnsw_kernels = set;
		for (int metric = HNSW_L2; metric <= HNSW_COSINE; metric++)
		{
			for (int dim = 1; dim <= 200; dim++)
				test_block(metric, dim);
			for (int k = 0; k < 5; k++)
				test_block(metric, 768);
		}
	}
	hnsw_kernels_init();
}

int
main(void)
{
	hnsw_kernels_init();
	test_blocks();
	test_layout();
	test_layout_noise();
	test_rotation();
	for (int metric = HNSW_L2; metric <= HNSW_L1; metric++)
	{
		test_bounds(metric);
		test_lengths(metric);
		test_moves(metric, 10);
		test_moves(metric, 500);
	}
	for (int metric = HNSW_L2; metric <= HNSW_COSINE; metric++)
	{
		test_estimates(metric, 32, 16);
		test_estimates(metric, 128, 16);
		test_estimates(metric, 384, 16);
		test_estimates(metric, 768, 16);
		test_estimates(metric, 768, 32);
		test_estimates(metric, 1536, 16);
		test_estimates(metric, 3072, 16);
	}
	return unit_done();
}
