/*-------------------------------------------------------------------------
 *
 * rotation.h
 *		The fixed pseudo-random rotation that every coded vector goes through.
 *
 * IDENTIFICATION
 *	  src/code/rotation.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_ROTATION_H
#define HNSW_ROTATION_H

#include "base/base.h"

/* Rotates x (dim floats, 1 .. HNSW_KERNEL_MAX_DIM) in place; orthonormal. */
extern void hnsw_rotate(float *x, int dim);

#endif							/* HNSW_ROTATION_H */
