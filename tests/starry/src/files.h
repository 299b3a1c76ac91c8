// SPDX-License-Identifier: MIT OR Apache-2.0
// The files of the checks.
#pragma once

#include <sys/types.h>

// The path of this program.
extern const char *program_path;

// The path of the scratch file: absolute, short.
extern char scratch_path[64];

// Names the scratch file of a process. Each group has its own: what the kernel still does with the last one's is no
// question here.
void files_name(pid_t process);

// Deletes it.
void files_delete(void);

// Opens the scratch file, empty, for reading and writing.
int scratch(void);
