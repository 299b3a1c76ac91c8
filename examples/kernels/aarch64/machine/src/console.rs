// SPDX-License-Identifier: MIT OR Apache-2.0
//! The serial port, and power.

use core::{
    arch::asm,
    fmt::{self, Write},
    panic::PanicInfo,
};

use crate::KERNEL;

/// Prints bytes by the data register of the PL011.
pub fn print(text: &[u8]) {
    let data = core::ptr::with_exposed_provenance_mut(KERNEL + 0x0900_0000);
    for byte in text {
        // SAFETY: the page table of `boot.S` maps it.
        unsafe { core::ptr::write_volatile(data, *byte) };
    }
}

/// Prints a line.
pub fn say(line: fmt::Arguments<'_>) {
    struct Console;
    impl Write for Console {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            print(text.as_bytes());
            Ok(())
        }
    }
    let _ = writeln!(Console, "{line}");
}

/// Turns the machine off.
pub(crate) fn power_off() -> ! {
    // SAFETY: SYSTEM_OFF of PSCI does not return.
    unsafe { asm!("hvc 0", in("w0") 0x8400_0008_u32, options(noreturn)) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(format_args!("axptr-kernel: PANIC: {info}"));
    power_off()
}
