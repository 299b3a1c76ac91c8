// SPDX-License-Identifier: MIT OR Apache-2.0
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"

char scratch_path[64];
const char *program_path;

void files_create(void)
{
    // As init there may be no /tmp.
    const char *folder = getpid() == 1 ? "" : "/tmp";
    snprintf(scratch_path, sizeof scratch_path, "%s/starry-program.%d", folder, (int)getpid());
}

void files_delete(void)
{
    unlink(scratch_path);
}

int scratch(void)
{
    int file = open(scratch_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) {
        say("no scratch file %s", scratch_path);
        _exit(2);
    }
    return file;
}
