// SPDX-License-Identifier: MIT OR Apache-2.0
// The second mode: how many instructions a system call with a buffer takes, entry and exit included.
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static const int sizes[] = {8, 64, 512, 4096, 16384, 65536};

enum { LARGEST = 65536, ROUNDS = 7 };

// The CPU's own count of instructions, where user mode may read it: the kernel decides.
static long long instructions(void)
{
#if defined(__riscv)
    long long count;
    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
#else
    return 0;
#endif
}

// Elsewhere the time, which is a number of instructions where an emulator derives it from them (`-icount`).
static long long nanoseconds(void)
{
    struct kernel_timespec time;
    sys(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &time);
    return time.sec * 1000000000LL + time.nsec;
}

static long long (*now)(void) = nanoseconds;

// Asks in a child: where it is forbidden, it dies.
static void choose_clock(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(instructions() == 0);
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        now = instructions;
    say("count clock %s", now == instructions ? "instructions" : "nanoseconds");
}

static int file, ends[2];
static byte *buffer;

static long through_pipe(int size)
{
    long written = sys(SYS_write, ends[1], buffer, size);
    return written == size ? sys(SYS_read, ends[0], buffer, size) : written;
}
static long write_file(int size)
{
    return sys(SYS_pwrite64, file, buffer, size, 0);
}
static long read_file(int size)
{
    return sys(SYS_pread64, file, buffer, size, 0);
}
// The part that is not the copy.
static long nothing(int size)
{
    sys(SYS_getppid);
    return size;
}

static const struct {
    const char *name;
    long (*call)(int size);
} calls[] = {
    {"getppid", nothing},
    {"pipe-write-and-read", through_pipe},
    {"pwrite", write_file},
    {"pread", read_file},
};

// The least of several rounds: an interrupt only adds.
static long long per_call(long (*call)(int size), int size, int *right)
{
    int repeats = size < 4096 ? 200 : 50;
    long long least = 1LL << 62;
    for (int round = 0; round < ROUNDS; round++) {
        long long start = now();
        for (int i = 0; i < repeats; i++)
            *right &= call(size) == size;
        long long each = (now() - start) / repeats;
        least = each < least ? each : least;
    }
    return least;
}

int count_instructions(void)
{
    file = scratch();
    sys(SYS_pipe2, ends, O_NONBLOCK);
    sys(SYS_fcntl, ends[1], F_SETPIPE_SZ, LARGEST);
    buffer = fresh(LARGEST / PAGE);
    memset(buffer, 'c', LARGEST);
    sys(SYS_pwrite64, file, buffer, LARGEST, 0);
    choose_clock();
    int all_right = 1;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            int right = 1;
            long long count = per_call(calls[i].call, sizes[j], &right);
            all_right &= right;
            if (right)
                say("count %s %d %lld", calls[i].name, sizes[j], count);
            else
                say("count %s %d WRONG: a call failed or was short", calls[i].name, sizes[j]);
        }
    }
    return all_right;
}
