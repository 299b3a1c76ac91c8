// SPDX-License-Identifier: MIT OR Apache-2.0
// The program: as init of a kernel, or on a host whose kernel is Linux.
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "check.h"
#include "files.h"
#include "groups.h"

#ifndef COUNT
#define COUNT 0
#endif

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "executed") == 0)
        return executed(count, arguments);
    program_path = arguments[0];
    files_name(getpid());
    tally_create();
    int counting = COUNT || (count > 1 && strcmp(arguments[1], "count") == 0);
    int right = counting ? count_instructions() : run_groups();
    files_delete();
    say("program done");
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return right ? 0 : 1;
}
