/*-------------------------------------------------------------------------
 *
 * test_kernels.c
 *		Every kernel of every set that this processor can run.
 *
 * Integer kernels must equal the scalar set exactly; float sums must be
 * within (8 + sqrt(n)) * 2^-23 of the sum of the absolute terms of an oracle
 * in double precision, which covers any order of summation, with or without
 * FMA.  The scalar set itself runs through the same checks.
 *
 * Kernels for halves, bits and sparse vectors: test_kernels_small.c.
 *
 * IDENTIFICATION
 *	  test/unit/test_kernels.c
 *-------------------------------------------------------------------------
 */
#include "buffers.h"
#include "distance/kernels.h"

static const int edge_bits[] = {1, 2, 4, 8};

/* the query side of edge_dots: -127 .. 127 */
static Buffer
signed_bytes(int n)
{
	Buffer		b = input(n, 1);

	for (int i = 0; i < n; i++)
		((int8 *) b.data)[i] = (int8) (unit_below(255) - 127);
	return b;
}

/* ------------------------------------------------------- float x float */

static void
test_float(const HnswKernels *set)
{
	unit_group("%s: l2sq dot l1 dot3", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		Buffer		a = floats(n, 1),
					b = floats(n, 2),
					out = output(3 * sizeof(float), sizeof(float));
		double		l2 = 0,
					l1 = 0,
					ab = 0,
					aa = 0,
					bb = 0,
					absab = 0;

		for (int i = 0; i < n; i++)
		{
			double		x = F(a)[i],
						y = F(b)[i];

			l2 += (x - y) * (x - y);
			l1 += fabs(x - y);
			ab += x * y;
			absab += fabs(x * y);
			aa += x * x;
			bb += y * y;
		}
		CHECK_NEAR(set->l2sq(F(a), F(b), n), l2, tolerance(n, l2));
		CHECK_NEAR(set->l1(F(a), F(b), n), l1, tolerance(n, l1));
		CHECK_NEAR(set->dot(F(a), F(b), n), ab, tolerance(n, absab));
		CHECK_NEAR(set->dot(F(a), F(a), n), aa, tolerance(n, aa));
		CHECK_MSG(set->l2sq(F(a), F(a), n) == 0 && set->l1(F(a), F(a), n) == 0, "n %d", n);
		set->dot3(F(a), F(b), n, F(out));
		CHECK_NEAR(F(out)[0], ab, tolerance(n, absab));
		CHECK_NEAR(F(out)[1], aa, tolerance(n, aa));
		CHECK_NEAR(F(out)[2], bb, tolerance(n, bb));
		release(a);
		release(b);
		release_output(out);
	}
}

/* ---------------------------------------------------------- own vector */

static void
test_own(const HnswKernels *set)
{
	unit_group("%s: own_residual own_dot own_l1 own_decode", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		float		min = (float) -unit_uniform() - 1,
					step = (float) unit_uniform() / 64 + 0.001f,
					pmax;
		Buffer		q = floats(n, 1),
					u = bytes(n),
					p = output(n * sizeof(float), sizeof(float)),
					x = output(n * sizeof(float), sizeof(float));
		double		l2 = 0,
					l2abs = 0,
					l1 = 0,
					l1abs = 0,
					dot = 0,
					dotabs = 0,
					max = 0;
		float		s = set->own_residual(F(q), u.data, min, step, n, F(p), &pmax);

		set->own_decode(u.data, min, step, n, F(x));
		for (int i = 0; i < n; i++)
		{
			double		y = (double) min + (double) step * u.data[i],
						size = fabs(F(q)[i]) + fabs(min) + step * u.data[i],
						d = F(q)[i] - y;

			CHECK_NEAR(F(x)[i], y, tolerance(1, size));
			CHECK_NEAR(F(p)[i], d, tolerance(1, size));
			max = Max(max, fabsf(F(p)[i]));
			l2 += d * d;
			l2abs += size * size;
			l1 += fabs(d);
			l1abs += size;
			dot += F(q)[i] * y;
			dotabs += fabs(F(q)[i]) * size;
		}
		CHECK_MSG(pmax == max, "n %d", n);
		CHECK_NEAR(s, l2, tolerance(n, l2abs));
		CHECK_NEAR(set->own_l1(F(q), u.data, min, step, n), l1, tolerance(n, l1abs));
		CHECK_NEAR(set->own_dot(F(q), u.data, min, step, n), dot, tolerance(n, dotabs));
		release(q);
		release(u);
		release_output(p);
		release_output(x);
	}
}

