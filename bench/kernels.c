/*-------------------------------------------------------------------------
 *
 * kernels.c
 *		Micro-benchmark of the kernels: time per call and bytes per second.
 *
 * Prints TSV: set, kernel, dimension, nanoseconds per call, GB/s of the bytes
 * read, GB/s of a memcpy of as many bytes.  Each figure is the best of a few
 * runs of about a millisecond over the same input, which stays in the caches:
 * a bound from above for what a scan can reach, and a way to compare two
 * versions of a kernel.  Edge codes are measured on EDGE_COUNT neighbours.
 * cross_dots takes CROSS_COUNT codes with as many rows; its figures are those of
 * one product, as though each read its own two strings.
 * Inputs start OFFSET bytes after a multiple of 64, as palloc would have it:
 * every load of 64 bytes crosses a cache line.  -DOFFSET=0 shows what aligned
 * buffers are worth.
 *
 * cc -O3 -fno-math-errno -DHNSW_STANDALONE -Isrc bench/kernels.c
 *		src/base/base.c src/distance/kernels*.c src/distance/dispatch.c -lm
 * ./a.out [set [prefix]]		runs one set, and kernels whose name begins so
 *
 * IDENTIFICATION
 *	  bench/kernels.c
 *-------------------------------------------------------------------------
 */
#include <time.h>

#include "distance/kernels.h"

#define RUNS		9
#define RUN_NS		1e6
#ifndef EDGE_COUNT
#define EDGE_COUNT	31
#endif
#define CROSS_COUNT	16
#define DIM_MAX		1536
#ifndef OFFSET
#define OFFSET		8
#endif

static const int dims[] = {128, 768, DIM_MAX};

/* everything that a case reads and writes */
typedef struct Data
{
	const HnswKernels *set;
	int			n;
	int			bits;			/* of edge codes */
	int			log2n;			/* of hadamard */
	float	   *a,
			   *b,
			   *out;
	uint8	   *u,
			   *codes;
	int8	   *p8,
			   *rows;
	const uint8 *cross_codes[CROSS_COUNT];
	const int8 *cross_rows[CROSS_COUNT];
	int32		cross_dots[CROSS_COUNT * CROSS_COUNT];
	uint16	   *ha,
			   *hb;
	int32		dots[EDGE_COUNT];
	HnswEdgeSums sums;
} Data;

typedef struct Case
{
	const char *name;
	void		(*call) (Data *d);
	int			bits;
	double		bytes;			/* read per coordinate */
	int			products;		/* of a call whose figures are those of one;
								 * or 0 */
} Case;

/* keeps the compiler from dropping a result */
static volatile float sink;
static volatile int32 isink;

static void
call_l2sq(Data *d)
{
	sink = d->set->l2sq(d->a, d->b, d->n);
}

static void
call_dot(Data *d)
{
	sink = d->set->dot(d->a, d->b, d->n);
}

static void
call_l1(Data *d)
{
	sink = d->set->l1(d->a, d->b, d->n);
}

static void
call_dot3(Data *d)
{
	d->set->dot3(d->a, d->b, d->n, d->out);
}

static void
call_half_to_float(Data *d)
{
	d->set->half_to_float(d->ha, d->out, d->n);
}

static void
call_float_to_half(Data *d)
{
	d->set->float_to_half(d->a, d->ha, d->n);
}

static void
call_half_l2sq(Data *d)
{
	sink = d->set->half_l2sq(d->ha, d->hb, d->n);
}

static void
call_half_dot(Data *d)
{
	sink = d->set->half_dot(d->ha, d->hb, d->n);
}

static void
call_half_l1(Data *d)
{
	sink = d->set->half_l1(d->ha, d->hb, d->n);
}

static void
call_half_dot3(Data *d)
{
	d->set->half_dot3(d->ha, d->hb, d->n, d->out);
}

/* a dimension of a bit string is a bit */
static void
call_bit_differ(Data *d)
{
	isink = (int32) d->set->bit_differ(d->u, d->codes, d->n / 8);
}

static void
call_bit_overlap(Data *d)
{
	uint64		both[2];

	d->set->bit_overlap(d->u, d->codes, d->n / 8, both);
	isink = (int32) both[0];
}

static void
call_own_residual(Data *d)
{
	float		pmax;

	sink = d->set->own_residual(d->a, d->u, -1, 0.01f, d->n, d->out, &pmax);
}

