// SPDX-License-Identifier: MIT OR Apache-2.0
// Vectors: a bad array, a bad element, a bad length, and exact counts when a later element faults.
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

enum { SIZE = 3 * PAGE };

static int file;

static long read_at(const void *vector, long count)
{
    return sys(SYS_preadv, file, vector, count, 0, 0);
}
static long write_at(const void *vector, long count)
{
    return sys(SYS_pwritev, file, vector, count, 0, 0);
}
static long read_here(const void *vector, long count)
{
    sys(SYS_lseek, file, 0, SEEK_SET);
    return sys(SYS_readv, file, vector, count);
}
static long write_here(const void *vector, long count)
{
    sys(SYS_lseek, file, 0, SEEK_SET);
    return sys(SYS_writev, file, vector, count);
}

static const struct {
    const char *name;
    long (*call)(const void *vector, long count);
} calls[] = {{"readv", read_here}, {"writev", write_here}, {"preadv", read_at}, {"pwritev", write_at}};

#define VECTOR(...) ((struct iovec[]){__VA_ARGS__})

static void each(const char *name, long (*call)(const void *vector, long count))
{
    struct iovec good = {pages, 10};
    check_at(name, "array-null", call(NULL, 1), -EFAULT);
    check_at(name, "array-unmapped", call(unmapped, 1), -EFAULT);
    check_at(name, "array-no-rights", call(none, 2), -EFAULT);
    check_at(name, "array-kernel-half", call(kernel_half, 1), -EFAULT);
    check_at(name, "array-non-canonical", call(noncanonical, 1), -EFAULT);
    memcpy(edge - sizeof good, &good, sizeof good);
    check_at(name, "array-over-edge", call(edge - sizeof good, 2), -EFAULT);
    check_at(name, "array-at-edge", call(edge - sizeof good, 1), 10);
    check_at(name, "array-never-touched", call(fresh(1), 4), 0);
    check_at(name, "count-0", call(unmapped, 0), 0);
    check_at(name, "count-negative", call(&good, -1), -EINVAL);
    check_at(name, "count-1025", call(&good, 1025), -EINVAL);
    check_at(name, "length-negative", call(VECTOR({pages, 10}, {pages, (size_t)-1}), 2), -EINVAL);
    check_at(name, "first-unmapped", call(VECTOR({unmapped, 10}, {pages, 10}), 2), -EFAULT);
    check_at(name, "second-unmapped", call(VECTOR({pages, 10}, {unmapped, 10}), 2), 10);
    check_at(name, "second-no-rights", call(VECTOR({pages, 100}, {none, 10}, {pages, 10}), 3), 100);
    check_at(name, "third-over-edge", call(VECTOR({pages, 7}, {pages + 20, 9}, {edge - 5, 10}), 3), 21);
    check_at(name, "second-over-edge", call(VECTOR({pages + 1, PAGE}, {edge - 333, 3000}, {pages, 1}), 3), PAGE + 333);
    check_at(name, "empty-elements", call(VECTOR({unmapped, 0}, {pages, 6}, {NULL, 0}, {pages, 6}), 4), 12);
    check_at(name, "second-kernel-half", call(VECTOR({pages, 10}, {kernel_half, 10}), 2), -EFAULT);
    check_at(name, "second-non-canonical", call(VECTOR({pages, 10}, {noncanonical, 10}), 2), -EFAULT);
}

// Many elements, on several pages.
static void many(void)
{
    static struct iovec thousand[1024];
    for (int i = 0; i < 1024; i++)
        thousand[i] = (struct iovec){pages + i, 1};
    fill_pattern(pages, SIZE, 6);
    check("pwritev/1024-elements", write_at(thousand, 1024), 1024);
    memset(pages, 0, SIZE);
    thousand[1000].iov_base = none;
    check("preadv/element-1000-bad", read_at(thousand, 1024), 1000);
    check("preadv/element-1000-bad-bytes", pattern_length(pages, SIZE, 6), 1000);
}

// The bytes, too, not their number only.
static void bytes(void)
{
    fill_pattern(pages, SIZE, 7);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    memset(pages, 0, SIZE);
    memset(edge - PAGE, 0, PAGE);
    read_at(VECTOR({pages, 50}, {edge - 60, 500}), 2);
    memcpy(pages + 50, edge - 60, 60);
    check("preadv/second-over-edge-bytes", pattern_length(pages, SIZE, 7), 110);

    sys(SYS_ftruncate, file, 0);
    fill_pattern(edge - 400, 400, 8);
    write_at(VECTOR({edge - 400, 300}, {edge - 100, 101}), 2);
    memset(pages, 0, SIZE);
    check("pwritev/second-over-edge-size", sys(SYS_pread64, file, pages, SIZE, 0), 400);
    check("pwritev/second-over-edge-bytes", pattern_length(pages, SIZE, 8), 400);

    sys(SYS_lseek, file, 0, SEEK_SET);
    sys(SYS_readv, file, VECTOR({pages, 33}, {unmapped, 10}), 2);
    check("readv/second-unmapped-position", sys(SYS_lseek, file, 0, SEEK_CUR), 33);
}

void vectors(void)
{
    file = scratch();
    fill_pattern(pages, SIZE, 9);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        sys(SYS_pwrite64, file, pages, SIZE, 0);
        each(calls[i].name, calls[i].call);
    }
    many();
    bytes();
}
