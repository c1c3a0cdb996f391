/*-------------------------------------------------------------------------
 *
 * buffers.h
 *		Inputs and outputs for the tests of kernels.
 *
 * Inputs end where their heap block ends and start at odd offsets, so that
 * AddressSanitizer sees reads beyond them; outputs have guard bytes on both
 * sides, which also work without it.
 *
 * IDENTIFICATION
 *	  test/unit/buffers.h
 *-------------------------------------------------------------------------
 */
#ifndef BUFFERS_H
#define BUFFERS_H

#include "base/base.h"
#include "unit.h"

static const int large_lengths[] = {384, 768, 1000, 1023, 1025, 1536, 4096, 16000, 16383, 16384};

/* lengths 1 .. 300, then the large ones; 0 ends */
static inline int
length(int i)
{
	if (i < 300)
		return i + 1;
	i -= 300;
	return i < (int) lengthof(large_lengths) ? large_lengths[i] : 0;
}

/* ------------------------------------------------------------- buffers */

#define GUARD	16
#define FILL	0xa5

/* guarded memory: FILL before, in and after "size" bytes at "data" */
typedef struct Buffer
{
	uint8	   *block;
	uint8	   *data;
	size_t		size;
} Buffer;

/*
 * An input whose heap block ends with it, at an offset of 0 .. 15 times the
 * alignment from the start of the block.
 */
static inline Buffer
input(size_t size, int align)
{
	Buffer		b;
	size_t		offset = (size_t) (unit_below(16) * align);

	b.block = malloc(offset + size);
	b.data = b.block + offset;
	b.size = size;
	return b;
}

static inline Buffer
output(size_t size, int align)
{
	Buffer		b;
	size_t		offset = (size_t) (GUARD + unit_below(16) * align);

	b.block = malloc(offset + size + GUARD);
	b.data = b.block + offset;
	b.size = size;
	memset(b.block, FILL, offset + size + GUARD);
	return b;
}

static inline void
release(Buffer b)
{
	free(b.block);
}

/* checks the guards of an output, then releases it */
static inline void
release_output(Buffer b)
{
	int			bad = 0;

	for (int i = 0; i < GUARD; i++)
		bad += b.data[b.size + i] != FILL || b.data[-1 - i] != FILL;
	CHECK_MSG(bad == 0, "guard bytes overwritten, size %zu", b.size);
	release(b);
}

static inline Buffer
floats(int n, double scale)
{
	Buffer		b = input(n * sizeof(float), sizeof(float));

	for (int i = 0; i < n; i++)
		((float *) b.data)[i] = (float) (unit_normal() * scale);
	return b;
}

static inline Buffer
bytes(size_t n)
{
	Buffer		b = input(n, 1);

	for (size_t i = 0; i < n; i++)
		b.data[i] = (uint8) unit_random();
	return b;
}

#define F(b)	((float *) (b).data)
#define I8(b)	((int8 *) (b).data)
#define U16(b)	((uint16 *) (b).data)
#define I32(b)	((int32 *) (b).data)

static inline double
tolerance(int n, double magnitude)
{
	return (8 + sqrt(n)) * ldexp(1, -23) * magnitude;
}

#endif							/* BUFFERS_H */
