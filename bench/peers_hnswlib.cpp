/*-------------------------------------------------------------------------
 *
 * peers_hnswlib.cpp
 *		The same data and the same columns as vecbench, from hnswlib in memory.
 *
 * One thread, no SQL: what a graph of the same parameters gives when nothing
 * but the search is paid for.  Uses the system's libhnswlib-dev.
 *
 *	hnswlib DIR M EF_CONSTRUCTION EF,EF,... [K [PASSES]]
 *
 * IDENTIFICATION
 *	  bench/peers_hnswlib.cpp
 *-------------------------------------------------------------------------
 */
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <hnswlib/hnswlib.h>

extern "C"
{
#include "dataset.h"
}

static double
now()
{
	using namespace std::chrono;

	return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/* Scales every row to length 1: cosine is the inner product of those. */
static void
normalize(float *rows, int n, int dim)
{
	for (int i = 0; i < n; i++)
	{
		float	   *v = rows + (size_t) i * dim;
		double		s = 0;

		for (int j = 0; j < dim; j++)
			s += (double) v[j] * v[j];
		for (int j = 0; j < dim; j++)
			v[j] = s > 0 ? v[j] / std::sqrt(s) : 0;
	}
}

/* Share of the k answers that are not farther than the k-th exact one. */
static double
recall_of(const Dataset &ds, int q, const std::vector<size_t> &ids, int k)
{
	const float *query = ds.query + (size_t) q * ds.dim;
	double		kth = -HUGE_VAL;
	int			right = 0;

	for (int i = 0; i < k; i++)
		kth = std::max(kth, dataset_distance(ds.metric, query,
											 ds.base + (size_t) ds.gt[(size_t) q * ds.gtk + i] * ds.dim, ds.dim));
	for (size_t id : ids)
		right += dataset_distance(ds.metric, query, ds.base + id * ds.dim, ds.dim)
			<= kth + 1e-6 * std::fabs(kth) + 1e-7;
	return (double) right / k;
}

int
main(int argc, char **argv)
{
	Dataset		ds;
	std::unique_ptr<hnswlib::SpaceInterface<float>> space;

	if (argc < 5)
		bench_fail("usage: hnswlib DIR M EF_CONSTRUCTION EF,EF,... [K [PASSES]]");
	int			m = atoi(argv[2]);
	int			efc = atoi(argv[3]);
	int			k = argc > 5 ? atoi(argv[5]) : 10;
	int			passes = argc > 6 ? atoi(argv[6]) : 3;

	dataset_read(&ds, argv[1], 0, 0);
	dataset_exact(&ds, k);
	if (ds.metric == METRIC_COSINE)
	{
		normalize(ds.base, ds.n, ds.dim);
		normalize(ds.query, ds.nq, ds.dim);
	}
	if (ds.metric == METRIC_L2)
		space = std::make_unique<hnswlib::L2Space>(ds.dim);
	else if (ds.metric == METRIC_L1)
		bench_fail("hnswlib has no L1");
	else
		space = std::make_unique<hnswlib::InnerProductSpace>(ds.dim);

	double		start = now();
	hnswlib::HierarchicalNSW<float> index(space.get(), ds.n, m, efc);

	for (int i = 0; i < ds.n; i++)
		index.addPoint(ds.base + (size_t) i * ds.dim, i);

	double		build_s = now() - start;

	for (char *p = argv[4]; *p;)
	{
		int			ef = strtol(p, &p, 10);
		double		recall = 0;
		std::vector<double> took;

		if (*p == ',')
			p++;
		else if (*p || ef < 1)
			bench_fail("invalid list of ef values");
		index.setEf(ef);
		for (int pass = 0; pass <= passes; pass++)
		{
			for (int q = 0; q < ds.nq; q++)
			{
				std::vector<size_t> ids;

				start = now();
				auto		found = index.searchKnn(ds.query + (size_t) q * ds.dim, k);

				took.push_back(now() - start);
				for (; !found.empty(); found.pop())
					ids.push_back(found.top().second);
				if (pass == 0)
					recall += recall_of(ds, q, ids, k) / ds.nq;
			}
			if (pass == 0)
				took.clear();	/* the checking pass is the warm-up */
		}

		double		sum = 0;

		for (double t : took)
			sum += t;
		std::sort(took.begin(), took.end());
		if (!took.empty())
			printf("hnswlib-c%d,%s,%d,%d,%s,%d,%d,,0,%d,%d,%.4f,%.1f,%.1f,%.1f,%.1f"
				   ",,,,,,,,,%.2f,%.0f,%.1f\n",
				   efc, ds.name, ds.n, ds.dim, metric_name(ds.metric), m, efc, k, ef, recall,
				   took.size() / sum, 1e6 * sum / took.size(),
				   1e6 * took[took.size() / 2], 1e6 * took[(size_t) (took.size() * 0.99)],
				   build_s, (double) ds.n * index.size_data_per_element_,
				   (double) index.size_data_per_element_);
		fflush(stdout);
	}
	return 0;
}
