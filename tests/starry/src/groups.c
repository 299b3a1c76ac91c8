// SPDX-License-Identifier: MIT OR Apache-2.0
#include "groups.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "files.h"
#include "memory.h"

// A group that takes longer hangs. An emulated machine is slow.
enum { SECONDS = 90, FIRST_STEP_MS = 10, LAST_STEP_MS = 500 };

static const struct group {
    const char *name;
    void (*run)(void);
    // How many checks it has: those that a dead group did not come to are wrong.
    int checks;
} groups[] = {
    {"transfers", transfers, 51},
    {"futexes", futexes, 51},
    {"strings", strings, 128},
    {"arguments", arguments, 28},
    {"vectors", vectors, 87},
    {"process-vectors", process_vectors, 24},
    {"messages", messages, 58},
    {"structs-out", structs_out, 329},
    {"structs-in", structs_in, 178},
    {"extensible", extensible, 23},
    {"waits", waits, 41},
    {"lazy", lazy, 35},
    {"copy-on-write", copy_on_write, 14},
    {"threads", threads, 13},
    {"table", partial_table, 0},
};

// Waits for the process, and kills it when its time is over. Writes how it ended, if not by itself.
static int finished(pid_t child, char *end, size_t size)
{
    int status = 0;
    // Steps that grow: a kernel may print a line for each.
    int step = FIRST_STEP_MS;
    for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited += step) {
        if (waited >= SECONDS * 1000) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            snprintf(end, size, "no end in %d s", SECONDS);
            return 0;
        }
        step = 2 * step < LAST_STEP_MS ? 2 * step : LAST_STEP_MS;
        nanosleep(&(struct timespec){.tv_nsec = step * 1000000L}, NULL);
    }
    if (WIFSIGNALED(status))
        snprintf(end, size, "signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(end, size, "exit status %d", WEXITSTATUS(status));
    else
        return 1;
    return 0;
}

static void run(const struct group *group)
{
    say("group %s", group->name);
    int before = tally->done;
    pid_t child = fork();
    if (child == 0) {
        files_name(getpid());
        memory_create();
        group->run();
        _exit(0);
    }
    char end[40] = "no process";
    int ended = child > 0 && finished(child, end, sizeof end);
    files_name(child);
    files_delete();
    int missing = group->checks - (tally->done - before);
    if (!ended || missing != 0) {
        if (ended)
            snprintf(end, sizeof end, "%d checks", group->checks - missing);
        say("check %s WRONG: got %s, want %d checks", group->name, end, group->checks);
        tally->done += missing > 1 ? missing : 1;
    }
}

int run_groups(void)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        run(&groups[i]);
    say("partial %d of %d", tally->partial_right, tally->partial_done);
    say("checks %d of %d", tally->right, tally->done);
    return tally->right == tally->done && tally->partial_right == tally->partial_done;
}
