// SPDX-License-Identifier: MIT OR Apache-2.0
// Structs that the kernel reads, from every kind of bad place, and from a good place that crosses pages.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static int file, timer, events, poller, bell;

#define CALL(name, ...) \
    static long call_##name(const void *from) \
    { \
        return sys(__VA_ARGS__); \
    }

CALL(nanosleep, SYS_nanosleep, from, 0)
CALL(clock_nanosleep, SYS_clock_nanosleep, 1, 0, from, 0)
CALL(timerfd_settime, SYS_timerfd_settime, timer, 0, from, 0)
CALL(setitimer, SYS_setitimer, ITIMER_VIRTUAL, from, 0)
CALL(rt_sigaction, SYS_rt_sigaction, SIGUSR1, from, 0, SIGSET_SIZE)
CALL(rt_sigprocmask, SYS_rt_sigprocmask, SIG_BLOCK, from, 0, SIGSET_SIZE)
CALL(sigaltstack, SYS_sigaltstack, from, 0)
CALL(prlimit64, SYS_prlimit64, 0, RLIMIT_CORE, from, 0)
CALL(ppoll, SYS_ppoll, from, 1, pages, 0, SIGSET_SIZE)
CALL(ppoll_timeout, SYS_ppoll, 0, 0, from, 0, SIGSET_SIZE)
CALL(ppoll_mask, SYS_ppoll, 0, 0, pages, from, SIGSET_SIZE)
CALL(pselect6, SYS_pselect6, 64, from, 0, 0, pages, 0)
CALL(pselect6_third, SYS_pselect6, 64, 0, 0, from, pages, 0)
CALL(pselect6_timeout, SYS_pselect6, 0, 0, 0, 0, from, 0)
CALL(epoll_ctl, SYS_epoll_ctl, poller, EPOLL_CTL_MOD, bell, from)
CALL(utimensat, SYS_utimensat, AT_FDCWD, scratch_path, from, 0)
CALL(sched_setaffinity, SYS_sched_setaffinity, 0, 8, from)
CALL(rt_sigtimedwait, SYS_rt_sigtimedwait, from, 0, pages, SIGSET_SIZE)
CALL(eventfd_write, SYS_write, events, from, 8)
CALL(signalfd4, SYS_signalfd4, -1, from, SIGSET_SIZE, 0)

// What a call answers at NULL, if that is no fault.
enum { FAULTS = -EFAULT, NOTHING = 0 };

static const byte zeros[64];
static const struct kernel_timespec now[2] = {{1, 0}, {1, 0}};
static const struct pollfd none_asked = {.fd = -1};
static const struct epoll_event event = {.events = EPOLLIN};
static const unsigned long one = 1, all_bits = ~0UL;
static const struct kernel_sigaction action;
static const stack_t disabled = {.ss_flags = SS_DISABLE};

static const struct in {
    const char *name;
    long (*call)(const void *from);
    // A good one.
    const void *value;
    size_t size;
    long at_null;
    long good;
} ins[] = {
    {"nanosleep", call_nanosleep, zeros, 16, FAULTS, 0},
    {"clock_nanosleep", call_clock_nanosleep, zeros, 16, FAULTS, 0},
    {"timerfd_settime", call_timerfd_settime, zeros, 32, FAULTS, 0},
    // NULL is an old way to stop the timer, and warns.
    {"setitimer", call_setitimer, zeros, 32, NOTHING, 0},
    {"rt_sigaction-new", call_rt_sigaction, &action, KERNEL_SIGACTION_SIZE, NOTHING, 0},
    {"rt_sigprocmask-new", call_rt_sigprocmask, zeros, SIGSET_SIZE, NOTHING, 0},
    {"sigaltstack-new", call_sigaltstack, &disabled, sizeof disabled, NOTHING, 0},
    {"prlimit64-new", call_prlimit64, zeros, 16, NOTHING, 0},
    {"ppoll", call_ppoll, &none_asked, sizeof none_asked, FAULTS, 0},
    {"ppoll-timeout", call_ppoll_timeout, zeros, 16, -EINTR, 0},
    {"ppoll-mask", call_ppoll_mask, zeros, SIGSET_SIZE, NOTHING, 0},
    {"pselect6", call_pselect6, zeros, 8, NOTHING, 0},
    {"pselect6-third", call_pselect6_third, zeros, 8, NOTHING, 0},
    {"pselect6-timeout", call_pselect6_timeout, zeros, 16, -EINTR, 0},
    {"epoll_ctl", call_epoll_ctl, &event, sizeof event, FAULTS, 0},
    {"utimensat", call_utimensat, now, 32, NOTHING, 0},
    {"sched_setaffinity", call_sched_setaffinity, &all_bits, 8, FAULTS, 0},
    {"rt_sigtimedwait", call_rt_sigtimedwait, zeros, SIGSET_SIZE, FAULTS, -EAGAIN},
    {"eventfd-write", call_eventfd_write, &one, 8, FAULTS, 8},
    {"signalfd4", call_signalfd4, zeros, SIGSET_SIZE, FAULTS, 3},
};

static void each(const struct in *in)
{
    struct place places[PLACES];
    bad_places(in->size, places);
    memset(pages, 0, 64);
    // The first half of a good one, and no second.
    memcpy(edge - in->size / 2, in->value, in->size / 2);
    for (int i = 0; i < PLACES_TO_READ; i++) {
        // Without a timeout they wait for ever.
        if (i == 0 && in->at_null == -EINTR)
            continue;
        check_at(in->name, places[i].name, in->call(places[i].address), i == 0 ? in->at_null : -EFAULT);
    }
    memcpy(pages + 2 * PAGE - in->size / 2, in->value, in->size);
    long across = in->call(pages + 2 * PAGE - in->size / 2);
    memcpy(edge - in->size, in->value, in->size);
    long at_edge = in->call(edge - in->size);
    if (in->call == call_signalfd4) {
        // Any descriptor will do.
        across = across >= 0 ? in->good : across;
        at_edge = at_edge >= 0 ? in->good : at_edge;
    }
    check_at(in->name, "across-pages", across, in->good);
    check_at(in->name, "at-edge", at_edge, in->good);
}

void structs_in(void)
{
    file = scratch();
    timer = sys(SYS_timerfd_create, 1, 0);
    events = sys(SYS_eventfd2, 0, 0);
    bell = sys(SYS_eventfd2, 0, 0);
    poller = sys(SYS_epoll_create1, 0);
    sys(SYS_epoll_ctl, poller, EPOLL_CTL_ADD, bell, &event);
    for (size_t i = 0; i < sizeof ins / sizeof *ins; i++)
        each(&ins[i]);
}
