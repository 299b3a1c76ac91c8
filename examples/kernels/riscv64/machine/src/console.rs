// SPDX-License-Identifier: MIT OR Apache-2.0
//! The firmware's console, and power.

use core::{
    fmt::{self, Write},
    panic::PanicInfo,
};

/// Prints bytes.
pub fn print(text: &[u8]) {
    text.iter().for_each(|byte| _ = sbi_rt::console_write_byte(*byte));
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
    sbi_rt::system_reset(sbi_rt::Shutdown, sbi_rt::NoReason);
    unreachable!("the power is off")
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(format_args!("axptr-kernel: PANIC: {info}"));
    power_off()
}
