// SPDX-License-Identifier: MIT OR Apache-2.0
// Structs whose size the program states: smaller and larger than the kernel's own.
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <string.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static long open_how(const void *how, size_t size)
{
    long file = sys(SYS_openat2, AT_FDCWD, scratch_path, how, size);
    if (file < 0)
        return file;
    sys(SYS_close, file);
    return 0;
}

static void open_how_checks(void)
{
    struct open_how how = {.flags = O_RDONLY};
    struct place places[PLACES];
    bad_places(sizeof how, places);
    for (int i = 0; i < PLACES_TO_READ; i++)
        check_at("openat2", places[i].name, open_how(places[i].address, sizeof how), -EFAULT);
    memset(pages, 0, 2 * PAGE);
    memcpy(edge - sizeof how, &how, sizeof how);
    check("openat2/at-edge", open_how(edge - sizeof how, sizeof how), 0);
    check("openat2/too-small", open_how(&how, sizeof how - 1), -EINVAL);
    memcpy(pages, &how, sizeof how);
    check("openat2/larger-zeros", open_how(pages, sizeof how + 40), 0);
    pages[sizeof how + 39] = 1;
    check("openat2/larger-unknown", open_how(pages, sizeof how + 40), -E2BIG);
    pages[sizeof how + 39] = 0;
    check("openat2/larger-over-edge", open_how(edge - sizeof how, sizeof how + 8), -EFAULT);
    check("openat2/page-and-one", open_how(pages, PAGE + 1), -E2BIG);
}

static void clone_checks(void)
{
    struct place places[PLACES];
    bad_places(64, places);
    for (int i = 0; i < PLACES_TO_READ; i++)
        check_at("clone3", places[i].name, sys(SYS_clone3, places[i].address, 64), -EFAULT);
    check("clone3/too-small", sys(SYS_clone3, pages, 63), -EINVAL);
    check("clone3/page-and-one", sys(SYS_clone3, pages, PAGE + 1), -E2BIG);
    memset(pages, 0, PAGE);
    pages[200] = 1;
    check("clone3/larger-unknown", sys(SYS_clone3, pages, 256), -E2BIG);
}

void extensible(void)
{
    sys(SYS_close, scratch());
    open_how_checks();
    clone_checks();
}
