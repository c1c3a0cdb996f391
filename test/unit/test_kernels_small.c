/*-------------------------------------------------------------------------
 *
 * test_kernels_small.c
 *		Kernels for halves and bits, of every set; sparse vectors.
 *
 * Conversions and counts must be exact, sums within the tolerance that
 * test_kernels.c explains.  The reference for rounding is arithmetic on
 * doubles, not the scalar kernel.
 *
 * IDENTIFICATION
 *	  test/unit/test_kernels_small.c
 *-------------------------------------------------------------------------
 */
#include "buffers.h"
#include "distance/kernels.h"
#include "distance/sparse.h"

/* what a half stands for, from the definition of the format */
static double
half_value(uint16 h)
{
	int			exponent = h >> 10 & 31,
				fraction = h & 1023;
	double		x;

	if (exponent == 31)
		x = fraction ? NAN : INFINITY;
	else if (exponent == 0)
		x = ldexp(fraction, -24);
	else
		x = ldexp(1024 + fraction, exponent - 25);
	return h & 0x8000 ? -x : x;
}

/* the nearest half, of two the even one; by the definition */
static uint16
nearest_half(float x)
{
	uint16		sign = signbit(x) ? 0x8000 : 0;
	double		y = fabs((double) x);
	int			exponent;

	if (isnan(x))
		return sign | 0x7e00;
	if (y == 0)
		return sign;
	if (y >= 65520)
		return sign | 0x7c00;
	frexp(y, &exponent);
	/* the place value of the last bit: 11 bits, at least 2^-24 */
	exponent = Max(exponent - 11, -24);
	y = nearbyint(ldexp(y, -exponent));
	/* subnormal halves have no leading bit; a carry goes to the exponent */
	return sign | (uint16) ((exponent + 24) * 1024 + (int) y);
}

static bool
same_half(uint16 a, uint16 b)
{
	return a == b || ((a & 0x7fff) > 0x7c00 && (b & 0x7fff) > 0x7c00 && (a ^ b) < 0x8000);
}

/* a random half that is no NaN and not infinite */
static uint16
finite_half(void)
{
	uint16		h;

	do
		h = (uint16) unit_random();
	while ((h & 0x7c00) == 0x7c00);
	return h;
}

static Buffer
halves(int n)
{
	Buffer		b = input(n * sizeof(uint16), sizeof(uint16));

	for (int i = 0; i < n; i++)
		U16(b)[i] = finite_half();
	return b;
}

/* --------------------------------------------------------- conversions */

static void
test_all_halves(const HnswKernels *set)
{
	static uint16 h[65536],
				back[65536];
	static float x[65536];
	int			bad = 0,
				changed = 0;

	unit_group("%s: every half", set->name);
	for (int i = 0; i < 65536; i++)
		h[i] = (uint16) i;
	set->half_to_float(h, x, 65536);
	set->float_to_half(x, back, 65536);
	for (int i = 0; i < 65536; i++)
	{
		double		want = half_value(h[i]);

		bad += isnan(want) ? !isnan(x[i]) : x[i] != want || !signbit(x[i]) != !signbit(want);
		changed += !same_half(back[i], h[i]);
	}
	CHECK_INT(bad, 0);
	CHECK_INT(changed, 0);
}

/* floats around every half and every middle between two, and random ones */
static void
test_rounding(const HnswKernels *set)
{
	static float x[65536 * 2 + 3];
	static uint16 h[lengthof(x)];
	int			bad = 0;

	unit_group("%s: float_to_half rounds", set->name);
	for (int step = -2; step <= 2; step++)
	{
		int			n = 0;

		for (int i = 0; i < 0x7c00; i++)
			for (int half = 0; half < 2; half++)
			{
				/* 65536 follows the largest half */
				double		next = i == 0x7bff ? 65536 : half_value((uint16) (i + 1));
				float		y = (float) (half ? (half_value((uint16) i) + next) / 2 : half_value((uint16) i));

				for (int k = 0; k < abs(step); k++)
					y = nextafterf(y, step < 0 ? -INFINITY : INFINITY);
				x[n++] = y;
				x[n++] = -y;
			}
		set->float_to_half(x, h, n);
		for (int i = 0; i < n; i++)
			bad += !same_half(h[i], nearest_half(x[i]));
	}
	CHECK_INT(bad, 0);
	for (int round = 0; round < 16; round++)
	{
		for (int i = 0; i < (int) lengthof(x); i++)
		{
			uint32		bits = (uint32) unit_random();

			memcpy(&x[i], &bits, sizeof(bits));
		}
		set->float_to_half(x, h, lengthof(x));
		for (int i = 0; i < (int) lengthof(x); i++)
			bad += !same_half(h[i], nearest_half(x[i]));
	}
	CHECK_INT(bad, 0);
}

