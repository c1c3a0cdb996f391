/*-------------------------------------------------------------------------
 *
 * peers.hpp
 *		What the programs of the in-memory libraries share: the same data, the
 *		same columns as vecbench.
 *
 * No SQL, one thread searches: what a graph of the same parameters gives when
 * nothing but the search is paid for.
 *
 *	PROGRAM DIR|--generate=N,DIM M EF_CONSTRUCTION EF,EF,... [K [PASSES [THREADS [ROWS]]]]
 *
 * THREADS build, ROWS (0: all) takes the first ones.  Without passes the line
 * of an ef has recall and the time of the build only.
 *
 * IDENTIFICATION
 *	  bench/peers.hpp
 *-------------------------------------------------------------------------
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

extern "C"
{
#include "dataset.h"
}

/* A library's index, over rows that stay where they are. */
class Peer
{
public:
	virtual ~Peer() = default;
	virtual void build(const Dataset &ds, int threads) = 0;
	virtual void set_ef(int ef) = 0;
	/* ids of the nearest k rows, in any order */
	virtual void search(const float *query, int k, std::vector<int64_t> &ids) = 0;
	virtual double bytes_per_vector() const = 0;
};

/* Makes an empty index; fails for a metric that the library lacks. */
typedef std::unique_ptr<Peer> (*PeerMaker) (const Dataset &ds, int m, int efc);

static inline double
peer_now()
{
	using namespace std::chrono;

	return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/* Scales every row to length 1: cosine is the inner product of those. */
static inline void
peer_normalize(float *rows, int n, int dim)
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
static inline double
peer_recall(const Dataset &ds, int q, const std::vector<int64_t> &ids, int k)
{
	const float *query = ds.query + (size_t) q * ds.dim;
	double		kth = -HUGE_VAL;
	int			right = 0;

	for (int i = 0; i < k; i++)
		kth = std::max(kth, dataset_distance(ds.metric, query,
											 ds.base + (size_t) ds.gt[(size_t) q * ds.gtk + i] * ds.dim, ds.dim));
	for (int64_t id : ids)
		right += dataset_distance(ds.metric, query, ds.base + id * ds.dim, ds.dim)
			<= kth + 1e-6 * std::fabs(kth) + 1e-7;
	return (double) right / k;
}

/* One pass over the queries: recall, and what each took. */
static inline double
peer_pass(Peer &peer, const Dataset &ds, int k, std::vector<double> *took)
{
	double		recall = 0;
	std::vector<int64_t> ids;

	for (int q = 0; q < ds.nq; q++)
	{
		double		start = peer_now();

		ids.clear();
		peer.search(ds.query + (size_t) q * ds.dim, k, ids);
		if (took != nullptr)
			took->push_back(peer_now() - start);
		else
			recall += peer_recall(ds, q, ids, k) / ds.nq;
	}
	return recall;
}

static inline int
peer_main(const char *name, PeerMaker make, int argc, char **argv)
{
	Dataset		ds;

	if (argc < 5)
		bench_fail("usage: %s DIR|--generate=N,DIM M EF_CONSTRUCTION EF,EF,... [K [PASSES [THREADS [ROWS]]]]",
				   name);
	int			m = atoi(argv[2]);
	int			efc = atoi(argv[3]);
	int			k = argc > 5 ? atoi(argv[5]) : 10;
	int			passes = argc > 6 ? atoi(argv[6]) : 3;
	int			threads = argc > 7 ? atoi(argv[7]) : 1;

	dataset_open(&ds, argv[1], argc > 8 ? atoi(argv[8]) : 0, 0);
	dataset_exact(&ds, k);
	if (ds.metric == METRIC_COSINE)
	{
		peer_normalize(ds.base, ds.n, ds.dim);
		peer_normalize(ds.query, ds.nq, ds.dim);
	}

	double		build_s = peer_now();
	std::unique_ptr<Peer> peer = make(ds, m, efc);

	peer->build(ds, threads);
	build_s = peer_now() - build_s;
	for (char *p = argv[4]; *p;)
	{
		int			ef = strtol(p, &p, 10);
		std::vector<double> took;
		double		sum = 0;

		if (*p == ',')
			p++;
		else if (*p || ef < 1)
			bench_fail("invalid list of ef values");
		peer->set_ef(ef);

		/* the checking pass is the warm-up */
		double		recall = peer_pass(*peer, ds, k, nullptr);

		for (int pass = 0; pass < passes; pass++)
			peer_pass(*peer, ds, k, &took);
		for (double t : took)
			sum += t;
		std::sort(took.begin(), took.end());
		printf("%s-c%d,%s,%d,%d,%s,%d,%d,,%d,%d,%d,%.4f,", name, efc, ds.name, ds.n, ds.dim,
			   metric_name(ds.metric), m, efc, threads - 1, k, ef, recall);
		if (took.empty())
			printf(",,,");
		else
			printf("%.1f,%.1f,%.1f,%.1f", took.size() / sum, 1e6 * sum / took.size(),
				   1e6 * took[took.size() / 2], 1e6 * took[(size_t) (took.size() * 0.99)]);
		printf(",,,,,,,,,%.2f,%.0f,%.1f\n", build_s, ds.n * peer->bytes_per_vector(),
			   peer->bytes_per_vector());
		fflush(stdout);
	}
	return 0;
}

#endif							/* BENCH_PEERS_H */
