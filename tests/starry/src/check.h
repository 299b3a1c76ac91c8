// SPDX-License-Identifier: MIT OR Apache-2.0
// What a check says, and who counts.
#pragma once

#include <stdbool.h>

// The counts of all groups. They lie in shared memory: a group is a process of its own.
struct tally {
    int done;
    int right;
    int partial_done;
    int partial_right;
};

extern struct tally *tally;

void tally_create(void);

// Prints one line, in one write.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Compares a system call's result. `check NAME ok`, or `check NAME WRONG: got X, want Y`.
void check(const char *name, long got, long want);

// The same, for a name of two parts.
void check_at(const char *what, const char *where, long got, long want);

// For what is no single number.
void check_that(const char *name, bool right, const char *got, const char *want);

// The name of a negative errno, or the number.
const char *outcome(long result, char *text, unsigned long size);