/* ------------------------------------------------- making an own vector */

static void
test_quantise(const HnswKernels *set)
{
	unit_group("%s: square square_between divide range own_encode", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		float		size = ldexpf(1, (int) (unit_uniform() * 60) - 30),
					by = (float) unit_uniform() + 0.5f,
					min,
					max,
					inv,
					least = INFINITY,
					most = -INFINITY;
		Buffer		x = floats(n, size),
					y = floats(n, size),
					z = output(n * sizeof(float), sizeof(float)),
					u = output(n, 1);
		double		square = 0,
					between = 0;

		set->divide(F(x), by, n, F(z));
		for (int i = 0; i < n; i++)
		{
			double		d = (double) F(x)[i] - F(y)[i];

			square += (double) F(x)[i] * F(x)[i];
			between += d * d;
			least = Min(least, F(x)[i]);
			most = Max(most, F(x)[i]);
			CHECK_MSG(F(z)[i] == (float) (F(x)[i] / (double) by), "n %d", n);
		}
		CHECK_NEAR(set->square(F(x), n), square, 1e-14 * n * square);
		CHECK_NEAR(set->square_between(F(x), F(y), n), between, 1e-14 * n * between);
		set->range(F(x), n, &min, &max);
		CHECK_MSG(min == least && max == most, "n %d", n);

		inv = max > min ? 1 / ((max - min) / 255) : 0;
		set->own_encode(F(x), min, inv, n, u.data);
		for (int i = 0; i < n; i++)
		{
			double		code = ((double) F(x)[i] - min) * inv;

			CHECK_MSG(fabs(u.data[i] - code) <= 0.5001, "n %d: %d for %.9g", n, u.data[i], code);
			CHECK_MSG((F(x)[i] != min || u.data[i] == 0) && (F(x)[i] != max || max == min ||
															 u.data[i] == 255), "n %d", n);
		}
		set->own_encode(F(x), min, 0, n, u.data);
		for (int i = 0; i < n; i++)
			CHECK_INT(u.data[i], 0);
		release(x);
		release(y);
		release_output(z);
		release_output(u);
	}
}

/* --------------------------------------------------------- byte x byte */

static void
test_bytes(const HnswKernels *set)
{
	unit_group("%s: u8dot u8l1", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t);
		Buffer		a = bytes(n),
					b = bytes(n);
		uint32		dot = 0;
		double		l1 = 0;

		for (int i = 0; i < n; i++)
		{
			dot += (uint32) a.data[i] * b.data[i];
			l1 += fabs((-1.5 + 0.0125f * a.data[i]) - (-1.25 + 0.01f * b.data[i]));
		}
		CHECK_INT(set->u8dot(a.data, b.data, n), dot);
		CHECK_NEAR(set->u8l1(a.data, -1.5f, 0.0125f, b.data, -1.25f, 0.01f, n), l1,
				   tolerance(n, 3.0 * n));
		memset(a.data, 255, n);
		memset(b.data, 255, n);
		CHECK_INT(set->u8dot(a.data, b.data, n), 65025 * (long long) n);
		memset(b.data, 0, n);
		CHECK_INT(set->u8dot(a.data, b.data, n), 0);
		CHECK_INT(set->u8dot(b.data, a.data, n), 0);
		release(a);
		release(b);
	}
}

/* ------------------------------------------------- many codes x many rows */

/* sets each byte to one of two values */
static void
fill_bytes(Buffer b, int value, int other)
{
	for (size_t i = 0; i < b.size; i++)
		b.data[i] = (uint8) (unit_below(2) ? value : other);
}

/* each string has a block of its own; "extreme" ones are of 0, 255, -128 and 127 */
static void
check_cross(const HnswKernels *set, int n, int ncodes, int nrows, bool extreme)
{
	static const int ends[][2] = {{255, 255}, {0, 255}, {0, 0}};
	Buffer		code[64],
				row[64],
				out = output((size_t) ncodes * nrows * sizeof(int32), sizeof(int32));
	const uint8 *codes[64];
	const int8 *rows[64];
	int			bad = 0;

	for (int k = 0; k < ncodes; k++)
	{
		code[k] = bytes(n);
		if (extreme)
			fill_bytes(code[k], ends[k % 3][0], ends[k % 3][1]);
		codes[k] = code[k].data;
	}
	for (int r = 0; r < nrows; r++)
	{
		row[r] = bytes(n);
		if (extreme)
			fill_bytes(row[r], ends[r % 3][0] - 128, ends[r % 3][1] - 128);
		rows[r] = I8(row[r]);
	}
	set->cross_dots(codes, ncodes, rows, nrows, n, I32(out));
	for (int r = 0; r < nrows; r++)
		for (int k = 0; k < ncodes; k++)
		{
			int32		s = 0;

			for (int i = 0; i < n; i++)
				s += codes[k][i] * rows[r][i];
			bad += I32(out)[r * ncodes + k] != s;
		}
	CHECK_MSG(bad == 0, "n %d ncodes %d nrows %d: %d wrong", n, ncodes, nrows, bad);
	for (int k = 0; k < ncodes; k++)
		release(code[k]);
	for (int r = 0; r < nrows; r++)
		release(row[r]);
	release_output(out);
}

