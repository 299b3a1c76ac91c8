// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`byte_loop`](crate::byte_loop).

// (x0 dst, x1 src, x2 len) -> x0 bytes NOT copied. A landing is told the cause in x1. The load is as in the routines
// of axptr: unprivileged, without writeback.
crate::asm::function!(kernel_byte_loop, read:
    "mov x3, x1",
    "cbz x2, 3f",
    "2: ldtrb w4, [x3]",
    "strb w4, [x0], 1",
    "add x3, x3, 1",
    "subs x2, x2, 1",
    "b.ne 2b",
    "3: mov x0, x2",
);
