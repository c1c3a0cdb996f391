/*-------------------------------------------------------------------------
 *
 * debug.c
 *		Debug points: named places between two steps, for tests only.
 *
 * A backend that waits holds the lock on page 0 that inserts hold, under which
 * the server lets nobody ask for another heavyweight lock.  So it does not wait
 * for a lock, but for a signal.
 *
 * IDENTIFICATION
 *	  src/base/debug.c
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/debug.h"

#ifdef HNSW_DEBUG_POINTS

#ifdef HNSW_STANDALONE

void		(*hnsw_debug_hook) (const char *name) = NULL;

void
hnsw_debug_point(const char *name)
{
	if (hnsw_debug_hook != NULL)
		hnsw_debug_hook(name);
}

#else

#include <signal.h>
#include <unistd.h>

#include "access/xlog.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/wait_event.h"

typedef enum DebugAction
{
	DEBUG_WAIT,
	DEBUG_ERROR,
	DEBUG_CRASH
} DebugAction;

static const struct config_enum_entry actions[] = {
	{"wait", DEBUG_WAIT, false},
	{"error", DEBUG_ERROR, false},
	{"crash", DEBUG_CRASH, false},
	{NULL, 0, false}
};

int			hnsw_debug_memory = 0;

static char *wanted;
static int	action = DEBUG_WAIT;
static long passes;				/* still to come, 0 = not armed */

static void
arm(const char *value, void *extra)
{
	const char *colon = strchr(value, ':');

	if (value[0] == '\0')
		passes = 0;
	else
		passes = colon == NULL ? 1 : strtol(colon + 1, NULL, 10);
}

void
hnsw_debug_init(void)
{
	DefineCustomStringVariable("hnsw.debug_point",
							   "Names the point at which this session stops, and after how many passes.",
							   NULL, &wanted, "", PGC_USERSET, GUC_NOT_IN_SAMPLE,
							   NULL, arm, NULL);
	DefineCustomEnumVariable("hnsw.debug_action",
							 "Sets what the session does at its debug point.",
							 NULL, &action, DEBUG_WAIT, actions, PGC_USERSET,
							 GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomIntVariable("hnsw.debug_memory",
							"Sets the bytes that a vacuum may use (0: as maintenance_work_mem says).",
							NULL, &hnsw_debug_memory, 0, 0, INT_MAX, PGC_USERSET,
							GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
}

static void
wait_here(const char *name)
{
	char		label[NAMEDATALEN];

	/* a test that wants to wait under a buffer's lock would hang others */
	if (InterruptHoldoffCount > 0)
		elog(ERROR, "debug point \"%s\" is under a lock", name);
	snprintf(label, sizeof(label), "hnsw at %s", name);
	ConfigReloadPending = false;
	pgstat_report_appname(label);
	PG_TRY();
	{
		while (!ConfigReloadPending)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 1000, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
	}
	PG_FINALLY();
	{
		pgstat_report_appname(application_name);
	}
	PG_END_TRY();
}

void
hnsw_debug_point(const char *name)
{
	size_t		length;

	if (likely(passes == 0))
		return;
	length = strcspn(wanted, ":");
	if (!(length == 1 && wanted[0] == '*') &&
		(strlen(name) != length || strncmp(name, wanted, length) != 0))
		return;
	if (--passes > 0)
		return;
	switch ((DebugAction) action)
	{
		case DEBUG_WAIT:
			wait_here(name);
			break;
		case DEBUG_ERROR:
			elog(ERROR, "stopped at debug point \"%s\"", name);
			break;
		case DEBUG_CRASH:
			/* so that recovery comes exactly to here */
			XLogFlush(GetXLogInsertRecPtr());
			kill(getpid(), SIGKILL);
			break;
	}
}

#endif

#endif							/* HNSW_DEBUG_POINTS */
