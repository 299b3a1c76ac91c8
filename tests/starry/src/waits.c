// SPDX-License-Identifier: MIT OR Apache-2.0
// Waiting for events: arrays in and out, and events that a fault must not lose.
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static int ends[2];

static void polls(void)
{
    struct pollfd asked = {.fd = ends[0], .events = POLLIN};
    struct kernel_timespec at_once = {0, 0};
#define POLL(array, count) sys(SYS_ppoll, array, count, &at_once, 0, SIGSET_SIZE)
    memcpy(edge - sizeof asked, &asked, sizeof asked);
    check("ppoll/at-edge", POLL(edge - sizeof asked, 1), 1);
    check("ppoll/at-edge-result", ((struct pollfd *)edge)[-1].revents, POLLIN);
    check("ppoll/second-over-edge", POLL(edge - sizeof asked, 2), -EFAULT);
    check("ppoll/none-of-none", POLL(unmapped, 0), 0);
    check("ppoll/too-many", POLL(&asked, 0x7fffffff), -EINVAL);
    // Descriptor 0x72727272 is not open: the answer has no place to go.
    check("ppoll/answer-read-only", POLL(readonly, 1), -EFAULT);
#undef POLL
}

static void sets(void)
{
    struct kernel_timespec at_once = {0, 0};
    unsigned long *set = (unsigned long *)edge - 1;
    *set = 1UL << ends[0];
    check("pselect6/at-edge", sys(SYS_pselect6, 64, set, 0, 0, &at_once, 0), 1);
    check("pselect6/at-edge-result", *set == 1UL << ends[0], 1);
    check("pselect6/more-than-there", sys(SYS_pselect6, 128, set, 0, 0, &at_once, 0), -EFAULT);
    unsigned long *fixed = (unsigned long *)fresh(1);
    *fixed = 1UL << ends[0];
    mprotect(fixed, PAGE, PROT_READ);
    check("pselect6/answer-read-only", sys(SYS_pselect6, 64, fixed, 0, 0, &at_once, 0), -EFAULT);
    struct {
        const void *mask;
        size_t size;
    } mask = {unmapped, SIGSET_SIZE};
    check("pselect6/mask-unmapped", sys(SYS_pselect6, 0, 0, 0, 0, &at_once, &mask), -EFAULT);
    check("pselect6/mask-pair-unmapped", sys(SYS_pselect6, 0, 0, 0, 0, &at_once, unmapped), -EFAULT);
}

static void epolls(void)
{
    long poller = sys(SYS_epoll_create1, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
    sys(SYS_epoll_ctl, poller, EPOLL_CTL_ADD, ends[0], &event);
#define WAIT(array, count) sys(SYS_epoll_pwait, poller, array, count, 0, 0, SIGSET_SIZE)
    struct place places[PLACES];
    bad_places(sizeof event, places);
    for (int i = 0; i < PLACES; i++)
        check_at("epoll_pwait", places[i].name, WAIT(places[i].address, 1), -EFAULT);
    check("epoll_pwait/kept-after-faults", WAIT(edge - sizeof event, 1), 1);
    memcpy(&event, edge - sizeof event, sizeof event);
    check("epoll_pwait/data", event.data.u64 == 0x1122334455667788, 1);
    check("epoll_pwait/count-0", WAIT(pages, 0), -EINVAL);
    check("epoll_pwait/mask-unmapped", sys(SYS_epoll_pwait, poller, pages, 1, 0, unmapped, SIGSET_SIZE), -EFAULT);
#undef WAIT
}

// Counters that are read as values of 8 bytes.
static void counters(void)
{
    unsigned long long value = 5;
    long counter = sys(SYS_eventfd2, 5, O_NONBLOCK);
    check("eventfd-read/unmapped", sys(SYS_read, counter, unmapped, 8), -EFAULT);
    sys(SYS_write, counter, &value, 8);
    check("eventfd-read/over-edge", sys(SYS_read, counter, edge - 4, 8), -EFAULT);
    check("eventfd-read/too-small", sys(SYS_read, counter, unmapped, 4), -EINVAL);
    check("eventfd-write/over-edge", sys(SYS_write, counter, edge - 4, 8), -EFAULT);
}

// Positions that the kernel reads and writes back.
static void positions(void)
{
    int file = scratch();
    fill_pattern(pages, 100, 1);
    sys(SYS_pwrite64, file, pages, 100, 0);
    struct place places[PLACES];
    bad_places(8, places);
    places[PLACES - 1].address = fresh(1); // a good position, but it cannot be written back
    mprotect(places[PLACES - 1].address, PAGE, PROT_READ);
    for (int i = 1; i < PLACES; i++) // NULL means: the file's own
        check_at("sendfile-position", places[i].name, sys(SYS_sendfile, ends[1], file, places[i].address, 10), -EFAULT);
    int target = scratch();
    for (int i = 1; i < PLACES_TO_READ; i++)
        check_at("copy_file_range-position", places[i].name,
                 sys(SYS_copy_file_range, file, places[i].address, target, 0, 10, 0), -EFAULT);
}

void waits(void)
{
    sys(SYS_pipe2, ends, O_NONBLOCK);
    sys(SYS_write, ends[1], "x", 1);
    polls();
    sets();
    epolls();
    counters();
    positions();
}
