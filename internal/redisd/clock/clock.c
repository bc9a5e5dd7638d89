/* Preloaded into a server, this adds an offset to the time of day. The offset is in nanoseconds, in a file that the
 * test writes and that is mapped here, so that the next look at the clock sees a new one. Clocks that measure spans
 * (CLOCK_MONOTONIC and the like) stay as they are. It allocates nothing: allocators ask for the time as they start. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static const volatile long long *offset;

__attribute__((constructor)) static void map_offset(void)
{
	const char *path = getenv("REDISD_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		perror("REDISD_CLOCK");
		_exit(127);
	}
	close(fd);
	offset = page;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int result = syscall(SYS_clock_gettime, id, ts);
	if (result == 0 && offset && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		long long now = ts->tv_sec * SECOND + ts->tv_nsec + *offset;
		ts->tv_sec = now / SECOND;
		ts->tv_nsec = now % SECOND;
	}
	return result;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