static void
test_cross(const HnswKernels *set)
{
	static const int large[] = {767, 768, 1536, 16383, 16384};
	static const int many[] = {1, 16, 63, 64, 100, 768};

	unit_group("%s: cross_dots", set->name);
	for (int n = 1; n <= 200; n++)
		for (int ncodes = 1; ncodes <= 9; ncodes++)
			for (int nrows = 1; nrows <= 9; nrows++)
				check_cross(set, n, ncodes, nrows, (n + ncodes + nrows) % 2);
	for (int t = 0; t < (int) lengthof(large); t++)
		for (int count = 1; count <= 9; count++)
		{
			check_cross(set, large[t], count, 10 - count, false);
			check_cross(set, large[t], 10 - count, count, true);
		}
	for (int t = 0; t < (int) lengthof(many); t++)
	{
		check_cross(set, many[t], 64, 64, false);
		check_cross(set, many[t], 64, 64, true);
		check_cross(set, many[t], 64, 1 + unit_below(9), true);
		check_cross(set, many[t], 1 + unit_below(9), 64, true);
	}
}

static void
test_within(const HnswKernels *set)
{
	static const float values[] = {-INFINITY, -1, -0.0f, 0, 1, 2, INFINITY, NAN};

	unit_group("%s: within", set->name);
	for (int n = 1; n <= 64; n++)
		for (int t = 0; t < 8; t++)
		{
			Buffer		g = floats(n, 1),
						limits = floats(n, 1);
			float		limit = values[unit_below(lengthof(values))];
			uint64		near[2],
						expected[2] = {0, 0};

			for (int i = 0; i < n; i++)
			{
				F(g)[i] = values[unit_below(lengthof(values))];
				F(limits)[i] = values[unit_below(lengthof(values))];
				expected[0] |= (uint64) (F(g)[i] <= limit) << i;
				expected[1] |= (uint64) (F(g)[i] <= F(limits)[i]) << i;
			}
			set->within(F(g), n, limit, F(limits), near);
			CHECK_MSG(near[0] == expected[0] && near[1] == expected[1], "n %d", n);
			release(g);
			release(limits);
		}
}

/* ----------------------------------------------------------- edge codes */

static int
code_bytes(int bits, int cdim)
{
	return bits == 8 ? cdim : cdim / 8 * bits;
}

/* coordinate i of a code, from the description in kernels.h */
static int
level(const uint8 *code, int bits, int i)
{
	const uint8 *block = code + (bits == 8 ? 0 : i / 64 * 8 * bits);
	int			j = i % 64;

	switch (bits)
	{
		case 1:
			return block[j / 8] >> (j % 8) & 1;
		case 2:
			return block[j % 16] >> (j / 16 * 2) & 3;
		case 4:
			return block[j % 32] >> (j / 32 * 4) & 15;
		default:
			return code[i];
	}
}

static void
test_pack8(const HnswKernels *set)
{
	unit_group("%s: pack8", set->name);
	for (int t = 0; length(t); t++)
	{
		int			n = length(t),
					npad = n + unit_below(70);
		Buffer		p = floats(n, 1),
					out = output(npad, 1),
					want = output(npad, 1);
		float		inv = 40;
		int			bad = 0;

		/* ties and values far outside */
		for (int i = 0; i < n; i += 5)
			F(p)[i] = (float) (unit_below(600) - 300) * 0.5f / inv;
		CHECK_INT(set->pack8(F(p), inv, n, npad, I8(out)),
				  hnsw_kernels_scalar.pack8(F(p), inv, n, npad, I8(want)));
		CHECK_MSG(memcmp(out.data, want.data, npad) == 0, "n %d npad %d", n, npad);
		for (int i = 0; i < npad; i++)
		{
			double		x = i < n ? nearbyint((double) (F(p)[i] * inv)) : 0;

			bad += I8(out)[i] != Min(127, Max(-127, x));
		}
		CHECK_INT(bad, 0);
		release(p);
		release_output(out);
		release_output(want);
	}
}

