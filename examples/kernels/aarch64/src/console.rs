// SPDX-License-Identifier: MIT OR Apache-2.0
//! The serial port, and power.

use core::{arch::asm, fmt};

use crate::memory::KERNEL;

/// Prints by the data register of the PL011.
pub fn print(text: &[u8]) {
    let data = core::ptr::with_exposed_provenance_mut(KERNEL + 0x0900_0000);
    for byte in text {
        // SAFETY: the kernel maps the port there.
        unsafe { core::ptr::write_volatile(data, *byte) };
    }
}

struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text.as_bytes());
        Ok(())
    }
}

pub fn say(line: fmt::Arguments<'_>) {
    let _ = fmt::write(&mut Console, format_args!("{line}\n"));
}

/// Says a last word, and turns the machine off.
pub fn end(word: fmt::Arguments<'_>) -> ! {
    say(format_args!("axptr-kernel: {word}"));
    // SAFETY: PSCI's SYSTEM_OFF does not return.
    unsafe { asm!("hvc 0", in("w0") 0x8400_0008_u32, options(noreturn)) }
}
