// SPDX-License-Identifier: MIT OR Apache-2.0
// Pages that parent and child share until one of them writes. Here it is the kernel that writes.
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

enum { SIZE = 2 * PAGE };

static int file;
static byte *shared;

// Runs in a child what it must not show its parent. The answer is an exit status.
static long in_child(long (*run)(void))
{
    int status = 0;
    long child = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit((int)run());
    sys(SYS_wait4, child, &status, 0, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

enum { RIGHT = 1 };

static long child_reads(void)
{
    return sys(SYS_pread64, file, shared + 10, SIZE - 20, 0) == SIZE - 20 &&
           pattern_length(shared + 10, SIZE - 20, 1) == SIZE - 20 && all_are(shared, 10, 's');
}

static long child_writes(void)
{
    return sys(SYS_pwrite64, file, shared, SIZE, SIZE) == SIZE;
}

static long child_asks(void)
{
    byte *crossing = shared + PAGE - 13;
    return sys(SYS_uname, crossing) == 0 && crossing[0] != 's' && shared[0] == 's';
}

static long child_swaps(void)
{
    unsigned *word = (unsigned *)shared;
    unsigned *mine = (unsigned *)fresh(1);
    long result = sys(SYS_futex, mine, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, word,
                      FUTEX_OP(FUTEX_OP_SET, 77, FUTEX_OP_CMP_EQ, 0));
    return result == 0 && *word == 77;
}

static long child_fills_edge(void)
{
    return sys(SYS_pread64, file, edge - 100, 300, 0) == 100 && pattern_length(edge - 100, 100, 1) == 100;
}

static void each(const char *name, long (*run)(void))
{
    memset(shared, 's', SIZE);
    check_at("copy-on-write", name, in_child(run), RIGHT);
    check_at("copy-on-write-parent-keeps", name, all_are(shared, SIZE, 's'), 1);
}

// The parent is the one that writes first, while the child looks on.
static void parent_first(void)
{
    int go[2], back[2];
    sys(SYS_pipe2, go, 0);
    sys(SYS_pipe2, back, 0);
    memset(shared, 's', SIZE);
    long child = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        byte one;
        sys(SYS_read, go[0], &one, 1);
        one = all_are(shared, SIZE, 's');
        sys(SYS_write, back[1], &one, 1);
        _exit(0);
    }
    byte kept = 9;
    check("copy-on-write/parent-reads", sys(SYS_pread64, file, shared, SIZE, 0), SIZE);
    sys(SYS_write, go[1], "g", 1);
    sys(SYS_read, back[0], &kept, 1);
    sys(SYS_wait4, child, 0, 0, 0);
    check("copy-on-write/child-keeps", kept, 1);
    check("copy-on-write/parent-has", pattern_length(shared, SIZE, 1), SIZE);
}

void copy_on_write(void)
{
    file = scratch();
    fill_pattern(pages, SIZE, 1);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    shared = fresh(2);
    each("child-reads", child_reads);
    each("child-writes", child_writes);
    each("child-asks", child_asks);
    each("child-swaps", child_swaps);
    memset(edge - 100, 's', 100);
    each("child-fills-edge", child_fills_edge);
    check("copy-on-write-parent-keeps/edge", all_are(edge - 100, 100, 's'), 1);
    parent_first();
}
