/*-------------------------------------------------------------------------
 *
 * peers_hnswlib.cpp
 *		hnswlib in memory, beside vecbench; see peers.hpp.
 *
 * Uses the system's libhnswlib-dev.
 *
 * IDENTIFICATION
 *	  bench/peers_hnswlib.cpp
 *-------------------------------------------------------------------------
 */
#include "peers.hpp"

#include <atomic>
#include <thread>

#include <hnswlib/hnswlib.h>

class Hnswlib : public Peer
{
public:
	Hnswlib(const Dataset &ds, int m, int efc)
	{
		if (ds.metric == METRIC_L2)
			space = std::make_unique<hnswlib::L2Space>(ds.dim);
		else
			space = std::make_unique<hnswlib::InnerProductSpace>(ds.dim);
		index = std::make_unique<hnswlib::HierarchicalNSW<float>>(space.get(), ds.n, m, efc);
	}

	void build(const Dataset &ds, int threads) override
	{
		/* the first point alone: it becomes the way in */
		std::atomic<int> next{1};
		std::vector<std::thread> crew;
		auto		work = [&]
		{
			for (int i; (i = next++) < ds.n;)
				index->addPoint(ds.base + (size_t) i * ds.dim, i);
		};

		index->addPoint(ds.base, 0);
		for (int t = 1; t < threads; t++)
			crew.emplace_back(work);
		work();
		for (auto &thread : crew)
			thread.join();
	}

	void set_ef(int ef) override
	{
		index->setEf(ef);
	}

	void search(const float *query, int k, std::vector<int64_t> &ids) override
	{
		for (auto found = index->searchKnn(query, k); !found.empty(); found.pop())
			ids.push_back(found.top().second);
	}

	double bytes_per_vector() const override
	{
		return index->size_data_per_element_;
	}

private:
	std::unique_ptr<hnswlib::SpaceInterface<float>> space;
	std::unique_ptr<hnswlib::HierarchicalNSW<float>> index;
};

static std::unique_ptr<Peer>
make_hnswlib(const Dataset &ds, int m, int efc)
{
	if (ds.metric == METRIC_L1)
		bench_fail("hnswlib has no L1");
	return std::make_unique<Hnswlib>(ds, m, efc);
}

int
main(int argc, char **argv)
{
	return peer_main("hnswlib", make_hnswlib, argc, argv);
}
