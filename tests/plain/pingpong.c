/* A round trip over two pipes, as plainly as it can be written: a message there, the
 * same message back, each with one write and as many reads as it takes.
 *
 * pingpong BYTES MILLISECONDS CPU_HERE CPU_THERE DELAY_NS
 * prints the median round trip in nanoseconds. With a DELAY_NS above 0 the other side
 * waits so long before it answers. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 2000000

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) exit(3);
}

/* 0 where the other end is closed. */
static int take(int fd, char *bytes, size_t len) {
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, bytes + got, len - got);
        if (n <= 0) return 0;
        got += (size_t)n;
    }
    return 1;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    size_t len = strtoul(argv[1], NULL, 10);
    uint64_t span = strtoull(argv[2], NULL, 10) * 1000000u;
    uint64_t delay = strtoull(argv[5], NULL, 10);
    char *bytes = calloc(1, len);
    uint64_t *trips = malloc(MOST * sizeof *trips);
    int there[2], back[2];
    if (!bytes || !trips || pipe(there) != 0 || pipe(back) != 0) return 3;
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(there[1]);
        close(back[0]);
        pin(atoi(argv[4]));
        while (take(there[0], bytes, len)) {
            for (uint64_t until = now() + delay; delay > 0 && now() < until;) {
            }
            if (write(back[1], bytes, len) != (ssize_t)len) break;
        }
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    pin(atoi(argv[3]));
    size_t n = 0;
    uint64_t begin = now(), warm = begin + span / 10;
    for (;;) {
        uint64_t before = now();
        if (before >= begin + span || n == MOST) break;
        if (write(there[1], bytes, len) != (ssize_t)len) return 3;
        if (!take(back[0], bytes, len)) return 3;
        if (before >= warm) trips[n++] = now() - before;
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    if (n == 0) return 3;
    qsort(trips, n, sizeof *trips, ascending);
    printf("%llu\n", (unsigned long long)trips[n / 2]);
    return 0;
}