static void
check_dots(const HnswKernels *set, int bits, int cdim, int count, int fill)
{
	int			size = code_bytes(bits, cdim),
				stride = size + unit_below(20);
	Buffer		codes = bytes((size_t) stride * (count - 1) + size),
				p8 = signed_bytes(cdim),
				out = output(count * sizeof(int32), sizeof(int32)),
				want = output(count * sizeof(int32), sizeof(int32));

	if (fill != 0)
	{
		memset(codes.data, 0xff, codes.size);
		memset(p8.data, fill, p8.size);
	}
	set->edge_dots[bits] (codes.data, stride, count, I8(p8), cdim, I32(out));
	hnsw_kernels_scalar.edge_dots[bits] (codes.data, stride, count, I8(p8), cdim, I32(want));
	CHECK_MSG(memcmp(out.data, want.data, out.size) == 0, "bits %d cdim %d count %d", bits, cdim, count);
	for (int k = 0; k < count; k += 7)
	{
		int32		s = 0;

		for (int i = 0; i < cdim; i++)
			s += level(codes.data + (size_t) k * stride, bits, i) * I8(p8)[i];
		CHECK_INT(I32(out)[k], s);
	}
	release(codes);
	release(p8);
	release_output(out);
	release_output(want);
}

static void
test_dots(const HnswKernels *set)
{
	for (int b = 0; b < (int) lengthof(edge_bits); b++)
	{
		int			bits = edge_bits[b];

		unit_group("%s: edge_dots[%d]", set->name, bits);
		for (int count = 1; count <= 66; count++)
			for (int blocks = 1; blocks <= 24; blocks += 1 + blocks / 7)
				check_dots(set, bits, blocks * 64, count, 0);
		for (int t = 0; length(t); t++)
			if (bits == 8 || length(t) % 64 == 0)
			{
				check_dots(set, bits, length(t), 1 + unit_below(20), 0);
				check_dots(set, bits, length(t), 1 + unit_below(9), 127);
				check_dots(set, bits, length(t), 1 + unit_below(9), -127);
				check_dots(set, bits, length(t), 1 + unit_below(9), -128);
			}
	}
}

/*
 * A level must be the one of the exact quotient, or its neighbour where the
 * quotient is so close to a bound that rounding decides; with 1 and 8 bits,
 * where no rounded sum decides, the scalar set's exactly.
 */
static void
check_encode(const HnswKernels *set, int bits, int n, int cdim)
{
	int			size = code_bytes(bits, cdim),
				m = Min(n, cdim),
				top = (1 << bits) - 1,
				bad = 0,
				padding = 0;
	Buffer		v = floats(n, 1),
				u = floats(n, 1),
				code = output(size, 1),
				want = output(size, 1);
	HnswEdgeSums sums,
				wantsums;
	double		rr = 0,
				ru = 0,
				ruabs = 0,
				xr = 0,
				xrabs = 0,
				rmax = 0,
				step;

	/* equal coordinates: a residual of 0 in places */
	for (int i = 0; i < n; i += 9)
		F(v)[i] = F(u)[i];
	set->edge_encode[bits] (F(v), F(u), n, cdim, code.data, &sums);
	hnsw_kernels_scalar.edge_encode[bits] (F(v), F(u), n, cdim, want.data, &wantsums);
	for (int i = 0; i < n; i++)
	{
		double		r = F(v)[i] - F(u)[i];

		rr += r * r;
		ru += r * F(u)[i];
		ruabs += fabs(r * F(u)[i]);
		rmax = Max(rmax, fabs(r));
	}
	step = bits == 8 ? rmax / 127.5 : sqrt(rr / n) * (bits == 2 ? 0.9957 : 0.335);
	for (int i = 0; i < cdim; i++)
	{
		int			l = level(code.data, bits, i);
		double		r = i < m ? F(v)[i] - F(u)[i] : 0,
					x = r / step,
					l0 = floor(x) + (1 << (bits - 1));

		if (i >= m)
		{
			padding += l != 0;
			continue;
		}
		xr += (l - top / 2.0) * r;
		xrabs += fabs((l - top / 2.0) * r);
		l0 = bits == 1 ? r > 0 : Min(top, Max(0, l0));
		if (rr > 0 && l != l0)
			bad += bits == 1 || fabs(l - l0) != 1 || fabs(x - nearbyint(x)) > 1e-4;
	}
	CHECK_MSG(bad == 0 && padding == 0, "bits %d n %d cdim %d: %d bad levels, %d not 0 in the padding",
			  bits, n, cdim, bad, padding);
	if (bits == 1 || bits == 8)
		CHECK_MSG(memcmp(code.data, want.data, size) == 0, "bits %d n %d cdim %d", bits, n, cdim);
	CHECK_NEAR(sums.rr, rr, tolerance(n, rr));
	CHECK_NEAR(sums.ru, ru, tolerance(n, ruabs));
	CHECK_NEAR(sums.xr, xr, tolerance(n, xrabs));
	release(v);
	release(u);
	release_output(code);
	release_output(want);
}

