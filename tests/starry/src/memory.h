// SPDX-License-Identifier: MIT OR Apache-2.0
// The good and the bad memory of the checks.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PAGE = 4096 };

typedef unsigned char byte;

// Two writable pages, and behind them a page that is not mapped. All of them point to the end of the second page.
extern byte *edge;
// The same, with a page without rights behind them, and with a read-only page.
extern byte *edge_none;
extern byte *edge_readonly;
// The start of a page: not mapped, without rights, read-only (filled with 'r').
extern byte *unmapped;
extern byte *none;
extern byte *readonly;
// Four writable pages in a row.
extern byte *pages;

// Addresses that no program can have memory at.
extern byte *const kernel_half;
extern byte *const noncanonical;

void memory_create(void);

// Maps `count` fresh pages that nobody has touched.
byte *fresh(size_t count);

// Fills with a pattern that differs from its neighbour and from page to page.
void fill_pattern(byte *start, size_t length, unsigned seed);

// Says how many of the bytes from the start on have the pattern.
size_t pattern_length(const byte *start, size_t length, unsigned seed);

// Says whether all the bytes are `value`.
int all_are(const byte *start, size_t length, byte value);

// A bad place for `size` bytes.
struct place {
    const char *name;
    byte *address;
};

enum { PLACES = 8, PLACES_TO_READ = 7 };

// Fills in the bad places for an object of `size` bytes. The read-only page is the last: one may read from it.
void bad_places(size_t size, struct place places[PLACES]);
