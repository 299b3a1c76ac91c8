// SPDX-License-Identifier: MIT OR Apache-2.0
// Structs that the kernel writes, to every kind of bad place, and to a good place that crosses pages.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

enum { MARK = 0xaa };

static int file, timer;

#define CALL(name, ...) \
    static long call_##name(void *to) \
    { \
        return sys(__VA_ARGS__); \
    }

CALL(clock_gettime, SYS_clock_gettime, 1, to)
CALL(clock_getres, SYS_clock_getres, 1, to)
CALL(gettimeofday, SYS_gettimeofday, to, 0)
CALL(sysinfo, SYS_sysinfo, to)
CALL(uname, SYS_uname, to)
CALL(getrusage, SYS_getrusage, RUSAGE_SELF, to)
CALL(prlimit64, SYS_prlimit64, 0, RLIMIT_NOFILE, 0, to)
CALL(newfstatat, SYS_newfstatat, AT_FDCWD, "/", to, 0)
CALL(fstat, SYS_fstat, file, to)
CALL(statx, SYS_statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS, to)
CALL(statfs, SYS_statfs, "/", to)
CALL(fstatfs, SYS_fstatfs, file, to)
CALL(pipe2, SYS_pipe2, to, 0)
CALL(socketpair, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, to)
CALL(rt_sigaction, SYS_rt_sigaction, SIGUSR1, 0, to, SIGSET_SIZE)
CALL(rt_sigprocmask, SYS_rt_sigprocmask, SIG_BLOCK, 0, to, SIGSET_SIZE)
CALL(rt_sigpending, SYS_rt_sigpending, to, SIGSET_SIZE)
CALL(sigaltstack, SYS_sigaltstack, 0, to)
CALL(getitimer, SYS_getitimer, ITIMER_REAL, to)
CALL(timerfd_gettime, SYS_timerfd_gettime, timer, to)
CALL(sched_getaffinity, SYS_sched_getaffinity, 0, 8, to)
CALL(getresuid, SYS_getresuid, to, pages, pages)
CALL(getresuid_third, SYS_getresuid, pages, pages, to)
CALL(getresgid, SYS_getresgid, pages, to, pages)
CALL(getcpu, SYS_getcpu, to, 0, 0)
CALL(times, SYS_times, to)

// What a call answers at NULL, if that is no fault.
enum { FAULTS = -EFAULT, OPTIONAL = 0, POSITIVE = 1, NOT_ASKED = 2 };

static const struct out {
    const char *name;
    long (*call)(void *to);
    // The kernel's size: a libc may have more in its struct.
    size_t size;
    long at_null;
    // Of a good call.
    long good;
} outs[] = {
    {"clock_gettime", call_clock_gettime, 16, FAULTS, 0},
    {"clock_getres", call_clock_getres, 16, OPTIONAL, 0},
    {"gettimeofday", call_gettimeofday, 16, OPTIONAL, 0},
    {"sysinfo", call_sysinfo, 112, FAULTS, 0},
    {"uname", call_uname, sizeof(struct utsname), FAULTS, 0},
    {"getrusage", call_getrusage, 144, FAULTS, 0},
    {"prlimit64", call_prlimit64, 16, OPTIONAL, 0},
    {"newfstatat", call_newfstatat, sizeof(struct stat), FAULTS, 0},
    {"fstat", call_fstat, sizeof(struct stat), FAULTS, 0},
    {"statx", call_statx, 256, FAULTS, 0},
    {"statfs", call_statfs, sizeof(struct statfs), FAULTS, 0},
    {"fstatfs", call_fstatfs, sizeof(struct statfs), FAULTS, 0},
    {"pipe2", call_pipe2, 8, FAULTS, 0},
    {"socketpair", call_socketpair, 8, FAULTS, 0},
    {"rt_sigaction", call_rt_sigaction, KERNEL_SIGACTION_SIZE, OPTIONAL, 0},
    {"rt_sigprocmask", call_rt_sigprocmask, SIGSET_SIZE, OPTIONAL, 0},
    {"rt_sigpending", call_rt_sigpending, SIGSET_SIZE, FAULTS, 0},
    {"sigaltstack", call_sigaltstack, 3 * sizeof(long), OPTIONAL, 0},
    {"getitimer", call_getitimer, 32, FAULTS, 0},
    {"timerfd_gettime", call_timerfd_gettime, 32, FAULTS, 0},
    {"sched_getaffinity", call_sched_getaffinity, 8, FAULTS, POSITIVE},
    {"getresuid", call_getresuid, 4, FAULTS, 0},
    {"getresuid-third", call_getresuid_third, 4, FAULTS, 0},
    {"getresgid", call_getresgid, 4, FAULTS, 0},
    {"getcpu", call_getcpu, 4, OPTIONAL, 0},
    {"times", call_times, sizeof(struct tms), NOT_ASKED, POSITIVE},
};

// A count of bytes or of ticks is known by its sign only.
static long simple(long result)
{
    return result > 0 ? POSITIVE : result;
}

static void each(const struct out *out)
{
    struct place places[PLACES];
    bad_places(out->size, places);
    for (int i = out->at_null == NOT_ASKED; i < PLACES; i++)
        check_at(out->name, places[i].name, simple(out->call(places[i].address)), i == 0 ? out->at_null : -EFAULT);

    // Half of it on one page and half on the next, on no boundary of its own.
    byte *to = pages + 2 * PAGE - out->size / 2;
    memset(pages + PAGE, MARK, 2 * PAGE);
    check_at(out->name, "across-pages", simple(out->call(to)), out->good);
    bool around = all_are(pages + PAGE, to - (pages + PAGE), MARK) &&
                  all_are(to + out->size, pages + 3 * PAGE - (to + out->size), MARK);
    check_at(out->name, "nothing-around", around, 1);
    check_at(out->name, "written", all_are(to, out->size, MARK), 0);
    check_at(out->name, "at-edge", simple(out->call(edge - out->size)), out->good);
}

// A descriptor that nobody was told of would be lost: after a fault there is none.
static void no_leak(void)
{
    long before = sys(SYS_dup, 0);
    sys(SYS_close, before);
    sys(SYS_pipe2, unmapped, 0);
    sys(SYS_pipe2, edge - 4, 0);
    sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, readonly);
    long after = sys(SYS_dup, 0);
    sys(SYS_close, after);
    check("pipe2/no-descriptor-lost", after, before);
}

static void directories(void)
{
    long folder = sys(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    struct place places[PLACES];
    bad_places(16, places);
    for (int i = 0; i < PLACES; i++)
        // Half a record is none: but a kernel may find that the buffer is too small before it looks at it.
        check_at("getdents64", places[i].name, sys(SYS_getdents64, folder, places[i].address, PAGE), -EFAULT);
    check("getdents64/still-there", sys(SYS_getdents64, folder, pages, PAGE) > 0, 1);
    sys(SYS_close, folder);
}

static void children(void)
{
    struct place places[PLACES];
    bad_places(4, places);
    for (int i = 0; i < PLACES; i++) {
        long child = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (child == 0)
            _exit(7);
        long want = places[i].address == NULL ? child : -EFAULT;
        check_at("wait4", places[i].name, sys(SYS_wait4, child, places[i].address, 0, 0), want);
        sys(SYS_wait4, child, 0, 0, 0);
    }
}

void structs_out(void)
{
    file = scratch();
    timer = sys(SYS_timerfd_create, 1, 0);
    for (size_t i = 0; i < sizeof outs / sizeof *outs; i++)
        each(&outs[i]);
    no_leak();
    directories();
    children();
}
