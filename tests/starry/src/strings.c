// SPDX-License-Identifier: MIT OR Apache-2.0
// Strings: paths that end with a page, do not end at all, or are as long as a path may be.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

enum { LONGEST = 4096 };

static byte room[512];

static long open_path(const void *path)
{
    return sys(SYS_openat, AT_FDCWD, path, O_RDONLY);
}
static long stat_path(const void *path)
{
    return sys(SYS_newfstatat, AT_FDCWD, path, room, 0);
}
static long statx_path(const void *path)
{
    return sys(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, room);
}
static long readlink_path(const void *path)
{
    return sys(SYS_readlinkat, AT_FDCWD, path, room, sizeof room);
}
static long access_path(const void *path)
{
    return sys(SYS_faccessat, AT_FDCWD, path, F_OK);
}
static long chdir_path(const void *path)
{
    return sys(SYS_chdir, path);
}
static long mkdir_path(const void *path)
{
    return sys(SYS_mkdirat, AT_FDCWD, path, 0700);
}
static long unlink_path(const void *path)
{
    return sys(SYS_unlinkat, AT_FDCWD, path, 0);
}
static long truncate_path(const void *path)
{
    return sys(SYS_truncate, path, 0);
}
static long execve_path(const void *path)
{
    char *nothing[] = {NULL};
    return sys(SYS_execve, path, nothing, nothing);
}
static long statfs_path(const void *path)
{
    return sys(SYS_statfs, path, room);
}
static long rename_from(const void *path)
{
    return sys(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "/never", 0);
}
static long rename_to(const void *path)
{
    return sys(SYS_renameat2, AT_FDCWD, scratch_path, AT_FDCWD, path, 0);
}
static long link_to(const void *path)
{
    return sys(SYS_symlinkat, path, AT_FDCWD, "/never/never");
}
static long chmod_path(const void *path)
{
    return sys(SYS_fchmodat, AT_FDCWD, path, 0600);
}

static const struct {
    const char *name;
    long (*call)(const void *path);
    // Some calls may take NULL for no path, and then nobody looks at user memory.
    bool null_is_path;
} calls[] = {
    {"openat", open_path, true},
    {"newfstatat", stat_path, false},
    {"statx", statx_path, false},
    {"readlinkat", readlink_path, true},
    {"faccessat", access_path, false},
    {"chdir", chdir_path, true},
    {"mkdirat", mkdir_path, true},
    {"unlinkat", unlink_path, true},
    {"truncate", truncate_path, true},
    {"execve", execve_path, true},
    {"statfs", statfs_path, true},
    {"renameat2-from", rename_from, true},
    {"renameat2-to", rename_to, true},
    {"symlinkat-target", link_to, true},
    {"fchmodat", chmod_path, false},
};

static void bad_paths(void)
{
    memset(edge - PAGE, '/', PAGE);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i].null_is_path)
            check_at(calls[i].name, "null", calls[i].call(NULL), -EFAULT);
        check_at(calls[i].name, "unmapped", calls[i].call(unmapped), -EFAULT);
        check_at(calls[i].name, "no-rights", calls[i].call(none), -EFAULT);
        check_at(calls[i].name, "unterminated-at-edge", calls[i].call(edge - 3), -EFAULT);
        check_at(calls[i].name, "kernel-half", calls[i].call(kernel_half), -EFAULT);
        check_at(calls[i].name, "non-canonical", calls[i].call(noncanonical), -EFAULT);
        // Whatever the call says of an empty path.
        check_at(calls[i].name, "empty-never-touched", calls[i].call(fresh(1)), calls[i].call(""));
    }
}

// Puts a path so that its end, with the zero, is `end`.
static byte *ending_at(byte *end, const char *path)
{
    size_t length = strlen(path) + 1;
    return memcpy(end - length, path, length);
}

static long opened(const void *path)
{
    long file = open_path(path);
    if (file < 0)
        return file;
    sys(SYS_close, file);
    return 0;
}

