// SPDX-License-Identifier: MIT OR Apache-2.0
// The table of partial transfers: many sizes and places around the end of the last page, each with an exact count and
// exact bytes. The model is one line: the bytes up to the edge are transferred.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "files.h"
#include "groups.h"
#include "kernel.h"
#include "memory.h"

// How many bytes there are before the edge, and how many are asked for behind it: 40 times 13.
static const int before_edge[] = {
    1,  2,  3,  4,  5,   6,   7,   8,   9,   11,  12,  13,   15,   16,   17,   23,   24,   25,   31,   32,
    33, 47, 48, 49, 63,  64,  65,  100, 127, 128, 129, 255,  257,  511,  513,  1000, 2048, 4095, 4096, 4099,
};
static const int behind_edge[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 64, 100, 4095, 4097};

enum { BEFORE = sizeof before_edge / sizeof *before_edge, BEHIND = sizeof behind_edge / sizeof *behind_edge };
enum { SHOWN = 5, MARK = 0xee };

struct transfer {
    const char *name;
    // Makes a transfer of `before + behind` bytes at the edge. Returns the result; writes a complaint, or leaves it.
    long (*make)(int before, int behind, unsigned seed, const char **complaint);
    // A pipe may refuse a transfer as a whole, as Linux does: then nothing is lost and nothing is left.
    int may_refuse;
};

static int file, ends[2];

static long write_file(int before, int behind, unsigned seed, const char **complaint)
{
    memset(pages, MARK, 3 * PAGE);
    sys(SYS_pwrite64, file, pages, 3 * PAGE, 0);
    fill_pattern(edge - before, before, seed);
    long result = sys(SYS_pwrite64, file, edge - before, before + behind, 3);
    sys(SYS_pread64, file, pages, 3 * PAGE, 0);
    if (!all_are(pages, 3, MARK) || !all_are(pages + 3 + before, 3 * PAGE - 3 - before, MARK))
        *complaint = "other bytes of the file changed";
    else if ((int)pattern_length(pages + 3, before, seed) != before)
        *complaint = "wrong bytes in the file";
    return result;
}

static long read_file(int before, int behind, unsigned seed, const char **complaint)
{
    fill_pattern(pages, 3 * PAGE, seed);
    sys(SYS_pwrite64, file, pages, 3 * PAGE, 3);
    memset(edge - 2 * PAGE, MARK, 2 * PAGE);
    long result = sys(SYS_pread64, file, edge - before, before + behind, 3);
    if (!all_are(edge - 2 * PAGE, 2 * PAGE - before, MARK))
        *complaint = "bytes in front of the buffer changed";
    else if ((int)pattern_length(edge - before, before, seed) != before)
        *complaint = "wrong bytes in the buffer";
    return result;
}

static long write_pipe(int before, int behind, unsigned seed, const char **complaint)
{
    fill_pattern(edge - before, before, seed);
    long result = sys(SYS_write, ends[1], edge - before, before + behind);
    long arrived = sys(SYS_read, ends[0], pages, 4 * PAGE);
    if (arrived == -EAGAIN)
        arrived = 0;
    if (arrived != (result < 0 ? 0 : result))
        *complaint = "another number of bytes in the pipe";
    else if ((long)pattern_length(pages, arrived, seed) != arrived)
        *complaint = "wrong bytes in the pipe";
    return result;
}

static long read_pipe(int before, int behind, unsigned seed, const char **complaint)
{
    long length = before + behind;
    fill_pattern(pages, length, seed);
    sys(SYS_write, ends[1], pages, length);
    memset(pages, MARK, 4 * PAGE);
    long result = sys(SYS_read, ends[0], edge - before, length);
    long taken = result < 0 ? 0 : result;
    // The rest comes at the next read, right behind what was taken.
    memcpy(pages, edge - before, taken);
    long rest = sys(SYS_read, ends[0], pages + taken, 4 * PAGE - taken);
    if (rest != length - taken)
        *complaint = "another number of bytes left in the pipe";
    else if ((long)pattern_length(pages, length, seed) != length)
        *complaint = "wrong bytes from the pipe";
    return result;
}

static const struct transfer transfer_table[] = {
    {"pwrite", write_file, 0},
    {"pread", read_file, 0},
    {"pipe-write", write_pipe, 1},
    {"pipe-read", read_pipe, 1},
};

static void run(const struct transfer *transfer)
{
    int right = 0, shown = 0;
    for (int i = 0; i < BEFORE; i++) {
        for (int j = 0; j < BEHIND; j++) {
            int before = before_edge[i], behind = behind_edge[j];
            const char *complaint = NULL;
            long result = transfer->make(before, behind, i * BEHIND + j, &complaint);
            // A pipe has a buffer for each page: of several, the last may be refused.
            int refused = transfer->may_refuse && (result == -EFAULT || (result > 0 && result < before));
            if (complaint == NULL && result != before && !refused)
                complaint = "wrong count";
            if (complaint == NULL)
                right++;
            else if (shown++ < SHOWN) {
                char text[24];
                say("partial %s %d+%d WRONG: got %s, want %d (%s)", transfer->name, before, behind,
                    outcome(result, text, sizeof text), before, complaint);
            }
        }
    }
    say("partial %s %d of %d", transfer->name, right, BEFORE * BEHIND);
    tally->partial_right += right;
    tally->partial_done += BEFORE * BEHIND;
}

void partial_table(void)
{
    file = scratch();
    sys(SYS_pipe2, ends, O_NONBLOCK);
    for (size_t i = 0; i < sizeof transfer_table / sizeof *transfer_table; i++)
        run(&transfer_table[i]);
}
