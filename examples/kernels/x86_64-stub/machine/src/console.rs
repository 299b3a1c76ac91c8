// SPDX-License-Identifier: MIT OR Apache-2.0
//! The serial line, and the end.

use core::{fmt, panic::PanicInfo};

use x86_64::instructions::{hlt, port::Port};

/// The serial line.
#[derive(Debug)]
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(send);
        Ok(())
    }
}

pub fn send(byte: u8) {
    // SAFETY: the first serial line sends what this port gets; nobody else uses it.
    unsafe { Port::new(0x3f8).write(byte) }
}

/// Prints a line.
#[macro_export]
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write;
        // It cannot fail.
        let _ = writeln!($crate::console::Console, $($arg)*);
    }};
}

pub fn power_off() -> ! {
    // SAFETY: the power control of QEMU's board q35.
    unsafe { Port::new(0x604).write(0x2000_u16) };
    loop {
        hlt();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("axptr-kernel: PANIC: {info}");
    power_off()
}
