// SPDX-License-Identifier: MIT OR Apache-2.0
// A C program that installs a handler of its own, and has axptr by an archive. The argument says who is first.

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern int plugin_install(void);
extern int plugin_is_in_front(void);
extern int plugin_read(uintptr_t address, uint32_t *word);
extern int plugin_try_recover(int signal, void *info, void *context);

static volatile sig_atomic_t calls;
static struct sigaction former;

static void count(int signal)
{
    (void)signal;
    calls++;
}

static void ask(int signal, siginfo_t *info, void *context)
{
    if (!plugin_try_recover(signal, info, context))
        calls++;
}

static void pass_on(int signal, siginfo_t *info, void *context)
{
    calls++;
    if (former.sa_flags & SA_SIGINFO)
        former.sa_sigaction(signal, info, context);
}

// Each read faults in three ways.
static int fail(const char *why, int expected)
{
    uint32_t word;
    calls = 0;
    if (plugin_read(0x18, &word) != 1)
        return printf("%s: not recovered\n", why);
    if (calls != expected)
        return printf("%s: %d calls\n", why, (int)calls);
    calls = 0;
    return 0;
}

int main(int argc, char **argv)
{
    const char *order = argc > 1 ? argv[1] : "";
    struct sigaction counting = {.sa_handler = count};
    struct sigaction asking = {.sa_sigaction = ask, .sa_flags = SA_SIGINFO};
    struct sigaction passing = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO};
    int expected = 0;
    if (!strcmp(order, "before")) {
        sigaction(SIGSEGV, &counting, NULL);
        if (plugin_install())
            return 1;
    } else if (!strcmp(order, "by signal(), before")) {
        signal(SIGSEGV, count);
        if (plugin_install())
            return 1;
    } else {
        if (!strcmp(order, "after, passing on"))
            sigaction(SIGSEGV, &counting, NULL);
        if (plugin_install())
            return 1;
        if (!strcmp(order, "after, asking"))
            sigaction(SIGSEGV, &asking, &former);
        else if (!strcmp(order, "after, passing on"))
            sigaction(SIGSEGV, &passing, &former);
        else
            sigaction(SIGSEGV, &counting, &former);
        if (plugin_is_in_front())
            return 1;
        if (!strcmp(order, "after, passing on"))
            expected = 3;
        if (!strcmp(order, "after, then install") && (plugin_install() || !plugin_is_in_front()))
            return 1;
        if (!strcmp(order, "after, alone")) {
            // It returns to the instruction, which faults again, for ever.
            counting.sa_flags = SA_RESETHAND;
            sigaction(SIGSEGV, &counting, NULL);
            printf("now a fault of ours\n");
            fflush(stdout);
        }
    }
    if (fail(order, expected))
        return 1;
    raise(SIGSEGV);
    // What is passed on comes to the one behind ours, too.
    if (calls != (expected ? 2 : 1))
        return printf("%s: %d calls for a signal of the program's\n", order, (int)calls);
    printf("the end\n");
    return 0;
}
