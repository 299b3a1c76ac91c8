// SPDX-License-Identifier: MIT OR Apache-2.0
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"

const char *program_path;
char scratch_path[64];

void files_name(pid_t process)
{
    // On the disk of an init's root there is one for sure.
    static const char *folder;
    if (folder == NULL)
        folder = getpid() == 1 ? "" : "/tmp";
    snprintf(scratch_path, sizeof scratch_path, "%s/starry-program.%d", folder, (int)process);
}

void files_delete(void)
{
    unlink(scratch_path);
}

int scratch(void)
{
    int file = open(scratch_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) {
        say("no scratch file %s: %d", scratch_path, errno);
        _exit(2);
    }
    return file;
}
