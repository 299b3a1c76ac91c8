// SPDX-License-Identifier: MIT OR Apache-2.0
//! The serial port, and power.

use core::{
    arch::asm,
    fmt::{self, Write},
    panic::PanicInfo,
};

use crate::{KERNEL, cpu::is_in_el2};

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

/// Turns the machine off: by what is above this kernel.
pub fn power_off() -> ! {
    const SYSTEM_OFF: u32 = 0x8400_0008;
    if is_in_el2() {
        // SAFETY: SYSTEM_OFF of PSCI does not return.
        unsafe { asm!("smc 0", in("w0") SYSTEM_OFF, options(noreturn)) }
    }
    // SAFETY: as above.
    unsafe { asm!("hvc 0", in("w0") SYSTEM_OFF, options(noreturn)) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(format_args!("axptr-kernel: PANIC: {info}"));
    power_off()
}
