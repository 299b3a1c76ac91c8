// SPDX-License-Identifier: MIT OR Apache-2.0
// Futexes on words that are not there, not aligned, not writable, and not yet there.
#include <linux/futex.h>
#include <string.h>

#include "check.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

// Far too short to wait for in earnest, long enough to be a wait.
static const struct kernel_timespec moment = {0, 2000000};

static long wait(void *word, unsigned value, int flags)
{
    return sys(SYS_futex, word, FUTEX_WAIT | flags, value, &moment);
}

static long wake(void *word)
{
    return sys(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

// The operation on the second word, then the comparison of what was there: here, set to 1 if it is 0.
static long wake_op(void *first, void *second)
{
    return sys(SYS_futex, first, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, second,
               FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0));
}

static long requeue(void *first, void *second, unsigned expected)
{
    return sys(SYS_futex, first, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, second, expected);
}

static void waits_on_words(void)
{
    static const struct {
        const char *name;
        int flags;
    } kinds[] = {{"futex-wait-private", FUTEX_PRIVATE_FLAG}, {"futex-wait-shared", 0}};
    for (int i = 0; i < 2; i++) {
        const char *name = kinds[i].name;
        int flags = kinds[i].flags;
        check_at(name, "null", wait(NULL, 0, flags), -EFAULT);
        check_at(name, "unmapped", wait(unmapped, 0, flags), -EFAULT);
        check_at(name, "no-rights", wait(none, 0, flags), -EFAULT);
        check_at(name, "kernel-half", wait(kernel_half, 0, flags), -EFAULT);
        check_at(name, "non-canonical", wait(noncanonical, 0, flags), -EFAULT);
        check_at(name, "last-word", wait((byte *)-(uintptr_t)4, 0, flags), -EFAULT);
        check_at(name, "unaligned", wait(pages + 2, 0, flags), -EINVAL);
        check_at(name, "unaligned-across-pages", wait(edge - 2, 0, flags), -EINVAL);
        check_at(name, "never-touched", wait(fresh(1) + 8, 0, flags), -ETIMEDOUT);
        check_at(name, "never-touched-other-value", wait(fresh(1), 1, flags), -EAGAIN);
        check_at(name, "at-the-edge", wait(edge - 4, 99, flags), -EAGAIN);
    }
    check("futex-wait-private/read-only", wait(readonly, 0, FUTEX_PRIVATE_FLAG), -EAGAIN);
}

static void timeouts(void)
{
    unsigned *word = (unsigned *)pages;
    struct place places[PLACES];
    bad_places(sizeof moment, places);
    for (int i = 1; i < PLACES_TO_READ; i++) // NULL means: no timeout
        check_at("futex-timeout", places[i].name,
                 sys(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, *word, places[i].address), -EFAULT);
    memcpy(edge - sizeof moment, &moment, sizeof moment);
    check("futex-timeout/at-the-edge",
          sys(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, *word, edge - sizeof moment), -ETIMEDOUT);
}

static void other_operations(void)
{
    unsigned *word = (unsigned *)pages;
    *word = 0;
    check("futex-wake/nobody", wake(word), 0);
    check("futex-wake/unaligned", wake(pages + 1), -EINVAL);
    check("futex-wake/kernel-half", wake(kernel_half), -EFAULT);
    check("futex-wake/non-canonical", wake(noncanonical), -EFAULT);
    check("futex-wake-op/done", wake_op(word + 1, word), 0);
    check("futex-wake-op/value", *word, 1);
    check("futex-wake-op/unmapped", wake_op(word, unmapped), -EFAULT);
    check("futex-wake-op/no-rights", wake_op(word, none), -EFAULT);
    check("futex-wake-op/read-only", wake_op(word, readonly), -EFAULT);
    check("futex-wake-op/read-only-kept", all_are(readonly, PAGE, 'r'), 1);
    check("futex-wake-op/kernel-half", wake_op(word, kernel_half), -EFAULT);
    check("futex-wake-op/unaligned", wake_op(word, pages + 6), -EINVAL);
    unsigned *untouched = (unsigned *)fresh(1);
    check("futex-wake-op/never-touched", wake_op(word, untouched), 0);
    check("futex-wake-op/never-touched-value", *untouched, 1);
    check("futex-requeue/equal", requeue(word, word + 1, 1), 0);
    check("futex-requeue/other-value", requeue(word, word + 1, 5), -EAGAIN);
    check("futex-requeue/first-unmapped", requeue(unmapped, word, 0), -EFAULT);
    check("futex-requeue/first-no-rights", requeue(none, word, 0), -EFAULT);
    check("futex-requeue/first-unaligned", requeue(pages + 2, word, 0), -EINVAL);
    check("futex-requeue/second-unaligned", requeue(word, pages + 2, 1), -EINVAL);
    check("futex-requeue/second-kernel-half", requeue(word, kernel_half, 1), -EFAULT);
}

void futexes(void)
{
    waits_on_words();
    timeouts();
    other_operations();
}
