// SPDX-License-Identifier: MIT OR Apache-2.0
// A second thread takes pages away and gives them back, while the first makes system calls on them. Each result is a
// fault, or an exact prefix.
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

// Two pages: the first stays, the second comes and goes.
enum { FIRST = 300, SIZE = FIRST + 2000, LEAST = 200, MOST = 4000, LEAST_OF_EACH = 5, SECONDS = 4 };

static int file;
static byte *border;
static atomic_int stop;

// The second page, which is all zero: a name of 't's gets into it, with an end at each moment. Without one, it is too long
// for whoever looks meanwhile.
static void fill_second(byte *page)
{
    memset(page, 't', 20);
    memset(page + 21, 't', PAGE - 21);
}

// What the other thread does, over and over.
static void *unmaps(void *unused)
{
    while (!stop) {
        munmap(border, PAGE);
        sys(SYS_sched_yield);
        byte *back = mmap(border, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        fill_second(back);
        sys(SYS_sched_yield);
    }
    return unused;
}

static void *protects(void *unused)
{
    while (!stop) {
        mprotect(border, PAGE, PROT_NONE);
        sys(SYS_sched_yield);
        mprotect(border, PAGE, PROT_READ | PROT_WRITE);
        sys(SYS_sched_yield);
    }
    return unused;
}

static void *makes_read_only(void *unused)
{
    while (!stop) {
        mprotect(border, PAGE, PROT_READ);
        sys(SYS_sched_yield);
        mprotect(border, PAGE, PROT_READ | PROT_WRITE);
        sys(SYS_sched_yield);
    }
    return unused;
}

// What the first thread does: one call. True if its result is one that may be.
typedef bool (*call)(long *result, int round);

// A transfer that may end at the border or behind it, but not in front of it.
static bool may_be(long result)
{
    return result >= FIRST && result <= SIZE;
}

static bool writes(long *result, int round)
{
    (void)round;
    memset(pages, 'm', SIZE);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    *result = sys(SYS_pwrite64, file, border - FIRST, SIZE, 0);
    sys(SYS_pread64, file, pages, SIZE, 0);
    if (!may_be(*result) || !all_are(pages, FIRST, 'f'))
        return false;
    // A page that came back empty and was read before its bytes were there is a page, too.
    for (long i = FIRST; i < *result; i++)
        if (pages[i] != 't' && pages[i] != 0)
            return false;
    return all_are(pages + *result, SIZE - *result, 'm');
}

static bool reads(long *result, int round)
{
    fill_pattern(pages, SIZE, round);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    *result = sys(SYS_pread64, file, border - FIRST, SIZE, 0);
    bool right = may_be(*result) && pattern_length(border - FIRST, FIRST, round) == FIRST;
    memset(border - FIRST, 'f', FIRST);
    return right;
}

static bool reads_vector(long *result, int round)
{
    struct iovec vector[] = {{border - FIRST, FIRST - 1}, {border - 1, SIZE - FIRST + 1}};
    fill_pattern(pages, SIZE, round);
    sys(SYS_pwrite64, file, pages, SIZE, 0);
    *result = sys(SYS_preadv, file, vector, 2, 0, 0);
    bool right = may_be(*result) && pattern_length(border - FIRST, FIRST, round) == FIRST;
    memset(border - FIRST, 'f', FIRST);
    return right;
}

static bool asks(long *result, int round)
{
    (void)round;
    *result = sys(SYS_clock_gettime, 1, border - 8);
    return *result == 0 || *result == -EFAULT;
}

static bool asks_much(long *result, int round)
{
    (void)round;
    *result = sys(SYS_uname, border - 100);
    return *result == 0 || *result == -EFAULT;
}

static bool opens(long *result, int round)
{
    (void)round;
    memset(border - FIRST, '/', FIRST);
    *result = sys(SYS_openat, AT_FDCWD, border - 10, O_RDONLY);
    memset(border - FIRST, 'f', FIRST);
    if (*result >= 0) {
        sys(SYS_close, *result);
        *result = 0;
    }
    return *result == 0 || *result == -EFAULT || *result == -ENOENT;
}

static bool waits_for_word(long *result, int round)
{
    (void)round;
    *result = sys(SYS_futex, border, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0x12345678, 0);
    return *result == -EAGAIN || *result == -EFAULT;
}

static bool changes_word(long *result, int round)
{
    (void)round;
    *result = sys(SYS_futex, pages, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, border,
                  FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0));
    return *result == 0 || *result == -EFAULT;
}

static bool polls(long *result, int round)
{
    (void)round;
    struct kernel_timespec at_once = {0, 0};
    memset(border - 8, 0xff, 4);
    *result = sys(SYS_pselect6, 64, 0, 0, border - 4, &at_once, 0);
    return *result >= 0 || *result == -EFAULT || *result == -EBADF;
}

static const struct scenario {
    const char *name;
    void *(*other)(void *);
    call call;
} scenarios[] = {
    {"unmap-pwrite", unmaps, writes},
    {"protect-pwrite", protects, writes},
    {"unmap-pread", unmaps, reads},
    {"protect-pread", protects, reads},
    {"read-only-pread", makes_read_only, reads},
    {"unmap-preadv", unmaps, reads_vector},
    {"unmap-clock_gettime", unmaps, asks},
    {"read-only-uname", makes_read_only, asks_much},
    {"protect-openat", protects, opens},
    {"unmap-openat", unmaps, opens},
    {"unmap-futex-wait", unmaps, waits_for_word},
    {"read-only-futex-wake-op", makes_read_only, changes_word},
    {"unmap-pselect6", unmaps, polls},
};

static long seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void play(const struct scenario *scenario)
{
    byte *start = fresh(2);
    memset(start, 'f', PAGE);
    fill_second(start + PAGE);
    border = start + PAGE;
    stop = 0;
    pthread_t other;
    if (pthread_create(&other, NULL, scenario->other, NULL) != 0) {
        check_at("threads", scenario->name, -EAGAIN, 0);
        return;
    }
    long last = 0, wrong = 0, end = seconds() + SECONDS;
    int whole = 0, part = 0, round = 0;
    // Until both outcomes were seen: a page that is there each time shows nothing. One CPU changes threads at yields.
    for (; round < MOST && (round < LEAST || whole < LEAST_OF_EACH || part < LEAST_OF_EACH) && seconds() < end; round++) {
        long result = 0;
        if (!scenario->call(&result, round)) {
            wrong++;
            last = result;
        }
        if (result == -EFAULT || (result > 0 && result < SIZE))
            part++;
        else
            whole++;
        sys(SYS_sched_yield);
    }
    stop = 1;
    pthread_join(other, NULL);
    check_at("threads", scenario->name, wrong == 0 ? 0 : last, 0);
    say("threads %s: %d calls, %d whole, %d faulted", scenario->name, round, whole, part);
}

void threads(void)
{
    file = scratch();
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        play(&scenarios[i]);
}
