/*-------------------------------------------------------------------------
 *
 * tasks.h
 *		Operations on one index that take turns: a scheduler for tests.
 *
 * Each task has a stack of its own.  Tasks change places at the calls to the
 * pager and at debug points, as unit_random() says, so that a seed names a
 * schedule.  What the server's locks keep together stays together: nobody else
 * runs between read and release, or between modify and commit.  Barrier and
 * alone wait for the inserts as the lock on page 0 makes them wait.
 *
 * IDENTIFICATION
 *	  test/unit/tasks.h
 *-------------------------------------------------------------------------
 */
#ifndef TASKS_H
#define TASKS_H

#include "fixture.h"

#include <ucontext.h>

#include "base/debug.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

#define TASKS_MAX	8
#define TASK_STACK	(1024 * 1024)

typedef struct Task
{
	ucontext_t	context;
	char	   *stack;
	void		(*work) (void *arg);
	void	   *arg;
	int64		calls;			/* to the pager, so far */
	int64		fail_at;		/* raises an error at this one; 0 = never */
	bool		locked;			/* holds the lock on page 0, shared */
	bool		waits;			/* for it, or holds it, exclusively */
	bool		failed;
	bool		done;
	jmp_buf		jump;
} Task;

static Task tasks[TASKS_MAX];
static int	ntasks;
static Task *task_running;
static int	task_patience;		/* a switch every so many chances */
static ucontext_t task_scheduler;
static const HnswPagerOps *task_below;

#ifdef __SANITIZE_ADDRESS__
static const void *task_main_stack;
static size_t task_main_size;
#endif

static void
task_leave(void)
{
#ifdef __SANITIZE_ADDRESS__
	void	   *fake = NULL;

	__sanitizer_start_switch_fiber(task_running->done ? NULL : &fake,
								   task_main_stack, task_main_size);
#endif
	swapcontext(&task_running->context, &task_scheduler);
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(fake, &task_main_stack, &task_main_size);
#endif
}

/* A chance for others to run. */
static void
task_yield(void)
{
	if (task_running == NULL)
		return;
	if (++task_running->calls == task_running->fail_at)
		hnsw_limit("stopped by the test");
	if (unit_below(task_patience) == 0)
		task_leave();
}

static void
task_hook(const char *name)
{
	if (task_running != NULL && unit_below(2) == 0)
		task_leave();
}

/* ------------------------------------------------------------------------
 * The lock on page 0; an error lets go of it
 * ------------------------------------------------------------------------
 */
static int
tasks_locking(void)
{
	int			n = 0;

	for (int i = 0; i < ntasks; i++)
		n += tasks[i].locked;
	return n;
}

static int
tasks_waiting(void)
{
	int			n = 0;

	for (int i = 0; i < ntasks; i++)
		n += tasks[i].waits;
	return n;
}

static FIXTURE_UNUSED void
task_lock_insert(void)
{
	while (tasks_waiting() > 0)
		task_leave();
	task_running->locked = true;
}

static FIXTURE_UNUSED void
task_unlock_insert(void)
{
	task_running->locked = false;
}

static void
task_lock_out_inserts(void)
{
	task_yield();
	task_running->waits = true;
	while (tasks_locking() > 0)
		task_leave();
}

static void
task_let_inserts_in(void)
{
	task_running->waits = false;
}

static void
task_main(void)
{
	Task	   *task = task_running;

#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(NULL, &task_main_stack, &task_main_size);
#endif
	hnsw_fail_jump = &task->jump;
	if (setjmp(task->jump) == 0)
		task->work(task->arg);
	else
	{
		task->failed = true;
		task->locked = task->waits = false;
	}
	task->done = true;
	task_leave();
}

static void
task_resume(Task *task)
{
	task_running = task;
	hnsw_fail_jump = &task->jump;
#ifdef __SANITIZE_ADDRESS__
	{
		void	   *fake;

		__sanitizer_start_switch_fiber(&fake, task->stack, TASK_STACK);
		swapcontext(&task_scheduler, &task->context);
		__sanitizer_finish_switch_fiber(fake, NULL, NULL);
	}
#else
	swapcontext(&task_scheduler, &task->context);
#endif
	task_running = NULL;
	hnsw_fail_jump = NULL;
}

