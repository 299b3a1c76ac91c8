// SPDX-License-Identifier: MIT OR Apache-2.0
// Pages that nobody has touched yet: the kernel is the first, on either side of a transfer.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

enum { SIZE = 4 * PAGE };

static int file;

static void anonymous(void)
{
    byte *target = fresh(6);
    check("lazy/read-into-4-pages", sys(SYS_pread64, file, target + 100, SIZE, 0), SIZE);
    check("lazy/read-into-4-pages-bytes", pattern_length(target + 100, SIZE, 1), SIZE);
    check("lazy/read-into-zeros-in-front", all_are(target, 100, 0), 1);
    check("lazy/write-from-4-pages", sys(SYS_pwrite64, file, fresh(5) + 7, SIZE, 0), SIZE);
    sys(SYS_pread64, file, target, SIZE, 0);
    check("lazy/write-from-zeros", all_are(target, SIZE, 0), 1);

    byte *before_hole = fresh(3);
    munmap(before_hole + 2 * PAGE, PAGE);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    check("lazy/read-into-edge", sys(SYS_pread64, file, before_hole + 50, SIZE, 0), 2 * PAGE - 50);
    check("lazy/read-into-edge-bytes", pattern_length(before_hole + 50, 2 * PAGE - 50, 1), 2 * PAGE - 50);
    byte *other_hole = fresh(3);
    munmap(other_hole + 2 * PAGE, PAGE);
    check("lazy/write-from-edge", sys(SYS_pwrite64, file, other_hole + 50, SIZE, 0), 2 * PAGE - 50);

    // One page is there, the next is not yet.
    byte *half = fresh(2);
    half[0] = 1;
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    check("lazy/half-touched", sys(SYS_pread64, file, half, 2 * PAGE, 0), 2 * PAGE);
    check("lazy/half-touched-bytes", pattern_length(half, 2 * PAGE, 1), 2 * PAGE);
}

static void structs(void)
{
    struct kernel_timespec *time = (struct kernel_timespec *)(fresh(1) + 800);
    check("lazy/clock_gettime", sys(SYS_clock_gettime, 1, time), 0);
    check("lazy/clock_gettime-value", time->sec != 0 || time->nsec != 0, 1);
    check("lazy/nanosleep", sys(SYS_nanosleep, fresh(1), 0), 0);
    byte *across = fresh(2) + PAGE - 11;
    check("lazy/uname-across-pages", sys(SYS_uname, across), 0);
    check("lazy/uname-across-pages-value", across[0] != 0, 1);
    int *pair = (int *)fresh(1);
    check("lazy/pipe2", sys(SYS_pipe2, pair, 0), 0);
    check("lazy/pipe2-value", pair[0] > 0 && pair[1] > 0, 1);
    // The array and what it points to.
    struct iovec *vector = (struct iovec *)fresh(1);
    check("lazy/empty-vector", sys(SYS_readv, file, vector, 3), 0);
    vector[0] = (struct iovec){fresh(1), PAGE};
    vector[1] = (struct iovec){fresh(1) + 1, PAGE - 1};
    check("lazy/preadv", sys(SYS_preadv, file, vector, 2, 0, 0), 2 * PAGE - 1);
}

static void of_files(void)
{
    sys(SYS_ftruncate, file, 0);
    sys(SYS_pwrite64, file, pages, 2 * PAGE, 0);
    byte *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    int other = sys(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY);
    int sink[2];
    sys(SYS_pipe2, sink, O_NONBLOCK);
    check("lazy/write-from-file-pages", sys(SYS_write, sink[1], private + 10, 5000), 5000);
    sys(SYS_read, sink[0], pages + 2 * PAGE, 2 * PAGE);
    check("lazy/write-from-file-pages-bytes", memcmp(pages + 2 * PAGE, pages + 10, 5000), 0);
    check("lazy/read-into-file-pages", sys(SYS_read, other, private + 20, 5000), 5000);
    check("lazy/read-into-file-pages-bytes", all_are(private + 20, 5000, 0), 1);
    sys(SYS_pread64, file, pages + 2 * PAGE, 2 * PAGE, 0);
    check("lazy/private-pages-stay-private", pattern_length(pages + 2 * PAGE, 2 * PAGE, 1), 2 * PAGE);
    // Behind the file's last page there is nothing, though it is mapped.
    check("lazy/behind-end-of-file", sys(SYS_read, other, private + 3 * PAGE, 10), -EFAULT);
    check("lazy/over-end-of-file", sys(SYS_read, other, private + 2 * PAGE - 30, 100), 30);
    byte *no_writing = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    check("lazy/read-only-file-pages", sys(SYS_read, other, no_writing, 10), -EFAULT);
    byte *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    check("lazy/read-into-shared-pages", sys(SYS_read, other, shared + PAGE - 8, 16), 16);
    check("lazy/read-into-shared-pages-bytes", all_are(shared + PAGE - 8, 16, 0), 1);
}

static void rights_that_change(void)
{
    byte *page = fresh(1);
    mprotect(page, PAGE, PROT_READ);
    check("lazy/became-read-only", sys(SYS_pread64, file, page, 10, 0), -EFAULT);
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    check("lazy/became-writable", sys(SYS_pread64, file, page, 10, 0), 10);
    mprotect(page, PAGE, PROT_NONE);
    check("lazy/became-nothing", sys(SYS_pwrite64, file, page, 10, 0), -EFAULT);
    byte *never = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("lazy/without-rights", sys(SYS_pwrite64, file, never, 10, 0), -EFAULT);
    byte *reading = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("lazy/read-only-as-source", sys(SYS_pwrite64, file, reading, 10, 0), 10);
    check("lazy/read-only-as-target", sys(SYS_pread64, file, reading, 10, 0), -EFAULT);
}

void lazy(void)
{
    file = scratch();
    fill_pattern(pages, SIZE, 1);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    anonymous();
    fill_pattern(pages, SIZE, 1);
    structs();
    of_files();
    rights_that_change();
}
