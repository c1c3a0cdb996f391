/*-------------------------------------------------------------------------
 *
 * dataset.h
 *		Vector sets for the benchmarks: files, a generator, exact answers.
 *
 * IDENTIFICATION
 *	  bench/dataset.h
 *-------------------------------------------------------------------------
 */
#ifndef BENCH_DATASET_H
#define BENCH_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* of what dataset_open generates */
#define GENERATED_QUERIES	500
#define GENERATOR_SEED		20240601

typedef enum Metric
{
	METRIC_L2,
	METRIC_IP,
	METRIC_COSINE,
	METRIC_L1
} Metric;

/*
 * n base vectors and nq queries of dim floats each, row by row, and for each
 * query the ids of its gtk exact nearest neighbours (NULL until
 * dataset_exact).
 */
typedef struct Dataset
{
	char		name[64];
	Metric		metric;
	int			n;
	int			nq;
	int			dim;
	float	   *base;
	float	   *query;
	int			gtk;
	int32_t    *gt;
} Dataset;

/* "l2", "ip", "cosine", "l1"; exits on any other name */
extern Metric metric_parse(const char *name);
extern const char *metric_name(Metric metric);

/*
 * The distance as the SQL operator of the metric returns it (L2 with its
 * root, negative inner product, 1 - cosine, sum of differences), in double.
 */
extern double dataset_distance(Metric metric, const float *a, const float *b, int dim);

/*
 * Reads DIR/base.{fvecs,bvecs}, DIR/query.{fvecs,bvecs} and, when all rows are
 * read, DIR/groundtruth.ivecs; the metric comes from DIR/README.txt.  At most
 * max_n rows and max_q queries (0: all).  Exits with a message on any fault.
 */
extern void dataset_read(Dataset *ds, const char *dir, int max_n, int max_q);

/*
 * A mixture of Gaussians whose variance decays over the coordinates, the same
 * bytes for the same arguments on every machine.
 */
extern void dataset_generate(Dataset *ds, int n, int dim, int nq, uint64_t seed);

/*
 * Either of the two above: "--generate=N,DIM", "--data=DIR" or "DIR".  With
 * max_n the first rows of the same set, so that sizes can be compared.
 */
extern void dataset_open(Dataset *ds, const char *what, int max_n, int max_q);

/* Makes ds->gt hold at least k exact neighbours for ds->metric. */
extern void dataset_exact(Dataset *ds, int k);

/* malloc that exits with a message when there is no memory */
extern void *bench_alloc(size_t size);

/* prints "vecbench: ..." and exits */
extern void bench_fail(const char *fmt,...) __attribute__((format(printf, 1, 2), noreturn));

#endif							/* BENCH_DATASET_H */
