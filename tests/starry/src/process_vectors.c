// SPDX-License-Identifier: MIT OR Apache-2.0
// `process_vm_readv` and `process_vm_writev`, on this process: two vectors, each side may be bad.
#include <string.h>
#include <sys/uio.h>

#include "check.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static const struct {
    const char *name;
    long number;
} calls[] = {{"process_vm_readv", SYS_process_vm_readv}, {"process_vm_writev", SYS_process_vm_writev}};

static void each(const char *name, long number)
{
    long self = getpid();
    byte *untouched = fresh(1);
    struct iovec here = {pages, 16}, there = {pages + PAGE, 16};
#define CALL(local, locals, remote, remotes) sys(number, self, local, locals, remote, remotes, 0)
#define ONE(address) (&(struct iovec){address, 16})
    check_at(name, "good", CALL(&here, 1, &there, 1), 16);
    check_at(name, "local-array-unmapped", CALL(unmapped, 1, &there, 1), -EFAULT);
    check_at(name, "remote-array-unmapped", CALL(&here, 1, unmapped, 1), -EFAULT);
    check_at(name, "local-array-kernel-half", CALL(kernel_half, 1, &there, 1), -EFAULT);
    check_at(name, "remote-array-kernel-half", CALL(&here, 1, kernel_half, 1), -EFAULT);
    check_at(name, "local-unmapped", CALL(ONE(unmapped), 1, &there, 1), -EFAULT);
    check_at(name, "remote-unmapped", CALL(&here, 1, ONE(unmapped), 1), -EFAULT);
    check_at(name, "remote-no-rights", CALL(&here, 1, ONE(none), 1), -EFAULT);
    check_at(name, "remote-kernel-half", CALL(&here, 1, ONE(kernel_half), 1), -EFAULT);
    check_at(name, "local-count-1025", CALL(&here, 1025, &there, 1), -EINVAL);
    check_at(name, "remote-never-touched", CALL(&here, 1, ONE(untouched), 1), 16);
    struct iovec second_bad[] = {{pages + PAGE, 16}, {unmapped, 16}};
    struct iovec both[] = {{pages, 16}, {pages + 32, 16}};
    check_at(name, "remote-second-unmapped", CALL(both, 2, second_bad, 2), 16);
#undef CALL
#undef ONE
}

void process_vectors(void)
{
    for (int i = 0; i < 2; i++)
        each(calls[i].name, calls[i].number);
}
