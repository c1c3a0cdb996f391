/*-------------------------------------------------------------------------
 *
 * base.c
 *		Allocation and errors for the core, with and without a server.
 *
 * IDENTIFICATION
 *	  src/base/base.c
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#ifdef HNSW_STANDALONE

#include <stdarg.h>

jmp_buf    *hnsw_fail_jump = NULL;
char		hnsw_fail_message[256];

static void
fail(const char *fmt, va_list ap)
{
	vsnprintf(hnsw_fail_message, sizeof(hnsw_fail_message), fmt, ap);
	if (hnsw_fail_jump != NULL)
		longjmp(*hnsw_fail_jump, 1);
	fprintf(stderr, "%s\n", hnsw_fail_message);
	abort();
}

void
hnsw_corrupt(const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	fail(fmt, ap);
	va_end(ap);
	abort();
}

void
hnsw_limit(const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	fail(fmt, ap);
	va_end(ap);
	abort();
}

void *
hnsw_alloc(Size size)
{
	void	   *p = malloc(Max(size, 1));

	if (p == NULL)
		hnsw_limit("out of memory");
	return p;
}

void *
hnsw_alloc_zero(Size size)
{
	void	   *p = calloc(Max(size, 1), 1);

	if (p == NULL)
		hnsw_limit("out of memory");
	return p;
}

void *
hnsw_realloc(void *ptr, Size size)
{
	void	   *p = realloc(ptr, Max(size, 1));

	if (p == NULL)
		hnsw_limit("out of memory");
	return p;
}

void
hnsw_free(void *ptr)
{
	free(ptr);
}

#else

#include "utils/memutils.h"

void
hnsw_corrupt(const char *fmt,...)
{
	va_list		ap;
	char		msg[512];

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg_internal("%s", msg),
			 errhint("REINDEX rebuilds the index from the table.")));
	pg_unreachable();
}

void
hnsw_limit(const char *fmt,...)
{
	va_list		ap;
	char		msg[512];

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg_internal("%s", msg)));
	pg_unreachable();
}

void *
hnsw_alloc(Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

void *
hnsw_alloc_zero(Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, size,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

void *
hnsw_realloc(void *ptr, Size size)
{
	return repalloc_huge(ptr, size);
}

void
hnsw_free(void *ptr)
{
	pfree(ptr);
}

#endif