static void
call_own_dot(Data *d)
{
	sink = d->set->own_dot(d->a, d->u, -1, 0.01f, d->n);
}

static void
call_own_l1(Data *d)
{
	sink = d->set->own_l1(d->a, d->u, -1, 0.01f, d->n);
}

static void
call_square(Data *d)
{
	sink = (float) d->set->square(d->a, d->n);
}

static void
call_square_between(Data *d)
{
	sink = (float) d->set->square_between(d->a, d->b, d->n);
}

static void
call_divide(Data *d)
{
	d->set->divide(d->a, 1.3, d->n, d->out);
}

static void
call_range(Data *d)
{
	float		min,
				max;

	d->set->range(d->a, d->n, &min, &max);
	sink = max - min;
}

static void
call_own_encode(Data *d)
{
	d->set->own_encode(d->a, -1, 100, d->n, (uint8 *) d->out);
}

static void
call_own_decode(Data *d)
{
	d->set->own_decode(d->u, -1, 0.01f, d->n, d->out);
}

static void
call_u8dot(Data *d)
{
	isink = (int32) d->set->u8dot(d->u, d->codes, d->n);
}

static void
call_cross_dots(Data *d)
{
	for (int k = 0; k < CROSS_COUNT; k++)
	{
		d->cross_codes[k] = d->codes + k * d->n;
		d->cross_rows[k] = d->rows + k * d->n;
	}
	d->set->cross_dots(d->cross_codes, CROSS_COUNT, d->cross_rows, CROSS_COUNT, d->n, d->cross_dots);
}

static void
call_u8l1(Data *d)
{
	sink = d->set->u8l1(d->u, -1, 0.01f, d->codes, -1, 0.012f, d->n);
}

static void
call_pack8(Data *d)
{
	isink = d->set->pack8(d->a, 40, d->n, d->n, d->p8);
}

static void
call_edge_dots(Data *d)
{
	d->set->edge_dots[d->bits] (d->codes, d->n * d->bits / 8, EDGE_COUNT, d->p8, d->n, d->dots);
}

static void
call_edge_encode(Data *d)
{
	d->set->edge_encode[d->bits] (d->a, d->b, d->n, d->n, d->codes, &d->sums);
}

static void
call_hadamard(Data *d)
{
	d->set->hadamard(d->out, d->log2n);
}

