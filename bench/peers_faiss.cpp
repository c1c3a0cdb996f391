/*-------------------------------------------------------------------------
 *
 * peers_faiss.cpp
 *		FAISS (IndexHNSWFlat) in memory, beside vecbench; see peers.hpp.
 *
 * Uses the system's libfaiss-dev.
 *
 * IDENTIFICATION
 *	  bench/peers_faiss.cpp
 *-------------------------------------------------------------------------
 */
#include "peers.hpp"

#include <omp.h>

#include <faiss/IndexHNSW.h>

class Faiss : public Peer
{
public:
	Faiss(const Dataset &ds, int m, int efc)
		: index(ds.dim, m, ds.metric == METRIC_L2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT)
	{
		index.hnsw.efConstruction = efc;
	}

	void build(const Dataset &ds, int threads) override
	{
		omp_set_num_threads(threads);
		index.add(ds.n, ds.base);
		/* searches are of one thread */
		omp_set_num_threads(1);
	}

	void set_ef(int ef) override
	{
		index.hnsw.efSearch = ef;
	}

	void search(const float *query, int k, std::vector<int64_t> &ids) override
	{
		distance.resize(k);
		ids.resize(k);
		index.search(1, query, k, distance.data(), ids.data());
		while (!ids.empty() && ids.back() < 0)
			ids.pop_back();
	}

	/* vector, and the neighbours of all layers */
	double bytes_per_vector() const override
	{
		return index.d * sizeof(float)
			+ (double) index.hnsw.neighbors.size() * sizeof(index.hnsw.neighbors[0]) / index.ntotal;
	}

private:
	faiss::IndexHNSWFlat index;
	std::vector<float> distance;
};

static std::unique_ptr<Peer>
make_faiss(const Dataset &ds, int m, int efc)
{
	if (ds.metric == METRIC_L1)
		bench_fail("this takes L2, inner product and cosine");
	return std::make_unique<Faiss>(ds, m, efc);
}

int
main(int argc, char **argv)
{
	return peer_main("faiss", make_faiss, argc, argv);
}
