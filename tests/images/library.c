// SPDX-License-Identifier: MIT OR Apache-2.0
// C around the archive of plugin.rs: linked into a program, or into a shared object.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

extern int plugin_install(void);
extern int plugin_selftest(void);
extern int plugin_read(uintptr_t address, uint32_t *word);

// 0 if a good pointer is read and a bad one is an error.
int library_check(void)
{
    static const uint32_t good = 7;
    uint32_t word = 0;
    if (plugin_install() != 0)
        return 1;
    if (plugin_selftest() != 0)
        return 2;
    if (plugin_read((uintptr_t)&good, &word) != 0 || word != 7)
        return 3;
    // Nothing is mapped there.
    if (plugin_read(0x18, &word) != 1)
        return 4;
    return 0;
}
