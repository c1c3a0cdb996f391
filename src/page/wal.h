/*-------------------------------------------------------------------------
 *
 * wal.h
 *		Changes of pages: one generic WAL record each.
 *
 * No other file of the extension calls generic WAL.
 *
 * IDENTIFICATION
 *	  src/page/wal.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_WAL_H
#define HNSW_WAL_H

#include "hnsw.h"

#include "access/generic_xlog.h"
#include "page/buffers.h"

/*
 * A change of up to MAX_GENERIC_XLOG_PAGES pages that becomes permanent at once.
 * An index that is being built does not log: its pages are logged whole when
 * the build ends.
 */
typedef struct HnswChange
{
	Relation	index;
	bool		logged;
	GenericXLogState *state;
	Buffer		buffers[MAX_GENERIC_XLOG_PAGES];
	Page		pages[MAX_GENERIC_XLOG_PAGES];	/* their images to change */
	int			count;
} HnswChange;

extern void hnsw_change_begin(HnswChange *change, Relation index, bool logged);

/*
 * Takes over an exclusively locked buffer and returns the page image to change.
 * With "whole" the record holds the whole page (for new pages).
 */
extern Page hnsw_change_page(HnswChange *change, Buffer buffer, bool whole);

/* The image of a block that is in the change already, else NULL. */
extern Page hnsw_change_find_page(const HnswChange *change, BlockNumber block);

/* Both unlock and unpin all buffers of the change. */
extern void hnsw_change_commit(HnswChange *change);
extern void hnsw_change_cancel(HnswChange *change);

/* Logs pages from .. to - 1 of a new index, whole. */
extern void hnsw_log_new_pages(Relation index, ForkNumber fork, BlockNumber from, BlockNumber to);

#endif							/* HNSW_WAL_H */