static void
test_encode(const HnswKernels *set)
{
	for (int b = 0; b < (int) lengthof(edge_bits); b++)
	{
		int			bits = edge_bits[b];

		unit_group("%s: edge_encode[%d]", set->name, bits);
		for (int t = 0; length(t); t++)
		{
			int			n = length(t),
						pad = bits == 8 ? n : (n + 63) / 64 * 64;

			check_encode(set, bits, n, pad);
			/* codes of more and of fewer coordinates than there are */
			if (pad + 64 <= HNSW_KERNEL_MAX_DIM)
				check_encode(set, bits, n, pad + 64);
			if (pad > 64)
				check_encode(set, bits, n, pad - 64);
			if (bits == 8 && n > 1)
				check_encode(set, bits, n, n / 2);
		}
	}
}

/* ------------------------------------------------------------- rotation */

static void
test_hadamard(const HnswKernels *set)
{
	unit_group("%s: hadamard", set->name);
	for (int log2n = 0; log2n <= 14; log2n++)
	{
		int			n = 1 << log2n;
		Buffer		in = floats(n, 1),
					out = output(n * sizeof(float), sizeof(float));
		double	   *want = malloc(n * sizeof(double)),
					norm = 0,
					error = 0,
					inverse = 0;

		for (int i = 0; i < n; i++)
		{
			want[i] = F(in)[i];
			norm += want[i] * want[i];
		}
		for (int h = 1; h < n; h *= 2)
			for (int i = 0; i < n; i++)
				if (!(i & h))
				{
					double		a = want[i],
								b = want[i + h];

					want[i] = a + b;
					want[i + h] = a - b;
				}
		memcpy(out.data, in.data, out.size);
		set->hadamard(F(out), log2n);
		for (int i = 0; i < n; i++)
			error = Max(error, fabs(F(out)[i] - want[i] / sqrt(n)));
		set->hadamard(F(out), log2n);
		for (int i = 0; i < n; i++)
			inverse = Max(inverse, fabs(F(out)[i] - F(in)[i]));
		CHECK_NEAR(error, 0, (4 + log2n) * ldexp(1, -22) * (1 + sqrt(norm / n)));
		CHECK_NEAR(inverse, 0, (4 + log2n) * ldexp(1, -21) * (1 + sqrt(norm / n)));
		free(want);
		release(in);
		release_output(out);
	}
}

/* ------------------------------------------------------------- extremes */

/*
 * Values that no arithmetic survives: nothing may trap or write outside its
 * output, and finite answers must be right.
 */
static void
check_extreme(const HnswKernels *set, int n, float value, int every)
{
	int			pad = (n + 63) / 64 * 64;
	Buffer		a = floats(n, 1),
				b = floats(n, 1),
				u = bytes(n),
				p = output(pad * sizeof(float), sizeof(float)),
				out = output(pad, 1);
	HnswEdgeSums sums;
	float		three[3],
				pmax;
	int			bad = 0;

	for (int i = 0; i < n; i += every)
		F(a)[i] = value;
	set->l2sq(F(a), F(b), n);
	set->dot(F(a), F(b), n);
	set->l1(F(a), F(b), n);
	set->dot3(F(a), F(b), n, three);
	set->own_residual(F(a), u.data, value, value, n, F(p), &pmax);
	set->own_dot(F(a), u.data, value, value, n);
	set->own_l1(F(a), u.data, value, value, n);
	set->own_decode(u.data, value, value, n, F(p));
	set->u8l1(u.data, value, value, u.data, value, 1, n);
	set->pack8(F(a), 1, n, pad, I8(out));
	for (int i = 0; i < n; i++)
	{
		float		x = F(a)[i],
					y = isnan(x) ? -127 : rintf(Min(127.0f, Max(-127.0f, x)));

		bad += I8(out)[i] != (int8) y;
	}
	set->pack8(F(a), value, n, pad, I8(out));
	for (int i = 0; i < n; i++)
		bad += I8(out)[i] == -128;
	CHECK_INT(bad, 0);
	for (int k = 0; k < (int) lengthof(edge_bits); k++)
		set->edge_encode[edge_bits[k]] (F(a), F(b), n, pad, out.data, &sums);
	memset(p.data, 0, p.size);
	memcpy(p.data, a.data, a.size);
	set->hadamard(F(p), 6);
	release(a);
	release(b);
	release(u);
	release_output(p);
	release_output(out);
}

