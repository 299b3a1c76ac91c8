// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with one program, whose system calls access its memory through axptr.
#![no_std]
#![no_main]

mod memory;
mod syscalls;
mod trap;

use core::{arch::global_asm, fmt, fmt::Write, panic::PanicInfo};

global_asm!(include_str!("entry.S"), main = sym main, root = sym memory::TABLES, mode = const memory::MODE, handler = sym trap::handler);
global_asm!(include_str!("user.S"), PROGRAM = const memory::PROGRAM);

/// Returns the program's first frame.
extern "C" fn main() -> trap::TrapFrame {
    let _ = writeln!(Console, "kernel: riscv64");
    memory::map_program();
    // SAFETY: (1) the kernel, and all that it maps for itself, lies above this address.
    unsafe { axptr::set_user_limit(memory::USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
    trap::TrapFrame { x: [0; 32], sstatus: 0, sepc: memory::PROGRAM }
}

fn print(text: &[u8]) {
    text.iter().for_each(|byte| _ = sbi_rt::console_write_byte(*byte));
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
    sbi_rt::system_reset(sbi_rt::Shutdown, sbi_rt::NoReason);
    unreachable!("the power is off")
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    end(format_args!("PANIC: {info}"))
}
