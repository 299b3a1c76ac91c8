// SPDX-License-Identifier: MIT OR Apache-2.0
// Transfers that end in the middle: what the call says was done, was done, and no more.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static int file;

// Gives the file 3 pages of the pattern, and the position 0.
static void refill(unsigned seed)
{
    fill_pattern(pages, 3 * PAGE, seed);
    sys(SYS_ftruncate, file, 0);
    sys(SYS_pwrite64, file, pages, 3 * PAGE, 0);
    sys(SYS_lseek, file, 0, SEEK_SET);
}

static long position(void)
{
    return sys(SYS_lseek, file, 0, SEEK_CUR);
}

static long size(void)
{
    return sys(SYS_lseek, file, 0, SEEK_END);
}

static void reads(void)
{
    refill(1);
    memset(edge - PAGE, 0, PAGE);
    check("read/short-at-edge", sys(SYS_read, file, edge - 100, 300), 100);
    check("read/short-moves-position", position(), 100);
    check("read/short-bytes", pattern_length(edge - 100, 100, 1), 100);
    check("read/nothing", sys(SYS_read, file, edge, 300), -EFAULT);
    check("read/nothing-keeps-position", position(), 100);
    check("read/no-rights-behind", sys(SYS_pread64, file, edge_none - 77, 300, 0), 77);
    check("read/read-only-behind", sys(SYS_pread64, file, edge_readonly - 1234, 2000, 0), 1234);
    check("read/read-only-kept", all_are(edge_readonly, PAGE, 0), 1);
    check("read/read-only-target", sys(SYS_pread64, file, readonly, 10, 0), -EFAULT);
    check("read/read-only-target-kept", all_are(readonly, PAGE, 'r'), 1);
    check("read/file-ends-first", sys(SYS_pread64, file, edge - 50, 5000, 3 * PAGE - 50), 50);
    check("read/second-page-at-edge", sys(SYS_pread64, file, edge - PAGE - 9, 3 * PAGE, 5), PAGE + 9);
    check("read/nothing-to-read", sys(SYS_pread64, file, unmapped, 10, 3 * PAGE), 0);
    check("read/length-0", sys(SYS_pread64, file, unmapped, 0, 0), 0);
    check("read/kernel-half", sys(SYS_pread64, file, kernel_half, 8, 0), -EFAULT);
    check("read/non-canonical", sys(SYS_pread64, file, noncanonical, 8, 0), -EFAULT);
    check("read/wrapping", sys(SYS_pread64, file, (byte *)-(uintptr_t)4, 8, 0), -EFAULT);
    check("read/null", sys(SYS_pread64, file, 0, 8, 0), -EFAULT);
}

// The middle page of three goes away: what lies behind it is not reached.
static void holes(void)
{
    byte *three = fresh(3);
    memset(three, 'h', 3 * PAGE);
    munmap(three + PAGE, PAGE);
    refill(2);
    check("read/hole", sys(SYS_pread64, file, three + 1, 3 * PAGE, 0), PAGE - 1);
    check("read/hole-kept-behind", all_are(three + 2 * PAGE, PAGE, 'h'), 1);
    check("write/hole", sys(SYS_pwrite64, file, three + 1, 3 * PAGE - 1, 0), PAGE - 1);
}

static void writes(void)
{
    refill(3);
    sys(SYS_ftruncate, file, 0);
    fill_pattern(edge - 200, 200, 4);
    check("write/short-at-edge", sys(SYS_write, file, edge - 200, 500), 200);
    check("write/short-moves-position", position(), 200);
    check("write/short-file-size", size(), 200);
    check("write/short-bytes", sys(SYS_pread64, file, pages, PAGE, 0), 200);
    check("write/short-pattern", pattern_length(pages, 200, 4), 200);
    check("write/nothing", sys(SYS_write, file, unmapped, 500), -EFAULT);
    check("write/nothing-file-size", size(), 200);
    check("write/no-rights", sys(SYS_pwrite64, file, none, 10, 0), -EFAULT);
    check("write/no-rights-behind", sys(SYS_pwrite64, file, edge_none - 33, 100, 0), 33);
    check("write/read-only-source", sys(SYS_pwrite64, file, readonly, 10, 0), 10);
    check("write/read-only-behind", sys(SYS_pwrite64, file, edge_readonly - 33, 100, 0), 100);
    check("write/length-0", sys(SYS_pwrite64, file, unmapped, 0, 0), 0);
    check("write/kernel-half", sys(SYS_pwrite64, file, kernel_half, 8, 0), -EFAULT);
    check("write/non-canonical", sys(SYS_pwrite64, file, noncanonical, 8, 0), -EFAULT);
    check("write/wrapping", sys(SYS_pwrite64, file, (byte *)-(uintptr_t)4, 8, 0), -EFAULT);
    check("write/null", sys(SYS_pwrite64, file, 0, 8, 0), -EFAULT);
    fill_pattern(edge - PAGE - 9, PAGE + 9, 5);
    check("write/second-page-at-edge", sys(SYS_pwrite64, file, edge - PAGE - 9, 3 * PAGE, 0), PAGE + 9);
    sys(SYS_pread64, file, pages, 2 * PAGE, 0);
    check("write/second-page-bytes", pattern_length(pages, PAGE + 9, 5), PAGE + 9);
}

// Sources and sinks that are no files.
static void others(void)
{
    int ends[2];
    sys(SYS_pipe2, ends, O_NONBLOCK);
    check("pipe-write/nothing", sys(SYS_write, ends[1], unmapped, 10), -EFAULT);
    check("pipe-read/empty-after-fault", sys(SYS_read, ends[0], pages, 10), -EAGAIN);
    sys(SYS_write, ends[1], "0123456789", 10);
    check("pipe-read/nothing", sys(SYS_read, ends[0], unmapped, 10), -EFAULT);
    check("pipe-read/kept-after-fault", sys(SYS_read, ends[0], pages, 10), 10);
    check("pipe-read/bytes-after-fault", memcmp(pages, "0123456789", 10), 0);
    memset(edge - 100, 0, 100);
    check("getrandom/short", sys(SYS_getrandom, edge - 100, 200, 0), 100);
    check("getrandom/nothing", sys(SYS_getrandom, unmapped, 20, 0), -EFAULT);
    check("getrandom/kernel-half", sys(SYS_getrandom, kernel_half, 20, 0), -EFAULT);
    check("getrandom/read-only", sys(SYS_getrandom, readonly, 20, 0), -EFAULT);
    int zero = sys(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY);
    memset(edge - 300, 1, 300);
    check("zero/short", sys(SYS_read, zero, edge - 300, 5000), 300);
    check("zero/short-bytes", all_are(edge - 300, 300, 0), 1);
    check("zero/nothing", sys(SYS_read, zero, none, 10), -EFAULT);
}

void transfers(void)
{
    file = scratch();
    reads();
    holes();
    writes();
    others();
}