static void
test_extremes(const HnswKernels *set)
{
	static const float values[] = {0, -0.0f, 1e-45f, 1e-30f, 1e19f, 3e38f, -3e38f, INFINITY, -INFINITY, NAN};
	static const int sizes[] = {1, 7, 31, 64, 100, 257};
	float		zero[200] = {0},
				one[3];
	uint8		code[200];
	HnswEdgeSums sums;

	unit_group("%s: extremes", set->name);
	for (int i = 0; i < (int) lengthof(values); i++)
		for (int j = 0; j < (int) lengthof(sizes); j++)
		{
			check_extreme(set, sizes[j], values[i], 1);
			check_extreme(set, sizes[j], values[i], 5);
		}
	CHECK(set->l2sq(zero, zero, 200) == 0 && set->dot(zero, zero, 200) == 0 &&
		  set->l1(zero, zero, 200) == 0);
	set->dot3(zero, zero, 200, one);
	CHECK(one[0] == 0 && one[1] == 0 && one[2] == 0);
	for (int k = 0; k < (int) lengthof(edge_bits); k++)
	{
		set->edge_encode[edge_bits[k]] (zero, zero, 190, edge_bits[k] == 8 ? 190 : 192, code, &sums);
		CHECK_MSG(sums.rr == 0 && sums.ru == 0 && sums.xr == 0, "bits %d", edge_bits[k]);
	}
}

static void
test_dispatch(void)
{
	const HnswKernels *set;
	int			n = 0;

	unit_group("dispatch");
	for (; (set = hnsw_kernels_available(n)) != NULL; n++)
	{
		CHECK_MSG(set->l2sq && set->dot && set->l1 && set->dot3, "%s", set->name);
		CHECK_MSG(set->half_to_float && set->float_to_half && set->half_l2sq && set->half_dot &&
				  set->half_l1 && set->half_dot3 && set->bit_differ && set->bit_overlap, "%s", set->name);
		CHECK_MSG(set->own_residual && set->own_dot && set->own_l1 && set->own_decode, "%s", set->name);
		CHECK_MSG(set->square && set->square_between && set->divide && set->range && set->own_encode,
				  "%s", set->name);
		CHECK_MSG(set->u8dot && set->cross_dots && set->within && set->u8l1 && set->pack8 && set->hadamard, "%s", set->name);
		for (int k = 0; k < (int) lengthof(edge_bits); k++)
			CHECK_MSG(set->edge_dots[edge_bits[k]] && set->edge_encode[edge_bits[k]], "%s", set->name);
	}
	CHECK(n >= 1 && hnsw_kernels_available(n - 1) == &hnsw_kernels_scalar);
	CHECK(hnsw_kernels_available(n + 1) == NULL && hnsw_kernels_available(-1) == NULL);
	CHECK(hnsw_kernels == &hnsw_kernels_scalar);
	hnsw_kernels_init();
	CHECK(hnsw_kernels == hnsw_kernels_available(0));
	printf("sets:");
	for (int i = 0; i < n; i++)
		printf(" %s", hnsw_kernels_available(i)->name);
	printf("\n");
}

int
main(void)
{
	const HnswKernels *set;

	test_dispatch();
	for (int i = 0; (set = hnsw_kernels_available(i)) != NULL; i++)
	{
		unit_seed(1);
		test_float(set);
		test_quantise(set);
		test_own(set);
		test_bytes(set);
		test_cross(set);
		test_within(set);
		test_pack8(set);
		test_dots(set);
		test_encode(set);
		test_hadamard(set);
		test_extremes(set);
	}
	return unit_done();
}
