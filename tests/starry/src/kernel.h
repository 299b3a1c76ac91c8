// SPDX-License-Identifier: MIT OR Apache-2.0
// System calls as the kernel sees them: raw numbers, raw addresses, and results as it gives them.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// Makes a system call, without libc between. A failure is the negative errno.
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
    long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}

// Passes up to six arguments of any integer or pointer type; those that are left out are 0.
#define sys(...) sys_padded(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define sys_padded(number, a, b, c, d, e, f, ...) \
    sys_call((long)(number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// The generic number: a machine whose headers are older than the call's return to it has it, too.
#ifndef SYS_newfstatat
#define SYS_newfstatat 79
#endif
#ifndef SYS_fstat
#define SYS_fstat 80
#endif

// What the kernel calls `struct sigaction`; libc's is another. Machines without a restorer use less of it.
struct kernel_sigaction {
    void *handler;
    unsigned long flags;
    unsigned long words[2];
};

#if defined(__riscv) || defined(__loongarch__)
#define KERNEL_SIGACTION_SIZE (3 * sizeof(long))
#else
#define KERNEL_SIGACTION_SIZE (4 * sizeof(long))
#endif

// The kernel's signal set has 64 bits.
#define SIGSET_SIZE 8

struct kernel_timespec {
    long sec;
    long nsec;
};
