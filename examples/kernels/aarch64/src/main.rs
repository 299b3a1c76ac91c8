// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with one program, whose system calls access its memory through axptr.
#![no_std]
#![no_main]

mod memory;
mod syscalls;
mod trap;

use core::{
    arch::{asm, global_asm},
    fmt::{self, Write},
    panic::PanicInfo,
};

use aarch64_cpu::registers::{ID_AA64MMFR1_EL1, Readable, SCTLR_EL1, Writeable};

global_asm!(
    include_str!("entry.S"),
    tcr = const memory::TCR,
    main = sym main,
    handler = sym trap::handler,
);
global_asm!(include_str!("user.S"), PROGRAM = const memory::PROGRAM);

/// Returns the program's first frame.
extern "C" fn main() -> trap::TrapFrame {
    let _ = writeln!(Console, "kernel: aarch64");
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

/// Prints by the data register of the PL011.
fn print(text: &[u8]) {
    let data = core::ptr::with_exposed_provenance_mut(memory::KERNEL + 0x0900_0000);
    // SAFETY: the kernel maps the port there.
    text.iter().for_each(|byte| unsafe { core::ptr::write_volatile(data, *byte) });
}

struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text.as_bytes());
        Ok(())
    }
}

/// Says a last word, and turns the machine off.
fn end(word: fmt::Arguments<'_>) -> ! {
    let _ = writeln!(Console, "axptr-kernel: {word}");
    // SAFETY: SYSTEM_OFF of PSCI does not return.
    unsafe { asm!("hvc 0", in("w0") 0x8400_0008_u32, options(noreturn)) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    end(format_args!("PANIC: {info}"))
}
