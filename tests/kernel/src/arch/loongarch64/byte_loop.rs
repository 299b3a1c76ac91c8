// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`byte_loop`](crate::byte_loop).

// (a0 dst, a1 src, a2 len) -> a0 bytes NOT copied. A landing is told the cause in a1.
crate::asm::function!(kernel_byte_loop, read:
    "move $a3, $a1",
    "add.d $a2, $a2, $a1",
    "beq $a3, $a2, 3f",
    "2: ld.bu $a4, $a3, 0",
    "st.b $a4, $a0, 0",
    "addi.d $a3, $a3, 1",
    "addi.d $a0, $a0, 1",
    "bne $a3, $a2, 2b",
    "3: sub.d $a0, $a2, $a3",
);