static void good_paths(void)
{
    check("openat/ends-with-page", opened(ending_at(edge, scratch_path)), 0);
    check("openat/ends-with-page-before-no-rights", opened(ending_at(edge_none, scratch_path)), 0);
    check("openat/across-pages", opened(ending_at(pages + PAGE + 5, scratch_path)), 0);
    check("newfstatat/ends-with-page", stat_path(ending_at(edge, scratch_path)), 0);
    check("statx/ends-with-page", statx_path(ending_at(edge, scratch_path)), 0);
    byte *only = fresh(1);
    ending_at(only + PAGE, scratch_path);
    mprotect(only, PAGE, PROT_READ);
    check("openat/read-only-page", opened(only + PAGE - strlen(scratch_path) - 1), 0);
}

// A path may have 4096 bytes with its zero. The first of them are slashes: one is as good as many.
static void long_paths(void)
{
    byte *end = pages + 3 * PAGE;
    memset(pages, '/', 3 * PAGE);
    ending_at(end, scratch_path);
    check("openat/longest", opened(end - LONGEST), 0);
    check("openat/too-long-by-one", opened(end - LONGEST - 1), -ENAMETOOLONG);
    memset(pages, 'a', 3 * PAGE);
    check("openat/no-end-in-sight", opened(pages), -ENAMETOOLONG);
    // Too long, and then not mapped: nobody needs to look there.
    memset(edge - 2 * PAGE, 'a', 2 * PAGE);
    check("openat/too-long-at-edge", opened(edge - LONGEST), -ENAMETOOLONG);
    check("openat/one-less-at-edge", opened(edge - LONGEST + 1), -EFAULT);
    // A name of 256 bytes at the edge.
    memset(pages, 'n', PAGE);
    pages[0] = '/';
    pages[257] = 0;
    check("openat/name-too-long", opened(pages), -ENAMETOOLONG);
}

// Strings that the kernel writes.
static void answers(void)
{
    char link[80];
    snprintf(link, sizeof link, "%s.link", scratch_path);
    sys(SYS_unlinkat, AT_FDCWD, link, 0);
    check("symlinkat/ends-with-page", sys(SYS_symlinkat, ending_at(edge, "/target/of/it"), AT_FDCWD, link), 0);
    check("readlinkat/into-edge", sys(SYS_readlinkat, AT_FDCWD, link, edge - 13, 100), 13);
    check("readlinkat/into-edge-bytes", memcmp(edge - 13, "/target/of/it", 13), 0);
    check("readlinkat/cut-off", sys(SYS_readlinkat, AT_FDCWD, link, edge - 5, 5), 5);
    check("readlinkat/over-edge", sys(SYS_readlinkat, AT_FDCWD, link, edge - 5, 100), -EFAULT);
    check("readlinkat/into-unmapped", sys(SYS_readlinkat, AT_FDCWD, link, unmapped, 100), -EFAULT);
    check("readlinkat/into-read-only", sys(SYS_readlinkat, AT_FDCWD, link, readonly, 100), -EFAULT);
    check("readlinkat/into-kernel-half", sys(SYS_readlinkat, AT_FDCWD, link, kernel_half, 100), -EFAULT);
    sys(SYS_unlinkat, AT_FDCWD, link, 0);
    sys(SYS_chdir, "/");
    check("getcwd/into-edge", sys(SYS_getcwd, edge - 2, 100), 2);
    check("getcwd/over-edge", sys(SYS_getcwd, edge - 1, 100), -EFAULT);
    check("getcwd/unmapped", sys(SYS_getcwd, unmapped, 100), -EFAULT);
    check("getcwd/null", sys(SYS_getcwd, NULL, 100), -EFAULT);
    check("getcwd/read-only", sys(SYS_getcwd, readonly, 100), -EFAULT);
    check("getcwd/kernel-half", sys(SYS_getcwd, kernel_half, 100), -EFAULT);
    check("getcwd/no-room", sys(SYS_getcwd, unmapped, 1), -ERANGE);
}

void strings(void)
{
    sys(SYS_close, scratch());
    bad_paths();
    good_paths();
    long_paths();
    answers();
}