/* Another task for the next run. */
static Task *
task_add(void (*work) (void *arg), void *arg)
{
	Task	   *task = &tasks[ntasks++];
	char	   *stack = task->stack;

	memset(task, 0, sizeof(*task));
	task->stack = stack != NULL ? stack : malloc(TASK_STACK);
	task->work = work;
	task->arg = arg;
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = task->stack;
	task->context.uc_stack.ss_size = TASK_STACK;
	task->context.uc_link = NULL;
	makecontext(&task->context, task_main, 0);
	return task;
}

/* Runs all tasks to their ends. */
static void
tasks_run(void)
{
	static const int patience[] = {1, 3, 10, 40};
	int			left = ntasks;

	hnsw_debug_hook = task_hook;
	while (left > 0)
	{
		Task	   *task = &tasks[unit_below(ntasks)];

		if (task->done)
			continue;
		task_patience = patience[unit_below(lengthof(patience))];
		task_resume(task);
		left -= task->done;
	}
	hnsw_debug_hook = NULL;
	ntasks = 0;
}

/* ------------------------------------------------------------------------
 * The pager: the arena's, with a chance to switch before each call
 * ------------------------------------------------------------------------
 */
static int	task_reads;			/* nested: the second is under the first's
								 * lock */
static bool task_changing;

static const void *
task_read(HnswPager *pager, HnswKind kind, HnswId id, HnswPart part)
{
	const void *slot;

	if (task_reads == 0)
		task_yield();
	slot = task_below->read(pager, kind, id, part);
	task_reads += slot != NULL;
	return slot;
}

static void
task_release(HnswPager *pager)
{
	task_reads--;
	task_below->release(pager);
}

static void *
task_modify(HnswPager *pager, HnswKind kind, HnswId id)
{
	void	   *slot;

	if (!task_changing)
		task_yield();
	slot = task_below->modify(pager, kind, id);
	task_changing |= slot != NULL;
	return slot;
}

static const void *
task_hold(HnswPager *pager, HnswKind kind, HnswId id)
{
	const void *slot;

	task_yield();
	slot = task_below->hold(pager, kind, id);
	task_changing = slot != NULL;
	return slot;
}

static void
task_commit(HnswPager *pager)
{
	task_changing = false;
	task_below->commit(pager);
}

static void
task_cancel(HnswPager *pager)
{
	task_changing = false;
	task_below->cancel(pager);
}

static HnswId
task_create(HnswPager *pager, HnswKind kind, const void *image, Size size)
{
	task_yield();
	return task_below->create(pager, kind, image, size);
}

static void
task_destroy(HnswPager *pager, HnswKind kind, const HnswId *ids, int count)
{
	task_yield();
	task_below->destroy(pager, kind, ids, count);
}

static void
task_get_entry(HnswPager *pager, HnswEntry *entry)
{
	task_yield();
	task_below->get_entry(pager, entry);
}

static bool
task_update_entry(HnswPager *pager, bool (*change) (HnswEntry *entry, void *arg), void *arg)
{
	task_yield();
	return task_below->update_entry(pager, change, arg);
}

static void
task_barrier(HnswPager *pager)
{
	if (task_running == NULL)
		return;
	task_lock_out_inserts();
	task_let_inserts_in();
}

static void
task_alone(HnswPager *pager, void (*work) (void *arg), void *arg)
{
	if (task_running != NULL)
		task_lock_out_inserts();
	work(arg);
	if (task_running != NULL)
		task_let_inserts_in();
}

/* Puts the scheduler between a fixture's arena and its users. */
static void
tasks_take_over(HnswArena *arena, HnswPagerOps *ops)
{
	task_below = arena->pager.ops;
	task_reads = 0;
	task_changing = false;
	*ops = *task_below;
	ops->read = task_read;
	ops->release = task_release;
	ops->modify = task_modify;
	ops->hold = task_hold;
	ops->commit = task_commit;
	ops->cancel = task_cancel;
	ops->create = task_create;
	ops->destroy = task_destroy;
	ops->get_entry = task_get_entry;
	ops->update_entry = task_update_entry;
	ops->barrier = task_barrier;
	ops->alone = task_alone;
	arena->pager.ops = ops;
}

#endif							/* TASKS_H */