static const Case cases[] = {
	{"l2sq", call_l2sq, 0, 8},
	{"dot", call_dot, 0, 8},
	{"l1", call_l1, 0, 8},
	{"dot3", call_dot3, 0, 8},
	{"half_to_float", call_half_to_float, 0, 2},
	{"float_to_half", call_float_to_half, 0, 4},
	{"half_l2sq", call_half_l2sq, 0, 4},
	{"half_dot", call_half_dot, 0, 4},
	{"half_l1", call_half_l1, 0, 4},
	{"half_dot3", call_half_dot3, 0, 4},
	{"bit_differ", call_bit_differ, 0, 2 / 8.0},
	{"bit_overlap", call_bit_overlap, 0, 2 / 8.0},
	{"square", call_square, 0, 4},
	{"square_between", call_square_between, 0, 8},
	{"divide", call_divide, 0, 8},
	{"range", call_range, 0, 4},
	{"own_encode", call_own_encode, 0, 5},
	{"own_residual", call_own_residual, 0, 5},
	{"own_dot", call_own_dot, 0, 5},
	{"own_l1", call_own_l1, 0, 5},
	{"own_decode", call_own_decode, 0, 1},
	{"u8dot", call_u8dot, 0, 2},
	{"cross_dots", call_cross_dots, 0, 2, CROSS_COUNT * CROSS_COUNT},
	{"u8l1", call_u8l1, 0, 2},
	{"pack8", call_pack8, 0, 4},
	{"edge_dots1", call_edge_dots, 1, EDGE_COUNT / 8.0},
	{"edge_dots2", call_edge_dots, 2, EDGE_COUNT / 4.0},
	{"edge_dots4", call_edge_dots, 4, EDGE_COUNT / 2.0},
	{"edge_dots8", call_edge_dots, 8, EDGE_COUNT},
	{"edge_encode1", call_edge_encode, 1, 8},
	{"edge_encode2", call_edge_encode, 2, 8},
	{"edge_encode4", call_edge_encode, 4, 8},
	{"edge_encode8", call_edge_encode, 8, 8},
	{"hadamard", call_hadamard, 0, 4},
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* nanoseconds per call, the best of RUNS */
static double
measure(void (*call) (Data *), Data *d)
{
	double		best = 0;
	int			calls = 1;

	/* as many calls as fill a run; warms the caches up as well */
	for (;;)
	{
		double		start = now();

		for (int i = 0; i < calls; i++)
			call(d);
		if (now() - start > RUN_NS)
			break;
		calls *= 2;
	}
	for (int run = 0; run < RUNS; run++)
	{
		double		start = now(),
					ns;

		for (int i = 0; i < calls; i++)
			call(d);
		ns = (now() - start) / calls;
		if (run == 0 || ns < best)
			best = ns;
	}
	return best;
}

static size_t copy_bytes;
static uint8 *copy_from,
		   *copy_to;

static void
call_memcpy(Data *d)
{
	memcpy(copy_to, copy_from, copy_bytes);
	isink = copy_to[d->n];
}

static void
run_case(const Case *c, Data *d)
{
	double		ns,
				copy_ns,
				read;

	/* the transform is bounded in place: energy is kept */
	for (int i = 0; i < d->n; i++)
		d->out[i] = d->a[i];
	d->bits = c->bits;
	read = c->bytes * d->n;
	if (c->call == call_hadamard)
	{
		/* a rotation of n coordinates takes a power of two at most n */
		for (d->log2n = 0; 2 << d->log2n <= d->n; d->log2n++)
			;
		read = 4.0 * (1 << d->log2n);
	}
	ns = measure(c->call, d) / Max(c->products, 1);
	copy_bytes = (size_t) read;
	copy_ns = measure(call_memcpy, d);
	printf("%s\t%s\t%d\t%.1f\t%.1f\t%.1f\n", d->set->name, c->name,
		   c->call == call_hadamard ? 1 << d->log2n : d->n,
		   ns, read / ns, copy_bytes / copy_ns);
	fflush(stdout);
}

/* zeroed memory, OFFSET bytes off a cache line */
static void *
buffer(size_t size)
{
	uint8	   *p = aligned_alloc(64, (size + OFFSET + 63) / 64 * 64);

	memset(p, 0, size + OFFSET);
	return p + OFFSET;
}

int
main(int argc, char **argv)
{
	float	   *a = buffer(DIM_MAX * sizeof(float)),
			   *b = buffer(DIM_MAX * sizeof(float)),
			   *out = buffer(DIM_MAX * sizeof(float));
	uint8	   *u = buffer(DIM_MAX),
			   *codes = buffer(EDGE_COUNT * DIM_MAX);
	int8	   *p8 = buffer(DIM_MAX),
			   *rows = buffer(CROSS_COUNT * DIM_MAX);
	uint16	   *ha = buffer(DIM_MAX * sizeof(uint16)),
			   *hb = buffer(DIM_MAX * sizeof(uint16));
	Data		d = {.a = a,.b = b,.out = out,.u = u,.codes = codes,.p8 = p8,.rows = rows,.ha = ha,.hb = hb};

	copy_from = buffer(EDGE_COUNT * DIM_MAX);
	copy_to = buffer(EDGE_COUNT * DIM_MAX);
	for (int i = 0; i < DIM_MAX; i++)
	{
		a[i] = (float) (rand() % 2001 - 1000) / 1000;
		b[i] = (float) (rand() % 2001 - 1000) / 1000;
		u[i] = (uint8) rand();
		p8[i] = (int8) (rand() % 255 - 127);
	}
	hnsw_kernels_scalar.float_to_half(a, ha, DIM_MAX);
	hnsw_kernels_scalar.float_to_half(b, hb, DIM_MAX);
	for (int i = 0; i < EDGE_COUNT * DIM_MAX; i++)
		codes[i] = (uint8) rand();
	for (int i = 0; i < CROSS_COUNT * DIM_MAX; i++)
		rows[i] = (int8) (rand() % 255 - 127);

	printf("set\tkernel\tdimension\tns\tGB/s\tmemcpy GB/s\n");
	for (int i = 0; (d.set = hnsw_kernels_available(i)) != NULL; i++)
	{
		if (argc > 1 && strcmp(argv[1], d.set->name) != 0)
			continue;
		for (int k = 0; k < (int) lengthof(cases); k++)
			for (int j = 0; j < (int) lengthof(dims); j++)
			{
				d.n = dims[j];
				if (argc < 3 || strncmp(argv[2], cases[k].name, strlen(argv[2])) == 0)
					run_case(&cases[k], &d);
			}
	}
	return 0;
}
