/*-------------------------------------------------------------------------
 *
 * unit.h
 *		What a unit test needs: checks, counters, random numbers.
 *
 * A test program is one C file that includes this header.  It opens groups
 * with unit_group, checks inside them, and returns unit_done() from main.
 * One line is printed per group, the first few failures of each group before
 * it, and "N passed, N failed" (checks) at the end.
 *
 * IDENTIFICATION
 *	  test/unit/unit.h
 *-------------------------------------------------------------------------
 */
#ifndef UNIT_H
#define UNIT_H

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* failures of one group that are printed; the others are only counted */
#define UNIT_SHOWN	5

static char unit_name[128];
static long unit_passed = 0;
static long unit_failed = 0;
static long unit_group_passed = 0;
static long unit_group_failed = 0;
static uint64_t unit_state = UINT64_C(0x9e3779b97f4a7c15);

/* counts whether the condition holds; never stops */
#define CHECK(cond) \
	unit_check((cond) ? 1 : 0, __FILE__, __LINE__, #cond, "%s", "is false")

/* the same with a message (a format and its arguments) for the failure */
#define CHECK_MSG(cond, ...) \
	unit_check((cond) ? 1 : 0, __FILE__, __LINE__, #cond, __VA_ARGS__)

/* equality of two integers, printed when they differ */
#define CHECK_INT(got, want) \
	do { \
		long long	unit_got = (got), \
					unit_want = (want); \
\
		unit_check(unit_got == unit_want, __FILE__, __LINE__, #got " == " #want, \
				   "got %lld, want %lld", unit_got, unit_want); \
	} while (0)

/* |got - want| <= tolerance; false for NaN */
#define CHECK_NEAR(got, want, tolerance) \
	do { \
		double		unit_got = (got), \
					unit_want = (want), \
					unit_tolerance = (tolerance); \
\
		unit_check(fabs(unit_got - unit_want) <= unit_tolerance, __FILE__, __LINE__, \
				   #got " ~ " #want, "got %.9g, want %.9g, tolerance %.3g", \
				   unit_got, unit_want, unit_tolerance); \
	} while (0)

__attribute__((format(printf, 5, 6)))
static inline void
unit_check(int ok, const char *file, int line, const char *text, const char *fmt,...)
{
	va_list		ap;

	if (ok)
	{
		unit_group_passed++;
		return;
	}
	if (unit_group_failed++ >= UNIT_SHOWN)
		return;
	printf("%s:%d: %s: %s ", file, line, unit_name, text);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* closes the open group, if there is one, and prints its line */
static inline void
unit_close(void)
{
	if (unit_name[0] != '\0')
		printf("%s %s: %ld passed, %ld failed\n", unit_group_failed ? "not ok" : "ok",
			   unit_name, unit_group_passed, unit_group_failed);
	fflush(stdout);
	unit_passed += unit_group_passed;
	unit_failed += unit_group_failed;
	unit_group_passed = unit_group_failed = 0;
	unit_name[0] = '\0';
}

/* opens a group; the name is a format */
__attribute__((format(printf, 1, 2)))
static inline void
unit_group(const char *fmt,...)
{
	va_list		ap;

	unit_close();
	va_start(ap, fmt);
	vsnprintf(unit_name, sizeof(unit_name), fmt, ap);
	va_end(ap);
}

/* prints the totals; the exit status of the program */
static inline int
unit_done(void)
{
	unit_close();
	printf("%ld passed, %ld failed\n", unit_passed, unit_failed);
	return unit_failed ? 1 : 0;
}

/* restarts the random sequence, so that a group does not depend on the others */
static inline void
unit_seed(uint64_t seed)
{
	unit_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* xorshift64* (Vigna 2016) */
static inline uint64_t
unit_random(void)
{
	unit_state ^= unit_state >> 12;
	unit_state ^= unit_state << 25;
	unit_state ^= unit_state >> 27;
	return unit_state * UINT64_C(2685821657736338717);
}

/* 0 .. n-1 */
static inline int
unit_below(int n)
{
	return (int) ((unit_random() >> 33) % (uint64_t) n);
}

/* uniform in [0, 1) */
static inline double
unit_uniform(void)
{
	return (double) (unit_random() >> 11) / 9007199254740992.0;
}

/* standard normal (Box and Muller) */
static inline double
unit_normal(void)
{
	double		r = sqrt(-2 * log(1 - unit_uniform()));

	return r * cos(6.283185307179586 * unit_uniform());
}

#endif							/* UNIT_H */
