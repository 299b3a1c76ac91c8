// SPDX-License-Identifier: MIT OR Apache-2.0
// The files of the checks.
#pragma once

// Names the folder of this run. Call it before the first group.
void files_create(void);

// Deletes what is there.
void files_delete(void);

// The path of the scratch file: absolute, short.
extern char scratch_path[64];

// Opens the scratch file, empty, for reading and writing.
int scratch(void);

// The path of this program.
extern const char *program_path;