static void
test_convert_lengths(const HnswKernels *set)
{
	unit_group("%s: half_to_float float_to_half", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t),
					bad = 0;
		Buffer		h = halves(n),
					x = output(n * sizeof(float), sizeof(float)),
					y = floats(n, 100),
					g = output(n * sizeof(uint16), sizeof(uint16));

		set->half_to_float(U16(h), F(x), n);
		set->float_to_half(F(y), U16(g), n);
		for (int i = 0; i < n; i++)
			bad += F(x)[i] != half_value(U16(h)[i]) || U16(g)[i] != nearest_half(F(y)[i]);
		CHECK_MSG(bad == 0, "n %d", n);
		set->half_to_float(U16(h), F(x), 0);
		set->float_to_half(F(y), U16(g), 0);
		release(h);
		release(y);
		release_output(x);
		release_output(g);
	}
}

/* ----------------------------------------------------------- distances */

static void
test_half(const HnswKernels *set)
{
	unit_group("%s: half_l2sq half_dot half_l1 half_dot3", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		Buffer		a = halves(n),
					b = halves(n),
					out = output(3 * sizeof(float), sizeof(float));
		double		l2 = 0,
					l1 = 0,
					ab = 0,
					aa = 0,
					bb = 0,
					absab = 0;

		for (int i = 0; i < n; i++)
		{
			double		x = half_value(U16(a)[i]),
						y = half_value(U16(b)[i]);

			l2 += (x - y) * (x - y);
			l1 += fabs(x - y);
			ab += x * y;
			absab += fabs(x * y);
			aa += x * x;
			bb += y * y;
		}
		CHECK_NEAR(set->half_l2sq(U16(a), U16(b), n), l2, tolerance(n, l2));
		CHECK_NEAR(set->half_l1(U16(a), U16(b), n), l1, tolerance(n, l1));
		CHECK_NEAR(set->half_dot(U16(a), U16(b), n), ab, tolerance(n, absab));
		CHECK_NEAR(set->half_dot(U16(a), U16(a), n), aa, tolerance(n, aa));
		CHECK_MSG(set->half_l2sq(U16(a), U16(a), n) == 0 && set->half_l1(U16(a), U16(a), n) == 0, "n %d", n);
		set->half_dot3(U16(a), U16(b), n, F(out));
		CHECK_NEAR(F(out)[0], ab, tolerance(n, absab));
		CHECK_NEAR(F(out)[1], aa, tolerance(n, aa));
		CHECK_NEAR(F(out)[2], bb, tolerance(n, bb));
		release(a);
		release(b);
		release_output(out);
	}
}

static void
check_bits(const HnswKernels *set, Buffer a, Buffer b, int n)
{
	Buffer		out = output(2 * sizeof(uint64), sizeof(uint64));
	uint64	   *overlap = (uint64 *) out.data;
	int			differ = 0,
				both = 0,
				either = 0;

	for (int i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			int			x = a.data[i] >> bit & 1,
						y = b.data[i] >> bit & 1;

			differ += x != y;
			both += x && y;
			either += x || y;
		}
	CHECK_INT(set->bit_differ(a.data, b.data, n), differ);
	set->bit_overlap(a.data, b.data, n, overlap);
	CHECK_INT(overlap[0], both);
	CHECK_INT(overlap[1], either);
	release_output(out);
}

