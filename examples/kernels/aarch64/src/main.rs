// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with one program, whose system calls access its memory through axptr.
#![no_std]
#![no_main]

mod console;
mod memory;
mod syscalls;
mod trap;

use core::{arch::global_asm, panic::PanicInfo};

use aarch64_cpu::registers::{ID_AA64MMFR1_EL1, Readable, SCTLR_EL1, Writeable};
use console::{end, say};

global_asm!(
    include_str!("entry.S"),
    root = sym memory::ROOT,
    tcr = const memory::TCR,
    main = sym main,
    handler = sym trap::handler,
);
global_asm!(include_str!("user.S"), PROGRAM = const memory::PROGRAM);

/// Returns the program's first frame.
extern "C" fn main() -> trap::TrapFrame {
    say(format_args!("kernel: aarch64"));
    memory::map_program();
    if ID_AA64MMFR1_EL1.is_set(ID_AA64MMFR1_EL1::PAN) {
        /// SPAN: without it each trap sets PAN, which keeps the kernel's plain accesses from user memory.
        const SPAN: u64 = 1 << 23;
        SCTLR_EL1.set(SCTLR_EL1.get() & !SPAN);
    }
    // SAFETY: (1) the kernel, and all that it maps for itself, lies above this address.
    unsafe { axptr::set_user_limit(memory::USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
    /// User mode, with interrupts masked.
    const SPSR: usize = 0b1111 << 6;
    trap::TrapFrame { x: [0; 31], elr: memory::PROGRAM, spsr: SPSR }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    end(format_args!("PANIC: {info}"))
}
