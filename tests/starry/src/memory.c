// SPDX-License-Identifier: MIT OR Apache-2.0
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

byte *edge, *edge_none, *edge_readonly, *unmapped, *none, *readonly, *pages;

// Where the kernels of these machines keep all memory, so that an unchecked access would succeed.
#if defined(__x86_64__)
byte *const kernel_half = (byte *)0xffff800000200000;
#elif defined(__riscv)
byte *const kernel_half = (byte *)0xffffffc080200000;
#elif defined(__aarch64__)
byte *const kernel_half = (byte *)0xffff000040200000;
#elif defined(__loongarch__)
byte *const kernel_half = (byte *)0x9000000000200000;
#else
#error "name an address of the kernel's half"
#endif

byte *const noncanonical = (byte *)0x0041414141414140;

// Far from where a kernel puts mappings of its own choice: a page that is unmapped here stays so.
static byte *arena = (byte *)0x1800000000;

byte *fresh(size_t count)
{
    byte *start = mmap(arena, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (start == MAP_FAILED) {
        say("no memory for %zu pages: %d", count, errno);
        _exit(2);
    }
    arena = start + (count + 1) * PAGE;
    return start;
}

// Maps two writable pages and one more, and returns the border. The last page stays untouched: StarryOS's fork fails
// (EINVAL) if a page that was touched has no rights.
static byte *border(void)
{
    byte *start = fresh(3);
    memset(start, 0, 2 * PAGE);
    return start + 2 * PAGE;
}

void memory_create(void)
{
    edge = border();
    munmap(edge, PAGE);
    edge_none = border();
    mprotect(edge_none, PAGE, PROT_NONE);
    edge_readonly = border();
    mprotect(edge_readonly, PAGE, PROT_READ);
    unmapped = edge;
    none = edge_none;
    readonly = fresh(1);
    memset(readonly, 'r', PAGE);
    mprotect(readonly, PAGE, PROT_READ);
    pages = fresh(4);
    memset(pages, 0, 4 * PAGE);
}

static byte pattern(size_t index, unsigned seed)
{
    return (byte)(index * 7 + index / 251 + seed * 29 + 1);
}

void fill_pattern(byte *start, size_t length, unsigned seed)
{
    for (size_t i = 0; i < length; i++)
        start[i] = pattern(i, seed);
}

size_t pattern_length(const byte *start, size_t length, unsigned seed)
{
    size_t i = 0;
    while (i < length && start[i] == pattern(i, seed))
        i++;
    return i;
}

int all_are(const byte *start, size_t length, byte value)
{
    for (size_t i = 0; i < length; i++)
        if (start[i] != value)
            return 0;
    return 1;
}

void bad_places(size_t size, struct place places[PLACES])
{
    size_t half = size / 2;
    memcpy(places,
           (struct place[PLACES]){
               {"null", NULL},
               {"unmapped", unmapped},
               {"no-rights", none},
               // The first half is there: only all of it is good enough.
               {"crossing", edge - half},
               {"kernel-half", kernel_half},
               {"non-canonical", noncanonical},
               {"wrapping", (byte *)-(uintptr_t)half},
               {"read-only", readonly},
           },
           PLACES * sizeof *places);
}
