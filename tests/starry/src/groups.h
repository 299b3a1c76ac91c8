// SPDX-License-Identifier: MIT OR Apache-2.0
// The groups of checks. Each is a function that one process runs, so that a group that dies takes no other with it.
#pragma once

void transfers(void);
void partial_table(void);
void futexes(void);
void strings(void);
void arguments(void);
void vectors(void);
void process_vectors(void);
void messages(void);
void structs_out(void);
void structs_in(void);
void extensible(void);
void waits(void);
void lazy(void);
void copy_on_write(void);
void threads(void);

// Runs all of them. Says whether all was right.
int run_groups(void);

// What `arguments` executes: compares what it was given, and exits.
int executed(int count, char **arguments);

// The second mode: how many instructions a call takes.
int count_instructions(void);
