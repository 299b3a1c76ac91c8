// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small kernel with axptr: it runs one program, which passes it good and bad pointers. `trap.rs` is what to copy.
#![no_std]
#![no_main]

mod memory;
mod syscalls;
mod trap;

use core::fmt::{self, Write};
use core::{arch::global_asm, panic::PanicInfo};

use x86_64::instructions::port::Port;

global_asm!(include_str!("boot.S"), main = sym main, KERNEL = const memory::KERNEL);
global_asm!(include_str!("user.S"), USER = const memory::USER);

/// Called by `boot.S`. It never returns, so what lies on its stack stays there.
extern "C" fn main() -> ! {
    let _ = writeln!(Console, "\nkernel: x86_64-stub");
    // SAFETY: (1) the kernel is linked above this address, and maps nothing of its own below it.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
    trap::run(memory::USER)
}

/// The serial line.
struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: it is the port that sends, and nobody else uses it.
        text.bytes().for_each(|byte| unsafe { Port::new(0x3f8).write(byte) });
        Ok(())
    }
}

fn power_off() -> ! {
    // SAFETY: the power control of QEMU's board q35.
    unsafe { Port::new(0x604).write(0x2000_u16) };
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Console, "axptr-kernel: PANIC: {info}");
    power_off()
}
