/*-------------------------------------------------------------------------
 *
 * memory.c
 *		What a backend and its parallel workers use of memory, from /proc.
 *
 * Private memory is RssAnon of each process.  Dynamic shared memory is counted
 * once: System V segments that one of them made, by their resident size.  (The
 * servers that the benchmarks start have dynamic_shared_memory_type = sysv; a
 * server's main segment is neither of the two.)
 *
 * IDENTIFICATION
 *	  bench/memory.c
 *-------------------------------------------------------------------------
 */
#include "vecbench.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_MS		50
/* looking for new workers reads all of /proc: not at each sample */
#define DISCOVER_EVERY	4
#define MAX_WORKERS		64

struct MemoryWatch
{
	int			pid;
	int			worker[MAX_WORKERS];
	int			nworkers;
	MemoryPeak	peak;
	atomic_bool stop;
	pthread_t	thread;
};

/* Up to size - 1 bytes of /proc/PID/NAME as a string; false when it is gone. */
static bool
read_proc(int pid, const char *name, char *buf, size_t size)
{
	char		path[64];
	FILE	   *f;
	size_t		n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n > 0;
}

int
process_parent(int pid)
{
	char		buf[1024];
	const char *p;
	int			parent = 0;

	/* pid (name) state ppid; the name may hold anything, also a ")" */
	if (read_proc(pid, "stat", buf, sizeof(buf)) && (p = strrchr(buf, ')')) != NULL)
		sscanf(p, ") %*c %d", &parent);
	return parent;
}

static double
private_bytes(int pid)
{
	char		buf[4096];
	const char *p;

	if (!read_proc(pid, "status", buf, sizeof(buf)) || (p = strstr(buf, "RssAnon:")) == NULL)
		return 0;
	return atof(p + strlen("RssAnon:")) * 1024;
}

/* A parallel worker's title tells whose it is. */
static void
find_workers(MemoryWatch *w)
{
	DIR		   *proc = opendir("/proc");
	struct dirent *entry;
	char		title[64];

	if (proc == NULL)
		return;
	snprintf(title, sizeof(title), "parallel worker for PID %d ", w->pid);
	w->nworkers = 0;
	while ((entry = readdir(proc)) != NULL && w->nworkers < MAX_WORKERS)
	{
		char		buf[256];
		int			pid = atoi(entry->d_name);

		if (pid > 0 && read_proc(pid, "cmdline", buf, sizeof(buf)) && strstr(buf, title) != NULL)
			w->worker[w->nworkers++] = pid;
	}
	closedir(proc);
}

static bool
is_watched(const MemoryWatch *w, int pid)
{
	for (int i = 0; i < w->nworkers; i++)
		if (w->worker[i] == pid)
			return true;
	return pid == w->pid;
}

/* Resident bytes of the System V segments that the backend or its workers made. */
static double
shared_bytes(const MemoryWatch *w)
{
	FILE	   *f = fopen("/proc/sysvipc/shm", "r");
	char		line[512];
	double		sum = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f))
	{
		int			creator;
		unsigned long resident;

		/*
		 * key shmid perms size cpid lpid nattch uid gid cuid cgid 3 times rss
		 * swap
		 */
		if (sscanf(line, "%*s %*s %*s %*s %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
				   &creator, &resident) == 2 && is_watched(w, creator))
			sum += resident;
	}
	fclose(f);
	return sum;
}

static void *
watch_main(void *arg)
{
	MemoryWatch *w = arg;

	for (int i = 0; !atomic_load(&w->stop); i++)
	{
		double		bytes;

		if (i % DISCOVER_EVERY == 0)
			find_workers(w);
		bytes = private_bytes(w->pid) + shared_bytes(w);
		for (int k = 0; k < w->nworkers; k++)
			bytes += private_bytes(w->worker[k]);
		if (bytes > w->peak.bytes)
			w->peak.bytes = bytes;
		if (w->nworkers > w->peak.workers)
			w->peak.workers = w->nworkers;
		usleep(SAMPLE_MS * 1000);
	}
	return NULL;
}

MemoryWatch *
memory_watch_start(int backend_pid)
{
	MemoryWatch *w = bench_alloc(sizeof(MemoryWatch));

	memset(w, 0, sizeof(*w));
	w->pid = backend_pid;
	if (pthread_create(&w->thread, NULL, watch_main, w) != 0)
		bench_fail("could not start a thread");
	return w;
}

MemoryPeak
memory_watch_end(MemoryWatch *watch)
{
	MemoryPeak	peak;

	atomic_store(&watch->stop, true);
	pthread_join(watch->thread, NULL);
	peak = watch->peak;
	free(watch);
	return peak;
}
