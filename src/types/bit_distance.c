/*-------------------------------------------------------------------------
 *
 * bit_distance.c
 *		Distances between bit strings.
 *
 * The server keeps the bits beyond the length of a string zero, so the kernels
 * can count whole bytes.
 *
 * IDENTIFICATION
 *	  src/types/bit_distance.c
 *-------------------------------------------------------------------------
 */
#include "hnsw.h"

#include "distance/kernels.h"
#include "types/value.h"

/* Raises unless both are of the same length; the number of their bytes */
static int
common_bytes(VarBit *a, VarBit *b)
{
	if (VARBITLEN(a) != VARBITLEN(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different bit lengths %u and %u",
						(unsigned int) VARBITLEN(a), (unsigned int) VARBITLEN(b))));
	return VARBITBYTES(a);
}

/* How many bits differ */
static double
hamming(VarBit *a, VarBit *b)
{
	int			n = common_bytes(a, b);

	return (double) hnsw_kernels->bit_differ(VARBITS(a), VARBITS(b), n);
}

/*
 * 1 - the share that both have of the bits that either has.  Strings without a
 * bit in common, two of zeros too, are at distance 1.
 */
static double
jaccard(VarBit *a, VarBit *b)
{
	int			n = common_bytes(a, b);
	uint64		overlap[2];

	hnsw_kernels->bit_overlap(VARBITS(a), VARBITS(b), n, overlap);
	return overlap[0] == 0 ? 1.0 : 1.0 - (double) overlap[0] / (double) overlap[1];
}

HNSW_FLOAT8_FUNCTION(hamming_distance, VarBit, PG_GETARG_VARBIT_P, hamming)
HNSW_FLOAT8_FUNCTION(jaccard_distance, VarBit, PG_GETARG_VARBIT_P, jaccard)
