// SPDX-License-Identifier: MIT OR Apache-2.0
// `argv` and `envp`: arrays of pointers, and strings behind them, both of the program's making.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

static char *word = "word";
static char *nothing[] = {NULL};

// Both arrays have to be read before the old program is given up: so each of these comes back.
static long run(const void *argv, const void *envp)
{
    return sys(SYS_execve, program_path, argv, envp);
}

static void bad_arrays(const char *which, long (*with)(const void *array))
{
    char name[60];
#define CASE(where, array, want) \
    snprintf(name, sizeof name, "execve-%s", which); \
    check_at(name, where, with(array), want)
    CASE("array-unmapped", unmapped, -EFAULT);
    CASE("array-no-rights", none, -EFAULT);
    CASE("array-kernel-half", kernel_half, -EFAULT);
    CASE("array-non-canonical", noncanonical, -EFAULT);
    char **at_edge = (char **)edge - 2;
    at_edge[0] = word;
    at_edge[1] = word;
    CASE("array-without-end", at_edge, -EFAULT);
    // Half a pointer is no pointer.
    memset(edge - 4, 0, 4);
    CASE("array-ends-in-a-pointer", edge - 4, -EFAULT);
    CASE("string-unmapped", ((byte *[]){(byte *)word, unmapped, NULL}), -EFAULT);
    CASE("string-no-rights", ((byte *[]){(byte *)word, none, NULL}), -EFAULT);
    CASE("string-kernel-half", ((byte *[]){(byte *)word, kernel_half, NULL}), -EFAULT);
    CASE("string-non-canonical", ((byte *[]){noncanonical, NULL}), -EFAULT);
    CASE("string-last-byte", ((byte *[]){(byte *)-(uintptr_t)1, NULL}), -EFAULT);
    memset(edge_none - 8, 's', 8);
    CASE("string-without-end", ((byte *[]){(byte *)word, edge_none - 8, NULL}), -EFAULT);
    byte *large = fresh(40);
    memset(large, 'l', 40 * PAGE);
    large[40 * PAGE - 1] = 0;
    CASE("string-too-long", ((byte *[]){large, NULL}), -E2BIG);
#undef CASE
}

static long as_argv(const void *array)
{
    return run(array, nothing);
}

static long as_envp(const void *array)
{
    return run((char *[]){word, NULL}, array);
}

// The strings that `executed` expects. The third is longer than a page, the fourth is empty.
static const char *expected(int index, char *room)
{
    switch (index) {
    case 0:
        return "zeroth";
    case 2:
        memset(room, 'm', PAGE + 100);
        room[PAGE + 100] = 0;
        return room;
    case 3:
        return "";
    default:
        return "executed";
    }
}

enum { EXPECTED = 4, RIGHT = 42 };

int executed(int count, char **given)
{
    static char room[2 * PAGE];
    for (int i = 0; i < EXPECTED; i++)
        if (count != EXPECTED || strcmp(given[i], expected(i, room)) != 0)
            return 1 + i;
    return RIGHT;
}

// All is there, but nothing lies comfortably: the array crosses pages, each string ends with a page.
static long uncomfortable(byte *array)
{
    static char room[2 * PAGE];
    for (int i = 0; i <= EXPECTED; i++) {
        byte *string = NULL;
        if (i < EXPECTED) {
            const char *text = expected(i, room);
            byte *start = fresh(4);
            munmap(start + 3 * PAGE, PAGE);
            string = start + 3 * PAGE - strlen(text) - 1;
            strcpy((char *)string, text);
        }
        memcpy(array + i * sizeof string, &string, sizeof string);
    }
    return run(array, nothing);
}

static void good_array(const char *name, byte *array)
{
    int status = 0;
    long child = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(-uncomfortable(array));
    sys(SYS_wait4, child, &status, 0, NULL);
    check(name, WIFEXITED(status) ? WEXITSTATUS(status) : -status, RIGHT);
}

void arguments(void)
{
    bad_arrays("argv", as_argv);
    bad_arrays("envp", as_envp);
    good_array("execve/what-arrives", pages + PAGE - 16);
    good_array("execve/what-arrives-unaligned", pages + PAGE - 13);
}