static void
test_bits(const HnswKernels *set)
{
	unit_group("%s: bit_differ bit_overlap", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		Buffer		a = bytes(n),
					b = bytes(n);

		check_bits(set, a, b, n);
		check_bits(set, a, a, n);
		memset(a.data, 0xff, n);
		check_bits(set, a, b, n);
		memset(b.data, 0, n);
		check_bits(set, a, b, n);
		check_bits(set, b, b, n);
		check_bits(set, a, b, 0);
		release(a);
		release(b);
	}
}

/* -------------------------------------------------------------- sparse */

#define SPARSE_DIM	4000

/* n pairs of random indices below dim, and the same as dim coordinates */
static HnswSparse
sparse(int n, int dim, Buffer *index, Buffer *value, double *dense)
{
	int			left = n;

	*index = input(n * sizeof(int32), sizeof(int32));
	*value = input(n * sizeof(float), sizeof(float));
	for (int i = 0; i < dim; i++)
	{
		dense[i] = 0;
		if (unit_below(dim - i) >= left)
			continue;
		I32(*index)[n - left] = i;
		F(*value)[n - left] = (float) unit_normal();
		dense[i] = F(*value)[n - left];
		left--;
	}
	return (HnswSparse)
	{
		I32(*index), F(*value), n
	};
}

static void
check_sparse(int an, int bn, int dim)
{
	static double x[SPARSE_DIM],
				y[SPARSE_DIM];
	Buffer		ai,
				av,
				bi,
				bv;
	HnswSparse	a = sparse(an, dim, &ai, &av, x),
				b = sparse(bn, dim, &bi, &bv, y);
	double		l2 = 0,
				l1 = 0,
				dot = 0,
				absdot = 0,
				aa = 0;

	for (int i = 0; i < dim; i++)
	{
		/* a difference of floats is one */
		float		d = (float) x[i] - (float) y[i];

		l2 += (double) d * d;
		l1 += fabs((double) d);
		dot += x[i] * y[i];
		absdot += fabs(x[i] * y[i]);
		aa += x[i] * x[i];
	}
	CHECK_NEAR(hnsw_sparse_l2sq(&a, &b), l2, 1e-6 * l2);
	CHECK_NEAR(hnsw_sparse_l2sq(&b, &a), l2, 1e-6 * l2);
	CHECK_NEAR(hnsw_sparse_l1(&a, &b), l1, 1e-6 * l1);
	CHECK_NEAR(hnsw_sparse_dot(&a, &b), dot, 1e-12 * absdot);
	CHECK_NEAR(hnsw_sparse_dot(&b, &a), dot, 1e-12 * absdot);
	CHECK_NEAR(hnsw_sparse_square(&a), aa, 1e-12 * aa);
	CHECK(hnsw_sparse_l2sq(&a, &a) == 0 && hnsw_sparse_l1(&a, &a) == 0);
	release(ai);
	release(av);
	release(bi);
	release(bv);
}

static void
test_sparse(void)
{
	unit_group("sparse");
	for (int an = 0; an <= 20; an++)
		for (int bn = 0; bn <= 20; bn++)
		{
			check_sparse(an, bn, 20);
			check_sparse(an, bn, 200);
		}
	/* far more pairs on one side */
	for (int an = 0; an <= 60; an += 3)
		for (int bn = 100; bn <= SPARSE_DIM; bn += 300)
			check_sparse(an, bn, SPARSE_DIM);
	check_sparse(SPARSE_DIM, SPARSE_DIM, SPARSE_DIM);
	check_sparse(0, SPARSE_DIM, SPARSE_DIM);
}

int
main(void)
{
	const HnswKernels *set;

	for (int i = 0; (set = hnsw_kernels_available(i)) != NULL; i++)
	{
		unit_seed(2);
		test_all_halves(set);
		test_rounding(set);
		test_convert_lengths(set);
		test_half(set);
		test_bits(set);
	}
	unit_seed(3);
	test_sparse();
	return unit_done();
}
