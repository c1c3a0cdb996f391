/*-------------------------------------------------------------------------
 *
 * test_graph.c
 *		The graph in an arena: building, searching, streaming, failing.
 *
 * IDENTIFICATION
 *	  test/unit/test_graph.c
 *-------------------------------------------------------------------------
 */
#include "fixture.h"

static const HnswMetric metrics[] = {HNSW_L2, HNSW_IP, HNSW_COSINE, HNSW_L1};
static const char *const metric_names[] = {"", "l2", "ip", "cosine", "l1"};

typedef struct BuildCase
{
	int			dim;
	int			m;
	int			m0;
	int			rows;
	Shape		shape;
	double		recall;			/* of the 10 nearest at ef 40, at least */
} BuildCase;

static const BuildCase build_cases[] = {
	{1, 16, 0, 800, SHAPE_GAUSS, 0.95},
	{2, 16, 0, 800, SHAPE_GAUSS, 0.95},
	{3, 16, 0, 1500, SHAPE_GAUSS, 0.95},
	{3, 2, 2, 800, SHAPE_GAUSS, 0.5},
	{17, 5, 0, 800, SHAPE_CLUSTERED, 0.9},
	{64, 16, 0, 1000, SHAPE_GAUSS, 0.9},
	{64, 8, 0, 1000, SHAPE_REPEATED, 0.9},
	{64, 16, 0, 1000, SHAPE_CLUSTERED, 0.9},
	{64, 100, 0, 600, SHAPE_GAUSS, 0.9},
	{64, 16, 0, 2000, SHAPE_EQUAL, 0},
	{768, 16, 0, 450, SHAPE_GAUSS, 0.8},
	{8192, 16, 0, 60, SHAPE_GAUSS, 0.9},
	{16000, 4, 8, 60, SHAPE_GAUSS, 0.9},
};

static void
test_build(HnswMetric metric, const BuildCase *b)
{
	Fixture		f;
	double		recall;

	unit_group("build %s, %d dimensions, m %d, shape %d", metric_names[metric], b->dim,
			   b->m, b->shape);
	unit_seed(b->dim + b->shape);
	fixture_open(&f, metric, b->dim, b->m, b->m0, b->rows, 64);
	fixture_fill(&f, b->shape);
	check_whole(&f, "empty");
	fixture_insert(&f, 0, b->rows / 3);
	check_whole(&f, "a third");
	fixture_insert(&f, b->rows / 3, b->rows);
	check_whole(&f, "full");
	check_drained(&f, fixture_row(&f, 0), HNSW_ITERATIVE_STRICT);
	check_drained(&f, fixture_row(&f, 1), HNSW_ITERATIVE_RELAXED);
	recall = fixture_recall(&f, 20, 10, 40);
	CHECK_MSG(recall >= b->recall, "recall %.3f", recall);
	fixture_close(&f);
}

int
main(void)
{
	hnsw_kernels_init();
	for (int i = 0; i < (int) lengthof(metrics); i++)
		for (int j = 0; j < (int) lengthof(build_cases); j++)
			test_build(metrics[i], &build_cases[j]);
	return unit_done();
}
