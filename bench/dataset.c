/*-------------------------------------------------------------------------
 *
 * dataset.c
 *		Vector sets for the benchmarks: files, a generator, exact answers.
 *
 * Files are fvecs, bvecs and ivecs: each row is a little-endian int32 d and
 * then d float32, uint8 or int32 values.
 *
 * IDENTIFICATION
 *	  bench/dataset.c
 *-------------------------------------------------------------------------
 */
#include "dataset.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const metric_names[] = {"l2", "ip", "cosine", "l1"};

void
bench_fail(const char *fmt,...)
{
	va_list		args;

	fputs("vecbench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *
bench_alloc(size_t size)
{
	void	   *p = malloc(size ? size : 1);

	if (p == NULL)
		bench_fail("out of memory: %zu bytes", size);
	return p;
}

Metric
metric_parse(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(name, metric_names[i]) == 0)
			return (Metric) i;
	bench_fail("unknown metric \"%s\" (l2, ip, cosine or l1)", name);
}

const char *
metric_name(Metric metric)
{
	return metric_names[metric];
}

double
dataset_distance(Metric metric, const float *a, const float *b, int dim)
{
	double		x = 0,
				y = 0,
				z = 0;

	switch (metric)
	{
		case METRIC_L2:
			for (int i = 0; i < dim; i++)
				x += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
			return sqrt(x);
		case METRIC_IP:
			for (int i = 0; i < dim; i++)
				x += (double) a[i] * b[i];
			return -x;
		case METRIC_COSINE:
			for (int i = 0; i < dim; i++)
			{
				x += (double) a[i] * b[i];
				y += (double) a[i] * a[i];
				z += (double) b[i] * b[i];
			}
			return 1 - x / sqrt(y * z);
		case METRIC_L1:
			for (int i = 0; i < dim; i++)
				x += fabs((double) a[i] - b[i]);
			return x;
	}
	return 0;
}

/*
 * Reads up to max rows (0: all) of DIR/STEM.fvecs or .bvecs as floats; *rest
 * becomes the number of rows that were left.
 */
static float *
read_vectors(const char *dir, const char *stem, int max, int *n, int *dim, int *rest)
{
	char		path[4096];
	bool		bytes = false;
	FILE	   *f;
	int32_t		d;
	long		size;
	size_t		row;
	unsigned char *buf;
	float	   *out;

	snprintf(path, sizeof(path), "%s/%s.fvecs", dir, stem);
	if ((f = fopen(path, "rb")) == NULL)
	{
		bytes = true;
		snprintf(path, sizeof(path), "%s/%s.bvecs", dir, stem);
		if ((f = fopen(path, "rb")) == NULL)
			bench_fail("could not open \"%s\" (nor .fvecs): %s", path, strerror(errno));
	}
	if (fread(&d, sizeof(d), 1, f) != 1 || d < 1 || d > 16000)
		bench_fail("\"%s\" is not a vector file", path);
	row = sizeof(d) + (size_t) d * (bytes ? 1 : 4);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	if (size % row != 0)
		bench_fail("size of \"%s\" is not a multiple of its row of %zu bytes", path, row);
	rewind(f);
	*dim = d;
	*n = size / row;
	*rest = max > 0 && *n > max ? *n - max : 0;
	*n -= *rest;

	buf = bench_alloc(row);
	out = bench_alloc((size_t) *n * d * sizeof(float));
	for (int i = 0; i < *n; i++)
	{
		float	   *dst = out + (size_t) i * d;

		if (fread(buf, row, 1, f) != 1 || memcmp(buf, &d, sizeof(d)) != 0)
			bench_fail("row %d of \"%s\" is damaged", i, path);
		if (bytes)
			for (int j = 0; j < d; j++)
				dst[j] = buf[sizeof(d) + j];
		else
			memcpy(dst, buf + sizeof(d), (size_t) d * sizeof(float));
	}
	free(buf);
	fclose(f);
	return out;
}

/*
 * Reads DIR/groundtruth.ivecs when it is there and belongs to these rows.
 */
static void
read_groundtruth(Dataset *ds, const char *dir)
{
	char		path[4096];
	FILE	   *f;
	int32_t		d;

	snprintf(path, sizeof(path), "%s/groundtruth.ivecs", dir);
	if ((f = fopen(path, "rb")) == NULL)
		return;
	if (fread(&d, sizeof(d), 1, f) != 1 || d < 1)
		bench_fail("\"%s\" is not an ivecs file", path);
	rewind(f);
	ds->gtk = d;
	ds->gt = bench_alloc((size_t) ds->nq * d * sizeof(int32_t));
	for (int i = 0; i < ds->nq; i++)
	{
		int32_t    *dst = ds->gt + (size_t) i * d;

		if (fread(&d, sizeof(d), 1, f) != 1 || d != ds->gtk ||
			fread(dst, sizeof(int32_t), d, f) != (size_t) d)
			bench_fail("row %d of \"%s\" is damaged", i, path);
		for (int j = 0; j < d; j++)
			if (dst[j] < 0 || dst[j] >= ds->n)
				bench_fail("row %d of \"%s\" names vector %d of %d", i, path, dst[j], ds->n);
	}
	fclose(f);
}

void
dataset_read(Dataset *ds, const char *dir, int max_n, int max_q)
{
	char		path[4096];
	char		line[256];
	const char *slash;
	int			qdim;
	int			rest,
				qrest;
	FILE	   *f;

	memset(ds, 0, sizeof(*ds));
	snprintf(path, sizeof(path), "%s", dir);
	while (path[0] && path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	slash = strrchr(path, '/');
	snprintf(ds->name, sizeof(ds->name), "%.63s", slash ? slash + 1 : path);

	ds->base = read_vectors(dir, "base", max_n, &ds->n, &ds->dim, &rest);
	ds->query = read_vectors(dir, "query", max_q, &ds->nq, &qdim, &qrest);
	if (qdim != ds->dim)
		bench_fail("\"%s\": queries have %d dimensions, the base %d", dir, qdim, ds->dim);

	snprintf(path, sizeof(path), "%s/README.txt", dir);
	if ((f = fopen(path, "r")) != NULL)
	{
		while (fgets(line, sizeof(line), f))
		{
			char		name[16];

			if (sscanf(line, "metric %15[a-z0-9]", name) == 1)
				ds->metric = metric_parse(name);
		}
		fclose(f);
	}
	if (rest == 0)
		read_groundtruth(ds, dir);
}

void
dataset_open(Dataset *ds, const char *what, int max_n, int max_q)
{
	int			n,
				dim;

	if (strncmp(what, "--data=", 7) == 0)
		what += 7;
	if (sscanf(what, "--generate=%d,%d", &n, &dim) == 2)
	{
		if (n < 1 || dim < 1 || dim > 16000)
			bench_fail("--generate wants N,DIM, not \"%s\"", what);
		dataset_generate(ds, n, dim, max_q ? max_q : GENERATED_QUERIES, GENERATOR_SEED);
		if (max_n > 0 && max_n < n)
			ds->n = max_n;
	}
	else
		dataset_read(ds, what, max_n, max_q);
}

/* splitmix64: small, and its output is the same everywhere */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Standard normal, by Box and Muller (one of the two values is thrown away). */
static float
next_normal(uint64_t *state)
{
	double		u = ((next_random(state) >> 11) + 1) / 9007199254740992.0;
	double		v = (next_random(state) >> 11) / 9007199254740992.0;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

void
dataset_generate(Dataset *ds, int n, int dim, int nq, uint64_t seed)
{
	int			clusters = 16 + (int) sqrt((double) n) / 4;
	float	   *centre = bench_alloc((size_t) clusters * dim * sizeof(float));
	float	   *spread = bench_alloc(dim * sizeof(float));

	memset(ds, 0, sizeof(*ds));
	snprintf(ds->name, sizeof(ds->name), "gauss-%d", dim);
	ds->n = n;
	ds->nq = nq;
	ds->dim = dim;
	ds->base = bench_alloc((size_t) n * dim * sizeof(float));
	ds->query = bench_alloc((size_t) nq * dim * sizeof(float));

	/* real vectors have a few strong directions and a long weak tail */
	for (int j = 0; j < dim; j++)
		spread[j] = 1 / sqrtf(sqrtf(1 + j));
	for (int i = 0; i < clusters; i++)
		for (int j = 0; j < dim; j++)
			centre[(size_t) i * dim + j] = next_normal(&seed) * spread[j];
	for (int i = 0; i < n + nq; i++)
	{
		float	   *dst = i < n ? ds->base + (size_t) i * dim : ds->query + (size_t) (i - n) * dim;
		const float *c = centre + (size_t) (next_random(&seed) % clusters) * dim;

		for (int j = 0; j < dim; j++)
			dst[j] = c[j] + 0.7f * next_normal(&seed) * spread[j];
	}
	free(centre);
	free(spread);
}

#define LANES	16

/*
 * A fast score of the same order as the distance, for the exact scan:
 * squared L2, negative inner product (of rows scaled to length 1 when the
 * metric is cosine), L1.  Sums in lanes are what a compiler may vectorise.
 */
static float
exact_score(Metric metric, const float *a, const float *b, int dim)
{
	float		lane[LANES] = {0};
	float		s = 0;
	int			whole = dim - dim % LANES;

	if (metric == METRIC_L2)
	{
		for (int i = 0; i < whole; i += LANES)
			for (int j = 0; j < LANES; j++)
				lane[j] += (a[i + j] - b[i + j]) * (a[i + j] - b[i + j]);
		for (int i = whole; i < dim; i++)
			s += (a[i] - b[i]) * (a[i] - b[i]);
	}
	else if (metric == METRIC_L1)
	{
		for (int i = 0; i < whole; i += LANES)
			for (int j = 0; j < LANES; j++)
				lane[j] += fabsf(a[i + j] - b[i + j]);
		for (int i = whole; i < dim; i++)
			s += fabsf(a[i] - b[i]);
	}
	else
	{
		for (int i = 0; i < whole; i += LANES)
			for (int j = 0; j < LANES; j++)
				lane[j] -= a[i + j] * b[i + j];
		for (int i = whole; i < dim; i++)
			s -= a[i] * b[i];
	}
	for (int j = 0; j < LANES; j++)
		s += lane[j];
	return s;
}

void
dataset_exact(Dataset *ds, int k)
{
	float	   *norm = NULL;
	float	   *best;

	if (ds->gt != NULL && ds->gtk >= k)
		return;
	if (ds->n < k)
		bench_fail("%d neighbours asked of %d vectors", k, ds->n);
	free(ds->gt);
	ds->gtk = k;
	ds->gt = bench_alloc((size_t) ds->nq * k * sizeof(int32_t));
	best = bench_alloc(k * sizeof(float));
	if (ds->metric == METRIC_COSINE)
	{
		norm = bench_alloc(ds->n * sizeof(float));
		for (int i = 0; i < ds->n; i++)
		{
			const float *v = ds->base + (size_t) i * ds->dim;

			norm[i] = sqrtf(-exact_score(METRIC_IP, v, v, ds->dim));
		}
	}
	for (int q = 0; q < ds->nq; q++)
	{
		const float *query = ds->query + (size_t) q * ds->dim;
		int32_t    *ids = ds->gt + (size_t) q * k;
		int			have = 0;

		for (int i = 0; i < ds->n; i++)
		{
			float		s = exact_score(ds->metric, query, ds->base + (size_t) i * ds->dim, ds->dim);
			int			j;

			if (norm != NULL)
				s = norm[i] > 0 ? s / norm[i] : HUGE_VALF;
			if (have == k && s >= best[k - 1])
				continue;
			for (j = have < k ? have++ : k - 1; j > 0 && best[j - 1] > s; j--)
			{
				best[j] = best[j - 1];
				ids[j] = ids[j - 1];
			}
			best[j] = s;
			ids[j] = i;
		}
	}
	free(norm);
	free(best);
}
