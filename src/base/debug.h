/*-------------------------------------------------------------------------
 *
 * debug.h
 *		Debug points: named places between two steps, for tests only.
 *
 * Without -DHNSW_DEBUG_POINTS they are nothing at all.  With it, in a server,
 * hnsw.debug_point = 'NAME' or 'NAME:N' arms the session: when it comes to that
 * point (for the Nth time; '*' stands for any point) it does what
 * hnsw.debug_action says, once:
 *
 *	wait	stops there until it is sent a SIGHUP, or is cancelled; meanwhile its
 *			application_name is "hnsw at NAME"
 *	error	raises an error
 *	crash	writes out the WAL and kills itself, without any cleaning up
 *
 * In the unit tests hnsw_debug_hook is called at each point.
 *
 * IDENTIFICATION
 *	  src/base/debug.h
 *-------------------------------------------------------------------------
 */
#ifndef HNSW_DEBUG_H
#define HNSW_DEBUG_H

#ifdef HNSW_DEBUG_POINTS

extern void hnsw_debug_point(const char *name);

#define HNSW_DEBUG_POINT(name) hnsw_debug_point(name)

#ifdef HNSW_STANDALONE
extern void (*hnsw_debug_hook) (const char *name);
#else
/* bytes that a vacuum may use; 0 = as the server's settings say */
extern int	hnsw_debug_memory;

/* Defines the settings; before the prefix "hnsw" is reserved. */
extern void hnsw_debug_init(void);
#endif

#else

#define HNSW_DEBUG_POINT(name) ((void) 0)

#endif

#endif							/* HNSW_DEBUG_H */
