// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct tally *tally;

void tally_create(void)
{
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) {
        say("no shared memory: %d", errno);
        _exit(2);
    }
}

void say(const char *format, ...)
{
    char line[400];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    if (write(1, line, length + 1) < 0)
        _exit(3);
}

const char *outcome(long result, char *text, unsigned long size)
{
    static const struct {
        int number;
        const char *name;
    } known[] = {
        {EFAULT, "EFAULT"}, {EINVAL, "EINVAL"}, {ENOENT, "ENOENT"}, {EAGAIN, "EAGAIN"}, {E2BIG, "E2BIG"},
        {ENOSYS, "ENOSYS"}, {EPERM, "EPERM"}, {EBADF, "EBADF"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {EINTR, "EINTR"},
        {ETIMEDOUT, "ETIMEDOUT"}, {ERANGE, "ERANGE"}, {ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {ESRCH, "ESRCH"},
        {ENOTSOCK, "ENOTSOCK"}, {EIO, "EIO"}, {ENOTDIR, "ENOTDIR"}, {EEXIST, "EEXIST"}, {EOPNOTSUPP, "EOPNOTSUPP"},
    };
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (result == -known[i].number)
            return known[i].name;
    snprintf(text, size, "%ld", result);
    return text;
}

void check_that(const char *name, bool right, const char *got, const char *want)
{
    __atomic_add_fetch(&tally->done, 1, __ATOMIC_SEQ_CST);
    if (right) {
        __atomic_add_fetch(&tally->right, 1, __ATOMIC_SEQ_CST);
        say("check %s ok", name);
    } else {
        say("check %s WRONG: got %s, want %s", name, got, want);
    }
}

void check(const char *name, long got, long want)
{
    char got_text[24], want_text[24];
    check_that(name, got == want, outcome(got, got_text, sizeof got_text), outcome(want, want_text, sizeof want_text));
}

void check_at(const char *what, const char *where, long got, long want)
{
    char name[120];
    snprintf(name, sizeof name, "%s/%s", what, where);
    check(name, got, want);
}
